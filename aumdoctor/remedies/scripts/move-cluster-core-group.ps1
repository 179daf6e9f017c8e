# Moves the core resources of the failover cluster to another node that is up. The group is found by its type, since its
# name is another in every language. It helps for weeks or months, until updates cure it: then it is done once more.
$script:moved = $false

function Get-CoreGroup {
    Import-Module FailoverClusters
    $found = @(Get-ClusterGroup | Where-Object { [string]$_.GroupType -eq 'Cluster' })
    if ($found.Count -ne 1) { throw 'the group of the core resources was not found' }
    return $found[0]
}

function Get-UpNodes { return @(Get-ClusterNode | Where-Object { [string]$_.State -eq 'Up' } | ForEach-Object { [string]$_.Name }) }

function Get-State {
    $group = Get-CoreGroup
    return [ordered]@{ group = $group.Name; owner = $group.OwnerNode.Name; state = $group.State; up = ((Get-UpNodes) -join ' ') }
}

# Moved is what is on another node than the one that this remedy found it on, the last time that it ran. That an earlier
# run has moved it is no reason not to do it now.
function Test-Cured {
    if ($script:mode -ne 'verify' -and -not $script:moved) { return $false }
    $from = Get-SavedText 'owner'
    $group = Get-CoreGroup
    return ($null -ne $from -and [string]$group.OwnerNode.Name -ne $from -and [string]$group.State -eq 'Online')
}

function Assert-Allowed {
    $group = Get-CoreGroup
    if (@(Get-UpNodes | Where-Object { $_ -ne [string]$group.OwnerNode.Name }).Count -eq 0) { throw 'no other node is up' }
}

function Set-Cure {
    $group = Get-CoreGroup
    $from = [string]$group.OwnerNode.Name
    $target = @(Get-UpNodes | Where-Object { $_ -ne $from })[0]
    Save-Text 'owner' $from
    Start-Change
    [void](Move-ClusterGroup -InputObject $group -Node $target -Wait 120)
    $script:moved = $true
    $script:note = 'the core resources were moved from ' + $from + ' to ' + $target
}

function Undo-Cure {
    $from = [string](Get-SavedText 'owner')
    if (@(Get-UpNodes) -notcontains $from) { throw ($from + ' is not up') }
    Start-Change
    [void](Move-ClusterGroup -InputObject (Get-CoreGroup) -Node $from -Wait 120)
}
