#!/usr/bin/env bash
# Syncs a simulated PrivX with the real connector and shows what it found. With the name
# of a report of baton-privx doctor, the simulated PrivX has the manners of the one that the
# report is about.
set -euo pipefail
profile=()
[ -z "${1:-}" ] || profile=(--profile "$(realpath "$1")")
cd "$(dirname "$0")/.."

. scripts/simulated.sh

demo=dist/demo
begin "The demo" "$demo" ./cmd/privx-sim

say "Starting a simulated PrivX"
start privx-sim "${profile[@]}"
grep -hE 'not taken on|has no side' privx-sim.log || true
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
