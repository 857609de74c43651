package connector_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// longestID is more than PrivX's own ids have, those of roles among them.
const longestID = 64

// targetMaker makes a target of what the client has read of one, and the same target of lists
// in another order. It is not ok if the client would have refused it.
type targetMaker func(text string) (target, shuffled reach.Target, ok bool)

// targetMakers are those of all kinds, with the keys that the profile of each may have.
var targetMakers = []struct {
	make targetMaker
	keys string
}{
	{madeOf(reachOfHost, shuffledHost, fitHost), "name addresses services tags zone cloud_provider cloud_region access_group_id access_group_name disabled recorded"},
	{madeOf(reach.OfSecret, func(s *privx.Secret) { reverse(s.ReadRoles, s.WriteRoles) }, func(s privx.Secret) bool {
		return s.Name != "" && fit(s.OwnerID+"x", s.ReadRoles, s.WriteRoles)
	}), "name path owner_id updated personal"},
	{madeOf(reach.OfNetworkTarget, func(n *privx.NetworkTarget) { reverse(n.Roles) }, func(n privx.NetworkTarget) bool {
		return fit(n.ID, n.Roles)
	}), "name destinations tags disabled exclusive_access"},
	{madeOf(reachOfAPI, func(a *privx.APITarget) { reverse(a.Roles) }, func(a privx.APITarget) bool {
		return fit(a.ID, a.Roles)
	}), "name endpoints tags access_group_id access_group_name disabled recorded"},
	{madeOf(reach.OfAWSRole, func(a *privx.AWSRole) { reverse(a.Roles) }, func(a privx.AWSRole) bool {
		return fit(a.ID, a.Roles)
	}), "name arn description source_id status"},
}

var groupsOfTargets = reach.Groups{"g": "Group"}

func reachOfHost(h privx.Host) reach.Target { return reach.OfHost(h, groupsOfTargets) }

func reachOfAPI(a privx.APITarget) reach.Target { return reach.OfAPITarget(a, groupsOfTargets) }

func madeOf[T any](of func(T) reach.Target, shuffle func(*T), fits func(T) bool) targetMaker {
	return func(text string) (reach.Target, reach.Target, bool) {
		var one, other T
		if json.Unmarshal([]byte(text), &one) != nil || json.Unmarshal([]byte(text), &other) != nil || !fits(one) {
			return reach.Target{}, reach.Target{}, false
		}
		shuffle(&other)
		return of(one), of(other), true
	}
}

func reverse[T any](lists ...[]T) {
	for _, list := range lists {
		slices.Reverse(list)
	}
}

func shuffledHost(h *privx.Host) {
	reverse(h.Accounts)
	for _, account := range h.Accounts {
		reverse(account.Roles)
		reverse(account.Applications)
	}
}

// fit tells whether ids are such as PrivX gives.
func fit(id string, lists ...[]privx.RoleRef) bool {
	good := func(id string) bool { return id != "" && len(id) <= longestID }
	for _, list := range lists {
		if slices.ContainsFunc(list, func(r privx.RoleRef) bool { return !good(r.ID) }) {
			return false
		}
	}
	return good(id)
}

func fitHost(h privx.Host) bool {
	return fit(h.ID) && !slices.ContainsFunc(h.Accounts, func(a privx.Account) bool {
		return !fit(h.ID, a.Roles) || a.Domain != nil && !fit(a.Domain.ID)
	})
}

// Of whatever PrivX says of a target: its rows are such as baton-sdk takes, and the order of
// its accounts and roles has no say.
func FuzzTargetRows(f *testing.F) {
	roles := []privx.RoleRef{{ID: "r1", Name: "one"}, {ID: "R2"}, {ID: "r3", Deleted: true}, {ID: "r2"}}
	domain := &privx.Named{ID: "D", Name: "corp"}
	yes := true
	for _, row := range []any{
		privx.Host{
			ID: "h", CommonName: "db", Addresses: []string{"10.0.0.1"}, Tags: []string{"a"}, AccessGroupID: "G", Recorded: &yes, Disabled: "BY_ADMIN",
			Services: []privx.HostService{{Service: "SSH", Address: "x", Port: 22}}, Created: "2026-01-01T00:00:00Z",
			Rotations: []privx.Rotation{{Principal: "root", LastRotated: "2026-01-01T00:00:00Z", LastError: "no"}},
			Accounts: []privx.Account{
				{Principal: "root", Roles: roles, Options: map[string]map[string]bool{"ssh": {"shell": true, "x11": false}}},
				{Principal: "root", Roles: roles[:1], Commands: &privx.CommandRestrictions{Enabled: true, DefaultWhitelist: domain}},
				{Principal: "root", Domain: domain, Roles: roles}, {UsernameAttribute: "a/b", Roles: roles},
				{UseUserAccount: true, Roles: roles}, {Roles: roles, Applications: []string{"b", "a"}}, {Principal: long, Domain: domain, Roles: roles},
			},
		},
		privx.Secret{Name: "a/b", ReadRoles: roles, WriteRoles: roles[1:], Path: "/", Created: "2026-01-01T00:00:00Z"},
		privx.NetworkTarget{ID: "n", Name: "office", Roles: roles, Destinations: []privx.Destination{{Protocol: "TCP", Addresses: "10.0.0.1", Ports: "1-2"}}},
		privx.APITarget{ID: "a", Name: "billing", Roles: roles, Endpoints: []privx.APIEndpoint{{Host: "x", Methods: []string{"GET"}, Paths: []string{"/"}}}},
		privx.AWSRole{ID: "w", Name: "admin", ARN: "arn:aws", Status: "MISSING", Roles: roles},
		privx.Secret{Name: long, OwnerID: "u"},
	} {
		text, err := json.Marshal(row)
		require.NoError(f, err)
		for i := range 8 {
			f.Add(string(text), []byte{byte(3 * i), byte(5 * i), byte(7 * i), byte(i + 3)})
		}
		f.Add(string(text), []byte{})
	}
	f.Fuzz(func(t *testing.T, text string, edits []byte) {
		body := oddjson.Spoil(text, edits)
		for _, maker := range targetMakers {
			target, shuffled, ok := maker.make(body)
			if !ok {
				continue
			}
			requireTarget(t, target, shuffled, strings.Fields(maker.keys))
		}
	})
}

func requireTarget(t *testing.T, target, shuffled reach.Target, keys []string) {
	t.Helper()
	seen := make(map[string]string)
	for _, way := range target.Ways {
		for _, role := range way.Roles {
			seen[role] = role
		}
	}
	row, entitlements, grants, err := connector.TargetRows(t.Context(), target, seen)
	require.NoError(t, err)
	requireResource(t, row, string(target.Kind), target.ID, keys...)
	byEntitlement := byID(t, entitlements, (*v2.Entitlement).GetId)
	for _, entitlement := range entitlements {
		requireRow(t, entitlement)
	}
	want := 0
	for _, way := range target.Ways {
		want += max(len(way.Roles), min(len(target.Owner), 1))
	}
	require.Len(t, byID(t, grants, (*v2.Grant).GetId), want)
	for _, grant := range grants {
		requireRow(t, grant)
		require.Contains(t, byEntitlement, grant.GetEntitlement().GetId())
	}
	other, others, grantsOfOther, err := connector.TargetRows(t.Context(), shuffled, seen)
	require.NoError(t, err)
	require.True(t, proto.Equal(row, other), "the order has a say:\n%v\n%v", row, other)
	requireSameRows(t, byEntitlement, byID(t, others, (*v2.Entitlement).GetId))
	requireSameRows(t, byID(t, grants, (*v2.Grant).GetId), byID(t, grantsOfOther, (*v2.Grant).GetId))
	var sums reach.Sums
	sums.Add(target)
	for role := range seen {
		sum := sums.Of(role)
		require.NotEmpty(t, sum.InWords(target.Kind))
		_ = sum.RecordedInWords()
	}
}
