package profile

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// What the table needs more than a line for, in its order.

// makeUsersOfTheSameTime makes many users as old as one another.
func makeUsersOfTheSameTime(s *privxsim.Store) {
	for _, user := range people(s) {
		user.Created = "2024-02-03T04:05:06Z"
		s.UpdateUser(user)
	}
}

// refuseTheSortKey refuses to sort by creation.
func refuseTheSortKey(rq privxsim.Request, a *privxsim.Answer) {
	query, _ := url.ParseQuery(rq.RawQuery)
	if a.Status == http.StatusOK && query.Get("sortkey") == "created" {
		answer(http.StatusBadRequest, typeJSON, `{"error_code":"BAD_REQUEST","error_message":"no such sort key","property":"sortkey"}`)(rq, a)
	}
}

// leaveOutAPIClients leaves API clients out of a search for everybody, and out of its
// count.
func leaveOutAPIClients(s *privxsim.Store) alteration {
	return at(http.MethodPost, searchPath, func(rq privxsim.Request, a *privxsim.Answer) {
		var search object
		if a.Status != http.StatusOK || json.Unmarshal(rq.Body, &search) != nil || len(search) > 0 {
			return
		}
		all(rows(func(users []object) []object {
			return slices.DeleteFunc(users, func(user object) bool { return text(user, "source_type") == privxsim.SourceTypeAPIClient })
		}), fields(func(list object) {
			if count := 0; json.Unmarshal(list["count"], &count) == nil {
				list["count"] = encode(max(count-len(s.APIClients()), 0))
			}
		}))(rq, a)
	})
}

// countMembersWrongly makes each role count a member who is not there.
func countMembersWrongly(s *privxsim.Store) {
	members, explicit := map[string]int{}, map[string]int{}
	for _, m := range s.Memberships() {
		members[m.RoleID]++
		if m.Explicit {
			explicit[m.RoleID]++
		}
	}
	for _, role := range s.Roles() {
		s.SetMemberCount(role.ID, members[role.ID]+1, explicit[role.ID]+1)
	}
}

// hideMembersOfUserRole lists nobody as a member of privx-user.
func hideMembersOfUserRole(s *privxsim.Store) alteration {
	members := "/role-store/api/v1/roles/" + s.UserRoleID() + "/members"
	return at(http.MethodGet, members, all(rows(func([]object) []object { return []object{} }), countRows))
}

// startFloatingGrants has each floating grant used for the first time.
func startFloatingGrants(s *privxsim.Store) {
	for _, m := range s.Memberships() {
		if m.Explicit && m.Grant.Type == privxsim.GrantFloating {
			s.StartFloating(m.RoleID, m.UserID, time.Now())
		}
	}
}

// Fields of the times of a grant.
const (
	periodsField = "grant_validity_periods"
	startField   = "grant_start"
	endField     = "grant_end"
)

// tellTimesInTheOlderWay tells the last period of a grant beside it, and no others.
func tellTimesInTheOlderWay(role object) {
	var periods []object
	if json.Unmarshal(role[periodsField], &periods) != nil || len(periods) == 0 {
		return
	}
	delete(role, periodsField)
	role[startField], role[endField] = periods[len(periods)-1][startField], periods[len(periods)-1][endField]
}

// tellTimesInAnotherForm tells the times of a grant as no client expects them.
func tellTimesInAnotherForm(role object) {
	if role[periodsField] == nil && role[endField] == nil {
		return
	}
	delete(role, periodsField)
	role[startField], role[endField] = json.RawMessage(`"01.01.2024 00:00"`), json.RawMessage(`"31.12.2099 23:59"`)
}

// grantInAnotherType makes some permanent grants ones of a type that is not documented.
func grantInAnotherType(s *privxsim.Store) {
	some := map[string]bool{}
	for i, user := range people(s) {
		some[user.ID] = i%3 == 0
	}
	for _, m := range s.Memberships() {
		if some[m.UserID] && m.Explicit && m.Grant.Type == privxsim.GrantPermanent {
			s.GrantExplicit(m.RoleID, m.UserID, privxsim.Grant{Type: "RECURRING"})
		}
	}
}

// people are all users but API clients.
func people(s *privxsim.Store) []privxsim.User {
	return slices.DeleteFunc(s.Users(), func(user privxsim.User) bool { return user.SourceType == privxsim.SourceTypeAPIClient })
}

// sayNotFoundWith400 says by a code alone that there is no such thing.
func sayNotFoundWith400(rq privxsim.Request, a *privxsim.Answer) {
	if isPage(a) {
		return
	}
	code := "ROLE_NOT_FOUND"
	if strings.Contains(rq.Path, "/users/") {
		code = "USER_NOT_FOUND"
	}
	answer(http.StatusBadRequest, typeJSON, fmt.Sprintf(`{"error_code":%q,"error_message":"Not found"}`, code))(rq, a)
}

// inErrors alters answers that are errors.
func inErrors(change alteration) alteration {
	return func(rq privxsim.Request, a *privxsim.Answer) {
		if a.Status >= http.StatusBadRequest {
			change(rq, a)
		}
	}
}

// sayNotFoundOfABadID says that there is nothing of an id that is no UUID.
func sayNotFoundOfABadID(rq privxsim.Request, a *privxsim.Answer) {
	if strings.Contains(string(a.Body), "is not a UUID") {
		answer(http.StatusNotFound, typeJSON, `{"error_code":"OBJECT_NOT_FOUND","error_message":"Resource not found"}`)(rq, a)
	}
}

// onPages alters pages with a status.
func onPages(status int, change alteration) alteration {
	return failing(status, func(rq privxsim.Request, a *privxsim.Answer) {
		if isPage(a) {
			change(rq, a)
		}
	})
}

// limitReads refuses every tenth read, and says after how many seconds to come again, if
// anything.
func limitReads(retryAfter string) alteration {
	return at(http.MethodGet, "", each(10, func(rq privxsim.Request, a *privxsim.Answer) {
		answer(http.StatusTooManyRequests, typeJSON, `{"error_code":"TOO_MANY_REQUESTS"}`)(rq, a)
		if retryAfter != "" {
			a.Header.Set("Retry-After", retryAfter)
		}
	}))
}

// leaveOutTheDate leaves the Date out of an answer.
func leaveOutTheDate(_ privxsim.Request, a *privxsim.Answer) { a.Header["Date"] = nil }

// onRoleStore makes a fault one of all endpoints of the role store but its status.
func onRoleStore(f privxsim.Fault) []privxsim.Fault {
	var faults []privxsim.Fault
	for _, pattern := range roleStorePaths {
		f.Path = pattern
		faults = append(faults, f)
	}
	return faults
}

// disableAUser says of each user, in a field that is not documented, whether he is
// disabled, and one is.
func disableAUser(s *privxsim.Store) {
	for i, user := range people(s) {
		extra := maps.Clone(user.Extra)
		if extra == nil {
			extra = object{}
		}
		extra["disabled"] = encode(i == 0)
		user.Extra = extra
		s.UpdateUser(user)
	}
}

// writeRolesInUpperCase writes the ids of the roles that a member carries in upper case.
func writeRolesInUpperCase(member object) {
	var roles []object
	if json.Unmarshal(member["roles"], &roles) != nil || roles == nil {
		return
	}
	for _, role := range roles {
		role["id"] = encode(strings.ToUpper(text(role, "id")))
	}
	member["roles"] = encode(roles)
}

// tokensLag makes each node of a cluster know the tokens of the others late.
func tokensLag(o *privxsim.Options) {
	aSecondNode(func(*privxsim.Node) {}).options(o)
	for i := range o.Nodes {
		o.Nodes[i].TokenLag = 2 * time.Second
	}
}

// renameRoles gives each role but the built-in ones another name.
func renameRoles(s *privxsim.Store) {
	for _, role := range s.Roles() {
		if !role.System {
			role.Name += " (renamed)"
			s.UpdateRole(role)
		}
	}
}
