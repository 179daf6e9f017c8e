# Lets root use sudo, as the patch extension does. Adds one drop-in with the rule that is missing, checked by visudo,
# and takes it away again where it does not help. Removes nothing, changes no other file, and lets nobody but root do
# anything.

FILE=$R/etc/sudoers.d/zz-aumdoctor
RULE='root ALL=(ALL:ALL) ALL'
NO_TTY='Defaults:root !requiretty'

try() { limited 15 sudo -n id; }

state() {
  printf 'sudo=%s\n' "$(try | tr '\n' ' ')"
  printf 'drop_in=%s\n' "$(cat "$FILE" 2>/dev/null | tr '\n' ';')"
}

cured() {
  OUT=$(try)
  CODE=$?
  WHY="sudo does not work for root: $OUT"
  case $OUT in *uid=0*) [ $CODE = 0 ] ;; *) return 1 ;; esac
}

cure() {
  has sudo || ending refused 'sudo is not installed: install the package sudo'
  case $OUT in
  *'must have a tty'*) line=$NO_TTY ;;
  *'not in the sudoers'* | *'not allowed to'* | *'may not run sudo'*) line=$RULE ;;
  *'syntax error'* | *'parse error'*) ending refused "the sudoers are broken, see visudo -c: $OUT" ;;
  *xpired*) ending refused "the password or account of root has expired, see chage -l root: $OUT" ;;
  *password*) ending refused "sudo asks root for a password: look for rootpw, targetpw and runaspw in visudo: $OUT" ;;
  *) ending refused "no rule that is missing explains it: $OUT" ;;
  esac
  has visudo || ending refused 'visudo is not there to check the rule'
  grep -Eq '^[[:space:]]*[#@]includedir[[:space:]]+/etc/sudoers\.d/?[[:space:]]*$' "$R/etc/sudoers" 2>/dev/null ||
    ending refused '/etc/sudoers does not include /etc/sudoers.d'
  if [ -e "$FILE" ] && grep -vxF -e "$RULE" -e "$NO_TTY" "$FILE" >/dev/null; then
    ending refused "$FILE is there and holds something else"
  fi
  if grep -qxF "$line" "$FILE" 2>/dev/null; then ending refused "the rule is there already and does not help: $OUT"; fi
  begin "$(cat "$FILE" 2>/dev/null)"
  {
    cat "$FILE" 2>/dev/null
    printf '%s\n' "$line"
  } >"$KEPT/set"
  limited 15 visudo -cf "$KEPT/set" >/dev/null || give_up 'visudo does not accept the rule'
  # A name with a dot is not read.
  { cp "$KEPT/set" "$FILE.new" && chmod 0440 "$FILE.new" && mv "$FILE.new" "$FILE"; } || give_up "$FILE cannot be written"
  limited 15 visudo -cf "$R/etc/sudoers" >/dev/null || give_up 'visudo does not accept the sudoers with the rule'
  cured || give_up "the rule did not help and was taken away again: $OUT"
  SAID="$line stands in ${FILE#"$R"}"
}

give_up() {
  restore
  forget
  ending refused "$1"
}

restore() {
  rm -f "$FILE.new"
  if [ -s "$KEPT/before" ]; then
    { cat "$KEPT/before" && echo; } >"$FILE.new" && chmod 0440 "$FILE.new" && mv "$FILE.new" "$FILE"
  else
    rm -f "$FILE"
  fi
}

back() {
  if [ -e "$FILE" ] && ! cmp -s "$FILE" "$KEPT/set"; then
    ending refused "$FILE was changed since, and is left as it is"
  fi
  restore
}
