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
    build "$folder/bin/" ./cmd/baton-privx "${@:3}"
    cd "$folder" || exit
}

# build FOLDER COMMAND... compiles and links commands. Where little of them has been
# compiled yet, it tells how much there is to do, about how long that takes, and how far
# it has come.
build() {
    local folder=$1 stale all missing
    shift
    say "Building"
    stale=$(go list -deps -f '{{.Stale}}' "$@")
    all=$(wc -l <<<"$stale")
    missing=$(grep -c true <<<"$stale") || true
    if [ "$missing" -lt 100 ]; then
        go build -o "$folder" "$@"
        return
    fi
    echo "$((missing)) of $((all)) packages, most of them below baton-sdk, are compiled now, which takes about" \
        "$(minutes "$missing"). The next time takes seconds."
    go build -v -o "$folder" "$@" 2>&1 | progress "$missing"
    echo "Done in $((SECONDS / 60))m$((SECONDS % 60))s."
}

# minutes PACKAGES is about how long it takes to compile that many: 0.3 seconds each on
# one processor, and not all the time on all processors, as some wait for others.
minutes() {
    local minutes=$((($1 * 42 / 100 / $(getconf _NPROCESSORS_ONLN) + 30) / 60))
    case $minutes in
    0 | 1) echo "a minute" ;;
    *) echo "$minutes minutes" ;;
    esac
}

# progress PACKAGES tells how far go build -v has come, which names each package, and
# passes on whatever else it says.
progress() {
    local all=$1 done=0 line
    while IFS= read -r line; do
        case $line in
        *[\ :#]*) echo "$line" >&2 ;;
        *)
            done=$((done + 1))
            [ $((done % 100)) -ne 0 ] || echo "  $done of $all"
            ;;
        esac
    done
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
