# Shows what a script in a machine has printed, and ends this one where its last line does not say that it went well.
show_printed() {
  printf '%s\n' "$2" | LC_ALL=C tr -d '\000-\010\013-\037\177'
  if ! grep -Eq '^\{"remedy":"[a-z0-9-]+","step":"end","state":"(changed|unchanged)"' <<<"$2"; then
    echo "action $1: the last line of its script does not say that it went well" >&2
    exit 1
  fi
}

# Runs a script in a VM: the action's id, then the command, which waits for the end.
run_in_vm() {
  local printed
  printed=$("${@:2}" --query 'value[].message' --output tsv)
  show_printed "$1" "$printed"
}

# Waits until the script of a run command has ended: the action's id, then the URL of the run command.
wait_for_run_command() {
  local state printed ends=$((SECONDS + 1140))
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
}
