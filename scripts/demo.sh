#!/usr/bin/env bash
# Syncs a simulated PrivX with the real connector and shows what it found.
set -euo pipefail
cd "$(dirname "$0")/.."

# Nothing of the caller's may aim this at a real PrivX or at ConductorOne.
unset "${!BATON_@}"

demo=dist/demo
rm -rf "$demo"
mkdir -p "$demo"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

simulator=
finish() {
    status=$?
    trap - EXIT
    if [ -n "$simulator" ]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" 2>/dev/null || true
    fi
    if [ "$status" -ne 0 ]; then
        for log in simulator.log connector.log; do
            [ -s "$log" ] || continue
            printf '\n--- the end of %s/%s\n' "$demo" "$log"
            tail -n 40 "$log"
        done
        printf '\nThe demo failed (exit status %d).\n' "$status"
    fi >&2
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Building"
go build -o "$demo/bin/" ./cmd/baton-privx ./cmd/privx-sim

# From here on in the new folder, where no .baton.yaml can be picked up.
cd "$demo"

say "Starting a simulated PrivX"
bin/privx-sim --listen 127.0.0.1:0 --ca-file ca.pem --ready-file ready.env >simulator.log 2>&1 &
simulator=$!
for _ in $(seq 150); do
    [ ! -e ready.env ] || break
    kill -0 "$simulator" 2>/dev/null || { echo "The simulator ended before it was ready." >&2; exit 1; }
    sleep 0.2
done
[ -e ready.env ] || { echo "The simulator was not ready within 30 seconds." >&2; exit 1; }

# The address and the credentials, as BATON_* variables for the connector.
set -a
# shellcheck source=/dev/null
. ./ready.env
set +a
echo "$BATON_BASE_URL"

say "Syncing with $(bin/baton-privx --version)"
started=$SECONDS
bin/baton-privx --file sync.c1z --log-format console >connector.log 2>&1
echo "Done in $((SECONDS - started))s."

# show TITLE EDIT COMMAND... prints the start of a table as plain text, less the
# columns or lines that the sed command removes. By way of a file, as a pipe that
# is closed early would end the writer with an error.
show() {
    say "$1"
    go tool baton "${@:3}" -f sync.c1z >table.txt
    sed -e $'s/\e\\[[0-9;]*m//g' -e "$2" -e 's/ *$//' -e '/^$/d' table.txt >plain.txt
    head -n 16 plain.txt
    rest=$(($(wc -l <plain.txt) - 16))
    [ "$rest" -le 0 ] || echo "... and $rest more"
}
show "Statistics" '/^Parent Sync ID/d; /^Sync Token/d' stats
show "Roles" 's/ | [^|]* | [^|]*$//' resources -t role
show "Users" 's/ | [^|]* | [^|]*$//' resources -t user
show "Grants" 's/^[^|]*| [^|]*| [^|]*| //' grants
rm -f table.txt plain.txt

say "The sync is in $demo/sync.c1z. Browse it:"
echo "go tool baton explorer -f $demo/sync.c1z"
