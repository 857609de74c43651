#!/usr/bin/env bash
# Checks the systemd unit as far as can be without a running systemd: that it is
# valid, and that systemd rates what an attacker could do from within below 2.0.
# Without systemd-analyze nothing is checked, and CI has to have it.
set -euo pipefail
cd "$(dirname "$0")/.."

unit=deploy/systemd/baton-privx.service
if ! type systemd-analyze >/dev/null 2>&1; then
    echo "NOT CHECKED: $unit, as systemd-analyze is missing (Debian's package systemd)" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where nothing is installed, systemd would complain of the missing program.
sed 's,^ExecStart=/usr/local/bin/baton-privx$,ExecStart=/bin/true,' "$unit" >"$work/baton-privx.service"
grep -qx 'ExecStart=/bin/true' "$work/baton-privx.service" || { echo "$unit starts something else." >&2; exit 1; }
# It warns of an unknown setting and goes on.
systemd-analyze verify --man=no "$work/baton-privx.service" 2>&1 | tee "$work/warnings"
[ ! -s "$work/warnings" ] || { echo "$unit is not valid." >&2; exit 1; }

systemd-analyze security --offline=true --threshold=19 --no-pager "$work/baton-privx.service" >"$work/security" ||
    { cat "$work/security" >&2; echo "$unit leaves too much open." >&2; exit 1; }
grep -a 'Overall exposure level' "$work/security"
