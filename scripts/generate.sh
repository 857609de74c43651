#!/usr/bin/env bash
# Writes everything that is generated from the code and checked in.
set -euo pipefail
cd "$(dirname "$0")/.."

go generate ./...
go run ./bench/plot

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/" ./cmd/baton-privx ./tools/prettyjson

# Without the caller's environment and in an empty folder, so that no BATON_*
# variable and no .baton.yaml can change the output.
connector() (
    cd "$work"
    env -i HOME="$work" PATH="$PATH" ./baton-privx "$1"
)

# By way of a temporary file, so that a failure leaves the old file as it is.
for pair in capabilities:baton_capabilities.json config:config_schema.json; do
    connector "${pair%%:*}" | "$work/prettyjson" >"$work/out.json"
    cp "$work/out.json" "${pair#*:}"
done
