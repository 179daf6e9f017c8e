"""What a script needs to run the scripts of remedies in machines: functions that await the end, show what was printed,
and end everything where the last line does not say that it went well. Azure's own answer tells nothing of that.

Constant texts; what comes from a plan is handed to the functions. Names: Microsoft Learn, `az vm run-command invoke`
and `Invoke-AzRestMethod` (which can wait since Az.Accounts 4.0.0); azure-rest-api-specs, Microsoft.HybridCompute
machines/runCommands, `executionState`.
"""

from aumdoctor.remedies.run_in_guest import SECONDS

_PATIENCE = SECONDS + 300
"""How long a run command is awaited: as long as its script may run, and what Azure takes to tell the machine of it."""

PWSH_REQUIRES = "#Requires -Modules @{ ModuleName = 'Az.Accounts'; ModuleVersion = '4.0.0' }"

BASH = f"""
# Shows what a script in a machine has printed, and ends this one where its last line does not say that it went well.
show_printed() {{
  printf '%s\\n' "$2" | LC_ALL=C tr -d '\\000-\\010\\013-\\037\\177'
  if ! grep -Eq '^\\{{"remedy":"[a-z0-9-]+","step":"end","state":"(changed|unchanged)"' <<<"$2"; then
    echo "action $1: the last line of its script does not say that it went well" >&2
    exit 1
  fi
}}

# Runs a script in a VM: the action's id, then the command, which waits for the end.
run_in_vm() {{
  local printed
  printed=$("${{@:2}}" --query 'value[].message' --output tsv)
  show_printed "$1" "$printed"
}}

# Waits until the script of a run command has ended: the action's id, then the URL of the run command.
wait_for_run_command() {{
  local state printed ends=$((SECONDS + {_PATIENCE}))
  while true; do
    state=$(az rest --method get --url "$2" --query properties.instanceView.executionState --output tsv) || state=''
    case $state in Succeeded | Failed | TimedOut | Canceled) break ;; esac
    if ((SECONDS >= ends)); then
      echo "action $1: its script has not ended; the run command is left as it is: $2" >&2
      exit 1
    fi
    sleep 10
  done
  printed=$(az rest --method get --url "$2" --query 'properties.instanceView.[output,error][?@]' --output tsv)
  show_printed "$1" "$printed"
  if [[ $state != Succeeded ]]; then
    echo "action $1: its script ended as $state; the run command is left as it is: $2" >&2
    exit 1
  fi
}}"""

PWSH = f"""
# Shows what a script in a machine has printed, and ends this one where its last line does not say that it went well.
function Show-Printed([string] $action, [string] $printed) {{
    Write-Output ($printed -replace '[\\x00-\\x08\\x0b-\\x1f\\x7f]', '')
    if ($printed -notmatch '(?m)^\\{{"remedy":"[a-z0-9-]+","step":"end","state":"(changed|unchanged)"') {{
        throw 'action ' + $action + ': the last line of its script does not say that it went well'
    }}
}}

# Waits until the script of a run command has ended.
function Wait-RunCommand([string] $action, [string] $path) {{
    $ends = (Get-Date).AddSeconds({_PATIENCE})
    while ($true) {{
        $answer = Invoke-AzRestMethod -Method 'GET' -Path $path
        $view = ($answer.Content | ConvertFrom-Json).properties.instanceView
        if ($view.executionState -in @('Succeeded', 'Failed', 'TimedOut', 'Canceled')) {{ break }}
        if ((Get-Date) -ge $ends) {{
            throw 'action ' + $action + ': its script has not ended; the run command is left as it is: ' + $path
        }}
        Start-Sleep -Seconds 10
    }}
    Show-Printed $action (@($view.output, $view.error) -join [char]10)
    if ($view.executionState -ne 'Succeeded') {{
        $state = $view.executionState
        throw 'action ' + $action + ': its script ended as ' + $state + '; the run command is left as it is: ' + $path
    }}
}}"""
