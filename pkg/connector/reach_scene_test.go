package connector_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// fullReach are the settings with which all of what roles reach is synced, told and expanded.
func fullReach() *config.Privx {
	cfg := &config.Privx{RoleSummary: true, ExpandReach: config.ExpandOn}
	allTargets(cfg)
	return cfg
}

// reachScene is a PrivX in which two roles reach a few targets of each kind. Each list but
// that of AWS roles is longer than a page of the stage, and its rows were created at the
// same time.
type reachScene struct {
	store *privxsim.Store
	// held is a role that user has, and reaching is one that nobody has.
	held, user, reaching string
}

func newReachScene() reachScene {
	const created = "2024-02-03T04:05:06Z"
	store := plainStore()
	viewer := store.AddRole(privxsim.Role{Name: "viewer of targets", Permissions: targetPermissions})
	store.GrantExplicit(viewer.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	dba := store.AddRole(privxsim.Role{Name: "DBA", Permissions: []string{"hosts-manage"}})
	web := store.AddRole(privxsim.Role{Name: "Web"})
	alice := store.AddUser(privxsim.User{Principal: "alice"})
	bob := store.AddUser(privxsim.User{Principal: "bob"})
	store.GrantExplicit(dba.ID, alice.ID, privxsim.Grant{})
	store.GrantExplicit(dba.ID, bob.ID, privxsim.Grant{})
	store.AddAccessGroup(privxsim.AccessGroup{Name: "empty"})
	for i := range stagePage + 2 {
		name := fmt.Sprintf("t%02d", i)
		store.AddHost(privxsim.Host{CommonName: name, Created: created, AuditEnabled: yes(), Principals: []privxsim.Principal{
			{Principal: "root", Roles: refs(dba, web)}, {UseUserAccount: true, Roles: refs(web)},
		}})
		if i%4 == 0 {
			store.AddSecret(privxsim.Secret{Name: name, OwnerID: alice.ID, Created: created})
		} else {
			store.AddSecret(privxsim.Secret{Name: name, Created: created, ReadRoles: refs(dba), WriteRoles: refs(web)})
		}
		store.AddNetworkTarget(privxsim.NetworkTarget{Name: name, Created: created, Roles: refs(dba)})
		store.AddAPITarget(privxsim.APITarget{Name: name, Created: created, Roles: refs(web)})
	}
	for i := range 3 {
		store.AddAWSRole(privxsim.AWSRole{Name: fmt.Sprint("aws", i), Status: privxsim.AWSRoleOK, Roles: refs(dba)})
	}
	return reachScene{store: store, held: dba.ID, user: alice.ID, reaching: web.ID}
}

// expandedGrants are the ids of the grants that members of roles then have on targets.
func expandedGrants(store *privxsim.Store) []string {
	members := make(map[string][]string)
	for _, m := range store.Memberships() {
		members[m.RoleID] = append(members[m.RoleID], m.UserID)
	}
	var ids []string
	for _, r := range store.Reach() {
		for _, user := range members[r.Role] {
			ids = append(ids, reachedEntitlement(r)+":user:"+user)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// targetIDs are the ids of the targets that a sync has to have, by kind.
func targetIDs(store *privxsim.Store) []string {
	var ids []string
	for _, host := range store.Hosts() {
		if !host.Deleted {
			ids = append(ids, "host "+host.ID)
		}
	}
	for _, secret := range store.Secrets() {
		if secret.OwnerID == "" {
			ids = append(ids, "secret shared/"+encoded(secret.Name))
		} else {
			ids = append(ids, "secret personal/"+secret.OwnerID+"/"+encoded(secret.Name))
		}
	}
	for _, target := range store.NetworkTargets() {
		ids = append(ids, "network_target "+target.ID)
	}
	for _, target := range store.APITargets() {
		ids = append(ids, "api_target "+target.ID)
	}
	for _, role := range store.AWSRoles() {
		ids = append(ids, "aws_role "+role.ID)
	}
	return sorted(ids)
}

// requireReach wants the targets that the simulated PrivX has, and the grants of its own map
// of who reaches what, once they are expanded.
func (x *tenant) requireReach(s *synced) {
	x.t.Helper()
	var grants []string
	for _, m := range x.store.Memberships() {
		grants = append(grants, grantID(m.RoleID, m.UserID))
	}
	grants = append(append(grants, reachGrants(x.store)...), expandedGrants(x.store)...)
	slices.Sort(grants)
	require.Equal(x.t, targetIDs(x.store), keys(s.targets))
	require.Equal(x.t, slices.Compact(grants), keys(s.grants))
}

// A sync of the scene has what the scene has, with any number of workers.
func TestReachWithAnyWorkers(t *testing.T) {
	t.Parallel()
	store := newReachScene().store
	var first *synced
	for _, workers := range []int{1, 4, 8, 4} {
		inBubbleWith(t, store, privxsim.Options{MaxPageSize: stagePage}, allFour, fullReach(), func(x *tenant) {
			got := x.mustSync(withWorkers(workers))
			x.requireReach(got)
			if first == nil {
				first = got
			}
			requireSame(x.t, first, got)
		})
	}
}
