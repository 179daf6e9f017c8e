# Finishes what a package manager left half done: dpkg --configure -a, or rpm --rebuilddb where the database cannot be
# read. Installs and removes no package, keeps configuration files as they are, and cannot be taken back.

MANAGER=none
if has dpkg; then MANAGER=dpkg; elif has rpm; then MANAGER=rpm; fi

interrupted() {
  for each in "$R"/var/lib/dpkg/updates/[0-9]*; do [ -e "$each" ] && return 0; done
  return 1
}

damage() {
  case $MANAGER in
  dpkg)
    interrupted && printf 'dpkg was interrupted; '
    limited 60 dpkg --audit | head -n 6
    ;;
  rpm) limited 60 rpm --query --all >/dev/null || printf 'the database of rpm cannot be read' ;;
  esac
}

# Who holds a lock on the database, by /proc/locks: reading it takes none.
holder() {
  for each in var/lib/dpkg/lock-frontend var/lib/dpkg/lock var/lib/rpm/.rpm.lock usr/lib/sysimage/rpm/.rpm.lock; do
    [ -e "$R/$each" ] || continue
    number=$(stat -c %i "$R/$each" 2>/dev/null)
    awk -v inode="${number:-none}" '{ n = split($6, at, ":"); if (at[n] == inode) { print $5; exit } }' "$R/proc/locks"
  done 2>/dev/null | head -n 1
}

state() {
  printf 'manager=%s\n' $MANAGER
  printf 'damage=%s\n' "$(damage | tr '\n' ' ')"
  printf 'lock_holder=%s\n' "$(holder)"
}

cured() {
  found=$(damage | tr '\n' ' ')
  WHY="the package manager is not whole: $found"
  [ $MANAGER != none ] && [ -z "$found" ]
}

cure() {
  [ $MANAGER != none ] || ending refused 'neither dpkg nor rpm is on this machine'
  pid=$(holder)
  [ -z "$pid" ] || ending refused "process $pid holds the lock of the package manager: wait until it ends"
  case $MANAGER in
  dpkg)
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    SAID=$(limited 700 dpkg --force-confdef --force-confold --configure -a) || ending failed "dpkg: $(last "$SAID")"
    ;;
  rpm) SAID=$(limited 700 rpm --rebuilddb) || ending failed "rpm: $(last "$SAID")" ;;
  esac
  SAID='what was left half done is finished'
}

last() { printf '%s\n' "$1" | tail -n 3 | tr '\n' ' '; }
