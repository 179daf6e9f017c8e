#!/bin/sh
# Scan every night, keep what was seen, and say something only where somebody has to act.
#
#   nightly-scan.sh FOLDER [OPTION of aumdoctor scan]...
#
# Writes into FOLDER, under the time of the scan in UTC: the saved estate (to judge again, offline), the report as JSON
# (for programs) and as text (for people). Ends with the scan's own exit code, so that cron mails and a pipeline fails.
set -u

if [ "$#" -lt 1 ]; then
    echo "usage: nightly-scan.sh FOLDER [OPTION of aumdoctor scan]..." >&2
    exit 2
fi
folder=$1
shift
mkdir -p "$folder" || exit 2
seen=$folder/$(date -u +%Y-%m-%dT%H%MZ)

"${AUMDOCTOR:-aumdoctor}" scan --quiet \
    --save "$seen.estate.json.zst" \
    --output "json=$seen.report.json" \
    --output "table=$seen.report.txt" \
    "$@"
code=$?

case $code in
0)
    ;;
1)
    echo "aumdoctor: machines need attention. $seen.report.txt begins:"
    echo
    # The summary and the root causes; the first diagnosis follows an empty line after them.
    sed -n '1,/^Root causes/p' "$seen.report.txt"
    sed -n '/^Root causes/,/^$/p' "$seen.report.txt" | sed 1d
    ;;
2)
    echo "aumdoctor: the scan was called wrongly; nothing was scanned." >&2
    ;;
3)
    if [ -f "$seen.report.txt" ]; then
        echo "aumdoctor: nothing bad was seen, but part of the scope could not be read. From $seen.report.txt:"
        echo
        sed -n '/^Not read/,$p' "$seen.report.txt"
    else
        echo "aumdoctor: Azure could not be read at all; there is no report." >&2
    fi
    ;;
*)
    echo "aumdoctor: the scan ended with $code." >&2
    ;;
esac
exit "$code"
