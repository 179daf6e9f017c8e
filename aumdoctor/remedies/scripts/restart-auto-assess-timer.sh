# Sets the timer of the daily assessment going, and enables its service. It makes no units: those are the extension's.

ask() { limited 10 systemctl "$@" 2>/dev/null | head -n 1; }

UNIT=''
for each in MsftLinuxPatchAutoAssess AzGPSLinuxPatchAutoAssess; do
  case $(ask show -p LoadState $each.timer) in
  *=loaded | *=masked)
    UNIT=$each
    break
    ;;
  esac
done

# The script that the units start: the extension writes a sentence into it when it is switched off.
paused() {
  for each in "$R"/var/lib/waagent/*Linux*Extension-*/"$UNIT.sh"; do
    if [ -f "$each" ] && ! grep -q 'was paused' "$each"; then return 1; fi
  done
  return 0
}

state() {
  printf 'unit=%s\n' "$UNIT"
  [ -n "$UNIT" ] || return 0
  printf 'timer=%s\n' "$(ask is-active "$UNIT.timer")"
  printf 'timer_start=%s\n' "$(ask is-enabled "$UNIT.timer")"
  printf 'service_start=%s\n' "$(ask is-enabled "$UNIT.service")"
}

# Whole words are compared: "inactive" ends with "active".
cured() {
  WHY='the timer is not active, or its service not enabled'
  [ -n "$UNIT" ] && [ "$(ask is-active "$UNIT.timer")" = active ] && [ "$(ask is-enabled "$UNIT.service")" = enabled ]
}

cure() {
  has systemctl || ending refused 'systemd is not on this machine: there is no daily assessment without it'
  [ -n "$UNIT" ] || ending refused 'the units are not there: assess the machine once, and the patch extension makes them'
  case "$(ask is-enabled "$UNIT.timer") $(ask is-enabled "$UNIT.service")" in
  *masked*) ending refused "somebody has masked the units: systemctl unmask "$UNIT.timer" $UNIT.service" ;;
  esac
  if paused; then
    ending refused 'the patch extension has paused or lost the script of the units: assess the machine once'
  fi
  begin "$(state)"
  SAID=$(limited 30 systemctl enable "$UNIT.service" "$UNIT.timer" && limited 30 systemctl start "$UNIT.timer") ||
    ending failed "systemctl: $SAID"
  SAID='the timer is active'
}

# put_back VERB UNIT: what fails can be tried again, for what is kept stays.
put_back() {
  : >"$KEPT/begun"
  TOLD=$(limited 30 systemctl "$@") || ending failed "systemctl $1: $TOLD"
}

back() {
  UNIT=$(kept unit)
  case $UNIT in MsftLinuxPatchAutoAssess | AzGPSLinuxPatchAutoAssess) ;; *) ending refused 'what is kept is damaged' ;; esac
  [ "$(kept timer)" = active ] || put_back stop "$UNIT.timer"
  [ "$(kept timer_start)" = enabled ] || put_back disable "$UNIT.timer"
  [ "$(kept service_start)" = enabled ] || put_back disable "$UNIT.service"
}
