#!/usr/bin/env bash
# Sends one line of text to the team's Slack channel. Without SLACK_WEBHOOK_URL it says so and succeeds: a message that
# cannot be sent must not fail a deployment. The address is a secret and is never printed.
# Usage: scripts/notify.sh TEXT
set -euo pipefail

text=${1:?usage: scripts/notify.sh TEXT}
if [ -z "${SLACK_WEBHOOK_URL:-}" ]; then
  printf '::notice title=Slack skipped::The secret SLACK_WEBHOOK_URL is not set. The message was: %s\n' "$text"
  exit 0
fi
if jq --null-input --arg text "$text" '{text: $text}' |
  curl --silent --fail --max-time 10 --output /dev/null --header 'Content-Type: application/json' --data @- \
    --config <(printf 'url = "%s"\n' "$SLACK_WEBHOOK_URL"); then
  printf 'sent to Slack: %s\n' "$text"
else
  printf '::warning title=Slack::The message could not be sent: %s\n' "$text"
fi
