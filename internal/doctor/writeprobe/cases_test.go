package writeprobe_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/writeprobe"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// one is a way in which a check ends, and how that comes about.
type one struct {
	check string
	// way is empty where it passes.
	way string
	// side is the answer to the check's question; empty if there is none.
	side string
	setup
	// loud tells that the list is not as it was, and that this is said.
	loud bool
}

// The writes of an undisturbed run, by their place.
const (
	putAsRead = iota
	putGrant
	putAgain
	putTwice
	putUnknown
	putRevoke
	putNewer
	putOlder
	putBoth
	putBack
)

// at is an arrangement in which a fault hits the write of a place, so many times; 0 is for
// ever.
func at(place, count int, f privxsim.Fault) setup {
	f.Skip, f.Count = place, count
	return setup{arrange: func(s *site) { s.sim.Inject(put(f)) }}
}

func arranged(f func(s *site)) setup { return setup{arrange: f} }

func with(o privxsim.Options) setup { return setup{options: o} }

// beforePut calls a function before the write of a place is made, and afterPut after it.
func (s *site) beforePut(place int, f func(body []byte)) { s.sim.OnRequest(atPut(place, f)) }

func (s *site) afterPut(place int, f func(body []byte)) { s.sim.OnResponse(atPut(place, f)) }

func atPut(place int, f func(body []byte)) func(privxsim.Request) {
	var n atomic.Int32
	return func(r privxsim.Request) {
		if r.Method == http.MethodPut && int(n.Add(1)) == place+1 {
			f(r.Body)
		}
	}
}

// mistakes are what is refused before anything is written.
func mistakes() []one {
	return []one{
		{check: "PX-PROBE-01"},
		{check: "PX-PROBE-01", way: "not-named", setup: arranged(func(s *site) { s.probe.UserID = "" })},
		{check: "PX-PROBE-01", way: "not-named", setup: arranged(func(s *site) { s.probe.RoleID = ".." })},
		{check: "PX-PROBE-01", way: "no-user", setup: arranged(func(s *site) { s.probe.UserID = s.role })},
		{check: "PX-PROBE-01", way: "no-role", setup: arranged(func(s *site) { s.probe.RoleID = s.user })},
		{check: "PX-PROBE-01", way: "itself", setup: arranged(func(s *site) { s.probe.UserID = strings.ToUpper(privxsim.DefaultAPIClientID) })},
		{check: "PX-PROBE-01", way: "itself", setup: arranged(func(s *site) { s.visit.Self = strings.ToUpper(s.user) })},
		{check: "PX-PROBE-01", way: "itself", setup: arranged(func(s *site) {
			s.sim.Inject(privxsim.Fault{Path: doctortest.CurrentPath, Status: http.StatusOK, Body: `{"id":"` + strings.ToUpper(s.user) + `"}`})
		})},
		{check: "PX-PROBE-01", way: "itself", setup: arranged(func(s *site) {
			s.store.UpdateUser(privxsim.User{ID: s.user, Principal: privxsim.DefaultAPIClientID})
		})},
		{check: "PX-PROBE-01", way: "api-client", setup: arranged(func(s *site) {
			s.probe.UserID = s.store.AddAPIClient(privxsim.APIClient{Name: "another", Secret: "x"}).ID
		})},
		{check: "PX-PROBE-01", way: "built-in", setup: arranged(func(s *site) { s.probe.RoleID = s.store.UserRoleID() })},
		{check: "PX-PROBE-01", way: "built-in", setup: arranged(func(s *site) {
			s.store.UpdateRole(privxsim.Role{ID: s.role, Name: "PrivX-Admin"})
		})},
		{check: "PX-PROBE-01", way: "built-in", setup: arranged(func(s *site) {
			s.store.UpdateRole(privxsim.Role{ID: s.role, Name: "harmless", System: true})
		})},
		{check: "PX-PROBE-01", way: "manages", setup: arranged(func(s *site) {
			s.store.UpdateRole(privxsim.Role{ID: s.role, Name: "x", Permissions: []string{"hosts-view", "Hosts-Manage"}})
		})},
		{check: "PX-PROBE-01", way: "silent", setup: arranged(func(s *site) {
			s.sim.Inject(privxsim.Fault{Path: rolePath, Status: http.StatusOK, Body: `{"id":"` + s.role + `","name":"x","permissions":null}`})
		})},
		{check: "PX-PROBE-01", way: "self-unknown", setup: arranged(func(s *site) {
			s.sim.Inject(doctortest.Status(http.MethodGet, doctortest.CurrentPath, http.StatusConflict))
		})},
		{check: "PX-PROBE-01", way: "unreadable", setup: arranged(func(s *site) { s.sim.Inject(doctortest.Status("", rolePath, http.StatusForbidden)) })},
		{check: "PX-PROBE-01", way: "unreadable", setup: arranged(func(s *site) { s.sim.Inject(doctortest.Status("", userPath, http.StatusForbidden)) })},
		{check: "PX-PROBE-01", way: "unreadable", setup: arranged(func(s *site) {
			s.sim.Inject(privxsim.Fault{Path: rolePath, Status: http.StatusOK, Body: `{"id":"` + s.other + `","name":"x","permissions":[]}`})
		})},

		{check: "PX-PROBE-02"},
		{check: "PX-PROBE-02", setup: with(privxsim.Options{HideUserRole: true})},
		{check: "PX-PROBE-02", way: "holds-it", setup: arranged(func(s *site) { s.store.GrantExplicit(s.role, s.user, privxsim.Grant{}) })},
		{check: "PX-PROBE-02", way: "holds-others", setup: arranged(func(s *site) { s.store.GrantExplicit(s.other, s.user, privxsim.Grant{}) })},
		{check: "PX-PROBE-02", way: "holds-others", setup: setup{clear: true, arrange: func(s *site) {
			s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
			s.store.GrantExplicit(s.other, s.user, privxsim.Grant{})
		}}},
		{check: "PX-PROBE-02", way: "holds-others", setup: setup{clear: true, arrange: func(s *site) { s.store.GrantExplicit(s.mapped, s.user, privxsim.Grant{}) }}},
		{check: "PX-PROBE-02", way: "holds-others", setup: arranged(func(s *site) { // A node that has just started.
			s.store.GrantExplicit(s.other, s.user, privxsim.Grant{})
			s.sim.Inject(get(privxsim.Fault{Kind: privxsim.FaultEmptyList}))
		})},
		{check: "PX-PROBE-02", way: "holds-others", setup: arranged(func(s *site) { // It is not said how.
			s.sim.Inject(get(privxsim.Fault{Status: http.StatusOK, Body: `{"count":1,"items":[{"id":"` + s.other + `"}]}`}))
		})},
		{check: "PX-PROBE-02", way: "holds-others", setup: arranged(func(s *site) { // It is granted meanwhile.
			time.AfterFunc(9500*time.Millisecond, func() { s.store.GrantExplicit(s.other, s.user, privxsim.Grant{}) })
		})},
		{check: "PX-PROBE-02", way: "by-rule", setup: arranged(func(s *site) { s.store.Map(s.role, s.user) })},
		{check: "PX-PROBE-02", way: "by-rule", setup: setup{clear: true, arrange: func(s *site) {
			s.store.Map(s.role, s.user)
			s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
		}}},
		{check: "PX-PROBE-02", way: "by-rule", setup: setup{clear: true, options: privxsim.Options{SplitMemberships: true}, arrange: func(s *site) {
			s.store.Map(s.role, s.user)
			s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
		}}},
		{check: "PX-PROBE-02", way: "powerful", setup: arranged(func(s *site) { s.store.Map(s.store.AdminRoleID(), s.user) })},
		{check: "PX-PROBE-02", way: "powerful", setup: arranged(func(s *site) {
			s.store.UpdateRole(privxsim.Role{ID: s.mapped, Name: "x", Permissions: []string{"hosts-view", "Hosts-Manage"}})
		})},
		{check: "PX-PROBE-02", way: "powerful", setup: setup{clear: true, arrange: func(s *site) {
			s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
			s.store.UpdateRole(privxsim.Role{ID: s.mapped, Name: "harmless", System: true})
		}}},
		{check: "PX-PROBE-02", way: "powerful", setup: arranged(func(s *site) { // The name alone does not make it privx-user.
			s.store.UpdateRole(privxsim.Role{ID: s.mapped, Name: "privx-user"})
		})},
		{check: "PX-PROBE-02", way: "powerful", setup: setup{options: privxsim.Options{HideUserRole: true}, arrange: func(s *site) {
			s.sim.Inject(privxsim.Fault{Path: rolePath, Skip: 1, Status: http.StatusOK, Body: `{"id":"` + s.mapped + `","name":"x","permissions":null}`})
		}}},
		{check: "PX-PROBE-02", way: "powerful", setup: arranged(func(s *site) {
			for range 20 {
				s.store.Map(s.store.AddRole(privxsim.Role{Name: "one of many"}).ID, s.user)
			}
		})},
		{check: "PX-PROBE-02", way: "unreadable", setup: arranged(func(s *site) {
			fault := doctortest.Status("", rolePath, http.StatusNotFound)
			fault.Skip = 1
			s.sim.Inject(fault)
		})},
		{check: "PX-PROBE-02", way: "restless", setup: arranged(func(s *site) {
			time.AfterFunc(5*time.Second, func() { s.store.Map(s.other, s.user) })
		})},
		{check: "PX-PROBE-02", way: "restless", setup: arranged(func(s *site) {
			s.sim.Inject(get(privxsim.Fault{Kind: privxsim.FaultEmptyList, Count: 9}))
		})},
		{check: "PX-PROBE-02", way: "restless", setup: arranged(func(s *site) { // Numbers that are the same as a float64.
			for _, number := range []string{"9007199254740993", "9007199254740992"} {
				list := `{"items":[{"id":"` + s.other + `","implicit":true,"n":` + number + `}]}`
				s.sim.Inject(get(privxsim.Fault{Status: http.StatusOK, Body: list, Count: 1}))
			}
		})},
		{check: "PX-PROBE-02", way: "unreadable", setup: arranged(func(s *site) { s.sim.Inject(get(status(http.StatusForbidden))) })},
		{check: "PX-PROBE-02", way: "unreadable", setup: arranged(func(s *site) { s.sim.Inject(get(status(http.StatusInternalServerError))) })},
		{check: "PX-PROBE-02", way: "unreadable", setup: arranged(func(s *site) { s.sim.Inject(get(privxsim.Fault{Kind: privxsim.FaultNullItems})) })},
		{check: "PX-PROBE-02", way: "unreadable", setup: with(privxsim.Options{Count: privxsim.CountTooLarge})},
		{check: "PX-PROBE-02", way: "unreadable", setup: arranged(func(s *site) {
			s.sim.Inject(privxsim.Fault{Path: userPath, Skip: 2, Status: http.StatusOK, Body: `{"id":"` + s.other + `"}`}) // current, too
		})},
		{check: "PX-PROBE-02", way: "cleared", setup: setup{clear: true, arrange: func(s *site) { s.store.GrantExplicit(s.role, s.user, privxsim.Grant{}) }}},
		{check: "PX-PROBE-02", way: "nothing-to-clear", setup: setup{clear: true}},
		{check: "PX-PROBE-02", way: "not-cleared", setup: setup{clear: true, arrange: func(s *site) {
			s.store.GrantExplicit(s.role, s.user, privxsim.Grant{})
			s.probe.Out = brokenPipe{}
		}}},
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// changes are what comes of the writes.
func changes() []one {
	forbidden, refused, failed, dropped := status(http.StatusForbidden), status(http.StatusBadRequest), status(http.StatusInternalServerError), privxsim.Fault{Kind: privxsim.FaultDropWrite}
	cases := []one{
		{check: "PX-PROBE-03", way: "forbidden", setup: at(putAsRead, 0, forbidden)},
		{check: "PX-PROBE-03", way: "forbidden", setup: at(putGrant, 0, forbidden)},
		{check: "PX-PROBE-03", way: "refused", setup: at(putAsRead, 0, refused)},
		{check: "PX-PROBE-03", way: "refused", setup: at(putAsRead, 4, status(http.StatusUnauthorized))},
		{check: "PX-PROBE-03", way: "failed", setup: at(putGrant, 1, failed)},
		{check: "PX-PROBE-03", way: "failed", setup: at(putGrant, 1, privxsim.Fault{Kind: privxsim.FaultHTML})},
		{check: "PX-PROBE-03", way: "unseen", setup: at(putGrant, 1, dropped)},
		{check: "PX-PROBE-03", way: "unreadable", loud: true, setup: arranged(func(s *site) {
			s.afterPut(putGrant, func([]byte) { s.sim.Inject(get(failed)) })
		})},
		{check: "PX-PROBE-03", way: "unreadable", loud: true, setup: arranged(func(s *site) {
			s.afterPut(putAsRead, func([]byte) { s.sim.Inject(get(failed)) })
		})},
		{check: "PX-PROBE-03", way: "unbegun", setup: arranged(func(s *site) { s.probe.Out = brokenPipe{} })},
		{check: "PX-PROBE-03", way: "unbegun", setup: arranged(func(s *site) { s.probe.Out = nil })},
		{check: "PX-PROBE-03", way: "not-reached", setup: arranged(func(s *site) {
			slow := privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: 9900 * time.Millisecond, Count: 2}
			s.sim.Inject(put(slow))
			s.afterPut(putAsRead, func([]byte) {
				s.sim.Inject(get(privxsim.Fault{Kind: privxsim.FaultStall, Count: 1}))
				s.sim.Inject(get(privxsim.Fault{Kind: slow.Kind, Delay: slow.Delay, Count: 1}))
			})
			s.afterPut(putGrant, func([]byte) { s.sim.Inject(get(privxsim.Fault{Kind: privxsim.FaultStall, Count: 3})) })
		})},
		{check: "PX-PROBE-04", way: "forbidden", setup: at(putRevoke, 1, forbidden)},
		{check: "PX-PROBE-04", way: "refused", setup: at(putRevoke, 1, refused)},
		{check: "PX-PROBE-04", way: "failed", setup: at(putRevoke, 1, failed)},
		{check: "PX-PROBE-04", way: "unseen", setup: at(putRevoke, 1, dropped)},
		{check: "PX-PROBE-04", way: "unreadable", loud: true, setup: arranged(func(s *site) {
			s.afterPut(putRevoke, func([]byte) { s.sim.Inject(get(failed)) })
		})},
		{check: "PX-PROBE-04", way: "not-reached", setup: at(putGrant, 1, dropped)},
		{check: "PX-PROBE-08", way: "refused", setup: at(putBack, 1, refused)},
		{check: "PX-PROBE-08", setup: at(putBack, 4, failed)},
		{check: "PX-PROBE-08", way: "failed", setup: at(putBack, 0, privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusBadGateway})},
		{check: "PX-PROBE-08", way: "unseen", loud: true, setup: at(putBack, 0, dropped)},
		{check: "PX-PROBE-08", way: "not-reached", setup: at(putAsRead, 0, forbidden)},
		{check: "PX-PROBE-09", way: "not-restored", loud: true, setup: at(putBack, 0, failed)},
		{check: "PX-PROBE-09", way: "unanswered", setup: at(putGrant, 1, privxsim.Fault{Kind: privxsim.FaultResetBefore})},
		{check: "PX-PROBE-09", way: "unanswered", setup: at(putNewer, 1, privxsim.Fault{Kind: privxsim.FaultStall})},
		{check: "PX-PROBE-09", way: "unanswered", setup: at(putAgain, 1, status(http.StatusGatewayTimeout))},
		{check: "PX-PROBE-09", way: "untouched", setup: at(putAsRead, 0, forbidden)},
	}
	for check, place := range map[string]int{"PX-PROBE-05": putBoth, "PX-PROBE-06": putNewer, "PX-PROBE-07": putOlder} {
		cases = append(cases,
			one{check: check, way: "refused", setup: at(place, 1, refused)},
			one{check: check, way: "endless", setup: at(place, 1, dropped)},
			one{check: check, way: "failed", setup: at(place, 1, failed)},
			one{check: check, way: "not-reached", setup: at(putGrant, 1, dropped)},
			one{check: check, way: "not-reached", setup: arranged(func(s *site) { s.sim.Inject(doctortest.NoDate()) })},
			one{check: check, way: "endless", setup: arranged(func(s *site) { // Its end is forgotten.
				s.afterPut(place, func([]byte) { s.store.GrantExplicit(s.role, s.user, privxsim.Grant{}) })
			})},
		)
	}
	for _, check := range []string{"PX-PROBE-03", "PX-PROBE-04", "PX-PROBE-05", "PX-PROBE-06", "PX-PROBE-07", "PX-PROBE-08", "PX-PROBE-09"} {
		cases = append(cases, one{check: check})
	}
	return cases
}

// answers are the sides of the register's questions.
func answers() []one {
	dropped := privxsim.Fault{Kind: privxsim.FaultDropWrite}
	return []one{
		{check: "PXQ-030", side: "a"},
		{check: "PXQ-030", way: "grants-all", side: "b", setup: with(privxsim.Options{GrantEveryEntry: true})},
		{check: "PXQ-030", way: "refused", side: "c", setup: arranged(refuseRules)},
		{check: "PXQ-030", way: "not-seen", setup: at(putAsRead, 1, status(http.StatusInternalServerError))},
		{check: "PXQ-030", way: "not-seen", setup: setup{options: privxsim.Options{HideUserRole: true}, arrange: func(s *site) { s.store.Unmap(s.mapped, s.user) }}},
		{check: "PXQ-031", side: "a"},
		{check: "PXQ-031", way: "refused", side: "b", setup: at(putAgain, 1, status(http.StatusBadRequest))},
		{check: "PXQ-031", way: "refused", side: "b", setup: arranged(refuseRules)},
		{check: "PXQ-031", side: doctor.Otherwise, setup: at(putTwice, 1, dropped)},
		{check: "PXQ-031", side: doctor.Otherwise, setup: at(putTwice, 1, status(http.StatusUnprocessableEntity))},
		{check: "PXQ-031", way: "altered", side: doctor.Otherwise, setup: arranged(func(s *site) {
			s.afterPut(putAgain, func([]byte) {
				s.store.GrantExplicit(s.role, s.user, privxsim.Grant{Type: privxsim.GrantFloating, FloatingHours: 3})
			})
		})},
		{check: "PXQ-031", way: "not-seen", setup: at(putTwice, 1, privxsim.Fault{Kind: privxsim.FaultResetBefore})},
		{check: "PXQ-031", way: "not-seen", setup: at(putTwice, 1, privxsim.Fault{Status: http.StatusBadRequest, Body: "<html>", Header: http.Header{"Content-Type": {"text/html"}}})},
		{check: "PXQ-033", side: "a"},
		{check: "PXQ-033", side: "b", setup: with(privxsim.Options{UnknownRoles: privxsim.UnknownRolesNotFound})},
		{check: "PXQ-033", side: "c", setup: with(privxsim.Options{UnknownRoles: privxsim.UnknownRolesIgnored})},
		{check: "PXQ-033", way: "otherwise", side: doctor.Otherwise, setup: at(putUnknown, 1, status(http.StatusConflict))},
		{check: "PXQ-033", way: "otherwise", side: doctor.Otherwise, setup: at(putUnknown, 2, status(http.StatusInternalServerError))},
		{check: "PXQ-033", way: "otherwise", side: doctor.Otherwise, setup: arranged(func(s *site) {
			s.beforePut(putUnknown, func(body []byte) { s.store.AddRole(privxsim.Role{ID: lastID(body), Name: "ghost"}) })
		})},
		{check: "PXQ-033", side: "a", setup: at(putUnknown, 1, status(http.StatusInternalServerError))},
		{check: "PXQ-033", way: "not-seen", setup: at(putUnknown, 1, status(http.StatusTooManyRequests))},
		{check: "PXQ-033", way: "not-seen", setup: at(putUnknown, 4, status(http.StatusUnauthorized))},
		{check: "PXQ-033", way: "not-seen", setup: arranged(func(s *site) {
			s.afterPut(putTwice, func([]byte) {
				s.sim.RevokeTokens()
				s.sim.Inject(privxsim.Fault{Path: doctortest.TokenPath, Status: http.StatusBadRequest, Count: 1})
			})
		}), loud: true},
		{check: "PXQ-035", side: "a"},
		{check: "PXQ-035", side: "b", setup: at(putGrant, 1, privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusAccepted, Body: "{}"})},
		{check: "PXQ-035", side: "b", setup: at(putGrant, 1, privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusOK, Body: `{"count":1}`})},
		{check: "PXQ-035", way: "dropped", side: "c", setup: at(putGrant, 1, dropped)},
		{check: "PXQ-035", way: "made", side: "d", setup: at(putGrant, 1, privxsim.Fault{Kind: privxsim.FaultResetAfter})},
		{check: "PXQ-035", way: "made", side: "d", setup: at(putGrant, 1, privxsim.Fault{Kind: privxsim.FaultStatusAfter, Status: http.StatusBadGateway})},
		{check: "PXQ-035", way: "not-seen", setup: at(putGrant, 1, status(http.StatusInternalServerError))},
		{check: "PXQ-035", way: "not-seen", setup: arranged(func(s *site) { // Something else takes it away at once.
			s.afterPut(putGrant, func([]byte) {
				s.store.RemoveExplicit(s.role, s.user)
				s.store.GrantExplicit(s.other, s.user, privxsim.Grant{})
			})
		}), loud: true},
		{check: "PXQ-064", side: "a"},
		{check: "PXQ-064", side: "b", setup: with(privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: 4 * time.Second}}, Route: writesTo(0)})},
		{check: "PXQ-064", side: "b", setup: with(privxsim.Options{Nodes: []privxsim.Node{{Lag: 9 * time.Second}, {Lag: 2 * time.Second}}, AffinityCookie: true})},
		{check: "PXQ-064", way: "longer", side: "c", setup: with(privxsim.Options{Nodes: []privxsim.Node{{}, {Lag: 16 * time.Second}}, Route: writesTo(0)})},
		{check: "PXQ-064", way: "not-seen", setup: at(putGrant, 1, dropped)},
	}
}

// writesTo leads writes to one of two nodes, and everything else to both by turns.
func writesTo(node int) func(privxsim.Request) int {
	var n atomic.Int32
	return func(r privxsim.Request) int {
		if r.Method == http.MethodPut {
			return node
		}
		return int(n.Add(1)) % 2
	}
}

// refuseRules refuses each list with an entry of a role that the user has only by a rule.
func refuseRules(s *site) {
	s.sim.OnRequest(func(r privxsim.Request) {
		var entries []struct{ Explicit, Implicit bool }
		_ = json.Unmarshal(r.Body, &entries)
		if r.Method == http.MethodPut && slices.Contains(entries, struct{ Explicit, Implicit bool }{Implicit: true}) {
			s.sim.Inject(put(privxsim.Fault{Status: http.StatusBadRequest, Count: 1}))
		}
	})
}

// lastID is the id of the last entry of a list.
func lastID(body []byte) string {
	var list []struct{ ID string }
	if json.Unmarshal(body, &list) != nil || len(list) == 0 {
		return ""
	}
	return list[len(list)-1].ID
}

// TestCases holds each check to its ways.
func TestCases(t *testing.T) {
	t.Parallel()
	reached := make(map[string]bool)
	for _, c := range append(append(mistakes(), changes()...), append(answers(), foreign()...)...) {
		reached[c.check+" "+c.way] = true
		t.Run(c.check+" "+c.way+" "+c.side, func(t *testing.T) {
			t.Parallel()
			in(t, c.setup, func(t *testing.T, s *site) { c.test(t, s) })
		})
	}
	for _, check := range writeprobe.Layer(&writeprobe.Probe{}).Checks {
		require.True(t, reached[check.ID+" "], "no case in which %s passes", check.ID)
		for _, way := range check.Ways {
			require.True(t, reached[check.ID+" "+way.Name], "no case for %s %s", check.ID, way.Name)
		}
	}
}

func (c *one) test(t *testing.T, s *site) {
	t.Helper()
	before := s.memberships()
	results := s.run(t.Context())
	time.Sleep(time.Minute)
	got := results[c.check]
	require.Empty(t, got.Because)
	require.Equal(t, c.way, got.Way, "found %q, cause %q\n%s", got.Found, got.Cause, s.out)
	require.Equal(t, c.side, s.visit.Answers[c.check].Side, got.Found)
	require.Equal(t, c.loud, s.probe.Unrestored, s.out)
	require.Equal(t, c.loud, strings.Contains(s.out.String(), "ATTENTION"))
	const ready = "PX-PROBE-02" // Something else changes the user in some of its cases.
	if got.Check.ID <= ready && c.way != "" && c.way != "cleared" {
		require.Empty(t, s.puts(), "refused, and written")
	}
	for _, result := range results {
		doctortest.RequireNoSecrets(t, result.Found+result.Wanted+result.Cause)
		require.NotContains(t, result.Cause, "does not know the outcome")
	}
	if !c.loud && c.check != ready {
		for _, m := range s.memberships() {
			require.Contains(t, before, m)
		}
		require.Len(t, s.memberships(), len(before))
	}
}
