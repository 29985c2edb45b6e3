#!/bin/sh
# The morning job: fetch the bills, then judge them. Cron mails what it prints; its exit code is the worse of the two,
# so that a monitor of jobs sees it as well.  Usage: morning.sh FOLDER  (the folder of aiops-cost.yaml)
#
#   0 fine   1 over the line   2 asked wrongly   3 could not judge   4 a provider refused   5 a defect
cd "${1:?which folder?}" || exit 2

aiops-cost pull --quiet > pull.log 2>&1
pulled=$?
if [ "$pulled" -ne 0 ]; then
    echo "aiops-cost pull left $pulled:"
    cat pull.log
fi

# Judged even if one source failed: what is missing then is said by the check itself.
aiops-cost check > check.log 2>&1
checked=$?
if [ "$checked" -ne 0 ]; then
    echo "aiops-cost check left $checked:"
    cat check.log
fi

[ "$pulled" -gt "$checked" ] && exit "$pulled"
exit "$checked"
