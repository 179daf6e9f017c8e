#!/usr/bin/env bash
# 10 actions on 8 machines.
# Made by aumdoctor 1.2.3 of what was read at 2026-06-10 12:00 UTC.
# Plan sha256:a2f0ba13415cf1fce408c0b37a6f10b05151b4f63b107b1b905c163cfa813f9d
# Nothing here looks for drift, locks, patch windows or policies first; aumdoctor apply does.
# Azure may answer before an operation has ended.
set -euo pipefail

# 1. Register the resource provider (register-provider, safe, not reversible, b8d5aad9a1d9)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Maintenance
#   cures AUM045
az provider register --namespace Microsoft.Maintenance --subscription 11111111-1111-1111-1111-111111111111

# 2. Assess the machine every day (enable-periodic-assessment, safe, reversible, 62f4635f5ddf)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1
#   for vm-1
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 3. Assess the machine every day (enable-periodic-assessment, safe, reversible, 2266da227e09)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-2
#   for vm-2
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-2?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 4. Assess the machine every day (enable-periodic-assessment, safe, reversible, fa27a7b3259f)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-3
#   for vm-3
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-3?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 5. Assess the machine every day (enable-periodic-assessment, safe, reversible, 801d3b6bd55b)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-4
#   for vm-4
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-4?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 6. Assess the machine every day (enable-periodic-assessment, safe, reversible, a086ff0cc3c4)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-5
#   for vm-5
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-5?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 7. Assess the machine every day (enable-periodic-assessment, safe, reversible, acd9adebdd45)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-6
#   for vm-6
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-6?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 8. Assess the machine every day (enable-periodic-assessment, safe, reversible, 74fa42ac0a1c)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-7
#   for vm-7
#   cures AUM039
az rest --method patch --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-7?api-version=2024-07-01' --body '{"properties":{"osProfile":{"windowsConfiguration":{"patchSettings":{"assessmentMode":"AutomaticByPlatform"}}}}}'

# 9. Attach the machine to the schedule (assign-schedule, needs-consent, reversible, 1299b8d99104)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment
#   for vm-1
#   cures AUM039
az rest --method put --url '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment?api-version=2023-04-01' --body '{"location":"westeurope","properties":{"maintenanceConfigurationId":"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Maintenance/maintenanceConfigurations/weekly"}}'

# 10. Assess the machine now (assess-now, safe, not reversible, c0a535a3279a)
#   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.HybridCompute/machines/arc-1
#   for arc-1
#   cures AUM039
#   after 9
#   note: Wait until arc-1 is connected.
#   note: Look at the result after half an hour.
az connectedmachine assess-patches --name arc-1 --resource-group rg-prod
