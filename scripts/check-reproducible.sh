#!/usr/bin/env bash
# Fails unless two clones of the last commit, in folders with different names, one
# after the other and under different umasks, make the same release for this
# platform, byte for byte. Both use the caller's build cache. Then looks into it.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
platform=$(go env GOOS)/$(go env GOARCH)

# build FOLDER builds in a new folder, with its own for temporary files.
build() {
    git clone --quiet . "$1"
    mkdir "$1.tmp"
    TMPDIR=$1.tmp make --no-print-directory --silent -C "$1" release-archives PLATFORMS="$platform"
}
build "$work/here"
(umask 077 && build "$work/some/where/else")

diff -r "$work/here/dist/release" "$work/some/where/else/dist/release" || { echo "Two builds of the same commit differ." >&2; exit 1; }
echo "Both builds are the same $(cat "$work"/here/dist/release/* | wc -c) bytes."

# The release itself: checksums, all files, a program that runs, a list of the
# modules that Go finds in it, completion that Bash takes, a page that troff takes.
cd "$work/here/dist/release"
sha256sum --quiet --strict --check checksums.txt
[ "$(wc -l <checksums.txt)" -eq 2 ]
tar -xzf ./*.tar.gz
cd ./*/
for file in LICENSE NOTICE THIRD_PARTY_LICENSES README.md CHANGELOG.md man/baton-privx.1 \
    completion/{_baton-privx,baton-privx.bash,baton-privx.fish,baton-privx.ps1}; do
    [ -s "$file" ] || { echo "$file is missing in the archive, or empty." >&2; exit 1; }
done
env -i ./baton-privx --version
linked=$(go version -m baton-privx | awk '$1 == "dep"' | wc -l)
listed=$(grep -c '"type": "library"' ../*.cdx.json)
[ "$listed" -eq $((linked + 1)) ] || { echo "The SBOM lists $listed modules; $linked are linked, besides Go's own library." >&2; exit 1; }
echo "The SBOM lists $listed modules."
bash -c 'set -eu; . completion/baton-privx.bash; declare -F __start_baton-privx' >/dev/null
if type groff >/dev/null 2>&1; then
    warnings=$(groff -man -ww -Tutf8 man/baton-privx.1 2>&1 >/dev/null)
    [ -z "$warnings" ] || { echo "$warnings" >&2; exit 1; }
else
    echo "NOT CHECKED: the man page, as groff is missing"
fi
