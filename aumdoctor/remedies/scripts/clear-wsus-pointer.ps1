# Takes the pointer to a WSUS server away where that server does not answer, so that the machine asks Microsoft. A server
# that answers is left alone, whatever it says, and so is one that is asked through a proxy: a direct connection, which
# is all that is tried here, does not tell whether it answers there.
$policies = 'SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
$settings = @(
    @{ key = $policies + '\AU'; name = 'UseWUServer'; kind = 'DWord'; value = $null; orAbsent = $false; nonZero = $false }
    @{ key = $policies; name = 'WUServer'; kind = 'String'; value = $null; orAbsent = $false; nonZero = $false }
    @{ key = $policies; name = 'WUStatusServer'; kind = 'String'; value = $null; orAbsent = $false; nonZero = $false }
    @{ key = $policies; name = 'UpdateServiceUrlAlternate'; kind = 'String'; value = $null; orAbsent = $false; nonZero = $false }
)
$script:note = 'the machine is pointed at no WSUS server; a group policy that sets one brings it back'

# The addresses alone point nowhere: this value makes them count.
function Test-Cured {
    $use = Get-SettingValue ($policies + '\AU') 'UseWUServer'
    return ($null -eq $use -or [string]$use -eq '0')
}

function Test-Answer([string]$server, [int]$port) {
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $begun = $client.BeginConnect($server, $port, $null, $null)
        if (-not $begun.AsyncWaitHandle.WaitOne(5000)) { return $false }
        $client.EndConnect($begun)
        return $true
    }
    catch { return $false }
    finally { $client.Close() }
}

# Whether WinHTTP, and with it Windows Update, is told to use a proxy (2) or a script that names one (4): flags at byte 8.
function Test-Proxy {
    $bytes = @(Get-SettingValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections' 'WinHttpSettings')
    return ($bytes.Count -gt 8 -and ($bytes[8] -band 6) -ne 0)
}

# Three tries, since a server may just be restarting. What is no address of a server answers nothing.
function Assert-Allowed {
    $address = [string](Get-SettingValue $policies 'WUServer')
    $uri = $null
    if (-not [Uri]::TryCreate($address.Trim(), [UriKind]::Absolute, [ref]$uri)) { return }
    if ($uri.Scheme -ne 'http' -and $uri.Scheme -ne 'https') { return }
    if (Test-Proxy) { throw 'the machine has a WinHTTP proxy, through which the server may answer: nothing was removed' }
    for ($try = 0; $try -lt 3; $try++) {
        if ($try -gt 0) { Start-Sleep -Seconds 10 }
        if (Test-Answer $uri.Host $uri.Port) { throw ('the server answers at ' + $uri.Host + ':' + $uri.Port + ': nothing was removed') }
    }
}
