#!/usr/bin/env bash
# Measures syncs of the real connector from a simulated PrivX and writes
# BENCHMARKS.md and its pictures. With PARTS, some of its tables alone are made anew.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/simulated.sh

# What to measure.
PARTS=${PARTS:-calls grid scale reach allocs profile}
# The tenant of all parts but scale: users, roles, and members of a role on average.
TENANT=${TENANT:-20000 400 200}
LATENCIES=${LATENCIES:-0 5 20 50}
WORKERS=${WORKERS:-1 4 8 16}
RUNS=${RUNS:-3}
# Numbers of users of the part scale, each with a role to 50 users and 500 members
# to a role, and its number of workers.
SIZES=${SIZES:-12500 25000 50000 100000}
SCALE_WORKERS=${SCALE_WORKERS:-4}
# Of the part reach: numbers of hosts beside TENANT, and beside a smaller one whose roles
# are expanded to their members.
HOSTS=${HOSTS:-10000 100000}
EXPANDED_TENANT=${EXPANDED_TENANT:-5000 400 20}
EXPANDED_HOSTS=${EXPANDED_HOSTS:-5000 30000}
# Of the part allocs.
COUNT=${COUNT:-6}

BENCHSTAT=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
HYPERFINE=${HYPERFINE:-hyperfine}

for tool in "$HYPERFINE" jq; do
    type "$tool" >/dev/null 2>&1 || { echo "$tool is missing: it is a package of Debian's and of most others" >&2; exit 1; }
done

repository=$PWD
revision=$(git describe --always --abbrev=12 --exclude='*')
# But for what this script writes itself.
git diff --quiet HEAD -- . ':!BENCHMARKS.md' ':!docs/pictures' || revision+=-dirty
begin "The benchmark" dist/bench ./cmd/privx-sim ./bench/record ./bench/floor ./bench/compare ./bench/measure ./bench/profile ./bench/shares
export BENCH_PAGES=$PWD/pages BENCH_PROFILE=$PWD/profile
mkdir parts

# What the jq programs below begin with.
# shellcheck disable=SC2016 # It is jq's.
JQ='def round2: . * 100 | round / 100; def mib: . / 1024 | round; def row: "| " + (map(tostring) | join(" | ")) + " |";'

# command_of PART is how to repeat it as it was run.
command_of() {
    local part=$1 name text="make bench PARTS=$1"
    shift
    for name in "$@"; do text+=" $name='${!name}'"; done
    printf '    %s\n\nMeasured on %s, commit %s.\n\n' "$text" "$(date -u +%F)" "$revision"
}

# simulate USERS ROLES MEMBERS [OPTION...] starts a simulated PrivX in place of
# the one before; $truth is what is in it.
simulate() {
    [ "${#running[@]}" -eq 0 ] || { kill "${running[-1]}"; wait "${running[-1]}" || true; running=(); }
    start privx-sim --users "$1" --roles "$2" --members-per-role "$3" "${@:4}"
    truth=$(sed -nE '1s/^[^ ]+ [^ ]+ //p' privx-sim.log)
}

# run NAME COMMAND... runs a connector that has to leave NAME.c1z, once.
run() {
    local name=$1
    shift
    rm -f "$name.c1z"
    "$@" --file "$name.c1z" >"$name.log" 2>&1
}

# complete FILE... checks the files of syncs: all have the same rows, and as many
# as PrivX has.
complete() {
    local found
    found=$(bin/compare "$@")
    [ "$found" = "$truth" ] || { echo "$*: $found, but the simulator has $truth" >&2; exit 1; }
}

# record makes the pages of the floor, from what the simulator has.
record() {
    rm -rf pages
    run record bin/record --workers 4
}

# wall NAME COMMAND... measures the wall time, into NAME.json.
wall() {
    local name=$1
    shift
    "$HYPERFINE" --style none --warmup 1 --runs "$RUNS" --prepare "rm -f $name.c1z" --export-json "$name.json" \
        "$* --file $name.c1z" >&2
}

calls() {
    say "Calls"
    # shellcheck disable=SC2086
    simulate $TENANT
    run calls bin/baton-privx
    complete calls.c1z
    local users roles all=0 fewest=0 pages role_pages
    read -r users _ roles _ <<<"$truth"
    pages=$(((users + 999) / 1000)) role_pages=$(((roles + 999) / 1000))
    {
        command_of calls TENANT
        echo "A sync of $truth. No ordinary role has more than 1000 members; every user is a member of privx-user."
        echo
        echo "| Calls | What for | Counted | Least possible | |"
        echo "|---|---|--:|--:|---|"
        while IFS='|' read -r pattern name least why; do
            local counted
            counted=$(grep -cE " $pattern" privx-sim.log) || true
            all=$((all + counted)) fewest=$((fewest + least))
            echo "| \`${name%% for *}\` | ${name#* for } | $counted | $least | $why |"
        done <<END
POST /auth/api/v1/oauth/token|POST …/oauth/token for the token|1|one for all calls, a new one before it expires
POST [^ ]*/users/search\?limit=1&|POST …/users/search?limit=1 for the check of users-view|0|baton-sdk has each sync begin with a check
GET [^ ]*/roles\?limit=1&|GET …/roles?limit=1 for the check of roles-view|0|the same
GET [^ ]*/sources|GET …/sources for the directories|1|their names, and whether they are enabled
POST [^ ]*/users/search\?limit=1000|POST …/users/search for the users|$pages|a page per 1000
GET [^ ]*/roles\?limit=1000|GET …/roles for the roles|$role_pages|a page per 1000, which is PrivX's maximum
GET [^ ]*/members|GET …/roles/{id}/members for the members|$((roles - 1 + pages))|one per role, and for privx-user a page per 1000
POST /auth/api/v1/logout|POST …/logout for the end of the session|0|so that no session is left behind
END
        local sent
        sent=$(grep -cE ' (GET|POST|PUT) ' privx-sim.log)
        echo "| | all | $all | $fewest | $((all - fewest)) more |"
        echo
        echo "So the least is 2 + ⌈users / 1000⌉ + ⌈roles / 1000⌉ + the sum of ⌈members / 1000⌉ over all roles, at least 1 for each. The connector makes 3 calls more, besides one for each list whose length meets or passes a multiple of 1000, because each page shows a row of the one before, and one for each role without members."
        [ "$sent" -eq "$all" ] || { echo "$sent calls, of which $all are known" >&2; exit 1; }
    } >parts/calls
}

grid() {
    local w latency calls
    # shellcheck disable=SC2086
    simulate $TENANT
    record
    calls=$(grep -cE ' (GET|POST) ' privx-sim.log)
    {
        command_of grid TENANT LATENCIES WORKERS RUNS
        echo "A sync of $truth, with $calls calls. Seconds: the median of $RUNS runs after one to warm up, and the least in brackets."
        echo
        echo "| Latency | Workers | Floor | Connector | Aim | Connector to aim | Connector to floor |"
        echo "|--:|--:|--:|--:|--:|--:|--:|"
    } >parts/grid
    for w in $WORKERS; do
        say "The floor with $w workers"
        wall "floor-$w" bin/floor --workers "$w"
        complete record.c1z "floor-$w.c1z"
    done
    for latency in $LATENCIES; do
        # shellcheck disable=SC2086
        simulate $TENANT --latency "${latency}ms"
        for w in $WORKERS; do
            say "$latency ms, $w workers"
            wall connector bin/baton-privx --workers "$w"
            complete record.c1z connector.c1z
            grid_row "$latency" "$w" "$calls" >>parts/grid
        done
    done
    cat >>parts/grid <<'END'

The floor is a connector that gives baton-sdk the same rows in the same pages, which it reads from files and decodes (`bench/floor`; the files are in memory anyway): no PrivX, no HTTP, no TLS, no JSON. That its rows are the same is checked after each measurement. The aim is 1.15 times the floor where there is no latency, else the floor plus calls × latency ÷ workers. Not all calls can be made side by side: baton-sdk asks for a list's pages one after the other, the pages of users and those of privx-user's members among them.

END
    processor_time
}

# grid_row LATENCY WORKERS CALLS compares the last measurements of the floor and of
# the connector.
grid_row() {
    local numbers
    numbers=$(jq -r --slurp --argjson latency "$1" --argjson workers "$2" --argjson calls "$3" '
        map(.results[0]) as [$floor, $connector] |
        (if $latency == 0 then 1.15 * $floor.median else $floor.median + $calls * $latency / 1000 / $workers end) as $aim |
        [$floor.median, $floor.min, $connector.median, $connector.min, $aim,
         $connector.median / $aim, $connector.median / $floor.median] | @tsv' "floor-$2.json" connector.json)
    # shellcheck disable=SC2086 # One argument for each number.
    printf '| %s ms | %s | %.2f (%.2f) | %.2f (%.2f) | %.2f | %.2f | %.2f |\n' "$1" "$2" $numbers
}

# processor_time adds to the grid where the time without latency goes.
processor_time() {
    local w result
    # shellcheck disable=SC2086
    simulate $TENANT
    {
        echo "Processor time in seconds of one sync without latency. The child is the connector's own process and the parent baton-sdk's syncer; the connector has a supervisor besides."
        echo
        echo "| | Workers | Wall time | Child | Parent | Supervisor | Simulator |"
        echo "|---|--:|--:|--:|--:|--:|--:|"
    } >>parts/grid
    for w in $WORKERS; do
        for what in floor baton-privx; do
            say "Processor time of $what with $w workers"
            rm -f cpu.c1z
            result=$(bin/measure --server "${running[-1]}" "bin/$what" --file cpu.c1z --workers "$w" 2>cpu.log)
            jq -r --arg what "$what" --arg w "$w" "$JQ"'
                [$what, $w, ([.wall, .child.cpu, .parent.cpu, .supervisor.cpu, .server][] | round2)] | row' <<<"$result" >>parts/grid
        done
    done
}

scale() {
    local users what result before after synced_users synced_roles memberships rows
    {
        command_of scale SIZES SCALE_WORKERS
        echo "One run each, with $SCALE_WORKERS workers and no latency. Memory is the peak of each process in MiB (VmHWM). The child is the connector's own process; the parent is baton-sdk's syncer."
        echo
        echo "| Users, roles, memberships | | Calls | Wall time | Per 1000 rows | Processor time: child | parent | simulator | Memory: child | parent | both |"
        echo "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    } >parts/scale
    for users in $SIZES; do
        say "$users users"
        simulate "$users" $((users / 50)) 500
        record
        read -r synced_users _ synced_roles _ memberships _ <<<"$truth"
        rows=$((synced_users + 2 * synced_roles + memberships)) # each role has an entitlement
        for what in baton-privx floor; do
            say "$what: $truth"
            rm -f "$what.c1z"
            before=$(grep -cE ' (GET|POST) ' privx-sim.log) || true
            result=$(bin/measure --server "${running[-1]}" "bin/$what" --file "$what.c1z" --workers "$SCALE_WORKERS" 2>scale.log)
            after=$(grep -cE ' (GET|POST) ' privx-sim.log) || true
            complete record.c1z "$what.c1z"
            jq -r --arg truth "$truth" --arg what "$what" --arg calls $((after - before)) --argjson rows "$rows" "$JQ"'
                [$truth, $what, $calls, "\(.wall | round2) s", "\(.wall * 1000000 / $rows | round2) ms",
                 "\(.child.cpu | round2) s", "\(.parent.cpu | round2) s", "\(.server | round2) s",
                 (.child.peak, .parent.peak, .child.peak + .parent.peak | mib)] | row' <<<"$result" >>parts/scale
        done
    done
}

# The settings that ask for all that roles reach.
reach_settings=(--sync-hosts --sync-secrets --sync-network-targets --sync-api-targets --sync-aws-roles --role-summary)

reach() {
    local hosts
    {
        command_of reach TENANT HOSTS EXPANDED_TENANT EXPANDED_HOSTS
        echo "What roles reach, beside users, roles and memberships: hosts with four accounts on average, each for one or two roles, and for four hosts a secret, a network target, an API target and an AWS role. One run each, with 4 workers and no latency. Memory is the peak of each process in MiB."
        echo
        echo "| Hosts | | Calls | Wall time | Processor time: child | parent | simulator | Memory: child | parent | Grants | File |"
        echo "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    } >parts/reach
    for hosts in $HOSTS; do
        # shellcheck disable=SC2086
        simulate $TENANT --hosts "$hosts"
        reach_row "$hosts" "nothing of it"
        reach_row "$hosts" "all of it, and the summary of roles" "${reach_settings[@]}"
    done
    {
        echo
        echo "The child keeps no hosts and no accounts, but two hashes for each target, which take at most 46 bytes. The rest of its memory is that of the answers that the workers are reading, and what Go's garbage collector leaves until it is due. All AWS roles, a quarter as many as hosts, come in one answer: its memory is what grows most with the number of hosts."
        echo
        echo "Where roles are expanded to their members in a one-shot run ($EXPANDED_TENANT: users, roles, and members of a role on average), each person has a row for each account."
        echo
        echo "| Hosts | | Calls | Wall time | Processor time: child | parent | simulator | Memory: child | parent | Grants | File |"
        echo "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    } >>parts/reach
    for hosts in $EXPANDED_HOSTS; do
        # shellcheck disable=SC2086
        simulate $EXPANDED_TENANT --hosts "$hosts"
        reach_row "$hosts" "as it is" "${reach_settings[@]}"
        reach_row "$hosts" "expanded" "${reach_settings[@]}" --expand-reach on --expand-reach-limit 10000000
    done
}

# reach_row HOSTS WHAT [OPTION...] measures a sync of all that roles reach.
reach_row() {
    local hosts=$1 what=$2 result before after grants
    shift 2
    say "$hosts hosts, $what"
    rm -f reach.c1z
    before=$(grep -cE ' (GET|POST) ' privx-sim.log) || true
    result=$(bin/measure --server "${running[-1]}" bin/baton-privx --file reach.c1z --workers 4 "$@" 2>reach.log)
    after=$(grep -cE ' (GET|POST) ' privx-sim.log) || true
    grants=$(bin/compare reach.c1z | cut -d" " -f5)
    jq -r --arg hosts "$hosts" --arg what "$what" --arg calls $((after - before)) --arg grants "$grants" --arg size "$(stat -c %s reach.c1z)" "$JQ"'
        [$hosts, $what, $calls, "\(.wall | round2) s", "\(.child.cpu | round2) s", "\(.parent.cpu | round2) s", "\(.server | round2) s",
         (.child.peak, .parent.peak | mib), $grants, "\($size | tonumber / 1048576 | round2) MiB"] | row' <<<"$result" >>parts/reach
}

allocs() {
    say "Allocations"
    (cd "$repository" && go test -run '^$' -bench . -count "$COUNT" ./pkg/privx ./pkg/connector) >benchmarks.txt 2>benchmarks.log ||
        { cat benchmarks.txt benchmarks.log >&2; exit 1; }
    {
        command_of allocs COUNT
        echo "Reading a page of 1000 rows from canned answers, per row. In \`pkg/privx\` it is sending, reading and decoding; in \`pkg/connector\` making baton-sdk's rows is in it as well."
        echo
        echo '```'
        go run "$BENCHSTAT" benchmarks.txt
        echo '```'
    } >parts/allocs
}

profile() {
    say "Profile"
    # shellcheck disable=SC2086
    simulate $TENANT
    run profile bin/profile --workers 4
    complete profile.c1z
    {
        command_of profile TENANT
        echo "Profiles of the child process during a sync of $truth: where the time was spent, and what allocated memory. What Go's runtime does for one of these (memory, maps, reflection) counts for it."
        echo
        echo "| | Processor time | Allocated bytes |"
        echo "|---|--:|--:|"
        bin/shares profile.cpu profile.allocs
        echo
        echo "The functions that took most themselves (flat), first of the processor time and then of the allocated bytes:"
        for kind in cpu allocs; do
            printf '\n```\n'
            top "$kind" 15
            printf '```\n'
        done
        echo
        echo "All functions of this repository in the profile of the processor time that took any themselves:"
        printf '\n```\n'
        top cpu 100000 | sed -nE '/flat%/p; /^ *0 /d; /baton-privx\//p'
        printf '```\n'
    } >parts/profile
}

# top KIND N lists the functions that a profile shows most.
top() {
    local sample=$1
    [ "$1" = cpu ] || sample=alloc_space
    go tool pprof -sample_index="$sample" -top -nodefraction=0 -nodecount="$2" bin/profile "profile.$1" 2>/dev/null |
        sed '1,/^Showing/{/^Type/!d}'
}

# section PART gives a part: as measured now, else as BENCHMARKS.md has it. What was
# measured by hand, by-hand, is always as it has it.
section() {
    echo "<!-- $1 -->"
    if [ -e "parts/$1" ]; then
        cat "parts/$1"
    elif [ -e "$repository/BENCHMARKS.md" ]; then
        sed -n "/^<!-- $1 -->\$/,/^<!-- end -->\$/{/^<!-- /!p}" "$repository/BENCHMARKS.md"
    fi
    echo "<!-- end -->"
}

# document writes it all.
document() {
    local memory
    read -r _ memory _ </proc/meminfo # MemTotal, in KiB
    cat <<END
# Benchmarks

Written by \`make bench\` (\`scripts/bench.sh\`), which takes 20 to 30 minutes. Each table says how to repeat it alone. It takes hyperfine and jq besides Go.

The real connector syncs a simulated PrivX (\`cmd/privx-sim\`) that runs as another process on the same machine, over TLS, and shares its processors.

| | |
|---|---|
| Processor | $(sed -nE 's/^model name\s*: //p' /proc/cpuinfo | head -n 1), $(nproc) of them |
| Memory | $(((memory + 524288) / 1048576)) GiB |
| System | $(uname -srm) |
| Go | $(go env GOVERSION) |
| baton-sdk | $(cd "$repository" && go list -m -f '{{.Version}}' github.com/conductorone/baton-sdk) |
| hyperfine | $("$HYPERFINE" --version | cut -d' ' -f2) |

## HTTP calls

$(section calls)

## Wall time

$(section grid)

## Scale

![Time of a sync by number of users](docs/pictures/sync-time.svg)
![Peak memory of a sync by number of users](docs/pictures/sync-memory.svg)

\`make generate\` draws these pictures (\`bench/plot\`) from the table below.

$(section scale)

## What roles reach

$(section reach)

## Allocations

$(section allocs)

## Profile

$(section profile)

$(section by-hand)
END
}

for part in $PARTS; do
    case $part in
    calls | grid | scale | reach | allocs | profile) "$part" ;;
    *) echo "PARTS: there is no $part" >&2 && exit 1 ;;
    esac
done
document >document.md
cp document.md "$repository/BENCHMARKS.md"
(cd "$repository" && go run ./bench/plot)
say "BENCHMARKS.md is written, and its pictures are drawn."
