# shellcheck shell=bash
# What demo.sh, demo-service.sh, conformance.sh and bench.sh have in common:
# simulators, and the real connector to use them with. Sourced from the top of the
# repository.

# Nothing of the caller's may aim this at a real PrivX or at ConductorOne.
unset "${!BATON_@}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

# begin TITLE FOLDER COMMAND... builds the connector and the simulators into a new
# folder and goes there, where no .baton.yaml can be picked up.
begin() {
    title=$1 folder=$2 running=()
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    rm -rf "$folder"
    mkdir -p "$folder"
    say "Building"
    go build -o "$folder/bin/" ./cmd/baton-privx "${@:3}"
    cd "$folder" || exit
}

# finish ends what runs in the background, the latest first, and, after a failure,
# shows the logs.
finish() {
    status=$?
    trap - EXIT
    for ((i = ${#running[@]} - 1; i >= 0; i--)); do
        kill "${running[i]}" 2>/dev/null || true
        wait "${running[i]}" 2>/dev/null || true
    done
    if [ "$status" -ne 0 ]; then
        for log in *.log; do
            [ -s "$log" ] || continue
            printf '\n--- the end of %s/%s\n' "$folder" "$log"
            tail -n 40 "$log"
        done
        printf '\n%s failed (exit status %d).\n' "$title" "$status"
    fi >&2
    exit "$status"
}

# background NAME OPTION... runs a command until the end of the script.
background() {
    bin/"$1" "${@:2}" >"$1.log" 2>&1 &
    running+=("$!")
}

# start SIMULATOR OPTION... starts a simulator and exports what the connector needs
# to reach it.
start() {
    background "$@" --listen 127.0.0.1:0 --ca-file "$1.pem" --ready-file "$1.env"
    for _ in $(seq 150); do
        [ ! -e "$1.env" ] || break
        kill -0 "${running[-1]}" 2>/dev/null || { echo "$1 ended before it was ready." >&2; exit 1; }
        sleep 0.2
    done
    [ -e "$1.env" ] || { echo "$1 was not ready within 30 seconds." >&2; exit 1; }
    set -a
    # shellcheck source=/dev/null
    . "./$1.env"
    set +a
}
