# Registers Microsoft Update beside Windows Update, so that updates of other Microsoft products are found as well.
$service = '7971f918-a847-4430-9279-4a52d1efe18d'

function Get-Registered {
    $manager = New-Object -ComObject Microsoft.Update.ServiceManager
    return @($manager.Services | ForEach-Object { [string]$_.ServiceID })
}

function Get-State { return [ordered]@{ services = ((Get-Registered) -join ' ') } }

function Test-Cured { return (@(Get-Registered) -contains $service) }

# 7: it may be registered later, or online now, and Automatic Updates use it.
function Set-Cure {
    $manager = New-Object -ComObject Microsoft.Update.ServiceManager
    Save-Text 'added' $service
    Start-Change
    [void]$manager.AddService2($service, 7, '')
    $script:note = 'Microsoft Update is registered'
}

function Undo-Cure {
    if (-not (Test-Cured)) { throw 'Microsoft Update is not registered any more' }
    $manager = New-Object -ComObject Microsoft.Update.ServiceManager
    Start-Change
    [void]$manager.RemoveService($service)
}
