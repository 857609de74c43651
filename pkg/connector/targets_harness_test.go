package connector_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/c1z"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/config"
)

// allTargets asks for everything that roles reach.
func allTargets(cfg *config.Privx) {
	cfg.SyncHosts, cfg.SyncSecrets, cfg.SyncPersonalSecrets = true, true, true
	cfg.SyncNetworkTargets, cfg.SyncApiTargets, cfg.SyncAwsRoles = true, true, true
}

// targetPermissions are those that the API client needs for it.
var targetPermissions = []string{"hosts-view", "network-targets-view", "api-targets-view", "role-target-resources-view", "access-groups-manage"}

// landscape is a PrivX with every kind of target and of account, and what is odd about them.
type landscape struct {
	store                  *privxsim.Store
	dba, web, gone, admins privxsim.Role
	alice                  privxsim.User
	oddHost                privxsim.Host
}

func newLandscape() *landscape {
	store := plainStore()
	viewer := store.AddRole(privxsim.Role{Name: "viewer of targets", Permissions: targetPermissions})
	store.GrantExplicit(viewer.ID, privxsim.DefaultAPIClientID, privxsim.Grant{})
	l := &landscape{store: store}
	l.dba = store.AddRole(privxsim.Role{Name: "DBA", Permissions: []string{"users-manage", "hosts-view"}})
	l.web = store.AddRole(privxsim.Role{Name: "Web"})
	l.admins = store.AddRole(privxsim.Role{Name: "Ops"})
	l.gone = store.AddRole(privxsim.Role{Name: "Gone"})
	l.alice = store.AddUser(privxsim.User{Principal: "alice", FullName: "Alice"})
	bob := store.AddUser(privxsim.User{Principal: "bob", FullName: "Bob"})
	store.GrantExplicit(l.dba.ID, l.alice.ID, privxsim.Grant{})
	store.GrantExplicit(l.dba.ID, bob.ID, privxsim.Grant{})
	store.GrantExplicit(l.web.ID, l.alice.ID, privxsim.Grant{})
	l.addHosts()
	l.addOthers()
	store.RemoveRole(l.gone.ID)
	return l
}

func refs(roles ...privxsim.Role) []privxsim.RoleRef {
	all := make([]privxsim.RoleRef, len(roles))
	for i, role := range roles {
		all[i] = privxsim.RoleRef{ID: role.ID, Name: role.Name}
	}
	return all
}

func yes() *bool {
	recorded := true
	return &recorded
}

// oddNames are names that could be taken for parts of ids, or do not fit into one.
var oddNames = []string{
	`quo"ted`, "a/b", "ad\\min", "me@example.com", "colon:ed", "per%cent", "ünïcode", "שלום", "Admin", "admin", " ", "~tilde",
	strings.Repeat("x", 200), strings.Repeat("ש", 200), strings.Repeat("ש", 199) + "a",
}

func (l *landscape) addHosts() {
	domain := &privxsim.Handle{ID: "5c2d1f60-0000-4000-8000-0000000000d1", Name: "corp.example"}
	l.store.AddHost(privxsim.Host{
		CommonName: "db-1", Addresses: []string{"10.0.0.1"}, AuditEnabled: yes(), Tags: []string{"env=prod"}, Zone: "eu", CloudProvider: "AWS", CloudProviderRegion: "eu-1",
		Services: []privxsim.Listener{{Service: "SSH", Address: "10.0.0.1", Port: 22}, {Service: "RDP", Address: "10.0.0.1", Port: 3389}},
		Principals: []privxsim.Principal{
			{Principal: "root", Roles: refs(l.dba, l.gone), ServiceOptions: &privxsim.ServiceOptions{SSH: &privxsim.SSHOptions{Shell: true, FileTransfer: true}}},
			{Principal: "oracle", Roles: refs(l.dba, l.web), CommandRestrictions: &privxsim.CommandRestrictions{Enabled: true, DefaultWhitelist: privxsim.Handle{ID: "w", Name: "harmless"}}},
			{Principal: "root", Roles: refs(l.web, l.dba)}, // the same account again
			{Principal: "root", TargetDomain: domain, Roles: refs(l.web)},
			{UsernameAttribute: "unix_account", Roles: refs(l.web)},
			{UsernameAttribute: "unix_account", TargetDomain: domain, Roles: refs(l.admins)},
			{UseUserAccount: true, Roles: refs(l.admins)},
			{UseUserAccount: true, TargetDomain: domain, Roles: refs(l.web)},
			{Roles: refs(l.admins)},
			{Principal: "nobody"},
		},
		PasswordRotation: &privxsim.PasswordRotation{RotationStatus: []privxsim.Rotation{
			{Principal: "root", LastRotated: "2026-10-01T00:00:00Z", LastErrorDetails: "hunter2"},
			{Principal: "oracle", LastError: "no connection"},
		}},
	})
	l.store.AddHost(privxsim.Host{CommonName: "db-2", Disabled: privxsim.DisabledByAdmin, Principals: []privxsim.Principal{{Principal: "root", Roles: refs(l.dba)}}})
	l.store.AddHost(privxsim.Host{Addresses: []string{"10.0.0.3"}}) // neither a name nor an account
	l.store.AddHost(privxsim.Host{CommonName: "was here", Deleted: true, Principals: []privxsim.Principal{{Principal: "root", Roles: refs(l.dba)}}})
	odd := privxsim.Host{CommonName: `odd "host" / @:`}
	for _, name := range oddNames {
		odd.Principals = append(odd.Principals, privxsim.Principal{Principal: name, Roles: refs(l.admins)})
	}
	l.oddHost = l.store.AddHost(odd)
}

func (l *landscape) addOthers() {
	for _, name := range oddNames {
		l.store.AddSecret(privxsim.Secret{Name: name, ReadRoles: refs(l.dba), WriteRoles: refs(l.web, l.gone)})
		l.store.AddSecret(privxsim.Secret{Name: name, OwnerID: l.alice.ID})
	}
	l.store.AddSecret(privxsim.Secret{Name: "nobody's"})
	l.store.AddNetworkTarget(privxsim.NetworkTarget{Name: "office", Roles: refs(l.web, l.gone), Tags: []string{"a"}})
	l.store.AddNetworkTarget(privxsim.NetworkTarget{Name: "empty", Disabled: privxsim.DisabledByLicense})
	l.store.AddAPITarget(privxsim.APITarget{Name: "billing", Roles: refs(l.dba, l.web), AuditEnabled: yes()})
	l.store.AddAWSRole(privxsim.AWSRole{Name: "admin", ARN: "arn:aws:iam::123456789012:role/admin", Status: privxsim.AWSRoleOK, Roles: refs(l.dba)})
	l.store.AddAWSRole(privxsim.AWSRole{Name: "old", Status: privxsim.AWSRoleMissing, Roles: refs(l.gone)})
}

// reachGrants are the ids of the grants that a sync of the store's targets has to have. It
// writes ids by a way of its own.
func reachGrants(store *privxsim.Store) []string {
	var ids []string
	for _, r := range store.Reach() {
		ids = append(ids, reachedEntitlement(r)+":role:"+r.Role)
	}
	for _, secret := range store.Secrets() {
		if secret.OwnerID != "" {
			id := "secret:personal/" + secret.OwnerID + "/" + encoded(secret.Name)
			ids = append(ids, id+":read:user:"+secret.OwnerID, id+":write:user:"+secret.OwnerID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func reachedEntitlement(r privxsim.Reached) string {
	switch r.Kind {
	case privxsim.KindHost:
		return "host:" + r.Target + ":" + accountOf(r)
	case privxsim.KindSecret:
		owner, name, _ := strings.Cut(r.Target, "/")
		return "secret:" + owner + "/" + encoded(name) + ":" + r.Way
	case privxsim.KindNetworkTarget:
		return "network_target:" + r.Target + ":access"
	case privxsim.KindAPITarget:
		return "api_target:" + r.Target + ":access"
	default:
		return "aws_role:" + r.Target + ":assume"
	}
}

func accountOf(r privxsim.Reached) string {
	at := ""
	if r.Domain != "" {
		at = "@" + r.Domain
	}
	switch {
	case r.Attribute != "":
		return "attribute:" + encoded(r.Attribute) + at
	case r.Own:
		return "own-account" + at
	case r.Account == "":
		return "any-account" + at
	default:
		return "account:" + encoded(r.Account) + at
	}
}

// encoded is a name as ids have it. Names that are too long end in a hash, of which only the
// form is looked at here: see TestLongNames.
func encoded(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", rune(c)) && c < 0x80 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() > 300 {
		return shortened(b.String()[:200], name)
	}
	return b.String()
}

// ofTargets are the ids of the grants of targets that a sync has.
func ofTargets(content *c1z.Content) []string {
	ids := content.GrantIDs()
	ids = slices.DeleteFunc(ids, func(id string) bool { return strings.HasPrefix(id, "role:") })
	slices.Sort(ids)
	return ids
}

// read reads the content of a file.
func read(t *testing.T, path string) *c1z.Content {
	t.Helper()
	content, err := c1z.Read(t.Context(), path)
	require.NoError(t, err)
	return content
}

// targetNamed finds a target by its name.
func targetNamed(t *testing.T, content *c1z.Content, kind, name string) *v2.Resource {
	t.Helper()
	for _, r := range content.Resources {
		if r.GetId().GetResourceType() == kind && r.GetDisplayName() == name {
			return r
		}
	}
	require.Failf(t, "not there", "%s %s", kind, name)
	return nil
}

// requireResources wants the targets that there are, and those alone.
func (l *landscape) requireResources(t *testing.T, content *c1z.Content) {
	t.Helper()
	var hosts, secrets []string
	for _, host := range l.store.Hosts() {
		if !host.Deleted {
			hosts = append(hosts, host.ID)
		}
	}
	for _, secret := range l.store.Secrets() {
		if secret.OwnerID == "" {
			secrets = append(secrets, "shared/"+encoded(secret.Name))
		} else {
			secrets = append(secrets, "personal/"+secret.OwnerID+"/"+encoded(secret.Name))
		}
	}
	require.ElementsMatch(t, hosts, content.ResourceIDs("host"))
	require.ElementsMatch(t, secrets, content.ResourceIDs("secret"))
	require.Len(t, content.ResourceIDs("network_target"), 2)
	require.Len(t, content.ResourceIDs("api_target"), 1)
	require.Len(t, content.ResourceIDs("aws_role"), 2)
}
