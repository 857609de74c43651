package vendorclient_test

import (
	"slices"
	"testing"
	"time"

	"github.com/SSHcom/privx-sdk-go/v2/api/apiproxy"
	"github.com/SSHcom/privx-sdk-go/v2/api/authorizer"
	"github.com/SSHcom/privx-sdk-go/v2/api/filters"
	"github.com/SSHcom/privx-sdk-go/v2/api/hoststore"
	"github.com/SSHcom/privx-sdk-go/v2/api/networkaccessmanager"
	"github.com/SSHcom/privx-sdk-go/v2/api/rolestore"
	"github.com/SSHcom/privx-sdk-go/v2/api/vault"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// targets is a tenant that has them.
var targets = privxsim.SeedOptions{Hosts: 60}

// readAll reads a list in pages of a size, oldest first.
func readAll[T any](t *testing.T, size int, page func(...filters.Option) ([]T, int, error)) []T {
	t.Helper()
	var all []T
	for {
		rows, count, err := page(filters.Paging(len(all), size), filters.Sort("created", filters.ASC))
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, rows...); len(all) >= count {
			return all
		}
	}
}

// refs are references to roles, by what tells them apart.
func refs[T any](of []T, id func(T) (string, string, bool)) []privxsim.RoleRef {
	var all []privxsim.RoleRef
	for _, ref := range of {
		id, name, deleted := id(ref)
		all = append(all, privxsim.RoleRef{ID: id, Name: name, Deleted: deleted})
	}
	return all
}

// shown are references as the simulator shows them.
func shown(store *privxsim.Store, of []privxsim.RoleRef) []privxsim.RoleRef {
	return refs(of, func(ref privxsim.RoleRef) (string, string, bool) {
		_, there := store.RoleName(ref.ID)
		return ref.ID, ref.Name, !there
	})
}

func isDisabled(text string) string {
	if text == "FALSE" {
		return ""
	}
	return text
}

func TestHosts(t *testing.T) {
	t.Parallel()
	store, _, connector := setUpTenant(t, targets, privxsim.Options{})
	client := hoststore.New(connector)
	found := map[string]hoststore.Host{}
	for _, host := range readAll(t, 7, func(opts ...filters.Option) ([]hoststore.Host, int, error) {
		page, err := client.SearchHosts(&hoststore.HostSearch{}, opts...)
		return page.Items, page.Count, err
	}) {
		found[host.ID] = host
	}
	role := func(r hoststore.HostRole) (string, string, bool) { return r.ID, r.Name, r.Deleted }
	for _, want := range store.Hosts() {
		got := found[want.ID]
		if got.CommonName != want.CommonName || !slices.Equal(got.Addresses, want.Addresses) || !slices.Equal(got.Tags, want.Tags) ||
			got.AccessGroupID != want.AccessGroupID || isDisabled(got.Disabled) != want.Disabled || got.Deleted != want.Deleted ||
			got.Zone != want.Zone || got.CloudProvider != want.CloudProvider || got.Created != want.Created ||
			(got.AuditEnabled == nil) != (want.AuditEnabled == nil) || len(got.Services) != len(want.Services) ||
			(got.PasswordRotation == nil) != (want.PasswordRotation == nil) || len(got.Principals) != len(want.Principals) {
			t.Errorf("got %+v\nwant %+v", got, want)
			continue
		}
		for i, want := range want.Principals {
			got := got.Principals[i]
			if got.Principal != want.Principal || got.UsernameAttribute != want.UsernameAttribute || got.UseUserAccount != want.UseUserAccount ||
				(got.TargetDomain == nil) != (want.TargetDomain == nil) || !slices.Equal(refs(got.Roles, role), shown(store, want.Roles)) ||
				got.Passphrase == "" || (got.ServiceOptions == nil) != (want.ServiceOptions == nil) ||
				want.CommandRestrictions != nil && len(got.CommandRestrictions.WhiteLists) != len(want.CommandRestrictions.Whitelists) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		}
		if one, err := client.GetHost(want.ID); err != nil || one.CommonName != want.CommonName || len(one.Principals) != len(want.Principals) {
			t.Errorf("alone: %+v, %v", one, err)
		}
	}
	if page, err := client.GetHosts(filters.Limit(1000)); err != nil || len(page.Items) != len(store.Hosts()) {
		t.Errorf("the other list: %+v, %v", page, err)
	}
}

// The client names the page in the query and in the body.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, inBody := range []bool{false, true} {
		store, _, connector := setUpTenant(t, targets, privxsim.Options{VaultPagingInBody: inBody})
		client := vault.New(connector)
		found := map[string]vault.Secret{}
		read := 0
		for _, secret := range readAll(t, 5, func(opts ...filters.Option) ([]vault.Secret, int, error) {
			search := vault.SecretSearch{Limit: 5, Offset: read, SortKey: "created", SortDir: filters.ASC}
			page, err := client.SearchSecrets(search, opts...)
			read += len(page.Items)
			return page.Items, page.Count, err
		}) {
			found[secret.OwnerID+"/"+secret.Name] = secret
		}
		role := func(r rolestore.RoleHandle) (string, string, bool) { return r.ID, r.Name, r.Deleted }
		for _, want := range store.Secrets() {
			got := found[want.OwnerID+"/"+want.Name]
			if got.Name != want.Name || got.Data != nil || got.Created.Format(time.RFC3339) != want.Created ||
				!slices.Equal(refs(got.ReadRoles, role), shown(store, want.ReadRoles)) ||
				!slices.Equal(refs(got.WriteRoles, role), shown(store, want.WriteRoles)) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		}
		if one, err := client.GetSecretsMetadata("database"); err != nil || one.Name != "database" || one.OwnerID != "" || one.Data != nil {
			t.Errorf("alone: %+v, %v", one, err)
		}
	}
}

func TestNetworkTargets(t *testing.T) {
	t.Parallel()
	store, _, connector := setUpTenant(t, targets, privxsim.Options{})
	client := networkaccessmanager.New(connector)
	found := map[string]networkaccessmanager.NetworkTarget{}
	for _, nt := range readAll(t, 5, func(opts ...filters.Option) ([]networkaccessmanager.NetworkTarget, int, error) {
		page, err := client.GetNetworkTargets(opts...)
		return page.Items, page.Count, err
	}) {
		found[nt.ID] = nt
	}
	role := func(r networkaccessmanager.RoleHandle) (string, string, bool) { return r.ID, r.Name, r.Deleted }
	for _, want := range store.NetworkTargets() {
		got := found[want.ID]
		if got.Name != want.Name || isDisabled(got.Disabled) != want.Disabled || got.ExclusiveAccess != want.ExclusiveAccess ||
			len(got.Dst) != len(want.Destinations) || !slices.Equal(got.Tags, want.Tags) ||
			!slices.Equal(refs(got.Roles, role), shown(store, want.Roles)) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		for i, want := range want.Destinations {
			sel := got.Dst[i].Sel
			if sel.Protocol != want.Selector.Protocol || sel.IP.End != want.Selector.IP.End || sel.Port.Start != want.Selector.Port.Start ||
				want.NAT != nil && got.Dst[i].NAT.Addr != want.NAT.Address {
				t.Errorf("got %+v\nwant %+v", got.Dst[i], want)
			}
		}
		if one, err := client.GetNetworkTarget(want.ID); err != nil || one.Name != want.Name {
			t.Errorf("alone: %+v, %v", one, err)
		}
	}
}

func TestAPITargets(t *testing.T) {
	t.Parallel()
	store, _, connector := setUpTenant(t, targets, privxsim.Options{})
	client := apiproxy.New(connector)
	found := map[string]apiproxy.ApiTarget{}
	for _, at := range readAll(t, 5, func(opts ...filters.Option) ([]apiproxy.ApiTarget, int, error) {
		page, err := client.GetApiTargets(opts...)
		return page.Items, page.Count, err
	}) {
		found[at.ID] = at
	}
	role := func(r apiproxy.RoleHandle) (string, string, bool) { return r.ID, r.Name, r.Deleted }
	for _, want := range store.APITargets() {
		got := found[want.ID]
		if got.Name != want.Name || isDisabled(got.Disabled) != want.Disabled || got.AccessGroupID != want.AccessGroupID ||
			got.TargetCredential.Type != want.CredentialType || got.TargetCredential.BearerToken == "" ||
			len(got.AuthorizedEndpoints) != len(want.AuthorizedEndpoints) || !slices.Equal(refs(got.Roles, role), shown(store, want.Roles)) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		if one, err := client.GetApiTarget(want.ID); err != nil || one.Name != want.Name {
			t.Errorf("alone: %+v, %v", one, err)
		}
	}
}

// This client knows the list of AWS roles as an object alone, and the documentation as
// an array alone.
func TestAWSRoles(t *testing.T) {
	t.Parallel()
	store, _, connector := setUpTenant(t, targets, privxsim.Options{AWSRolesEnvelope: true})
	client := rolestore.New(connector)
	page, err := client.GetAWSRoles()
	if err != nil || page.Count != len(store.AWSRoles()) {
		t.Fatalf("%+v, %v", page, err)
	}
	found := map[string]rolestore.AWSRole{}
	for _, role := range page.Items {
		found[role.ID] = role
	}
	role := func(r rolestore.LinkedPrivXRole) (string, string, bool) { return r.ID, r.DisplayName, false }
	for _, want := range store.AWSRoles() {
		got := found[want.ID]
		linked := refs(want.Roles, func(r privxsim.RoleRef) (string, string, bool) { return r.ID, r.Name, false })
		if got.DisplayName != want.Name || got.ARN != want.ARN || got.Status != want.Status || got.Source != want.Source ||
			!slices.Equal(refs(got.Roles, role), linked) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		if one, err := client.GetAWSRole(want.ID); err != nil || one.DisplayName != want.Name {
			t.Errorf("alone: %+v, %v", one, err)
		}
	}

	_, _, connector = setUpTenant(t, targets, privxsim.Options{})
	if _, err := rolestore.New(connector).GetAWSRoles(); err == nil {
		t.Error("this client decodes an array")
	}
}

func TestAccessGroups(t *testing.T) {
	t.Parallel()
	store, _, connector := setUpTenant(t, targets, privxsim.Options{})
	page, err := authorizer.New(connector).GetAccessGroups()
	if err != nil || page.Count != len(store.AccessGroups()) {
		t.Fatalf("%+v, %v", page, err)
	}
	for i, want := range store.AccessGroups() {
		if got := page.Items[i]; got.ID != want.ID || got.Name != want.Name || got.Default != want.Default {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}
