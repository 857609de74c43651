#!/usr/bin/env bash
# Fails unless two clones of the last commit, in folders with different names and
# one after the other, build into the same bytes. Both use the caller's build cache.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build FOLDER builds in a new folder, with its own for temporary files.
build() {
    git clone --quiet . "$1"
    mkdir "$1.tmp"
    TMPDIR=$1.tmp make --no-print-directory -C "$1" build
}
build "$work/here"
build "$work/some/where/else"

first=$(echo "$work"/here/dist/*/baton-privx*)
second=$(echo "$work"/some/where/else/dist/*/baton-privx*)
cmp "$first" "$second" || { echo "Two builds of the same commit differ." >&2; exit 1; }
echo "Both builds are the same $(wc -c <"$first") bytes."
