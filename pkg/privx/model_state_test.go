package privx_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// modelTick is the time between two steps. Periods begin and end at whole ticks, so that
// none begins or ends during a step.
const modelTick = 15 * time.Minute

// modelGrantLength is chosen so that a grant ends between two steps.
const modelGrantLength = 8*time.Hour + modelTick/2

// key is a membership.
type key struct{ user, role string }

// holding is how a membership is held; its zero value is not at all.
type holding struct {
	explicit, implicit bool
	grant              privxsim.Grant
	extra              map[string]json.RawMessage
}

// inForce tells whether a grant holds, by the model's own code and not the client's.
func (h holding) inForce(now time.Time) bool {
	if h.grant.Type != privxsim.GrantTimeRestricted {
		return h.explicit
	}
	return h.explicit && slices.ContainsFunc(modelPeriods(h.grant), func(p [2]time.Time) bool {
		return p[0].Compare(now) <= 0 && p[1].Compare(now) > 0
	})
}

func modelPeriods(g privxsim.Grant) [][2]time.Time {
	periods := g.Periods
	if len(periods) == 0 {
		periods = []privxsim.Period{{Start: g.Start, End: g.End}}
	}
	var all [][2]time.Time
	for _, p := range periods {
		start, _ := time.Parse(time.RFC3339, p.Start)
		end, _ := time.Parse(time.RFC3339, p.End)
		all = append(all, [2]time.Time{start, end})
	}
	return all
}

// model is the reference model: who holds which role, and what was done.
type model struct {
	*harness

	t           *testing.T
	random      *rand.Rand
	grantLength time.Duration
	users       []string
	roles       []string
	held        map[key]holding
	fixed       []privxsim.Membership // of the API client
	told        string                // what the step does
	seen        map[string]int        // what has come of changes, so that nothing is left out
	hook        sync.Mutex            // answers come on many goroutines
	onPut       func(n int)           // called when a write was answered
}

func newModel(t *testing.T, h *harness, seed uint64, length time.Duration) *model {
	t.Helper()
	m := &model{
		harness: h, t: t, random: rand.New(rand.NewPCG(seed, 0)), grantLength: length, held: map[key]holding{},
		fixed: h.memberships(), seen: map[string]int{},
	}
	for i := range 3 {
		m.users = append(m.users, h.store.AddUser(privxsim.User{Principal: fmt.Sprint("user", i)}).ID)
	}
	for i := range 4 {
		m.roles = append(m.roles, h.store.AddRole(privxsim.Role{Name: fmt.Sprint("role", i)}).ID)
	}
	m.afterPut(func(int) {
		m.hook.Lock()
		defer m.hook.Unlock()
		if m.onPut != nil {
			m.onPut(len(m.writes()))
		}
	})
	return m
}

// callOnPut sets the function that is called after a write was answered.
func (m *model) callOnPut(f func(n int)) {
	m.hook.Lock()
	defer m.hook.Unlock()
	m.onPut = f
}

func choose[T any](m *model, list ...T) T { return list[m.random.IntN(len(list))] }

func (m *model) chance(percent int) bool { return m.random.IntN(100) < percent }

func (m *model) key() key { return key{choose(m, m.users...), choose(m, m.roles...)} }

// tellf adds a step to the history that a failing test prints.
func (m *model) tellf(format string, args ...any) { m.told += fmt.Sprintf(format, args...) + "; " }

// name is the short name of a user or role.
func (m *model) name(id string) string {
	if i := slices.Index(m.users, id); i >= 0 {
		return fmt.Sprint("user", i)
	}
	return fmt.Sprint("role", slices.Index(m.roles, id))
}

// set changes a membership in the model, also one that does not exist (any more).
func (m *model) set(k key, change func(*holding)) {
	h := m.held[k]
	change(&h)
	if !h.explicit {
		h.grant, h.extra = privxsim.Grant{}, nil
	}
	m.held[k] = h
	if !h.explicit && !h.implicit {
		delete(m.held, k)
	}
}

// anyGrant is a random grant that PrivX accepts: in force, over or not yet begun.
func (m *model) anyGrant() privxsim.Grant {
	tick := func(n int) string {
		return time.Now().Add(time.Duration(n) * modelTick).Truncate(modelTick).UTC().Format(time.RFC3339)
	}
	start, end := m.random.IntN(9)-6, m.random.IntN(9)-4
	if end <= start {
		end = start + 1
	}
	switch choose(m, 0, 0, 1, 2, 3, 4) {
	case 0:
		return privxsim.Grant{Type: privxsim.GrantPermanent}
	case 1:
		return privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 1 + m.random.IntN(3)}
	case 2:
		return privxsim.Grant{Type: privxsim.GrantTimeRestricted, Start: tick(start), End: tick(end)}
	case 3:
		return privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: tick(-40), End: tick(-30)}, {Start: tick(start), End: tick(end)}}}
	default:
		return privxsim.Grant{
			Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: tick(start), End: tick(end)}},
			Start: tick(start), End: tick(end),
		}
	}
}

// foreign is a change by something else, or by PrivX itself.
func (m *model) foreign(k key) {
	switch choose(m, "grant", "grant", "remove", "remove", "map", "unmap", "float", "expire") {
	case "grant":
		grant := m.anyGrant()
		m.tellf("foreign grant of %s to %s: %+v", m.name(k.role), m.name(k.user), grant)
		m.store.GrantExplicit(k.role, k.user, grant)
		var extra map[string]json.RawMessage
		if m.chance(50) {
			extra = map[string]json.RawMessage{"x_ticket": json.RawMessage(`{"n":1.50,"é":"\u003c"}`), "y": json.RawMessage("1e3")}
			m.store.SetEntryExtra(k.role, k.user, extra)
		}
		m.set(k, func(h *holding) { h.explicit, h.grant, h.extra = true, grant, extra })
	case "remove":
		m.tellf("foreign removal of %s from %s", m.name(k.role), m.name(k.user))
		m.store.RemoveExplicit(k.role, k.user)
		m.set(k, func(h *holding) { h.explicit = false })
	case "map":
		m.tellf("%s mapped to %s", m.name(k.user), m.name(k.role))
		m.store.Map(k.role, k.user)
		m.set(k, func(h *holding) { h.implicit = true })
	case "unmap":
		m.tellf("%s unmapped from %s", m.name(k.user), m.name(k.role))
		m.store.Unmap(k.role, k.user)
		m.set(k, func(h *holding) { h.implicit = false })
	case "float":
		m.startFloating(k)
	case "expire":
		m.removeExpired()
	}
}

func (m *model) startFloating(k key) {
	now := time.Now().Truncate(modelTick)
	m.tellf("%s begins to use %s", m.name(k.user), m.name(k.role))
	m.store.StartFloating(k.role, k.user, now)
	if h := m.held[k]; h.explicit && h.grant.Type == privxsim.GrantFloating {
		m.set(k, func(h *holding) {
			h.grant = privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{
				Start: now.UTC().Format(time.RFC3339), End: now.Add(time.Duration(h.grant.FloatingHours) * time.Hour).UTC().Format(time.RFC3339),
			}}}
		})
	}
}

func (m *model) removeExpired() {
	now := time.Now()
	m.tellf("what is over is removed")
	m.store.RemoveExpired(now)
	for k, h := range maps.Clone(m.held) {
		over := h.grant.Type == privxsim.GrantTimeRestricted && !slices.ContainsFunc(modelPeriods(h.grant), func(p [2]time.Time) bool { return p[1].After(now) })
		if over {
			m.set(k, func(h *holding) { h.explicit = false })
		}
	}
}

// written changes the model as the client's write does, given the read before it.
func (m *model) written(k key, grants bool) {
	if !grants {
		m.set(k, func(h *holding) { h.explicit = false })
		return
	}
	grant := privxsim.Grant{Type: privxsim.GrantPermanent}
	if m.grantLength > 0 {
		var date time.Time
		for _, r := range m.sent(userRolesPath) {
			if r.Method == http.MethodGet && r.Status == http.StatusOK {
				date = r.Time.UTC()
			}
		}
		start, end := date.Truncate(time.Second).Format(time.RFC3339), date.Truncate(time.Second).Add(m.grantLength).Format(time.RFC3339)
		grant = privxsim.Grant{Type: privxsim.GrantTimeRestricted, Periods: []privxsim.Period{{Start: start, End: end}}, Start: start, End: end}
	}
	m.set(k, func(h *holding) { h.explicit, h.grant = true, grant })
}

// expected is what the store must have.
func (m *model) expected() []privxsim.Membership {
	all := slices.Clone(m.fixed)
	for _, user := range m.users {
		all = append(all, privxsim.Membership{RoleID: m.store.UserRoleID(), UserID: user, Implicit: true})
	}
	for k, h := range m.held {
		all = append(all, privxsim.Membership{
			RoleID: k.role, UserID: k.user, Explicit: h.explicit, Implicit: h.implicit, Grant: h.grant, Extra: h.extra,
		})
	}
	slices.SortFunc(all, func(a, b privxsim.Membership) int {
		return cmp.Or(cmp.Compare(a.RoleID, b.RoleID), cmp.Compare(a.UserID, b.UserID))
	})
	return all
}

// lines are memberships as text, one a line.
func lines(all []privxsim.Membership) string {
	text := ""
	for _, one := range all {
		text += fmt.Sprintf("%+v %s\n", one, one.Extra)
	}
	return text
}

// emptyStore is one in which there is no user but the API client.
func emptyStore() *privxsim.Store {
	store, _ := holdings()
	for _, user := range store.Users() {
		if user.SourceType != privx.SourceTypeAPIClient {
			store.RemoveUser(user.ID)
		}
	}
	return store
}
