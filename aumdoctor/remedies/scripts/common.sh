# What the remedies of aumdoctor inside Linux machines share. Plain POSIX sh, for a service may run it by any shell.
#
# Prints one JSON object a line: {"remedy":...,"step":"before","values":{...}}, the same for "after" (or "now"), and last
# {"remedy":...,"step":"end","state":...,"said":...}. The state is changed, unchanged (it stood so already), refused (nothing
# was changed), failed (a part may have been changed), undone, cured or not-cured. What stood there before is kept in
# /var/lib/aumdoctor, for root alone, until it is put back. AUMDOCTOR_ROOT: where files are looked for (default /).
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
umask 077
R=${AUMDOCTOR_ROOT:-}
KEPT=$R/var/lib/aumdoctor/undo/$REMEDY
WHY='it does not stand as it should'
SAID=''

has() { command -v "$1" >/dev/null 2>&1; }

# limited SECONDS COMMAND ...: with a time limit and without input.
if has timeout; then
  limited() { timeout "$@" </dev/null 2>&1; }
else
  limited() { shift; "$@" </dev/null 2>&1; }
fi

# One line of printable ASCII without secrets, escaped for JSON.
clean() {
  printf '%s' "$1" | head -c 2000 | tr '\n\t\r' '   ' | tr -d '\000-\037\177' | tr '\200-\377' '?' |
    sed -e "s#//[^ \"';]*@#//***@#g" \
      -e 's#\([Pp]assw*o*r*d*\|[Tt]oken\|[Ss]ecret\|[Ss]ig\)=[^ ;&"]*#\1=***#g' |
    cut -c1-300 | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g'
}

# step NAME: the lines name=value of `state` as one object.
step() {
  made=''
  while IFS= read -r each; do
    made="$made${made:+,}\"${each%%=*}\":\"$(clean "${each#*=}")\""
  done
  printf '{"remedy":"%s","step":"%s","values":{%s}}\n' "$REMEDY" "$1" "$made"
}

ending() {
  printf '{"remedy":"%s","step":"end","state":"%s","said":"%s"}\n' "$REMEDY" "$1" "$(clean "$2")"
  exit 0
}

# begin TEXT: from here on something is changed. The text is kept for undo, but not where an earlier run was cut off:
# then what that run found is the state to go back to.
begin() {
  [ -e "$KEPT/begun" ] && return
  if mkdir -p "$KEPT" && printf '%s' "$1" >"$KEPT/before.new" && mv "$KEPT/before.new" "$KEPT/before"; then
    : >"$KEPT/begun" && return
  fi
  ending refused "what stands there could not be kept in $KEPT"
}

forget() { rm -f "$KEPT"/* && rmdir "$KEPT"; }

# kept NAME: a value of the lines name=value that `begin` has kept.
kept() { sed -n "s/^$1=//p" "$KEPT/before" | head -n 1; }

main() {
  if [ -z "$R" ] && [ "$(id -u)" != 0 ]; then ending refused 'it has to be run as root'; fi
  case $1 in
  verify)
    state | step now
    if cured; then ending cured 'it stands as it should'; fi
    ending not-cured "$WHY"
    ;;
  undo)
    state | step before
    [ -e "$KEPT/before" ] || ending unchanged 'nothing is kept here that could be put back'
    if [ ! -e "$KEPT/begun" ] && ! cured; then
      ending refused 'it is not as the remedy left it: somebody has changed it since, and nothing was put back'
    fi
    back
    forget
    state | step after
    ending undone "${SAID:-what stood there before was put back}"
    ;;
  run)
    state | step before
    if cured; then
      state | step after
      ending unchanged 'it stands so already'
    fi
    cure
    state | step after
    if cured; then
      rm -f "$KEPT/begun"
      ending changed "$SAID"
    fi
    ending failed "$WHY"
    ;;
  esac
}
