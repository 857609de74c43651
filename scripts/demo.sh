#!/usr/bin/env bash
# Syncs a simulated PrivX with the real connector, with all that roles reach, and shows what
# it found, who can be root on a host, and what one person reaches. With the name
# of a report of baton-privx doctor, the simulated PrivX has the manners of the one that the
# report is about.
set -euo pipefail
profile=()
reach=(--sync-hosts --sync-network-targets --sync-aws-roles --role-summary)
if [ -n "${1:-}" ]; then
    profile=(--profile "$(realpath "$1")")
else # That PrivX may be too old for API targets, or show its secrets to administrators alone.
    reach+=(--sync-secrets --sync-api-targets)
fi
cd "$(dirname "$0")/.."

. scripts/simulated.sh

demo=dist/demo
begin "The demo" "$demo" ./cmd/privx-sim ./tools/showsync

say "Starting a simulated PrivX"
start privx-sim --hosts 60 "${profile[@]}"
grep -hE 'not taken on|has no side' privx-sim.log || true
echo "$BATON_BASE_URL"

say "Syncing with $(bin/baton-privx --version)"
bin/baton-privx --file sync.c1z --log-format console "${reach[@]}" >connector.log 2>&1
sed -nE 's/"//g; s/.*baton-privx: (everything read from PrivX).*(users: .*)\}$/\1: \2/p' connector.log
bin/showsync sync.c1z

say "The sync is in $demo/sync.c1z. To browse it (this compiles baton's own command line tool):"
echo "make demo-browse"
