#!/bin/sh
# Gives the logs of updating on Linux in pieces that Run Command's 4,096 bytes can hold. Reads only, leaves no file.
#
# As it stands it lists the files that are worth fetching, one JSON object a line:
#   {"c":"file","p":"<path>","s":<size>,"o":<start>,"n":<bytes>,"z":<bytes of them packed>,"h":"<their SHA-256>"}
# of which <bytes> from <start> on are offered, the end of a long file. Where calls of `part` stand at the end it gives
# pieces of what gzip makes of these bytes instead, in base64:
#   {"c":"part","f":<number>,"o":<offset>,"b":"<piece>"}
# and always {"c":"end","n":<lines before it>} last. AUMDOCTOR_ROOT: where files are looked for (default /).
LC_ALL=C
export LC_ALL
R=${AUMDOCTOR_ROOT:-}
[ -n "$R" ] || PATH=$PATH:/usr/sbin:/sbin:/usr/bin:/bin
N=0
MOST=131072

bytes() { tail -c "+$(($2 + 1))" "$1" 2>/dev/null | head -c "$3"; }
packed() { bytes "$@" | gzip -9 -n -c; }
digest() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else openssl dgst -sha256 -r; fi | cut -c1-64
}

file() {
  [ -f "$1" ] && [ -s "$1" ] && [ $N -lt 14 ] || return
  case ${1#"$R"} in *[!A-Za-z0-9._/@+-]*) return ;; esac
  size=$(($(wc -c <"$1")))
  start=0
  [ $size -le $MOST ] || start=$(((size - MOST) / 2 * 2))
  count=$((size - start))
  N=$((N + 1))
  printf '{"c":"file","p":"%s","s":%s,"o":%s,"n":%s,"z":%s,"h":"%s"}\n' "${1#"$R"}" $size $start $count \
    $(($(packed "$1" $start $count | wc -c))) "$(bytes "$1" $start $count | digest)"
}

# part NUMBER OFFSET COUNT START BYTES PATH
part() {
  N=$((N + 1))
  printf '{"c":"part","f":%s,"o":%s,"b":"%s"}\n' "$1" "$2" \
    "$(packed "$R$6" "$4" "$5" | tail -c "+$(($2 + 1))" | head -c "$3" | base64 | tr -d '\n')"
}

# newest PATTERN...: the file changed last.
newest() { ls -1td "$@" 2>/dev/null | head -n "${COUNT:-1}"; }

# numbered FOLDER ENDING: the file with the highest number.
numbered() {
  for each in "$1"/*"$2"; do
    each=${each##*/}
    printf '%s\n' "${each%"$2"}"
  done | grep -E '^[0-9]+$' | sort -n | tail -n 1 | sed "s#.*#$1/&$2#"
}

list() {
  folder=$(for each in "$R"/var/lib/waagent/Microsoft.CPlat.Core*LinuxPatchExtension-* \
    "$R"/var/lib/waagent/Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension-*; do
    [ -d "$each" ] && printf '%s\n' "${each##*-} $each"
  done | sort -t . -k 1,1n -k 2,2n -k 3,3n | tail -n 1 | cut -d ' ' -f 2-)
  if [ -n "$folder" ]; then
    file "$(numbered "$folder/status" .complete.status)"
    file "$(numbered "$folder/status" .status)"
    for each in CoreState ExtState AssessmentState; do file "$folder/config/$each.json"; done
  fi
  for each in "$R"/var/log/azure/Microsoft.CPlat.Core*LinuxPatchExtension \
    "$R"/var/log/azure/Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension \
    "$R"/var/lib/GuestConfig/extension_logs/Microsoft.SoftwareUpdateManagement.LinuxOsUpdateExtension*; do
    [ -d "$each" ] || continue
    file "$(numbered "$each" .core.log)"
    file "$(numbered "$each" .aa.core.log)"
    COUNT=2
    for log in $(newest "$each"/*.ext.log); do file "$log"; done
    COUNT=1
  done
  file "$R/var/log/waagent.log"
  file "$R/var/lib/GuestConfig/gc_agent_logs/gc_ext.log"
  file "$R/etc/waagent.conf"
}

if [ -z "${PARTS:-}" ]; then list; fi
