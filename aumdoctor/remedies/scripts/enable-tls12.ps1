# TLS 1.2 can be used by schannel and by .NET. Absent values mean that it can where Windows has it on by default: for
# schannel from Windows 8 and Server 2012 on (build 9200), for .NET's programs from Server 2016 on (build 14393).
$build = [int](Get-SettingValue 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuildNumber')
$schannel = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\'
$settings = @()
foreach ($side in 'Client', 'Server') {
    $settings += @{ key = $schannel + $side; name = 'Enabled'; kind = 'DWord'; value = 1; orAbsent = ($build -ge 9200); nonZero = $true }
    $settings += @{ key = $schannel + $side; name = 'DisabledByDefault'; kind = 'DWord'; value = 0; orAbsent = ($build -ge 9200); nonZero = $false }
}
foreach ($above in 'SOFTWARE\Microsoft', 'SOFTWARE\WOW6432Node\Microsoft') {
    foreach ($name in 'SchUseStrongCrypto', 'SystemDefaultTlsVersions') {
        $settings += @{ key = $above + '\.NETFramework\v4.0.30319'; name = $name; kind = 'DWord'; value = 1; orAbsent = ($build -ge 14393); nonZero = $true }
    }
}
$script:note = 'TLS 1.2 can be used after the next restart'
