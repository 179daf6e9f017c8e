# Takes the workaround of MS12-006 back: the default is 0, or no value at all.
$settings = @(
    @{ key = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'; name = 'SendExtraRecord'; kind = 'DWord'; value = 0; orAbsent = $true; nonZero = $false }
)
$script:note = 'schannel splits records again after the next restart'
