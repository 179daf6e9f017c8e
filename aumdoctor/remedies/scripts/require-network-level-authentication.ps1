# Remote Desktop asks who it is before it shows a logon screen.
$settings = @(
    @{ key = 'SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'; name = 'UserAuthentication'; kind = 'DWord'; value = 1; orAbsent = $false; nonZero = $false }
)
$script:note = 'new connections need Network Level Authentication'

# A policy wins over this value.
function Assert-Allowed {
    $policy = Get-SettingValue 'SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' 'UserAuthentication'
    if ($null -ne $policy -and [string]$policy -eq '0') {
        throw 'a policy switches Network Level Authentication off, and wins over this value: change it in the group policy'
    }
}
