# Sets the folder SoftwareDistribution aside, so that Windows makes a new one with the permissions that it needs. Nothing
# is deleted: the old folder, with the history of updates, stands beside it, and so does that of every other run.
$store = Join-Path $env:SystemRoot 'SoftwareDistribution'
$services = 'wuauserv', 'bits'
$script:reset = $false

# Where the folder of the last run stands; empty where none is kept.
function Get-Aside { return [string](Get-SavedText 'aside') }

function Get-FreeName {
    $name = $store + '.aumdoctor'
    for ($number = 2; Test-Path -LiteralPath $name; $number++) { $name = $store + '.aumdoctor-' + $number }
    return $name
}

function Get-State {
    $seen = [ordered]@{ store = 'absent'; permissions = ''; aside = 'absent' }
    if (Test-Path -LiteralPath $store) {
        $seen.store = (Get-Item -LiteralPath $store -Force).CreationTimeUtc.ToString('s')
        try { $seen.permissions = (Get-Acl -LiteralPath $store).Sddl }
        catch { $seen.permissions = 'they cannot be read' }
    }
    $aside = Get-Aside
    if ($aside -ne '' -and (Test-Path -LiteralPath $aside)) { $seen.aside = (Get-Item -LiteralPath $aside -Force).CreationTimeUtc.ToString('s') }
    return $seen
}

# Seen from outside it is whether SYSTEM has full control of the folder that Windows works in. That an earlier run has set
# a folder aside is no reason not to do it now.
function Test-Cured {
    if ($script:mode -ne 'verify') { return $script:reset }
    if (-not (Test-Path -LiteralPath $store)) { return $false }
    return ((Get-Acl -LiteralPath $store).Sddl -match '\(A;[A-Z]*;(FA|0x1f01ff);;;SY\)')
}

function Assert-Allowed {
    if (-not (Test-Path -LiteralPath $store)) { throw ($store + ' is not there: Windows makes it with the next search for updates') }
    if (Test-Installing) { throw 'updates are being installed: wait until that ends' }
}

# Both hold files in the folder open. Those that ran are started again, whatever happens meanwhile.
function Invoke-WithoutServices($act) {
    $running = @(Get-Service -Name $services | Where-Object { $_.Status -eq 'Running' } | ForEach-Object { $_.Name })
    try {
        Start-Change
        Stop-Service -Name $services -Force
        for ($try = 1; $true; $try++) {
            try {
                & $act
                break
            }
            catch {
                if ($try -ge 5) { throw }
                Start-Sleep -Seconds 3
            }
        }
    }
    finally {
        foreach ($name in $running) { Start-Service -Name $name -ErrorAction SilentlyContinue }
    }
}

function Set-Cure {
    $earlier = Get-Aside
    $aside = Get-FreeName
    Save-Text 'aside' $aside
    try { Invoke-WithoutServices { [IO.Directory]::Move($store, $aside) } }
    catch {
        if ($earlier -ne '') { Save-Text 'aside' $earlier }
        throw
    }
    $script:reset = $true
    Start-Service -Name wuauserv
    for ($try = 0; $try -lt 15 -and -not (Test-Path -LiteralPath $store); $try++) { Start-Sleep -Seconds 2 }
    $script:note = 'the old folder stands at ' + $aside
}

function Undo-Cure {
    $aside = Get-Aside
    if ($aside -eq '' -or -not (Test-Path -LiteralPath $aside)) { throw ('the folder set aside is not there any more: ' + $aside) }
    if (Test-Installing) { throw 'updates are being installed: wait until that ends' }
    $later = $store + '.aumdoctor-' + [DateTime]::UtcNow.Ticks
    Invoke-WithoutServices {
        if (Test-Path -LiteralPath $store) { [IO.Directory]::Move($store, $later) }
        [IO.Directory]::Move($aside, $store)
    }
    $script:note = 'the old folder is back; the one made meanwhile stands at ' + $later
}
