#Requires -Modules Az.Accounts
# 10 actions on 8 machines.
# Made by aumdoctor 1.2.3 of what was read at 2026-06-10 12:00 UTC.
# Plan sha256:a2f0ba13415cf1fce408c0b37a6f10b05151b4f63b107b1b905c163cfa813f9d
# Nothing here looks for drift, locks, patch windows or policies first; aumdoctor apply does.
# Azure may answer before an operation has ended.
$ErrorActionPreference = 'Stop'

# 1. Register the resource provider (register-provider, safe, not reversible, b8d5aad9a1d9)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Maintenance
#   cures AUM045
$answer = Invoke-AzRestMethod -Method 'POST' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Maintenance/register?api-version=2021-04-01'
if ($answer.StatusCode -ge 300) { throw 'action b8d5aad9a1d9: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 2. Assess the machine every day (enable-periodic-assessment, safe, reversible, 62f4635f5ddf)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1
#   for vm-1
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action 62f4635f5ddf: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 3. Assess the machine every day (enable-periodic-assessment, safe, reversible, 2266da227e09)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-2
#   for vm-2
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-2?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action 2266da227e09: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 4. Assess the machine every day (enable-periodic-assessment, safe, reversible, fa27a7b3259f)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-3
#   for vm-3
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-3?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action fa27a7b3259f: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 5. Assess the machine every day (enable-periodic-assessment, safe, reversible, 801d3b6bd55b)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-4
#   for vm-4
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-4?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action 801d3b6bd55b: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 6. Assess the machine every day (enable-periodic-assessment, safe, reversible, a086ff0cc3c4)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-5
#   for vm-5
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-5?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action a086ff0cc3c4: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 7. Assess the machine every day (enable-periodic-assessment, safe, reversible, acd9adebdd45)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-6
#   for vm-6
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-6?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action acd9adebdd45: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 8. Assess the machine every day (enable-periodic-assessment, safe, reversible, 74fa42ac0a1c)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-7
#   for vm-7
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PATCH' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-7?api-version=2024-07-01' -Payload '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'
if ($answer.StatusCode -ge 300) { throw 'action 74fa42ac0a1c: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 9. Attach the machine to the schedule (assign-schedule, needs-consent, reversible, 1299b8d99104)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment
#   for vm-1
#   cures AUM039
$answer = Invoke-AzRestMethod -Method 'PUT' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment?api-version=2023-04-01' -Payload '{"location":"westeurope","properties":{"maintenanceConfigurationId":"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Maintenance/maintenanceConfigurations/weekly"}}'
if ($answer.StatusCode -ge 300) { throw 'action 1299b8d99104: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }

# 10. Assess the machine now (assess-now, safe, not reversible, c0a535a3279a)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.HybridCompute/machines/arc-1
#   for arc-1
#   cures AUM039
#   after 9
#   note: Wait until arc-1 is connected.
#   note: Look at the result after half an hour.
$answer = Invoke-AzRestMethod -Method 'POST' -Path '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.HybridCompute/machines/arc-1/assessPatches?api-version=2024-07-10'
if ($answer.StatusCode -ge 300) { throw 'action c0a535a3279a: Azure answered ' + $answer.StatusCode + ' ' + $answer.Content }
