# The workaround of MS12-006 for SCOM 2007 R2: schannel sends no extra record. It weakens TLS 1.0.
$settings = @(
    @{ key = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'; name = 'SendExtraRecord'; kind = 'DWord'; value = 2; orAbsent = $false; nonZero = $false }
)
$script:note = 'schannel sends no extra record after the next restart'
