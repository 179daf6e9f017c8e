# Ends that the system installs updates by itself: unattended-upgrades by a setting of its own for apt, dnf-automatic
# and yum-cron by their units. The lists of packages are still refreshed, and no package is removed.

FILE=$R/etc/apt/apt.conf.d/zz-aumdoctor-no-automatic-updates
LINE='APT::Periodic::Unattended-Upgrade "0";'

apt_setting() {
  has apt-config || return 0
  limited 20 apt-config dump APT::Periodic::Unattended-Upgrade | sed -n 's/^APT::Periodic::Unattended-Upgrade "\(.*\)";$/\1/p' |
    tail -n 1
}

# Units that install: some only download, as their settings say.
installs() {
  case $1 in
  dnf-automatic-install.timer) return 0 ;;
  yum-cron.service) conf=$R/etc/yum/yum-cron.conf ;;
  dnf5-automatic.timer) conf=$R/etc/dnf/dnf5-plugins/automatic.conf ;;
  *) conf=$R/etc/dnf/automatic.conf ;;
  esac
  grep -Eiq '^[[:space:]]*apply_updates[[:space:]]*=[[:space:]]*(yes|true|1|on)' "$conf" 2>/dev/null
}

enabled_units() {
  has systemctl || return 0
  for each in dnf-automatic-install.timer dnf-automatic.timer dnf5-automatic.timer yum-cron.service; do
    installs $each && [ "$(limited 10 systemctl is-enabled $each | head -n 1)" = enabled ] && printf '%s ' $each
  done
}

state() {
  printf 'apt=%s\n' "$(apt_setting)"
  printf 'units=%s\n' "$(enabled_units)"
}

# Numbers are days: 1 is every day, 0 and nothing never.
cured() {
  WHY='the system still installs updates by itself'
  case $(apt_setting) in '' | 0) [ -z "$(enabled_units)" ] ;; *) return 1 ;; esac
}

cure() {
  begin "$(state)"
  case $(apt_setting) in
  '' | 0) ;;
  *)
    if ! { printf '%s\n' "$LINE" >"$FILE.new" && chmod 0644 "$FILE.new" && mv "$FILE.new" "$FILE"; }; then
      ending failed "$FILE cannot be written"
    fi
    ;;
  esac
  for each in $(kept units); do
    SAID=$(limited 60 systemctl disable --now "$each") || ending failed "systemctl: $SAID"
  done
  SAID='the system installs no updates by itself any more'
}

back() {
  if [ -e "$FILE" ]; then
    [ "$(cat "$FILE")" = "$LINE" ] || ending refused "$FILE was changed since, and is left as it is"
    rm -f "$FILE"
  fi
  for each in $(kept units); do
    case $each in
    dnf-automatic-install.timer | dnf-automatic.timer | dnf5-automatic.timer | yum-cron.service)
      limited 60 systemctl enable --now "$each" >/dev/null || ending failed "$each could not be enabled"
      ;;
    esac
  done
}
