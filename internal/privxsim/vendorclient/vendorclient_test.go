package vendorclient_test

import (
	"crypto/x509"
	"encoding/pem"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/SSHcom/privx-sdk-go/v2/api/auth"
	"github.com/SSHcom/privx-sdk-go/v2/api/filters"
	"github.com/SSHcom/privx-sdk-go/v2/api/rolestore"
	"github.com/SSHcom/privx-sdk-go/v2/oauth"
	"github.com/SSHcom/privx-sdk-go/v2/restapi"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// setUp serves a seeded tenant with TLS, and returns the vendor's client for it.
func setUp(t *testing.T) (*privxsim.Store, *privxsim.Simulator, restapi.Connector) {
	t.Helper()
	return setUpWith(t, privxsim.Options{MemberCount: true})
}

// setUpWith does so with options of the simulator and of the client.
func setUpWith(t *testing.T, opts privxsim.Options, client ...oauth.Option) (*privxsim.Store, *privxsim.Simulator, restapi.Connector) {
	t.Helper()
	return setUpTenant(t, privxsim.SeedOptions{}, opts, client...)
}

// setUpTenant does so with a tenant of a size.
func setUpTenant(t *testing.T, size privxsim.SeedOptions, opts privxsim.Options, client ...oauth.Option) (*privxsim.Store, *privxsim.Simulator, restapi.Connector) {
	t.Helper()
	store := privxsim.Seed(size)
	sim := privxsim.New(store, opts)
	server, err := privxsim.Serve(sim, privxsim.ServeOptions{TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	block, _ := pem.Decode(server.CAPEM)
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	base := func(opts ...restapi.Option) restapi.Connector {
		return restapi.New(append(opts, restapi.TrustAnchor(ca), restapi.BaseURL(server.URL))...)
	}
	authorizer := oauth.With(base(), append(client,
		oauth.Digest(privxsim.DefaultOAuthClientID, privxsim.DefaultOAuthClientSecret),
		oauth.Access(privxsim.DefaultAPIClientID), oauth.Secret(privxsim.DefaultAPIClientSecret),
	)...)
	// This client makes up the cookies of a request before it asks for a token: with
	// the first request come none, and another node may answer.
	if _, err := authorizer.AccessToken(); err != nil {
		t.Fatal(err)
	}
	return store, sim, base(restapi.Auth(authorizer))
}

func TestTokenAndLogout(t *testing.T) {
	t.Parallel()
	_, sim, connector := setUp(t)
	client := rolestore.New(connector)
	for range 3 {
		if _, err := client.GetRoles(); err != nil {
			t.Fatal(err)
		}
	}
	if n := sim.CountRequests("POST", "/auth/api/v1/oauth/token"); n != 1 {
		t.Errorf("%d tokens for three calls", n)
	}
	if err := auth.New(connector).Logout(); err != nil || sim.Sessions() != 0 {
		t.Errorf("logout: %v, %d sessions", err, sim.Sessions())
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	store, _, connector := setUp(t)
	client := rolestore.New(connector)
	found := map[string]rolestore.User{}
	for offset := 0; ; {
		page, err := client.SearchUsers(rolestore.UserSearch{}, filters.Paging(offset, 40), filters.Sort("created", filters.ASC))
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			break
		}
		if page.Count != len(store.Users()) {
			t.Errorf("count %d", page.Count)
		}
		for _, u := range page.Items {
			found[u.ID] = u
		}
		offset += len(page.Items)
	}
	for _, want := range store.Users() {
		got := found[want.ID]
		if got.Principal != want.Principal || got.FullName != want.FullName || got.Email != want.Email ||
			got.Source != want.Source || got.SourceType != want.SourceType || got.Created != want.Created ||
			got.SamAccountName != want.SAMAccountName || got.RefreshTimestamp != want.RefreshTimestamp ||
			got.MFA.TotpStatus != want.MFA.Status || got.MFA.TotpMFASeed.Seed_string != want.MFA.Seed.String || got.Roles != nil {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if len(found) != len(store.Users()) {
		t.Errorf("%d users, want %d", len(found), len(store.Users()))
	}

	one, err := client.GetUser(privxsim.DefaultAPIClientID)
	if err != nil || one.FullName != "Baton" || len(one.Roles) != 2 {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := client.GetUser("00000000-0000-4000-8000-000000000000"); err == nil {
		t.Error("no error for a user that is not there")
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	store, _, connector := setUp(t)
	client := rolestore.New(connector)
	page, err := client.GetRoles(filters.Limit(1000), filters.SortAsc("name"))
	if err != nil || len(page.Items) != len(store.Roles()) || page.Count != len(store.Roles()) {
		t.Fatalf("%d roles of %d, %v", len(page.Items), page.Count, err)
	}
	want := map[string]privxsim.Role{}
	for _, r := range store.Roles() {
		want[r.ID] = r
	}
	for _, got := range page.Items {
		w := want[got.ID]
		if got.Name != w.Name || got.Comment != w.Comment || got.System != w.System || got.UpdatedBy != w.UpdatedBy ||
			got.Context.Enabled != w.Context.Enabled || !slices.Equal(got.Context.IPMasks, w.Context.IPMasks) ||
			!slices.Equal(got.Permissions, w.Permissions) || got.CreatedByDirectory != w.OwnerSource ||
			!sameRule(got.SourceRules, w.Rules) || got.MemberCount == nil {
			t.Errorf("got %+v, want %+v", got, w)
		}
		one, err := client.GetRole(got.ID)
		if err != nil || !reflect.DeepEqual(*one, got) {
			t.Errorf("alone: %+v, %v, in the list: %+v", one, err, got)
		}
	}
}

func sameRule(got rolestore.SourceRule, want privxsim.Rule) bool {
	return got.Type == want.Type && got.Match == want.Match && got.Source == want.Source && got.SearchString == want.SearchString &&
		slices.EqualFunc(got.SourceRules, want.Rules, sameRule)
}

func TestMembers(t *testing.T) {
	t.Parallel()
	store, _, connector := setUp(t)
	client := rolestore.New(connector)
	want := map[string][]string{}
	for _, m := range store.Memberships() {
		want[m.RoleID] = append(want[m.RoleID], m.UserID)
	}
	for _, role := range store.Roles() {
		page, err := client.GetRoleMembers(role.ID, filters.Limit(1000))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range page.Items {
			got = append(got, u.ID)
			if len(u.Roles) != 1 || u.Roles[0].ID != role.ID || !u.Roles[0].Explicit && !u.Roles[0].Implicit {
				t.Errorf("roles of a member of %s: %+v", role.Name, u.Roles)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want[role.ID]) {
			t.Errorf("%s: %d members, want %d", role.Name, len(got), len(want[role.ID]))
		}
	}
}

// Members that carry many roles can be read all the same.
func TestHeavyMembers(t *testing.T) {
	t.Parallel()
	store, _, connector := setUpWith(t, privxsim.Options{HeavyMembers: 45})
	page, err := rolestore.New(connector).GetRoleMembers(store.UserRoleID(), filters.Limit(1000))
	if err != nil || len(page.Items) != len(store.Users()) {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, u := range page.Items {
		held := slices.ContainsFunc(u.Roles, func(r rolestore.Role) bool { return r.ID == store.UserRoleID() && r.Implicit })
		if len(u.Roles) != 45 || !held {
			t.Errorf("%d roles, privx-user among them: %t", len(u.Roles), held)
		}
	}
}

func TestSourcesAndStatus(t *testing.T) {
	t.Parallel()
	store, _, connector := setUp(t)
	client := rolestore.New(connector)
	sources, err := client.GetSources()
	if err != nil || len(sources.Items) != len(store.Sources()) {
		t.Fatalf("%+v, %v", sources, err)
	}
	for i, want := range store.Sources() {
		if got := sources.Items[i]; got.Name != want.Name || got.Enabled != want.Enabled || got.Connection.Type != want.Type {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if status, err := client.Status(); err != nil || status.Status != "RUNNING" || status.StartTime.IsZero() {
		t.Errorf("%+v, %v", status, err)
	}
}

// What the vendor's client reads it can put back, to any user, and a grant on
// top of it is a grant.
func TestUserRolesGetAndPut(t *testing.T) {
	t.Parallel()
	store, _, connector := setUp(t)
	client := rolestore.New(connector)
	role := store.AddRole(privxsim.Role{Name: "granted by the vendor's client"})
	for _, user := range store.Users() {
		roles, err := client.GetUserRoles(user.ID)
		if err != nil {
			t.Fatal(err)
		}
		before := memberships(store, user.ID)
		if err := client.UpdateUserRoles(user.ID, roles.Items); err != nil {
			t.Fatal(err)
		}
		if after := memberships(store, user.ID); !reflect.DeepEqual(after, before) {
			t.Errorf("put back: %+v, before: %+v", after, before)
		}
		granted := append(roles.Items, rolestore.Role{ID: role.ID, Explicit: true, GrantType: privxsim.GrantPermanent})
		if err := client.UpdateUserRoles(user.ID, granted); err != nil {
			t.Fatal(err)
		}
		after := memberships(store, user.ID)
		if m := after[role.ID]; !m.Explicit || m.Implicit || m.Grant.Type != privxsim.GrantPermanent || len(after) != len(before)+1 {
			t.Errorf("granted: %+v", after)
		}
		if err := client.UpdateUserRoles(user.ID, roles.Items); err != nil {
			t.Fatal(err)
		}
		if after := memberships(store, user.ID); !reflect.DeepEqual(after, before) {
			t.Errorf("revoked: %+v, before: %+v", after, before)
		}
	}
	if err := client.UpdateUserRoles(privxsim.DefaultAPIClientID, nil); err == nil {
		t.Error("null, which this client sends of an empty list, is accepted")
	}
}

// memberships returns a user's memberships by role, without what this client
// cannot keep: fields that it does not know.
func memberships(store *privxsim.Store, userID string) map[string]privxsim.Membership {
	found := map[string]privxsim.Membership{}
	for _, m := range store.Memberships() {
		if m.UserID == userID {
			m.Extra = nil
			found[m.RoleID] = m
		}
	}
	return found
}

// In a cluster the vendor's client sees its own write if a cookie keeps it on its
// node, and without one meets nodes that do not know its token.
func TestCluster(t *testing.T) {
	t.Parallel()
	nodes := []privxsim.Node{{Lag: time.Hour, TokenLag: time.Hour}, {Lag: time.Hour, TokenLag: time.Hour}, {Lag: time.Hour, TokenLag: time.Hour}}
	store, _, connector := setUpWith(t, privxsim.Options{Nodes: nodes, AffinityCookie: true}, oauth.UseCookies())
	client := rolestore.New(connector)
	role := store.Roles()[0]
	user := privxsim.DefaultAPIClientID
	for range 10 {
		for _, grant := range []bool{true, false} {
			roles, err := client.GetUserRoles(user)
			if err != nil {
				t.Fatal(err)
			}
			wanted := slices.DeleteFunc(roles.Items, func(r rolestore.Role) bool { return r.ID == role.ID })
			if grant {
				wanted = append(wanted, rolestore.Role{ID: role.ID, Explicit: true, GrantType: privxsim.GrantPermanent})
			}
			if err := client.UpdateUserRoles(user, wanted); err != nil {
				t.Fatal(err)
			}
			seen, err := client.GetUserRoles(user)
			if err != nil {
				t.Fatal(err)
			}
			held := slices.ContainsFunc(seen.Items, func(r rolestore.Role) bool { return r.ID == role.ID && r.Explicit })
			if held != grant || memberships(store, user)[role.ID].Explicit != grant {
				t.Errorf("granted %t: seen %t", grant, held)
			}
		}
	}

	_, _, connector = setUpWith(t, privxsim.Options{Nodes: nodes})
	client = rolestore.New(connector)
	refused := false
	for range 30 {
		_, err := client.GetUserRoles(user)
		refused = refused || err != nil
	}
	if !refused {
		t.Error("each node knows each token")
	}
}
