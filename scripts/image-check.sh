#!/usr/bin/env bash
# Builds the container image on a base made here, without a registry, and runs it
# against a simulated PrivX with the docker command of README.md, word for word.
#
# It needs Linux with buildah, root or sudo, and the right to mount; no daemon, and
# no user namespaces. Whatever it writes is in a temporary folder, which goes at the
# end.
#
# shellcheck disable=SC2016 # What bash -c runs has arguments of its own.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."

fail() {
    printf 'image-check: %s\n' "$*" >&2
    exit 1
}

as_root=()
if [ "$(command id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "this needs root or sudo"
    as_root=(sudo)
fi
for tool in buildah readelf unshare; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done
"${as_root[@]}" unshare --mount true || fail "this needs the right to mount (CAP_SYS_ADMIN)"
roots=/etc/ssl/certs/ca-certificates.crt
[ -s "$roots" ] || fail "$roots is missing: install ca-certificates"

# Nothing of the caller's may aim this at a real PrivX or at ConductorOne.
unset "${!BATON_@}"

work=$(mktemp -d "${TMPDIR:-/tmp}/image-check.XXXXXX")
simulator=
finish() {
    status=$?
    trap - EXIT
    if [ -n "$simulator" ]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" 2>/dev/null || true
    fi
    if [ "$status" -ne 0 ]; then
        for log in buildah.log simulator.log connector.log; do
            [ -s "$work/$log" ] || continue
            printf '\n--- the end of %s\n' "$log"
            tail -n 10 "$work/$log"
        done
        printf '\nThe check of the image failed (exit status %d).\n' "$status"
    fi >&2
    # Never into what is still mounted.
    "${as_root[@]}" rm -rf --one-file-system "$work" || status=1
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

title() { printf '\n--- %s\n' "$*"; }

# run SECONDS COMMAND... ends what takes too long. As root.
run() { "${as_root[@]}" timeout --kill-after=10 "$@"; }

# buildah with settings and storage of its own, whatever the machine's are.
mkdir -p "$work/home/.config/containers" "$work/buildah"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/home/.config/containers/policy.json"
: >"$work/containers.conf"
: >"$work/registries.conf"
cat >"$work/storage.conf" <<EOF
[storage]
driver = "vfs"
graphroot = "$work/storage"
runroot = "$work/run"
EOF
isolated=(
    env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work/buildah"
    BUILDAH_ISOLATION=chroot CONTAINERS_CONF="$work/containers.conf"
    CONTAINERS_REGISTRIES_CONF="$work/registries.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf"
)
buildah() { run 120 "${isolated[@]}" buildah "$@"; }
# The same for make.
{
    printf '#!/bin/sh\nexec'
    printf ' %q' "${as_root[@]}" timeout --kill-after=10 120 "${isolated[@]}" buildah
    printf ' "$@"\n'
} >"$work/builder"
chmod +x "$work/builder"

title "Base"
# gcr.io/distroless/static-debian12:nonroot as far as it matters here. Its user is
# left out: the Dockerfile must see to that.
home=/home/nonroot
base=localhost/base-of-image-check
container=$(buildah from scratch)
root=$(buildah mount "$container")
"${as_root[@]}" bash -euc '
    cd "$1"
    install -d -m 0755 etc/ssl/certs home
    install -d -m 1777 tmp
    install -d -m 0700 root
    install -d -m 0700 -o 65532 -g 65532 home/nonroot
    install -m 0644 "$2" etc/ssl/certs/
    for account in root:0:/root nobody:65534:/nonexistent nonroot:65532:/home/nonroot; do
        IFS=: read -r name id home <<<"$account"
        echo "$name:x:$id:$id:$name:$home:/sbin/nologin" >>etc/passwd
        echo "$name:x:$id:" >>etc/group
    done
    chmod 0644 etc/passwd etc/group
' - "$root" "$roots"
buildah umount "$container" >/dev/null
buildah config --workingdir "$home" --env SSL_CERT_FILE="$roots" "$container"
buildah commit --quiet --rm "$container" "$base" >/dev/null
echo "$base"

title "Image"
# Under the name that make image has for it, which must be the README's.
make --no-print-directory image BASE="$base" BUILDER="$work/builder" 2>"$work/buildah.log"
image=$(buildah images --format '{{.Name}}:{{.Tag}}' | grep -v "^$base:")
inspect() { buildah inspect --type image --format "$1" "$image"; }
user=$(inspect '{{.OCIv1.Config.User}}')
mapfile -t entrypoint < <(inspect '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}' | sed '/^$/d')
mapfile -t environment < <(inspect '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' | sed '/^$/d')
platform=$(inspect '{{.OCIv1.OS}}/{{.OCIv1.Architecture}}')
echo "$image, $platform, $(buildah images --format '{{.Size}}' "$image")"

[ "$user" = 65532:65532 ] || fail "the image's user is '$user', want 65532:65532"
[ "${entrypoint[*]}" = /baton-privx ] || fail "the image's entrypoint is '${entrypoint[*]}', want /baton-privx"
binary=dist/${platform/\//_}/baton-privx
[ "$platform" = "linux/$(go env GOARCH)" ] || fail "the image is for $platform"

# start OPTION... -- ARGUMENT... runs the image as docker run does: buildah run
# itself takes no entrypoint from it.
start() {
    local options=() container status=0
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    container=$(buildah from --pull-never "$image")
    buildah run "${options[@]}" "$container" -- "${entrypoint[@]}" "$@" || status=$?
    buildah rm "$container" >/dev/null
    return "$status"
}

title "What is in it"
container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
executables=$("${as_root[@]}" find "$root" ! -type d \( -perm /111 -o -type l \) -printf '/%P %m %u:%g\n')
"${as_root[@]}" cmp "$root/baton-privx" "$binary"
"${as_root[@]}" test -s "$root$roots" || fail "$roots is missing in the image"
buildah rm "$container" >/dev/null
echo "$executables"
# No shell, and nobody but root may replace the binary.
[ "$executables" = "/baton-privx 755 root:root" ] || fail "want nothing but /baton-privx, owned by root, mode 755"
headers=$(LC_ALL=C readelf --program-headers --wide "$binary")
[[ $headers != *INTERP* ]] || fail "the binary is linked dynamically"

title "--version"
version=$(start -- --version)
echo "$version"
[ "$version" = "$("$binary" --version)" ] || fail "the binary outside says: $("$binary" --version)"

# Some platforms give each container a user of their own.
start --user 1000660000:0 -- --version >/dev/null

title "capabilities"
start -- capabilities | go run ./tools/prettyjson >"$work/capabilities.json"
diff baton_capabilities.json "$work/capabilities.json"
echo "as in baton_capabilities.json"

title "A simulated PrivX"
go build -o "$work/" ./cmd/privx-sim
"$work/privx-sim" --listen 127.0.0.1:0 --tls --ca-file "$work/ca.pem" --ready-file "$work/ready.env" \
    </dev/null >/dev/null 2>"$work/simulator.log" &
simulator=$!
for _ in $(seq 150); do
    [ ! -e "$work/ready.env" ] || break
    kill -0 "$simulator" 2>/dev/null || fail "the simulator ended before it was ready"
    sleep 0.2
done
[ -e "$work/ready.env" ] || fail "the simulator was not ready within 30 seconds"
# The operator's variables. The certificate's is in the docker command.
set -a
# shellcheck source=/dev/null
. "$work/ready.env"
set +a
unset BATON_CA_CERTIFICATE
expected=$(sed -nE 's/.* ([0-9]+ users, [0-9]+ roles, [0-9]+ memberships)$/\1/p' "$work/simulator.log")
[ -n "$expected" ] || fail "the simulator does not say what it has"
echo "$BATON_BASE_URL: $expected"

# What docker run does, with as much of it as README.md uses.
docker() {
    local user=$user mount='' tmpfs='' read_only='' variables=() options=()
    # The published image may leave it at the base's, which is closed to other users.
    local folder=$home
    [ "${1-}" = run ] || fail "docker ${1-}: not known here"
    shift
    while [[ ${1-} == -* ]]; do
        case $1 in
        --rm) ;;
        --user) user=$2 && shift ;;
        -w) folder=$2 && shift ;;
        --read-only) read_only=yes ;;
        --tmpfs) tmpfs=$2 && shift ;;
        -v)
            [ -z "$mount" ] || fail "a second docker -v: not known here"
            mount=$2 && shift
            ;;
        -e)
            # Without a value it is the caller's, if that has it.
            if [[ $2 == *=* ]]; then
                variables+=("$2")
            elif [ -n "${!2+set}" ]; then
                variables+=("$2=${!2}")
            fi
            shift
            ;;
        *) fail "docker run $1: not known here" ;;
        esac
        shift
    done
    [ "${1-}" = "$image" ] || fail "README.md runs '${1-}', but make image builds '$image'"
    shift
    if [ -n "$read_only" ]; then
        start_read_only "$@"
        return
    fi
    [ -z "$tmpfs" ] || fail "docker run --tmpfs without --read-only: not known here"
    options=(--user "$user" --workingdir "$folder")
    [ -z "$mount" ] || options+=(-v "$mount")
    for variable in "${variables[@]}"; do
        options+=(--env "$variable")
    done
    start "${options[@]}" -- "$@"
}

# start_read_only ARGUMENT... is the part of docker that buildah run does not have: a
# root that is read-only, even to root, but for the mounts.
start_read_only() {
    local container root status=0
    container=$(buildah from --pull-never "$image")
    root=$(buildah mount "$container")
    # PrivX's CA as one that the image itself trusts, and what each container gets.
    "${as_root[@]}" bash -euc '
        cat "$2" >>"$1$3"
        echo "127.0.0.1 localhost" >"$1/etc/hosts"
        mkdir -p "$1/proc" "$1/dev" "$1${4#*:}"
    ' - "$root" "$work/ca.pem" "$roots" "$mount"
    run 120 unshare --mount --propagation private bash -euc '
        root=$1 mount=$2 tmpfs=$3
        shift 3
        mount --bind "$root" "$root"
        mount -o remount,bind,ro "$root"
        for folder in /proc /dev; do mount --bind "$folder" "$root$folder"; done
        mount --bind "${mount%%:*}" "$root${mount#*:}"
        mount -t tmpfs -o mode=1777 tmpfs "$root$tmpfs"
        if touch "$root/home/written" 2>/dev/null; then echo "the root is not read-only" >&2; exit 1; fi
        exec "$@"
    ' - "$root" "$mount" "$tmpfs" \
        "$(command -v env)" -i "${environment[@]}" "${variables[@]}" "$(command -v unshare)" \
        --root "$root" --wd "$folder" --setgid "${user#*:}" --setuid "${user%:*}" "${entrypoint[@]}" "$@" || status=$?
    buildah rm "$container" >/dev/null
    return "$status"
}

# Root is nobody's usual account.
operator=$(command id -u):$(command id -g)
[ "$operator" != 0:0 ] || operator=1000:1000
id() {
    case $* in
    -u) echo "${operator%:*}" ;;
    -g) echo "${operator#*:}" ;;
    *) fail "id $*: not known here" ;;
    esac
}

# sync COMMAND OWNER runs a docker command in a new folder of the owner's, which
# becomes $folder. What the connector says goes to connector.log.
sync() {
    folder=$(mktemp -d "$work/out.XXXXXX")
    chmod 0755 "$folder"
    cp "$work/ca.pem" "$folder/privx-ca.pem"
    chmod 0444 "$folder/privx-ca.pem"
    "${as_root[@]}" chown "$2" "$folder"
    (cd "$folder" && eval "$1") </dev/null >"$work/connector.log" 2>&1
}

# synced OWNER checks what the last sync left.
synced() {
    local stats found
    [ "$(cd "$folder" && echo *)" = "privx-ca.pem sync.c1z" ] || fail "in the folder: $(ls -A "$folder")"
    [ "$(stat -c %u:%g "$folder/sync.c1z")" = "$1" ] || fail "sync.c1z is not $1's: $(stat -c %u:%g "$folder/sync.c1z")"
    stats=$(go tool baton stats -f "$folder/sync.c1z" -o json | tr -d ' \n')
    count() { sed -nE 's/.*"'"$1"'":\{[^}]*"'"$2"'":"([0-9]+)".*/\1/p' <<<"$stats"; }
    found="$(count resourcesByResourceType user) users, $(count resourcesByResourceType role) roles"
    found+=", $(count grantsByResourceType role) memberships"
    [ "$found" = "$expected" ] || fail "sync.c1z has $found, the simulator $expected"
    [[ $stats == *'"endedAt":"'*'"syncType":"full"'* ]] || fail "sync.c1z is not a finished full sync: $stats"
    echo "sync.c1z has $found, and belongs to $1"
}

title "README.md"
# All docker commands of it are in one block, which is what runs here.
command=$(awk '/^## /{section=$0} /^```/{code=/^```sh$/; next} code && section=="## Docker"' README.md)
commands=$(grep -cE '(docker|podman|buildah) (run|build|pull|create)' README.md || true)
if [ "$commands" -ne 1 ] || [[ $command != "docker run "* ]]; then
    fail "README.md must have one docker command, in a block of its own under Docker; it has $commands"
fi
echo "$command"
sync "$command" "$operator"
synced "$operator"

title "README.md, less the CA's certificate"
without_ca=$(grep -v BATON_CA_CERTIFICATE <<<"$command")
[ "$without_ca" != "$command" ] || fail "BATON_CA_CERTIFICATE is not in the docker command"
if sync "$without_ca" "$operator"; then fail "PrivX's certificate was trusted without its CA"; fi
grep -oE -m1 'x509: [a-z ]+' "$work/connector.log" || fail "it failed for another reason"
[ ! -e "$folder/sync.c1z" ] || fail "there is a sync.c1z nevertheless"

title "README.md, as the image's own user, read-only, with a public CA"
extra='--read-only --tmpfs /tmp'
grep -qF "\`$extra\`" README.md || fail "README.md does not mention $extra"
read_only=$(sed -E "s# --user \"[^\"]*\"# $extra#" <<<"$without_ca")
[[ $read_only == *"$extra"* ]] || fail "--user is not in the docker command"
sync "$read_only" "$user"
synced "$user"

title "README.md, with the doctor in place of a sync"
examined=${command/ -f \/out\/sync.c1z/ doctor}
[[ $examined == *"$image doctor" ]] || fail "the docker command does not end with -f /out/sync.c1z"
sync "$examined" "$operator" || fail "the doctor found something: $(grep -m1 '^✗' "$work/connector.log")"
grep -m1 '^✓ PX-PERM-02' "$work/connector.log" || fail "the doctor has not passed PX-PERM-02"
tail -n 1 "$work/connector.log"
[ "$(cd "$folder" && echo *)" = privx-ca.pem ] || fail "in the folder: $(ls -A "$folder")"
