// One run of aumdoctor remediate every night, as a job of Azure Container Apps. README.md one folder up has the commands.
param location string = resourceGroup().location
@description('The image, such as craumdoctor.azurecr.io/aumdoctor-auto:1; the identity may pull it.')
param image string
@description('The user-assigned identity that has the rights of `aumdoctor permissions --for remediate`.')
param identityName string = 'aumdoctor'
@description('The environment of Container Apps, which has the file share as the storage "kept".')
param environmentName string = 'aumdoctor'
@description('What is looked after: a subscription id.')
param subscriptionId string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' existing = {
  name: environmentName
}

resource job 'Microsoft.App/jobs@2024-03-01' = {
  name: 'aumdoctor-auto'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    configuration: {
      triggerType: 'Schedule'
      scheduleTriggerConfig: {
        cronExpression: '30 3 * * *' // UTC
        parallelism: 1
        replicaCompletionCount: 1
      }
      replicaTimeout: 7200
      // A run that failed is looked at by a person, not repeated at once.
      replicaRetryLimit: 0
      registries: [
        {
          server: split(image, '/')[0]
          identity: identity.id
        }
      ]
    }
    template: {
      containers: [
        {
          name: 'aumdoctor'
          image: image
          args: [
            '--subscription'
            subscriptionId
            '--auth'
            'managed-identity'
            '--client-id'
            identity.properties.clientId
          ]
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          volumeMounts: [
            {
              volumeName: 'kept'
              mountPath: '/var/lib/aumdoctor'
            }
          ]
        }
      ]
      volumes: [
        {
          name: 'kept'
          storageType: 'AzureFile'
          storageName: 'kept'
          mountOptions: 'uid=10001,gid=10001,dir_mode=0750,file_mode=0640'
        }
      ]
    }
  }
}
