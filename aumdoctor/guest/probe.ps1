# The probe of aumdoctor for Windows (Windows PowerShell 4.0 to 5.1): asks the machine and changes nothing on it. It
# searches for no updates, starts and stops nothing, and leaves no file.
#
# Prints one JSON object a line, {"c":"<check>","s":"ok|fail|warn|unknown","d":{"<name>":"<text>"}}, and at the end
# {"c":"end","n":<lines before it>}. All of it is ASCII and below 4,096 bytes, since Run Command keeps no more.
# $env:AUMDOCTOR_HOST: the sign-in host that is asked.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$script:count = 0
$script:left = 3900
$script:checks = 14

# Printable ASCII without secrets, escaped for JSON. Secrets go before the text is cut, else half of one would stay.
function Get-JsonText($value, [int]$most) {
    $text = ''
    if ($null -ne $value) { $text = [string]$value }
    if ($text.Length -gt 4000) { $text = $text.Substring(0, 4000) }
    $text = $text -replace '//[^\s"'';]*@', '//***@'
    $text = $text -replace '(?i)(password|passwd|pwd|token|secret|sig)=[^\s;&"]*', '$1=***'
    if ($text.Length -gt $most) { $text = $text.Substring(0, $most) }
    $made = New-Object System.Text.StringBuilder
    foreach ($letter in $text.ToCharArray()) {
        $code = [int]$letter
        if ($code -eq 34 -or $code -eq 92) { [void]$made.Append([char]92).Append($letter) }
        elseif ($code -lt 32 -or $code -gt 126) { [void]$made.Append([char]92).Append('u').Append($code.ToString('x4')) }
        else { [void]$made.Append($letter) }
    }
    return $made.ToString()
}

function Format-Check([string]$check, [string]$state, $data) {
    $members = @()
    foreach ($name in @($data.Keys)) {
        $value = $data[$name]
        if ($null -eq $value) { $members += ('"' + $name + '":null') }
        elseif ($value -is [array]) {
            $items = @($value | ForEach-Object { '"' + (Get-JsonText $_ 150) + '"' })
            $members += ('"' + $name + '":[' + ($items -join ',') + ']')
        }
        else { $members += ('"' + $name + '":"' + (Get-JsonText $value 180) + '"') }
    }
    return '{"c":"' + $check + '","s":"' + $state + '","d":{' + ($members -join ',') + '}}'
}

# Where the 4,096 bytes come to their end the last rows of a list are left out; a check for which there is no room at
# all is unknown.
function Write-Check([string]$check, [string]$state, $data) {
    $script:count++
    $room = $script:left - 50 * ($script:checks - $script:count) - 2
    $line = Format-Check $check $state $data
    foreach ($name in @($data.Keys)) {
        while ($line.Length -gt $room -and $data[$name] -is [array] -and $data[$name].Count -gt 0) {
            $data[$name] = [array]@($data[$name] | Select-Object -First ($data[$name].Count - 1))
            $line = Format-Check $check $state $data
        }
    }
    if ($line.Length -gt $room) { $line = Format-Check $check 'unknown' ([ordered]@{}) }
    $script:left = $script:left - $line.Length - 2
    Write-Output $line
}

# A check that could not be made is unknown, and says why.
function Write-Unknown([string]$check, $problem) {
    $said = [ordered]@{ why = [string]$problem.Exception.Message }
    # The members of these two are names of services and policies.
    if ($check -eq 'agent' -or $check -eq 'wupolicy') { $said = [ordered]@{} }
    Write-Check $check 'unknown' $said
}

# A registry value; $null where it or its key is not there.
function Get-Value([string]$key, [string]$name) {
    if (-not (Test-Path -LiteralPath $key)) { return $null }
    $found = (Get-Item -LiteralPath $key).GetValue($name, $null)
    return , $found
}

# Whether a port answers within four seconds: open or fail.
function Get-Port([string]$name, [int]$port) {
    $client = New-Object System.Net.Sockets.TcpClient
    try {
        $begun = $client.BeginConnect($name, $port, $null, $null)
        if (-not $begun.AsyncWaitHandle.WaitOne(4000)) { return 'fail' }
        $client.EndConnect($begun)
        return 'open'
    }
    catch { return 'fail' }
    finally { $client.Close() }
}

$services = [ordered]@{}
$policy = [ordered]@{}
$proxy = ''
# Other cultures have other calendars and separators.
$invariant = [System.Globalization.CultureInfo]::InvariantCulture

# --- the system
try {
    $key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    Write-Check 'os' 'ok' ([ordered]@{
            build = (Get-Value $key 'CurrentBuildNumber'); ubr = (Get-Value $key 'UBR')
            name = (Get-Value $key 'ProductName'); ed = (Get-Value $key 'EditionID')
            ui = (Get-Culture).Name; ps = $PSVersionTable.PSVersion; host = $env:COMPUTERNAME
            at = [DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
        })
}
catch { Write-Unknown 'os' $_ }

# --- services: those of the agents, and those that updating and the known issues need
try {
    $names = 'WindowsAzureGuestAgent', 'RdAgent', 'himds', 'wuauserv', 'bits', 'cryptsvc', 'trustedinstaller', 'UsoSvc', 'ClusSvc', 'vmms'
    $filter = @($names | ForEach-Object { "Name='$_'" }) -join ' OR '
    foreach ($each in @(Get-WmiObject -Class Win32_Service -Filter $filter)) {
        $services[[string]$each.Name] = [string]$each.State + '/' + [string]$each.StartMode
    }
    $state = 'fail'
    foreach ($name in 'WindowsAzureGuestAgent', 'himds') {
        if ($services.Contains($name) -and $services[$name] -like 'Running/*') { $state = 'ok' }
    }
    Write-Check 'agent' $state $services
}
catch { Write-Unknown 'agent' $_ }

# --- the patch extension: its newest version, its newest request and status
try {
    $folders = @()
    foreach ($name in 'Microsoft.CPlat.Core.WindowsPatchExtension', 'Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension') {
        $above = Join-Path 'C:\Packages\Plugins' $name
        if (Test-Path -LiteralPath $above) { $folders += @(Get-ChildItem -LiteralPath $above | Where-Object { $_.PSIsContainer -and $_.Name -match '^\d+(\.\d+)+$' }) }
    }
    $newest = $folders | Sort-Object { [version]$_.Name } | Select-Object -Last 1
    if ($null -eq $newest) { Write-Check 'extension' 'fail' ([ordered]@{ dir = '' }) }
    else {
        $highest = @{}
        foreach ($pair in @(@('RuntimeSettings', 'settings'), @('Status', 'status'))) {
            $highest[$pair[1]] = -1
            $inside = Join-Path $newest.FullName $pair[0]
            if (-not (Test-Path -LiteralPath $inside)) { continue }
            foreach ($file in @(Get-ChildItem -LiteralPath $inside -Filter ('*.' + $pair[1]))) {
                if ($file.BaseName -match '^\d{1,9}$' -and [int]$file.BaseName -gt $highest[$pair[1]]) { $highest[$pair[1]] = [int]$file.BaseName }
            }
        }
        $sequence = $null
        $last = $null
        if ($highest['settings'] -ge 0) { $sequence = $highest['settings'] }
        if ($highest['status'] -ge 0) { $last = $highest['status'] }
        # A status above the newest request comes from the image that the machine was made of.
        $orphan = ($null -ne $sequence -and $null -ne $last -and $last -gt $sequence)
        Write-Check 'extension' 'ok' ([ordered]@{ dir = $newest.Parent.Name + '\' + $newest.Name; seq = $sequence; lastStatus = $last; orphan = $orphan })
    }
}
catch { Write-Unknown 'extension' $_ }

# --- the policies of Windows Update
try {
    $key = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
    foreach ($name in 'WUServer', 'WUStatusServer', 'DisableWindowsUpdateAccess', 'DoNotConnectToWindowsUpdateInternetLocations', 'SetPolicyDrivenUpdateSourceForQualityUpdates') {
        $value = Get-Value $key $name
        if ($null -ne $value) { $policy[$name] = [string]$value }
    }
    foreach ($name in 'UseWUServer', 'NoAutoUpdate', 'AUOptions', 'AlwaysAutoRebootAtScheduledTime', 'NoAutoRebootWithLoggedOnUsers') {
        $value = Get-Value ($key + '\AU') $name
        if ($null -ne $value) { $policy[$name] = [string]$value }
    }
    $state = 'ok'
    if ($policy.Contains('UseWUServer') -and $policy['UseWUServer'] -eq '1') {
        $state = 'warn'
        if (-not $policy.Contains('WUServer') -or -not $policy.Contains('WUStatusServer')) { $state = 'fail' }
        elseif ($policy['WUServer'] -eq '' -or $policy['WUServer'] -ne $policy['WUStatusServer']) { $state = 'fail' }
    }
    if ($policy.Contains('DisableWindowsUpdateAccess') -and $policy['DisableWindowsUpdateAccess'] -eq '1') { $state = 'fail' }
    if ($services.Contains('wuauserv') -and $services['wuauserv'] -like '*/Disabled') { $state = 'fail' }
    Write-Check 'wupolicy' $state $policy
}
catch { Write-Unknown 'wupolicy' $_ }

# --- the WSUS server, where one is set
try {
    if ($policy.Contains('UseWUServer') -and $policy['UseWUServer'] -eq '1' -and $policy.Contains('WUServer') -and $policy['WUServer'] -ne '') {
        $server = [Uri]$policy['WUServer']
        $state = 'fail'
        if ((Get-Port $server.Host $server.Port) -eq 'open') { $state = 'ok' }
        Write-Check 'wsus' $state ([ordered]@{ host = $server.Host; port = $server.Port })
    }
    else { $script:checks-- }
}
catch { Write-Unknown 'wsus' $_ }

# --- proxies: of WinHTTP as the registry has it (netsh speaks the display language), and of the environment.
# The value holds the flags at byte 8 (2: a proxy), the length of its name at 12, and the name from 16.
try {
    $bytes = Get-Value 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections' 'WinHttpSettings'
    if ($bytes -is [byte[]] -and $bytes.Length -gt 16 -and ($bytes[8] -band 2)) {
        $length = [BitConverter]::ToInt32($bytes, 12)
        if ($length -gt 0 -and $length -le $bytes.Length - 16) { $proxy = [System.Text.Encoding]::ASCII.GetString($bytes, 16, $length) }
    }
    $around = [string][Environment]::GetEnvironmentVariable('HTTPS_PROXY', 'Machine')
    if ($around -eq '') { $around = [string][Environment]::GetEnvironmentVariable('HTTP_PROXY', 'Machine') }
    $state = 'ok'
    if ($proxy -ne '' -or $around -ne '') { $state = 'warn' }
    Write-Check 'proxy' $state ([ordered]@{ winhttp = $proxy; env = $around })
}
catch { Write-Unknown 'proxy' $_ }

# --- TLS 1.2 as a client. Where nothing is set it is on since Windows Server 2012.
try {
    $key = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL'
    $enabled = Get-Value ($key + '\Protocols\TLS 1.2\Client') 'Enabled'
    $byDefault = Get-Value ($key + '\Protocols\TLS 1.2\Client') 'DisabledByDefault'
    $state = 'ok'
    if (($null -ne $enabled -and $enabled -eq 0) -or ($null -ne $byDefault -and $byDefault -eq 1)) { $state = 'fail' }
    Write-Check 'tls12' $state ([ordered]@{
            cEn = $enabled; cDis = $byDefault
            sEn = (Get-Value ($key + '\Protocols\TLS 1.2\Server') 'Enabled')
            net = (Get-Value 'HKLM:\SOFTWARE\Microsoft\.NETFramework\v4.0.30319' 'SchUseStrongCrypto')
            ser = (Get-Value $key 'SendExtraRecord')
        })
}
catch { Write-Unknown 'tls12' $_ }

# --- what updating has to reach. Behind a proxy or a WSUS server the machine need not reach it itself.
try {
    $signIn = 'login.microsoftonline.com'
    if (Test-Path -LiteralPath 'Env:\AUMDOCTOR_HOST') { $signIn = $env:AUMDOCTOR_HOST }
    $ports = [ordered]@{}
    foreach ($name in $signIn, 'download.windowsupdate.com', 'dl.delivery.mp.microsoft.com', 'sls.update.microsoft.com') { $ports[$name] = Get-Port $name 443 }
    $state = 'ok'
    if (@($ports.Values | Where-Object { $_ -eq 'fail' }).Count -gt 0) {
        $state = 'fail'
        if ($proxy -ne '' -or ($policy.Contains('UseWUServer') -and $policy['UseWUServer'] -eq '1')) { $state = 'warn' }
    }
    Write-Check 'https' $state $ports
}
catch { Write-Unknown 'https' $_ }

# --- room on the system drive (below 2 GB updates fail, below 10 GB a feature-sized one may)
try {
    $disk = Get-WmiObject -Class Win32_LogicalDisk -Filter ("DeviceID='" + $env:SystemDrive + "'")
    $free = [int64]($disk.FreeSpace / 1048576)
    $state = 'ok'
    if ($free -lt 2048) { $state = 'fail' } elseif ($free -lt 10240) { $state = 'warn' }
    Write-Check 'disk' $state ([ordered]@{ freeMB = $free })
}
catch { Write-Unknown 'disk' $_ }

# --- a restart that is due. Renames alone are a weak sign: many programs leave some.
try {
    $flags = @()
    if (Test-Path -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') { $flags += 'CBS' }
    if (Test-Path -LiteralPath 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') { $flags += 'WU' }
    if ($null -ne (Get-Value 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager' 'PendingFileRenameOperations')) { $flags += 'Rename' }
    $state = 'ok'
    if ($flags -contains 'CBS' -or $flags -contains 'WU') { $state = 'warn' }
    Write-Check 'reboot' $state ([ordered]@{ flags = ($flags -join ',') })
}
catch { Write-Unknown 'reboot' $_ }

# --- whether SYSTEM has full control of SoftwareDistribution
try {
    $sddl = [string](Get-Acl -Path (Join-Path $env:windir 'SoftwareDistribution')).Sddl
    $state = 'warn'
    if ($sddl -eq '') { $state = 'unknown' }
    elseif ($sddl -match '\(D;[^)]*;;;SY\)') { $state = 'fail' }
    elseif ($sddl -match '\(A;[^)]*;(FA|GA|0x1f01ff);;;SY\)') { $state = 'ok' }
    Write-Check 'sdacl' $state ([ordered]@{ sddl = $sddl })
}
catch { Write-Unknown 'sdacl' $_ }

# --- the last results of Windows Update with who asked for them, newest first: kept history, no search is begun.
# A service that is stopped would be started by the question, so it is not asked then.
try {
    if (-not $services.Contains('wuauserv') -or $services['wuauserv'] -notlike 'Running/*') { throw 'wuauserv is not running, and to ask it would start it' }
    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $total = $searcher.GetTotalHistoryCount()
    $rows = @()
    if ($total -gt 0) {
        foreach ($entry in @($searcher.QueryHistory(0, [Math]::Min(6, $total)))) {
            $title = [string]$entry.Title
            if ($title -match '\b(KB\d{6,8})\b') { $title = $Matches[1] }
            if ($title.Length -gt 12) { $title = $title.Substring(0, 12) }
            $at = ([DateTime]$entry.Date).ToString('yyyy-MM-ddTHH:mm', $invariant)
            $rows += ('{0}|{1}|{2}|0x{3:X8}|{4}' -f $at, $entry.ClientApplicationID, [int]$entry.ResultCode, $entry.HResult, $title)
        }
    }
    $state = 'unknown'
    if ($rows.Count -gt 0) { $state = 'ok' }
    Write-Check 'wuhistory' $state ([ordered]@{ last = [array]$rows })
}
catch { Write-Unknown 'wuhistory' $_ }

# --- shutting down without logging on, and network level authentication
try {
    Write-Check 'logon' 'ok' ([ordered]@{
            shutdownWithoutLogon = (Get-Value 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System' 'ShutdownWithoutLogon')
            nla = (Get-Value 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' 'UserAuthentication')
            nlaPolicy = (Get-Value 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' 'UserAuthentication')
        })
}
catch { Write-Unknown 'logon' $_ }

# --- events of 60 days that known issues show by, the newest first: TIME|ID|VALUES. `of` tells how many there were, so
# that a list which was cut is known as one.
try {
    # An id means something only together with the provider.
    $wanted = @{ 1074 = 'User32'; 1207 = 'Microsoft-Windows-FailoverClustering'; 1069 = 'Microsoft-Windows-FailoverClustering'; 41 = 'Microsoft-Windows-Kernel-Power'; 6008 = 'EventLog' }
    $rows = @()
    $matching = 0
    $found = @()
    try {
        $found = @(Get-WinEvent -FilterHashtable @{ LogName = 'System'; Id = 1074, 1207, 1069, 41, 6008; StartTime = (Get-Date).AddDays(-60) } -MaxEvents 60)
    }
    catch {
        # There being none is an error to Get-WinEvent; any other is told below.
        if ([string]$_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
    }
    foreach ($entry in $found) {
        if ($wanted[[int]$entry.Id] -ne $entry.ProviderName) { continue }
        $matching++
        if ($rows.Count -ge 8) { continue }
        $values = @($entry.Properties | Select-Object -First 7 | ForEach-Object { [string]$_.Value })
        $at = $entry.TimeCreated.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', $invariant)
        $rows += ('{0}|{1}|{2}' -f $at, $entry.Id, ($values -join '|'))
    }
    $of = [string]$matching
    if ($found.Count -ge 60) { $of += '+' }
    Write-Check 'events' 'ok' ([ordered]@{ of = $of; last = [array]$rows })
}
catch { Write-Unknown 'events' $_ }

Write-Output ('{"c":"end","n":' + $script:count + '}')
exit 0
