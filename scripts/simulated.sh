# shellcheck shell=bash
# What demo.sh and conformance.sh have in common: a simulated PrivX, and the real
# connector to use it with. Sourced from the top of the repository.

# Nothing of the caller's may aim this at a real PrivX or at ConductorOne.
unset "${!BATON_@}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

# begin TITLE FOLDER builds all that is needed into a new folder and goes there,
# where no .baton.yaml can be picked up.
begin() {
    title=$1 folder=$2 simulator=
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    rm -rf "$folder"
    mkdir -p "$folder"
    say "Building"
    go build -o "$folder/bin/" ./cmd/baton-privx ./cmd/privx-sim
    cd "$folder" || exit
}

# finish ends the simulator and, after a failure, shows the logs.
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
            printf '\n--- the end of %s/%s\n' "$folder" "$log"
            tail -n 40 "$log"
        done
        printf '\n%s failed (exit status %d).\n' "$title" "$status"
    fi >&2
    exit "$status"
}

# start_simulator OPTION... starts it and exports the address and the credentials
# as BATON_* variables for the connector.
start_simulator() {
    say "Starting a simulated PrivX"
    bin/privx-sim "$@" --listen 127.0.0.1:0 --ca-file ca.pem --ready-file ready.env >simulator.log 2>&1 &
    simulator=$!
    for _ in $(seq 150); do
        [ ! -e ready.env ] || break
        kill -0 "$simulator" 2>/dev/null || { echo "The simulator ended before it was ready." >&2; exit 1; }
        sleep 0.2
    done
    [ -e ready.env ] || { echo "The simulator was not ready within 30 seconds." >&2; exit 1; }
    set -a
    # shellcheck source=/dev/null
    . ./ready.env
    set +a
    echo "$BATON_BASE_URL"
}
