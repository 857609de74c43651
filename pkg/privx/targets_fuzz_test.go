package privx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// reached are the ids of the roles that reach one target.
type reached struct {
	id    string
	roles []string
}

// fuzzedTargets are the lists of targets. Each returns what of its first page reaches what.
func (n *network) fuzzedTargets() []func(ctx context.Context) ([]reached, error) {
	return []func(ctx context.Context) ([]reached, error){
		func(ctx context.Context) ([]reached, error) {
			page, err := n.client.ListHosts(ctx, "")
			return reachedIn(page, err, func(h privx.Host) (string, [][]privx.RoleRef) {
				var refs [][]privx.RoleRef
				for _, account := range h.Accounts {
					refs = append(refs, account.Roles)
				}
				return h.ID, refs
			})
		},
		func(ctx context.Context) ([]reached, error) {
			page, err := n.client.ListSecrets(ctx, "")
			return reachedIn(page, err, func(s privx.Secret) (string, [][]privx.RoleRef) {
				return s.OwnerID + "/" + s.Name, [][]privx.RoleRef{s.ReadRoles, s.WriteRoles}
			})
		},
		func(ctx context.Context) ([]reached, error) {
			page, err := n.client.ListNetworkTargets(ctx, "")
			return reachedIn(page, err, func(t privx.NetworkTarget) (string, [][]privx.RoleRef) { return t.ID, [][]privx.RoleRef{t.Roles} })
		},
		func(ctx context.Context) ([]reached, error) {
			page, err := n.client.ListAPITargets(ctx, "")
			return reachedIn(page, err, func(t privx.APITarget) (string, [][]privx.RoleRef) { return t.ID, [][]privx.RoleRef{t.Roles} })
		},
		func(ctx context.Context) ([]reached, error) {
			page, err := n.client.ListAWSRoles(ctx, "")
			return reachedIn(page, err, func(r privx.AWSRole) (string, [][]privx.RoleRef) { return r.ID, [][]privx.RoleRef{r.Roles} })
		},
		func(ctx context.Context) ([]reached, error) {
			page, err := n.client.AccessGroups(ctx)
			return reachedIn(page, err, func(g privx.AccessGroup) (string, [][]privx.RoleRef) { return g.ID, nil })
		},
	}
}

func reachedIn[T any](page *privx.Page[T], err error, of func(T) (string, [][]privx.RoleRef)) ([]reached, error) {
	if err != nil {
		return nil, err
	}
	var all []reached
	for _, item := range page.Items {
		id, lists := of(item)
		one := reached{id: id}
		for _, refs := range lists {
			for _, ref := range refs {
				one.roles = append(one.roles, ref.ID)
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// plainRow is all that any target says of reach.
type plainRow struct {
	ID         string     `json:"id"`
	Name       any        `json:"name"`
	OwnerID    any        `json:"owner_id"`
	Roles      []plainRef `json:"roles"`
	ReadRoles  []plainRef `json:"read_roles"`
	WriteRoles []plainRef `json:"write_roles"`
	Principals []struct {
		Roles []plainRef `json:"roles"`
	} `json:"principals"`
}

type plainRef struct {
	ID string `json:"id"`
}

// plainRows are the rows of a list of one kind of targets: what of reach is in it.
func plainRows(body string, which int) []reached {
	var list struct {
		Items []plainRow `json:"items"`
	}
	if json.Unmarshal([]byte(body), &list.Items) != nil {
		list.Items = nil
		_ = json.Unmarshal([]byte(body), &list)
	}
	var all []reached
	for _, row := range list.Items {
		one := reached{id: row.ID}
		refs := row.Roles
		switch which {
		case 0:
			refs = nil
			for _, p := range row.Principals {
				refs = append(refs, p.Roles...)
			}
		case 1:
			owner, _ := row.OwnerID.(string)
			name, _ := row.Name.(string)
			one.id, refs = owner+"/"+name, slices.Concat(row.ReadRoles, row.WriteRoles)
		case 5:
			refs = nil
		}
		for _, ref := range refs {
			one.roles = append(one.roles, ref.ID)
		}
		all = append(all, one)
	}
	return all
}

// Whatever PrivX answers in place of a list of targets: each role that reaches one is there,
// or there is an error, which repeats nothing of the answer.
func FuzzTargets(f *testing.F) {
	network := newNetwork(f)
	lists := network.fuzzedTargets()
	var bodies []string
	for _, options := range []privxsim.Options{{}, {NullLists: true, DisabledForm: privxsim.DisabledBoolean, AWSRolesEnvelope: true}} {
		store := targetStore(2, targetPermissions...)
		_ = richHost(store)
		bodies = append(bodies, simulatedAnswers(f, store, options, (*harness).targetCalls)...)
	}
	bodies = append(bodies,
		`{"items":[{"id":"h","principals":[{"principal":"`+private+`","roles":[{"id":"r"},{"id":""}]}]}]}`,
		`{"items":[{"id":"h","name":"n","disabled":true,"roles":null,"principals":null,"services":[{"port":"22"},{"port":1e999}]}]}`,
		`{"items":[{"id":"h","name":"n","roles":[{"id":"r","name":7}],"principals":[{"roles":"`+private+`"}]}]}`,
		`{"items":[{"id":"h","principals":[{"command_restrictions":{"default_whitelist":{},"whitelists":[null]},"service_options":{"ssh":[1]},"target_domain":{}}]}]}`,
		`[{"id":"a","roles":[{"id":"r"}]},{"id":"A"}]`, `[]`, `null`, ` [null]`, `{}`, `{"count":9}`, `{"items":[{"name":"x"},{"name":"X"},{"name":"x","owner_id":"o"}]}`,
	)
	for i, body := range bodies {
		for which := range lists {
			f.Add(uint8(which), "application/json", body, []byte{})
			f.Add(uint8(which), "application/json", body, []byte{byte(i), byte(which + i), byte(7 * i)})
		}
		f.Add(uint8(i), []string{"", "text/html", "text/plain"}[i%3], body, []byte{})
	}
	f.Fuzz(func(t *testing.T, which uint8, contentType, text string, edits []byte) {
		body, list := oddjson.Spoil(text, edits), int(which)%len(lists)
		network.answer(http.StatusOK, contentType, body)
		var got []reached
		var err error
		synctest.Test(t, func(t *testing.T) { got, err = lists[list](t.Context()) })
		if err != nil {
			_ = requireTold(t, err)
			require.NotContains(t, err.Error(), private)
			require.False(t, privx.IsNotFound(err))
			return
		}
		requireReached(t, plainRows(body, list), got, list)
	})
}

// requireReached checks that rows are those of an answer. Where an id came twice, the first
// row with it counts.
func requireReached(t *testing.T, want, got []reached, list int) {
	t.Helper()
	seen := map[string]bool{}
	var firsts []reached
	for _, row := range want {
		key := row.id
		if list != 1 {
			key = privx.CanonicalID(key)
		}
		if !seen[key] {
			seen[key] = true
			firsts = append(firsts, row)
		}
	}
	require.Equal(t, firsts, got)
	for _, row := range got {
		require.NotContains(t, row.roles, "")
	}
}
