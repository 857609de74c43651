package hoststore

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// PermHostsView is the permission that the service asks for.
const PermHostsView = "hosts-view"

// Options are the manners of the service. The zero value is PrivX as it is most
// likely set up.
type Options struct {
	// SearchWithoutPrincipals leaves the accounts out of the rows of a search. Guess
	// (PXQ-080): a row is the same as the host alone.
	SearchWithoutPrincipals bool
	// SearchForbidden refuses the search of a caller without hosts-view. Guess (PXQ-081): it
	// is shown the hosts that it reaches itself.
	SearchForbidden bool
}

type service struct {
	store *HostTable
	view  target.View
	opts  Options
}

// Service returns the service that tells the truth of a store.
func Service(store *HostTable, shared target.Options, opts Options) core.Service {
	s := &service{store, target.View{Options: shared, Roles: store.roles}, opts}
	return core.Service{Name: "host-store", Data: store.table.Data(), Endpoints: []core.Endpoint{
		{Method: http.MethodPost, Path: "hosts/search", Shows: core.ShowsList, Handle: s.search},
		{Method: http.MethodGet, Path: "hosts", AnyOf: []string{PermHostsView}, Shows: core.ShowsList, Handle: s.list},
		{Method: http.MethodGet, Path: "hosts/{id}", AnyOf: []string{PermHostsView}, Shows: core.ShowsObject, Handle: s.get},
	}}
}

// hostSearch are the filters of a search that are simulated; there are more.
type hostSearch struct {
	Roles        []string `json:"role"`
	AccessGroups []string `json:"access_group_ids"`
}

// matches reports whether a host is found: one of the roles and access groups suffices.
func (q hostSearch) matches(h *Host) bool {
	return (len(q.AccessGroups) == 0 || slices.Contains(q.AccessGroups, h.AccessGroupID)) &&
		(len(q.Roles) == 0 || h.reachedBy(func(role string) bool { return slices.Contains(q.Roles, role) }))
}

// reachedBy reports whether one of some roles reaches an account of the host.
func (h *Host) reachedBy(some func(role string) bool) bool {
	return slices.ContainsFunc(h.Principals, func(p Principal) bool {
		return slices.ContainsFunc(p.Roles, func(ref target.RoleRef) bool { return !ref.Deleted && some(ref.ID) })
	})
}

// search shows the hosts that the caller may see and that it asks for.
func (s *service) search(c *core.Call) core.Answer {
	var q *hostSearch
	if json.Unmarshal(c.Body, &q) != nil || q == nil {
		return core.BadRequest("", "body is not a JSON object").Answer() // Guess (PXQ-011): as in the search for users.
	}
	shown := s.scope(c)
	if !c.Caller.May(PermHostsView) {
		if s.opts.SearchForbidden {
			return core.StatusError(http.StatusForbidden)
		}
		shown = s.own(c)
	}
	return s.page(c, func(h *Host) bool { return shown(h) && q.matches(h) }, !s.opts.SearchWithoutPrincipals)
}

// list shows the hosts that the caller may see.
func (s *service) list(c *core.Call) core.Answer { return s.page(c, s.scope(c), true) }

func (s *service) page(c *core.Call, shown func(*Host) bool, principals bool) core.Answer {
	w, err := hostOrder.Window(c)
	if err != nil {
		return err.Answer()
	}
	return s.store.table.Page(c, w, shown, func(h *Host) []byte { return s.encode(h, principals) })
}

// get shows a host.
func (s *service) get(c *core.Call) core.Answer {
	host := s.store.table.Get(c, c.ID)
	switch {
	case host == nil:
		return core.NotFound().Answer()
	case !s.scope(c)(host):
		return s.view.Foreign()
	default:
		return core.JSON(http.StatusOK, s.encode(host, true))
	}
}

// scope tells which hosts the caller may see.
func (s *service) scope(c *core.Call) func(*Host) bool {
	sees := s.view.Scope(c, PermHostsView)
	return func(h *Host) bool { return sees(h.AccessGroupID) }
}

// own tells which hosts the caller reaches itself.
func (s *service) own(c *core.Call) func(*Host) bool {
	held := s.view.Held(c.Caller.Principal, c.Now())
	return func(h *Host) bool {
		return h.reachedBy(func(role string) bool {
			return slices.ContainsFunc(held, func(r target.HeldRole) bool { return r.ID == role })
		})
	}
}
