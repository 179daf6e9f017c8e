# What the remedies of aumdoctor inside Windows machines share (Windows PowerShell 4.0 to 5.1).
#
# Prints one JSON object a line, all of it ASCII: {"remedy":...,"step":"before","values":{...}}, the same for "after" (or
# "now"), and last {"remedy":...,"step":"end","state":...,"said":...}. The state is changed, unchanged (it stood so
# already), refused (nothing was changed), failed (a part may have been changed), undone, cured, not-cured or unknown.
# What stood there before is kept below HKLM\SOFTWARE\aumdoctor\Undo, where only administrators may write, until it is
# put back.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$kept = 'SOFTWARE\aumdoctor\Undo\' + $remedy
# The 64-bit registry, whatever this PowerShell is.
$hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
$script:changing = $false
$script:mode = ''
$script:note = 'it stands as it was set'

# Printable ASCII without secrets, escaped for JSON.
function Get-JsonText($value) {
    $text = ''
    if ($null -ne $value) { $text = [string]$value }
    if ($text.Length -gt 2000) { $text = $text.Substring(0, 2000) }
    $text = $text -replace '//[^\s"'';]*@', '//***@'
    $text = $text -replace '(?i)(password|passwd|pwd|token|secret|sig)=[^\s;&"]*', '$1=***'
    if ($text.Length -gt 300) { $text = $text.Substring(0, 300) }
    $made = New-Object System.Text.StringBuilder
    foreach ($letter in $text.ToCharArray()) {
        $code = [int]$letter
        if ($code -eq 34 -or $code -eq 92) { [void]$made.Append([char]92).Append($letter) }
        elseif ($code -lt 32 -or $code -gt 126) { [void]$made.Append([char]92).Append('u').Append($code.ToString('x4')) }
        else { [void]$made.Append($letter) }
    }
    return $made.ToString()
}

function Write-Step([string]$step, $values) {
    $members = @()
    foreach ($name in @($values.Keys)) { $members += ('"' + (Get-JsonText $name) + '":"' + (Get-JsonText $values[$name]) + '"') }
    Write-Output ('{"remedy":"' + $remedy + '","step":"' + $step + '","values":{' + ($members -join ',') + '}}')
}

function Write-End([string]$state, $said) {
    Write-Output ('{"remedy":"' + $remedy + '","step":"end","state":"' + $state + '","said":"' + (Get-JsonText $said) + '"}')
}

# A registry value as a table of kind and value; $null where it or its key is not there.
function Get-Setting([string]$path, [string]$name) {
    $key = $hive.OpenSubKey($path)
    if ($null -eq $key) { return $null }
    try {
        if (@($key.GetValueNames()) -notcontains $name) { return $null }
        $value = $key.GetValue($name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        return @{ kind = [string]$key.GetValueKind($name); value = $value }
    }
    finally { $key.Close() }
}

# The value alone; $null where it is not there.
function Get-SettingValue([string]$path, [string]$name) {
    $found = Get-Setting $path $name
    if ($null -eq $found) { return $null }
    return $found.value
}

function Set-Setting([string]$path, [string]$name, [string]$kind, $value) {
    $key = $hive.CreateSubKey($path)
    try { $key.SetValue($name, $value, [Microsoft.Win32.RegistryValueKind]$kind) }
    finally { $key.Close() }
}

function Remove-Setting([string]$path, [string]$name) {
    $key = $hive.OpenSubKey($path, $true)
    if ($null -eq $key) { return }
    try { $key.DeleteValue($name, $false) }
    finally { $key.Close() }
}

# Texts that undo needs, by name.
function Save-Text([string]$name, [string]$text) { Set-Setting $kept $name 'String' $text }

function Get-SavedText([string]$name) { return Get-SettingValue $kept $name }

function Test-Key([string]$path) {
    $key = $hive.OpenSubKey($path)
    if ($null -eq $key) { return $false }
    $key.Close()
    return $true
}

function Test-Administrator {
    $who = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    return $who.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

# From here on something is changed: an error after this may have left a part of it.
function Start-Change { $script:changing = $true }

# Whether Windows Update is installing something right now.
function Test-Installing {
    $installer = New-Object -ComObject Microsoft.Update.Installer
    return [bool]$installer.IsBusy
}

function Invoke-Remedy([string]$mode) {
    $script:mode = $mode
    try {
        if (-not (Test-Administrator)) { throw 'it has to be run as an administrator' }
        if ($mode -eq 'verify') {
            Write-Step 'now' (Get-State)
            if (Test-Cured) { Write-End 'cured' 'it stands as it should' }
            else { Write-End 'not-cured' 'it does not stand as it should' }
        }
        elseif ($mode -eq 'undo') {
            Write-Step 'before' (Get-State)
            if (-not (Test-Key $kept)) {
                Write-End 'unchanged' 'nothing is kept here that could be put back'
                return
            }
            $script:note = 'what stood there before was put back'
            Undo-Cure
            $hive.DeleteSubKeyTree($kept)
            Write-Step 'after' (Get-State)
            Write-End 'undone' $script:note
        }
        else {
            Write-Step 'before' (Get-State)
            if (Test-Cured) {
                Write-Step 'after' (Get-State)
                Write-End 'unchanged' 'it stands so already'
                return
            }
            Assert-Allowed
            Set-Cure
            Write-Step 'after' (Get-State)
            if (Test-Cured) { Write-End 'changed' $script:note }
            else { Write-End 'failed' 'it does not stand as it was set' }
        }
    }
    catch {
        $state = 'refused'
        if ($script:changing) { $state = 'failed' }
        if ($mode -eq 'verify') { $state = 'unknown' }
        Write-End $state $_.Exception.Message
    }
}

# A remedy that must not be made throws here, before anything is changed.
function Assert-Allowed { }
