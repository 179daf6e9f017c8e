# Remedies that are nothing but registry values: each of $settings is a table of key (below HKLM), name, kind and value;
# a value of $null is one that is not to be there. With orAbsent it may be absent as well, with nonZero any number but 0
# will do.
function Test-Setting($each) {
    $found = Get-Setting $each.key $each.name
    if ($null -eq $found) { return ($null -eq $each.value -or [bool]$each.orAbsent) }
    if ($null -eq $each.value) { return $false }
    if ([bool]$each.nonZero) { return ([string]$found.value -ne '0') }
    return ([string]$found.value -eq [string]$each.value)
}

function Format-Setting($found) {
    if ($null -eq $found) { return 'absent' }
    return [string]$found.value
}

function Get-State {
    $seen = [ordered]@{}
    foreach ($each in $settings) { $seen[$each.key + '\' + $each.name] = Format-Setting (Get-Setting $each.key $each.name) }
    return $seen
}

function Test-Cured {
    foreach ($each in $settings) { if (-not (Test-Setting $each)) { return $false } }
    return $true
}

# What is changed is kept right before, in its own kind; what stands well already is left alone.
function Set-Cure {
    for ($number = 0; $number -lt @($settings).Count; $number++) {
        $each = @($settings)[$number]
        if (Test-Setting $each) { continue }
        $place = $kept + '\' + $number
        if (Test-Key $place) { $hive.DeleteSubKeyTree($place) }
        $was = Get-Setting $each.key $each.name
        if ($null -ne $was) { Set-Setting $place 'value' $was.kind $was.value }
        Set-Setting $place 'of' 'String' ($each.key + '\' + $each.name)
        Start-Change
        if ($null -eq $each.value) { Remove-Setting $each.key $each.name }
        else { Set-Setting $each.key $each.name $each.kind $each.value }
    }
}

# A value that is not as the remedy left it was changed by somebody since, and is left alone.
function Undo-Cure {
    $left = @()
    for ($number = 0; $number -lt @($settings).Count; $number++) {
        $each = @($settings)[$number]
        $place = $kept + '\' + $number
        $of = Get-SettingValue $place 'of'
        if ($null -eq $of -or $of -ne ($each.key + '\' + $each.name)) { continue }
        if (-not (Test-Setting $each)) {
            $left += $each.name
            continue
        }
        Start-Change
        $was = Get-Setting $place 'value'
        if ($null -eq $was) { Remove-Setting $each.key $each.name }
        else { Set-Setting $each.key $each.name $was.kind $was.value }
    }
    if ($left.Count -gt 0) { $script:note = 'changed by somebody since, and left alone: ' + ($left -join ', ') }
}
