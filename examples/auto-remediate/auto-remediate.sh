#!/bin/sh
# Keep an estate patchable: what the policy allows is done, the rest is said.
#
#   auto-remediate.sh FOLDER [OPTION of aumdoctor remediate]...
#
# FOLDER holds the journal (one for all runs: aumdoctor undo takes it), the lease that keeps two runs apart, and under
# the time of each run in UTC the plan and what became of it, as JSON and as text. The policy is policy.toml beside this
# script, or the file that the variable POLICY names. Ends with the exit code of aumdoctor, so that cron mails and a
# pipeline fails. A run that found nothing to do leaves no files.
set -u

if [ "$#" -lt 1 ]; then
    echo "usage: auto-remediate.sh FOLDER [OPTION of aumdoctor remediate]..." >&2
    exit 2
fi
folder=$1
shift
mkdir -p "$folder" || exit 2
run=$folder/$(date -u +%Y-%m-%dT%H%M%SZ)
policy=${POLICY:-$(dirname "$0")/policy.toml}

"${AUMDOCTOR:-aumdoctor}" remediate --auto --quiet \
    --policy "$policy" \
    --journal "$folder/aumdoctor-journal.jsonl" \
    --plan-out "$run.plan.json" \
    --output "json=$run.report.json" \
    --output "table=$run.report.txt" \
    "$@"
code=$?

case $code in
0)
    if [ -f "$run.report.txt" ] && grep -q '^0 actions' "$run.report.txt"; then
        rm -f "$run.plan.json" "$run.report.json" "$run.report.txt"
    fi
    ;;
1 | 3)
    if [ -f "$run.report.txt" ]; then
        cat "$run.report.txt"
    fi
    ;;
2)
    echo "aumdoctor: remediate was called wrongly; nothing was changed." >&2
    ;;
*)
    echo "aumdoctor: remediate ended with $code; $folder/aumdoctor-journal.jsonl has what was done." >&2
    ;;
esac
exit "$code"
