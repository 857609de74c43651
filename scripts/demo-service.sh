#!/usr/bin/env bash
# Runs the real connector as a service between a simulated ConductorOne and a
# simulated PrivX: a sync is asked for, a role is granted and appears, is revoked
# and is gone.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/simulated.sh

demo=dist/demo-service
begin "The demo" "$demo" ./cmd/privx-sim ./cmd/c1-sim

# c1 METHOD PATH asks the simulated ConductorOne, which answers when it is done.
c1() { curl --silent --show-error --fail-with-body --noproxy '*' --max-time 120 -X "$1" "$C1_SIM_CONTROL/$2"; }

say "Starting a simulated PrivX and a simulated ConductorOne"
start privx-sim
start c1-sim --dir uploads
echo "$BATON_BASE_URL"
echo "$BATON_CLIENT_ID"

say "Starting the service, baton-privx --provisioning"
background baton-privx --provisioning --log-format console
c1 GET hello

# Somebody and a role that he does not hold.
say "ConductorOne asks for a sync"
c1 POST tasks/sync
c1 GET grants >grants.txt
c1 GET 'resources?type=role' >roles.txt
c1 GET 'resources?type=user' | grep -vxF "$BATON_API_CLIENT_ID" >users.txt
user=$(head -n 1 users.txt)
role=$(sed "s/.*/role:&:assigned:user:$user/" roles.txt | grep -vxFf grants.txt | sed -n '1s/^role:\(.*\):assigned:.*/\1/p')
grant=role:$role:assigned:user:$user

# in_sync syncs once more and tells whether the grant is in the upload.
in_sync() {
    c1 POST tasks/sync >sync.txt
    c1 GET grants >grants.txt
    grep -qxF "$grant" grants.txt
}

say "ConductorOne asks for a grant: role $role for user $user"
c1 POST "tasks/grant?role=$role&user=$user"
in_sync || { echo "The next sync does not show it." >&2; exit 1; }
echo "The next sync shows it."

say "ConductorOne asks for the revoke"
c1 POST "tasks/revoke?role=$role&user=$user"
! in_sync || { echo "The next sync still shows it." >&2; exit 1; }
echo "The next sync does not show it any more."

say "What the service has logged is in $demo/baton-privx.log; here are its own lines"
grep 'baton-privx: ' baton-privx.log | cut -c1-160
