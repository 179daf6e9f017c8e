# Stops the service Windows Update and starts it again. Not while updates are being installed.
$script:restarted = $false

function Get-Start { return [int](Get-SettingValue 'SYSTEM\CurrentControlSet\Services\wuauserv' 'Start') }

function Get-State {
    $process = Get-WmiObject -Class Win32_Service -Filter "Name='wuauserv'"
    return [ordered]@{ status = $process.State; start = (Get-Start); process = $process.ProcessId }
}

function Test-Cured {
    $status = [string](Get-Service -Name wuauserv).Status
    if ($script:mode -eq 'verify') { return ((Get-Start) -ne 4 -and $status -notlike '*Pending') }
    return ($script:restarted -and $status -eq 'Running')
}

function Assert-Allowed {
    if ((Get-Start) -eq 4) { throw 'the service is disabled: enable-windows-update-service lets it start' }
    if (Test-Installing) { throw 'updates are being installed: wait until that ends' }
}

function Set-Cure {
    Start-Change
    Stop-Service -Name wuauserv -Force
    Start-Service -Name wuauserv
    (Get-Service -Name wuauserv).WaitForStatus('Running', [TimeSpan]::FromSeconds(60))
    $script:restarted = $true
    $script:note = 'the service Windows Update was restarted'
}

function Undo-Cure { throw 'a restart cannot be taken back' }
