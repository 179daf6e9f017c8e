# Gives Authenticated Users the right to log on over the network. A right is imported as a whole, so that the whole list
# is read first, and one entry added to it. Who is denied the right is told, and left as it is: that wins.
$right = 'SeNetworkLogonRight'
$users = '*S-1-5-11'
$script:ended = 0
# Everyone, Authenticated Users, and Users, which hold Authenticated Users unless somebody took them out.
$enough = '*S-1-1-0', '*S-1-5-11', '*S-1-5-32-545'

# Runs secedit in a new folder of its own, which is gone afterwards.
function Invoke-InFolder($act) {
    $folder = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
    [void][IO.Directory]::CreateDirectory($folder)
    try { return & $act $folder }
    finally { [IO.Directory]::Delete($folder, $true) }
}

# The holders of all rights as secedit writes them, by right.
function Get-Rights {
    return Invoke-InFolder {
        param($folder)
        $file = Join-Path $folder 'rights.inf'
        [void](& "$env:SystemRoot\System32\secedit.exe" /export /areas USER_RIGHTS /cfg $file /quiet)
        if (-not (Test-Path -LiteralPath $file)) { throw 'secedit gave no list of the user rights' }
        $found = @{}
        foreach ($line in [IO.File]::ReadAllLines($file)) {
            $at = $line.IndexOf('=')
            if ($at -gt 0 -and $line -match '^Se[A-Za-z]+\s*=') { $found[$line.Substring(0, $at).Trim()] = $line.Substring($at + 1).Trim() }
        }
        if ($found.Count -eq 0) { throw 'the list of the user rights is empty' }
        return $found
    }
}

function Get-Holders([string]$name) {
    $rights = Get-Rights
    if (-not $rights.ContainsKey($name)) { return '' }
    return [string]$rights[$name]
}

function Split-Holders([string]$list) { return @($list.Split(',') | ForEach-Object { $_.Trim() } | Where-Object { $_ -ne '' }) }

function Test-SameHolders([string]$one, [string]$other) {
    $sorted = @(Split-Holders $one | Sort-Object) -join ','
    return ($sorted -eq (@(Split-Holders $other | Sort-Object) -join ','))
}

function Set-Holders([string]$list) {
    Invoke-InFolder {
        param($folder)
        $file = Join-Path $folder 'right.inf'
        $lines = '[Unicode]', 'Unicode=yes', '[Version]', 'signature="$CHICAGO$"', 'Revision=1', '[Privilege Rights]', ($right + ' = ' + $list)
        [IO.File]::WriteAllLines($file, [string[]]$lines, [Text.Encoding]::Unicode)
        $base = Join-Path $folder 'right.sdb'
        [void](& "$env:SystemRoot\System32\secedit.exe" /configure /db $base /cfg $file /areas USER_RIGHTS /quiet)
        $script:ended = $LASTEXITCODE
    }
    # It ends with another code than 0 for mere warnings as well: what counts is what stands there.
    if (-not (Test-SameHolders (Get-Holders $right) $list)) { throw ('the holders are not those that were set; secedit ended with ' + $script:ended) }
}

function Get-State {
    $rights = Get-Rights
    $seen = [ordered]@{ SeNetworkLogonRight = ''; SeDenyNetworkLogonRight = '' }
    foreach ($name in @($seen.Keys)) { if ($rights.ContainsKey($name)) { $seen[$name] = $rights[$name] } }
    return $seen
}

function Test-Cured {
    $holders = Split-Holders (Get-Holders $right)
    return (@($holders | Where-Object { $enough -contains $_ }).Count -gt 0)
}

# 2 is a domain controller.
function Assert-Allowed {
    if ((Get-WmiObject -Class Win32_OperatingSystem).ProductType -eq 2) { throw 'a domain controller has its rights from Group Policy: change it there' }
}

function Set-Cure {
    $before = Get-Holders $right
    $after = (@(Split-Holders $before) + $users) -join ','
    Save-Text 'before' $before
    Save-Text 'after' $after
    Start-Change
    Set-Holders $after
    $script:note = 'Authenticated Users may log on over the network; a group policy that sets the right replaces this'
    $denied = Get-Holders 'SeDenyNetworkLogonRight'
    if ($denied -ne '') { $script:note += '. Denied, which wins: ' + $denied }
}

function Undo-Cure {
    if (-not (Test-SameHolders (Get-Holders $right) ([string](Get-SavedText 'after')))) { throw 'the holders of the right were changed since, and are left as they are' }
    Start-Change
    Set-Holders ([string](Get-SavedText 'before'))
}
