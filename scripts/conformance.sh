#!/usr/bin/env bash
# What ConductorOne's checks of connectors make of this one, against a simulated
# PrivX: a role is granted and revoked with the real connector, twice each, and
# every sync has to tell what was done. Options are the simulator's: with
# --fault 'PUT * kind=drop-write' it has to fail.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/simulated.sh

begin "The conformance run" dist/conformance ./cmd/privx-sim

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
ok() { echo "ok: $*"; }

# connector WHAT OPTION... runs the connector, which has to succeed.
connector() {
    local what=$1 status=0
    shift
    printf '\n--- %s\n' "$what" >>connector.log
    bin/baton-privx --file sync.c1z --log-format console "$@" >>connector.log 2>&1 || status=$?
    [ "$status" -eq 0 ] || fail "$what (exit status $status)"
    ok "$what"
}

# ids COMMAND... lists the ids, as JSON texts, in what the baton command line tool
# shows of the sync. By way of a file, so that its failure is one.
ids() {
    go tool baton "$@" -o json -f sync.c1z >shown.json || fail "baton $*"
    grep -o '"id": *"[^"]*"' shown.json | sed 's/.*"\([^"]*\)"$/\1/' || true
}

# people lists the users who are not programs.
people() {
    go tool baton resources -t user -o json -f sync.c1z >shown.json || fail "baton resources"
    # A user a line, of which the first "resource" with a text is the id.
    sed $'s/{"resource": *{"id"/\\\n&/g' shown.json | grep '"accountType": *"ACCOUNT_TYPE_HUMAN"' |
        sed 's/^[^}]*"resource": *"\([^"]*\)".*/\1/'
}

listed() { ids grants --entitlement "$entitlement" >ids.txt && grep -qxF "$grant" ids.txt; }
seen() { if listed; then ok "the sync shows it"; else fail "the sync does not show it"; fi; }
gone() { if listed; then fail "the sync still shows it"; else ok "the sync does not show it"; fi; }

# wrote N checks how often the user's roles have been written in all.
wrote() {
    local n
    n=$(grep -c ' PUT ' privx-sim.log) || true
    [ "$n" -eq "$1" ] || fail "$n writes to PrivX so far instead of $1"
    ok "$n writes to PrivX so far"
}

sync_with() { connector "sync"; }
grant_it() { connector "$1" --grant-entitlement "$entitlement" --grant-principal "$person" --grant-principal-type user; }
revoke_it() { connector "$1" --revoke-grant "$grant"; }

say "Capabilities"
bin/baton-privx capabilities >capabilities.json 2>connector.log || fail "capabilities"
for capability in CAPABILITY_SYNC CAPABILITY_PROVISION; do
    grep -q "\"$capability\"" capabilities.json || fail "no $capability"
    ok "$capability"
done

say "Starting a simulated PrivX"
start privx-sim "$@"

say "What there is"
sync_with
people >people.txt
ids entitlements | grep ':assigned$' >entitlements.txt || fail "no entitlements"
entitlement='' person=''
while [ -z "$person" ] && read -r entitlement; do
    # The first who has not got it.
    ids grants --entitlement "$entitlement" >ids.txt
    person=$(sed "s/^/$entitlement:user:/" people.txt | grep -vxFf ids.txt | sed -n '1s/.*:user://p') || true
done <entitlements.txt
[ -n "$person" ] || fail "nobody to grant anything to"
grant=$entitlement:user:$person
echo "$entitlement for user $person"
gone

say "Grant"
grant_it "grant"
sync_with
seen
grant_it "grant what is granted"
wrote 1

say "Revoke"
revoke_it "revoke"
revoke_it "revoke what is revoked"
wrote 2
sync_with
gone

say "Grant once more"
grant_it "grant"
sync_with
seen
wrote 3

say "The conformance run has passed."
