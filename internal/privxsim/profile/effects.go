package profile

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// effects says what makes the simulator behave as a side of a question says, by the id and
// the letter.
var effects = map[string]sides{
	// Lists.
	"PXQ-001": {
		"b": option(func(o *privxsim.Options) { o.RefuseLargePages = true }),
		"c": fault(privxsim.Fault{MinLimit: 1001, Kind: privxsim.FaultNoBody, Status: http.StatusBadRequest}),
	},
	"PXQ-002": {
		"b": option(func(o *privxsim.Options) { o.Count = privxsim.CountOmitted }),
		"c": option(func(o *privxsim.Options) { o.Count = privxsim.CountZero }),
		"d": option(func(o *privxsim.Options) { o.Count = privxsim.CountTooLarge }),
		"e": option(func(o *privxsim.Options) { o.Count = privxsim.CountPageLength }),
		"f": alterBy(func(*privxsim.Store) alteration { return each(5, countRows) }),
	},
	"PXQ-003": {"b": {
		options: func(o *privxsim.Options) { o.RandomTies = true },
		store:   makeUsersOfTheSameTime,
	}},
	"PXQ-005": {"b": alter(at(http.MethodGet, membersPath, refuseTheSortKey))},
	"PXQ-006": {"b": none("nothing comes or goes in a simulated PrivX by itself")},
	"PXQ-007": {
		"b": fault(privxsim.Fault{MinLimit: 1000, Kind: privxsim.FaultCut}),
		"c": fault(privxsim.Fault{Path: searchPath, MinLimit: 10, Kind: privxsim.FaultOversized}),
	},
	"PXQ-008": {"b": fault(privxsim.Fault{Path: searchPath, Kind: privxsim.FaultSlowHeader, RowDelay: 2 * time.Millisecond})},
	"PXQ-009": {
		"b": alter(at(http.MethodGet, membersPath, rows(nullIfEmpty))),
		"c": alter(at(http.MethodGet, userRolesPath, rows(nullIfEmpty))),
	},
	"PXQ-010": {"b": alterBy(leaveOutAPIClients)},
	"PXQ-013": {"b": option(func(o *privxsim.Options) { o.IgnoreUserIDs = true })},
	"PXQ-014": {
		"b": alter(all(at(http.MethodGet, userRolesPath, rows(allButLast)), at(http.MethodGet, sourcesPath, rows(allButLast)))),
		"c": alter(at(http.MethodGet, userRolesPath, all(rows(allButLast), countRows))),
	},

	// Members of a role.
	"PXQ-015": {
		"b": option(func(o *privxsim.Options) { o.MemberRoles = privxsim.MemberRolesAll }),
		"c": option(func(o *privxsim.Options) { o.MemberRoles = privxsim.MemberRolesNull }),
	},
	"PXQ-016": {"b": option(func(o *privxsim.Options) { o.MemberGrants = true })},
	"PXQ-017": {"b": option(func(o *privxsim.Options) { o.HeavyMembers = 50 })},
	"PXQ-018": {
		"b": option(func(o *privxsim.Options) { o.MemberCount = true }),
		"c": {options: func(o *privxsim.Options) { o.MemberCount = true }, store: countMembersWrongly},
	},
	"PXQ-019": {"b": alterBy(hideMembersOfUserRole)},
	"PXQ-020": {"b": store(func(s *privxsim.Store) { s.RemoveExpired(time.Now()) })},

	// Roles of a user.
	"PXQ-021": {"b": alter(at(http.MethodGet, userRolesPath, row(func(role object) {
		delete(role, "owner_src")
		role["risk_level"] = json.RawMessage(`"low"`)
	})))},
	"PXQ-022": {"b": alter(at(http.MethodGet, userRolesPath, row(func(role object) {
		if !isTrue(role, "explicit") {
			role["grant_type"] = encode(privxsim.GrantPermanent)
		}
	})))},
	"PXQ-023": {"b": option(func(o *privxsim.Options) { o.SplitMemberships = true })},
	"PXQ-024": {"b": option(func(o *privxsim.Options) { o.HideUserRole = true })},
	"PXQ-025": {"b": option(func(o *privxsim.Options) { o.UserRolesNull = true })},
	"PXQ-026": {"b": store(startFloatingGrants)},
	"PXQ-027": {
		"b": alter(at(http.MethodGet, userRolesPath, row(tellTimesInTheOlderWay))),
		"c": alter(at(http.MethodGet, userRolesPath, row(tellTimesInAnotherForm))),
	},
	"PXQ-028": {"b": fault(privxsim.Fault{Method: http.MethodGet, Path: userRolesPath, Status: http.StatusForbidden})},
	"PXQ-071": {"b": store(grantInAnotherType)},

	// Writing a user's roles.
	"PXQ-030": {
		"b": option(func(o *privxsim.Options) { o.GrantEveryEntry = true }),
		// Each list that the connector writes has one, as everybody has privx-user.
		"c": fault(privxsim.Fault{Method: http.MethodPut, Path: userRolesPath, Status: http.StatusBadRequest}),
	},
	"PXQ-031": {"b": fault(privxsim.Fault{Method: http.MethodPut, Path: userRolesPath, Status: http.StatusBadRequest})},
	"PXQ-032": {"b": option(func(o *privxsim.Options) { o.AcceptNullRoles = true })},
	"PXQ-033": {
		"b": option(func(o *privxsim.Options) { o.UnknownRoles = privxsim.UnknownRolesNotFound }),
		"c": option(func(o *privxsim.Options) { o.UnknownRoles = privxsim.UnknownRolesIgnored }),
	},
	"PXQ-034": {
		"b": alter(failing(http.StatusNotFound, sayNotFoundWith400)),
		"c": alter(failing(http.StatusNotFound, fields(func(e object) { delete(e, "error_code") }))),
	},
	"PXQ-035": {
		"b": fault(privxsim.Fault{Method: http.MethodPut, Path: userRolesPath, Kind: privxsim.FaultStatusAfter, Status: http.StatusAccepted, Body: "{}"}),
		"c": fault(privxsim.Fault{Method: http.MethodPut, Path: userRolesPath, Kind: privxsim.FaultDropWrite}),
		"d": fault(privxsim.Fault{Method: http.MethodPut, Path: userRolesPath, Kind: privxsim.FaultResetAfter}),
	},
	"PXQ-036": {
		"b": option(func(o *privxsim.Options) { o.ReadOnlyStatus = http.StatusLocked }),
		"c": none("a simulated PrivX is upgraded only where a test says so"),
	},
	"PXQ-037": {"b": alter(at(http.MethodGet, statusPath, fields(func(status object) { delete(status, "zdu") })))},

	// Tokens.
	"PXQ-038": {
		"b": option(func(o *privxsim.Options) { o.BadCredentialsStatus = http.StatusUnauthorized }),
		"c": option(func(o *privxsim.Options) { o.BadCredentialsStatus = http.StatusForbidden }),
	},
	"PXQ-039": {"b": option(func(o *privxsim.Options) { o.OAuthClientCredentials = true })},
	"PXQ-040": {
		"b": option(func(o *privxsim.Options) { o.PublicClient = true }),
		"c": fault(privxsim.Fault{Path: publicPath, Status: http.StatusNotFound}),
	},
	"PXQ-041": {"b": fault(privxsim.Fault{Path: publicPath, Status: http.StatusBadRequest})},
	"PXQ-042": {"b": none("nobody changes the roles of the API client")},
	"PXQ-044": {
		"b": option(func(o *privxsim.Options) { o.ExpiresIn = new(string) }),
		"c": option(func(o *privxsim.Options) {
			claimed := "300"
			o.TokenTTL, o.ExpiresIn = 30*time.Second, &claimed
		}),
	},
	"PXQ-045": {"b": option(func(o *privxsim.Options) { o.TokenDelay = time.Second })},
	"PXQ-046": {
		"b": none("no failed logins are counted"),
		"c": none("no failed logins are counted"),
	},
	"PXQ-047": {"b": fault(privxsim.Fault{Path: logoutPath, Status: http.StatusForbidden})},

	// Who the connector is.
	"PXQ-048": {
		"b": option(func(o *privxsim.Options) { o.NoCurrentUser = true }),
		"c": option(func(o *privxsim.Options) { o.NoCurrentUser, o.OAuthClientCredentials = true, true }),
	},
	"PXQ-049": {"b": alter(at(http.MethodGet, currentPath, fields(func(user object) {
		user["id"] = json.RawMessage(`"6f2b8c1d-90e4-4a57-8d36-1c7e5f4b2a09"`)
	})))},

	// Errors.
	"PXQ-051": {
		"b": alter(fields(func(e object) {
			if code := text(e, "error_code"); code != "" {
				e["error_code"] = encode("PRIVX_" + code)
			}
		})),
		"c": none("nothing is too much for a simulated PrivX"),
	},
	"PXQ-052": {
		"b": alter(inErrors(func(_ privxsim.Request, a *privxsim.Answer) { a.Body, a.Header = nil, http.Header{} })),
		"c": alter(inErrors(fields(func(e object) { e["details"] = json.RawMessage("null") }))),
		"d": alter(inErrors(func(rq privxsim.Request, a *privxsim.Answer) { answer(a.Status, typeHTML, page)(rq, a) })),
	},
	"PXQ-053": {"b": alter(failing(http.StatusBadRequest, sayNotFoundOfABadID))},
	"PXQ-054": {"b": alter(failing(http.StatusMethodNotAllowed, answer(http.StatusMethodNotAllowed, typeHTML, page)))},
	"PXQ-055": {
		"b": alter(onPages(http.StatusNotFound, answer(http.StatusOK, typeHTML, page))),
		"c": alter(onPages(http.StatusNotFound, func(rq privxsim.Request, a *privxsim.Answer) {
			answer(http.StatusFound, typeHTML, page)(rq, a)
			a.Header.Set("Location", "/auth/login")
		})),
	},
	"PXQ-056": {"b": alter(onPages(http.StatusOK, answer(http.StatusNotFound, typeHTML, page)))},
	"PXQ-057": {
		"b": alterBy(func(*privxsim.Store) alteration { return limitReads("1") }),
		"c": alterBy(func(*privxsim.Store) alteration { return limitReads("") }),
	},
	"PXQ-058": {"b": alter(func(_ privxsim.Request, a *privxsim.Answer) {
		if strings.HasPrefix(a.Header.Get("Content-Type"), typeJSON) {
			a.Header = http.Header{"Content-Type": {"text/plain"}}
		}
	})},
	"PXQ-059": {"b": alter(leaveOutTheDate), "c": alter(leaveOutTheDate)},
	"PXQ-072": {"b": fault(onRoleStore(privxsim.Fault{Status: http.StatusPaymentRequired})...)},

	// Users and directories.
	"PXQ-060": {"b": fault(privxsim.Fault{Path: sourcesPath, Kind: privxsim.FaultEmptyList})},
	"PXQ-061": {"b": store(disableAUser)},
	"PXQ-062": {"b": none("no directory is removed, and users that are leave nothing to be seen")},
	"PXQ-063": {"b": alter(at(http.MethodGet, membersPath, row(writeRolesInUpperCase)))},

	// A cluster behind a load balancer.
	"PXQ-064": {
		"b": aSecondNode(func(n *privxsim.Node) { n.Lag = 5 * time.Second }),
		"c": aSecondNode(func(n *privxsim.Node) { n.Lag = 30 * time.Second }),
	},
	"PXQ-065": {"b": option(tokensLag)}, // Whichever node has issued a token, the other lags.
	"PXQ-066": {"b": aSecondNode(func(n *privxsim.Node) { n.ClockOffset = 5 * time.Second })},
	"PXQ-067": {"b": aSecondNode(func(n *privxsim.Node) { n.CountOffset = -1 })},
	"PXQ-068": {
		"b": aSecondNode(func(n *privxsim.Node) { n.Empty = 5 * time.Second }),
		"c": {options: func(o *privxsim.Options) {
			aSecondNode(func(n *privxsim.Node) { n.Empty = 5 * time.Second }).options(o)
			o.EmptyNotFound = true
		}},
	},
	"PXQ-069": {"b": option(func(o *privxsim.Options) { o.AffinityCookie = true })},

	// What roles reach.
	"PXQ-073": {"b": option(func(o *privxsim.Options) { o.UnmarkedDeletedRoles = true })},
	"PXQ-074": {"b": {options: func(o *privxsim.Options) { o.StaleRoleNames = true }, store: renameRoles}},
	"PXQ-075": {"b": option(func(o *privxsim.Options) { o.NullLists = true })},
	"PXQ-076": {
		"b": option(func(o *privxsim.Options) { o.DisabledForm = privxsim.DisabledNotDisabled }),
		"c": option(func(o *privxsim.Options) { o.DisabledForm = privxsim.DisabledBoolean }),
	},
	"PXQ-077": {"b": option(func(o *privxsim.Options) { o.UngroupedRolesSeeNothing = true })},
	"PXQ-078": {"b": option(func(o *privxsim.Options) { o.ForeignForbidden = true })},
	"PXQ-079": {"b": alter(at(http.MethodPost, hostSearchPath, refuseTheSortKey))},
	"PXQ-080": {"b": option(func(o *privxsim.Options) { o.SearchWithoutPrincipals = true })},
	"PXQ-081": {"b": option(func(o *privxsim.Options) { o.SearchForbidden = true })},
	"PXQ-082": {
		"b": option(func(o *privxsim.Options) { o.VaultSight = privxsim.VaultSeesOwn }),
		"c": option(func(o *privxsim.Options) { o.VaultSight = privxsim.VaultSeesForbidden }),
	},
	"PXQ-083": {"b": option(func(o *privxsim.Options) { o.HidePersonalSecrets = true })},
	"PXQ-084": {"b": option(func(o *privxsim.Options) { o.VaultPagingInBody = true })},
	"PXQ-085": {"b": option(func(o *privxsim.Options) { o.AWSRolesEnvelope = true })},
	"PXQ-086": {"b": option(func(o *privxsim.Options) { o.NoAPIProxy = true })},
	"PXQ-087": {"b": fault(privxsim.Fault{Path: slashPath, Status: http.StatusNotFound})},
}
