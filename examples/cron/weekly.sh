#!/bin/sh
# The weekly job: send the summary. Run it as often as you like: each target has it once a week. Cron mails what it
# prints, which is nothing when all went well.  Usage: weekly.sh FOLDER  (the folder of aiops-cost.yaml)
#
#   0 sent, or sent before   2 asked wrongly   3 bills are missing, nothing was sent   4 a target was not reached
cd "${1:?which folder?}" || exit 2

# Secrets of the targets, such as SLACK_URL=..., for this user's eyes only.
if [ -r secrets.env ]; then
    set -a
    . ./secrets.env
    set +a
fi

aiops-cost summary --notify > summary.log 2>&1
sent=$?
if [ "$sent" -ne 0 ]; then
    echo "aiops-cost summary left $sent:"
    cat summary.log
fi
exit "$sent"
