# Windows installs no updates by itself; Azure Update Manager goes on to.
$settings = @(
    @{ key = 'SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'; name = 'NoAutoUpdate'; kind = 'DWord'; value = 1; orAbsent = $false; nonZero = $false }
)
$script:note = 'Windows installs no updates by itself any more'
