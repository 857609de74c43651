#!/usr/bin/env bash
# Makes the archives of a release in dist/release, one for each platform that is
# given, with an SBOM for each and the checksums of all. The same commit makes the
# same bytes, with the same Go.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${VERSION:?is what make release-archives gives}"

out=dist/release
rm -rf "$out"
mkdir -p "$out"
when=$(git log -1 --format=%ct)
tool=$PWD/dist/tools/release
GOOS=$(go env GOHOSTOS) GOARCH=$(go env GOHOSTARCH) go build -o "$tool" ./tools/release

completion=()
for file in baton-privx.bash _baton-privx baton-privx.fish baton-privx.ps1; do
    completion+=("dist/completion/$file=completion/$file")
done

for platform in "$@"; do
    os=${platform%/*} arch=${platform#*/} program=baton-privx extension=tar.gz
    extra=()
    case $os in
        windows) program+=.exe extension=zip ;;
        linux) extra=(deploy/systemd/baton-privx.service) ;;
    esac
    echo "$platform"
    make --no-print-directory --silent build GOOS="$os" GOARCH="$arch"
    name=baton-privx_${VERSION}_${os}_$arch
    "$tool" archive "dist/${os}_$arch/$program" "$VERSION" "$when" "$out/$name.$extension" \
        "dist/${os}_$arch/$program" LICENSE NOTICE THIRD_PARTY_LICENSES README.md CHANGELOG.md \
        dist/man/baton-privx.1=man/baton-privx.1 "${completion[@]}" "${extra[@]}" >"$out/$name.cdx.json"
done
cd "$out"
sha256sum -- * >checksums.txt
