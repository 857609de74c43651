#!/usr/bin/env bash
# Fuzzes every fuzz target for as long as the argument says, in the words of go
# test's -fuzztime: a time, or a number of inputs with an x.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzztime=$1
module=$(go list -m)
cache=$(go env GOCACHE)/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

targets=0
for package in $(git grep -l --untracked '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u); do
    # go test -fuzz would instrument all that is imported, and so compile all of it
    # anew, for minutes. What is to be explored is in this module.
    go test -c -vet=off -gcflags="$module/...=-d=libfuzzer" -o "$work/fuzz.test" "./$package"
    for target in $(cd "$package" && "$work/fuzz.test" -test.list '^Fuzz'); do
        printf '%s %s: ' "$package" "$target"
        if ! (cd "$package" && "$work/fuzz.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$fuzztime" \
            -test.fuzzminimizetime 1s -test.fuzzcachedir "$cache/$module/$package") >"$work/log" 2>&1; then
            cat "$work/log"
            exit 1
        fi
        grep 'elapsed' "$work/log" | tail -n 1
        targets=$((targets + 1))
    done
done
[ "$targets" -gt 0 ] || { echo "no fuzz target was found" >&2; exit 1; }
echo "$targets fuzz targets"
