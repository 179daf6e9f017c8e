# Gives the logs of updating on Windows in pieces that Run Command's 4,096 bytes can hold. Reads only, leaves no file.
#
# As it stands it lists the files that are worth fetching, one JSON object a line:
#   {"c":"file","p":"<path>","s":<size>,"o":<start>,"n":<bytes>,"z":<bytes of them packed>,"h":"<their SHA-256>"}
# of which <bytes> from <start> on are offered, the end of a long file. Where calls of Write-Part stand at the end it
# gives pieces of what gzip makes of these bytes instead, in base64:
#   {"c":"part","f":<number>,"o":<offset>,"b":"<piece>"}
# and always {"c":"end","n":<lines before it>} last.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$script:count = 0
$most = 131072
$parts = $false

# Some bytes of a file that others may be writing to.
function Get-Bytes([string]$path, [int64]$start, [int]$length) {
    $stream = New-Object System.IO.FileStream($path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]'ReadWrite, Delete')
    try {
        [void]$stream.Seek($start, [System.IO.SeekOrigin]::Begin)
        $buffer = New-Object byte[] $length
        $filled = 0
        while ($filled -lt $length) {
            $read = $stream.Read($buffer, $filled, $length - $filled)
            if ($read -le 0) { break }
            $filled = $filled + $read
        }
        if ($filled -lt $length) {
            $short = New-Object byte[] $filled
            [Array]::Copy($buffer, $short, $filled)
            $buffer = $short
        }
        return , $buffer
    }
    finally { $stream.Close() }
}

function Get-Packed([byte[]]$bytes) {
    $memory = New-Object System.IO.MemoryStream
    $pack = New-Object System.IO.Compression.GZipStream($memory, [System.IO.Compression.CompressionMode]::Compress, $true)
    $pack.Write($bytes, 0, $bytes.Length)
    $pack.Close()
    return , $memory.ToArray()
}

function Write-File([string]$path) {
    if ($script:count -ge 14 -or -not (Test-Path -LiteralPath $path -PathType Leaf)) { return }
    if ($path -notmatch '^[A-Za-z]:(\\[A-Za-z0-9._@+ -]+)+$') { return }
    try {
        $size = (Get-Item -LiteralPath $path).Length
        if ($size -le 0) { return }
        $start = [int64]0
        if ($size -gt $most) { $start = [int64](($size - $most) - (($size - $most) % 2)) }
        $bytes = Get-Bytes $path $start ([int]($size - $start))
        $hash = [System.Security.Cryptography.SHA256]::Create()
        $digest = [BitConverter]::ToString($hash.ComputeHash($bytes)).Replace('-', '').ToLowerInvariant()
        $packed = Get-Packed $bytes
        $named = $path.Replace('\', '\\')
        $script:count++
        Write-Output ('{"c":"file","p":"' + $named + '","s":' + $size + ',"o":' + $start + ',"n":' + $bytes.Length + ',"z":' + $packed.Length + ',"h":"' + $digest + '"}')
    }
    catch { return }
}

function Write-Part([int]$number, [int]$offset, [int]$length, [int64]$start, [int]$bytes, [string]$path) {
    $piece = ''
    try {
        $packed = Get-Packed (Get-Bytes $path $start $bytes)
        $length = [Math]::Max(0, [Math]::Min($length, $packed.Length - $offset))
        if ($length -gt 0) { $piece = [Convert]::ToBase64String($packed, $offset, $length) }
    }
    catch { $piece = '' }
    $script:count++
    Write-Output ('{"c":"part","f":' + $number + ',"o":' + $offset + ',"b":"' + $piece + '"}')
}

# The newest version below the folder of an extension; '' where there is none.
function Get-Newest([string]$above) {
    if (-not (Test-Path -LiteralPath $above)) { return '' }
    $found = @(Get-ChildItem -LiteralPath $above | Where-Object { $_.PSIsContainer -and $_.Name -match '^\d+(\.\d+)+$' } | Sort-Object { [version]$_.Name })
    if ($found.Count -eq 0) { return '' }
    return $found[$found.Count - 1].FullName
}

# The files of a folder by a pattern, those changed last first.
function Get-Latest([string]$folder, [string]$pattern, [int]$count) {
    if (-not (Test-Path -LiteralPath $folder)) { return }
    Get-ChildItem -LiteralPath $folder -Filter $pattern | Where-Object { -not $_.PSIsContainer } | Sort-Object LastWriteTime -Descending | Select-Object -First $count | ForEach-Object { $_.FullName }
}

function Write-List {
    $arc = 'C:\ProgramData\GuestConfig\extension_logs\Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension'
    foreach ($name in 'Microsoft.CPlat.Core.WindowsPatchExtension', 'Microsoft.SoftwareUpdateManagement.WindowsOsUpdateExtension') {
        $package = Get-Newest (Join-Path 'C:\Packages\Plugins' $name)
        if ($package -ne '') { foreach ($path in @(Get-Latest (Join-Path $package 'Status') '*.status' 1)) { Write-File $path } }
        $logs = Get-Newest (Join-Path 'C:\WindowsAzure\Logs\Plugins' $name)
        if ($logs -ne '') { foreach ($file in 'WindowsUpdateExtension.log', 'CommandExecution.log') { Write-File (Join-Path $logs $file) } }
    }
    Write-File (Join-Path $arc 'WindowsUpdateExtension.log')
    # One of the two names is misspelt by the extension itself.
    foreach ($pattern in 'cmd_execution_*', 'cmd_excution_*') { foreach ($path in @(Get-Latest $arc $pattern 1)) { Write-File $path } }
    Write-File 'C:\WindowsAzure\Logs\AggregateStatus\aggregatestatus.json'
    Write-File (Join-Path $env:windir 'SoftwareDistribution\ReportingEvents.log')
}

# Without its last line the answer counts as not whole.
try { if (-not $parts) { Write-List } } catch { exit 0 }
