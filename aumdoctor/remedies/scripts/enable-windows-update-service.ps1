# Lets the service Windows Update start on demand. A policy that forbids Windows Update is named and left alone.
function Get-Policy { return Get-SettingValue 'SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate' 'DisableWindowsUpdateAccess' }

# 2 automatic, 3 manual, 4 disabled.
function Get-Start { return [int](Get-SettingValue 'SYSTEM\CurrentControlSet\Services\wuauserv' 'Start') }

function Get-State {
    $policy = Get-Policy
    if ($null -eq $policy) { $policy = 'absent' }
    return [ordered]@{ start = (Get-Start); status = (Get-Service -Name wuauserv).Status; DisableWindowsUpdateAccess = $policy }
}

function Test-Cured {
    $start = Get-Start
    return (($start -eq 2 -or $start -eq 3) -and [string](Get-Policy) -ne '1')
}

function Assert-Allowed {
    if ([string](Get-Policy) -eq '1') {
        throw 'the policy DisableWindowsUpdateAccess forbids Windows Update: lift it where it is set, gpresult /h gp.html shows where'
    }
}

function Set-Cure {
    Save-Text 'start' ([string](Get-Start))
    Start-Change
    Set-Service -Name wuauserv -StartupType Manual
    $script:note = 'the service Windows Update starts on demand'
}

function Undo-Cure {
    if ((Get-Start) -ne 3) { throw 'its start type was changed since, and is left as it is' }
    if ([string](Get-SavedText 'start') -ne '4') { throw 'what is kept is not that the service was disabled' }
    Start-Change
    Set-Service -Name wuauserv -StartupType Disabled
}
