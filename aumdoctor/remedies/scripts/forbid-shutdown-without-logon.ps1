# The logon screen offers no shutdown.
$settings = @(
    @{ key = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'; name = 'ShutdownWithoutLogon'; kind = 'DWord'; value = 0; orAbsent = $false; nonZero = $false }
)
$script:note = 'the logon screen offers no shutdown any more'
