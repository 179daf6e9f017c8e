// 5 actions on 3 machines.
// Made by aumdoctor 1.2.3 of what was read at 2026-06-10 12:00 UTC.
// Plan sha256:501dc8f38467c0a7555d88caa9a8502d23781a0c7f87eb1bb2bee6e8a2f5bced
// Nothing here looks for drift, locks, patch windows or policies first; aumdoctor apply does.
// Azure may answer before an operation has ended.
// These are parts to merge into where the resources are declared: a deployment replaces a resource.

// 1. Register the resource provider (register-provider, safe, not reversible, b8d5aad9a1d9)
//   on /subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Maintenance
//   cures AUM045
//   Bicep cannot declare it; as a command: az provider register --namespace Microsoft.Maintenance --subscription 11111111-1111-1111-1111-111111111111

// 2. Assess the machine every day (enable-periodic-assessment, safe, reversible, 62f4635f5ddf)
//   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1
//   for vm-1
//   cures AUM039
// The part of the VM's resource that matters; merge it into where the VM is declared.
resource vm_2 'Microsoft.Compute/virtualMachines@2024-07-01' = {
  name: 'vm-1'
  location: 'westeurope'
  properties: {
    osProfile: {
      windowsConfiguration: {
        patchSettings: {
          patchMode: 'AutomaticByPlatform'
          assessmentMode: 'AutomaticByPlatform'
          automaticByPlatformSettings: {
            bypassPlatformSafetyChecksOnUserSchedule: true
          }
        }
      }
    }
  }
}

// 3. Assess the machine every day (enable-periodic-assessment, safe, reversible, 2266da227e09)
//   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-2
//   for vm-2
//   cures AUM039
// The part of the VM's resource that matters; merge it into where the VM is declared.
resource vm_3 'Microsoft.Compute/virtualMachines@2024-07-01' = {
  name: 'vm-2'
  location: 'westeurope'
  properties: {
    osProfile: {
      windowsConfiguration: {
        patchSettings: {
          patchMode: 'AutomaticByPlatform'
          assessmentMode: 'AutomaticByPlatform'
          automaticByPlatformSettings: {
            bypassPlatformSafetyChecksOnUserSchedule: true
          }
        }
      }
    }
  }
}

// 4. Attach the machine to the schedule (assign-schedule, needs-consent, reversible, 1299b8d99104)
//   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/vm-1/providers/Microsoft.Maintenance/configurationAssignments/weekly-assignment
//   for vm-1
//   cures AUM039
resource machine_4 'Microsoft.Compute/virtualMachines@2024-07-01' existing = {
  name: 'vm-1'
}

resource assignment_4 'Microsoft.Maintenance/configurationAssignments@2023-04-01' = {
  name: 'weekly-assignment'
  scope: machine_4
  location: 'westeurope'
  properties: {
    maintenanceConfigurationId: '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.Maintenance/maintenanceConfigurations/weekly'
  }
}

// 5. Assess the machine now (assess-now, safe, not reversible, c0a535a3279a)
//   on /subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-prod/providers/Microsoft.HybridCompute/machines/arc-1
//   for arc-1
//   cures AUM039
//   after 4
//   note: Wait until arc-1 is connected.
//   note: Look at the result after half an hour.
//   Bicep cannot declare it; as a command: az connectedmachine assess-patches --name arc-1 --resource-group rg-prod
