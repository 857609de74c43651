package privx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
)

const (
	usersSearchPath = "/role-store/api/v1/users/search"
	userPath        = "/role-store/api/v1/users/{}"
	userRolesPath   = "/role-store/api/v1/users/{}/roles"
	currentUserPath = "/role-store/api/v1/users/current"
)

// SourceTypeAPIClient is the source type of API clients, which are users too.
const SourceTypeAPIClient = "API-CLIENT"

// User is a user of PrivX's role store, as far as it is read. What is not listed
// here (passwords, keys, tokens, settings, attributes) is never decoded.
type User struct {
	ID             string `json:"id"`
	Principal      string `json:"principal"`
	Source         string `json:"source"`
	SourceType     string `json:"source_type"`
	FullName       string `json:"full_name"`
	FirstName      string `json:"first_name"`
	LastName       string `json:"last_name"`
	GivenName      string `json:"given_name"`
	Email          string `json:"email"`
	Department     string `json:"department"`
	JobTitle       string `json:"job_title"`
	Company        string `json:"company"`
	SAMAccountName string `json:"samaccountname"`
	// Created is RFC 3339 with 0 to 9 fractional digits; may be empty.
	Created string `json:"created"`
	MFA     MFA    `json:"mfa"`
}

// MFA is what is read of a user's multi-factor state.
type MFA struct {
	// Status is ENABLED, DISABLED, DEFAULT or something newer; may be empty.
	Status string `json:"status"`
}

func (u User) identity() string { return u.ID }

// RoleEntry is a role in a user's list of roles: how the user comes to hold it.
type RoleEntry struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Explicit: granted by an administrator, a workflow or the API.
	Explicit bool `json:"explicit"`
	// Implicit: held through the role's mapping rules.
	Implicit bool `json:"implicit"`
	// GrantType is PERMANENT, TIME_RESTRICTED, FLOATING or something newer; may
	// be empty.
	GrantType string `json:"grant_type"`
	// ValidityPeriods is how PrivX since about version 33 says when a
	// TIME_RESTRICTED grant holds; GrantStart and GrantEnd are the older way.
	ValidityPeriods []Period `json:"grant_validity_periods"`
	GrantStart      string   `json:"grant_start"`
	GrantEnd        string   `json:"grant_end"`
	// FloatingLength is in hours.
	FloatingLength float64 `json:"floating_length"`
}

func (r RoleEntry) identity() string { return r.ID }

// Period is a time during which a grant holds, in RFC 3339.
type Period struct {
	Start string `json:"grant_start"`
	End   string `json:"grant_end"`
}

// Periods are the grant's validity periods, whichever way PrivX says them.
func (r RoleEntry) Periods() []Period {
	if len(r.ValidityPeriods) > 0 {
		return r.ValidityPeriods
	}
	if r.GrantStart != "" || r.GrantEnd != "" {
		return []Period{{Start: r.GrantStart, End: r.GrantEnd}}
	}
	return nil
}

// ListUsers reads a page of all users, API clients among them. An empty token
// asks for the first page. The search with an empty filter is the only call of
// PrivX's API that lists all users.
func (c *Client) ListUsers(ctx context.Context, token string) (*Page[User], error) {
	return readPage[User](ctx, c, c.userList(), token)
}

func (c *Client) userList() list {
	return list{
		request: request{
			method: http.MethodPost, path: usersSearchPath, permission: "users-view",
			body: []byte("{}"), contentType: jsonContent,
		},
		size: &c.pageSizes.users, emptiness: NeverEmpty, checked: &c.checked.users, ifEmpty: nobodyListed,
	}
}

// nobodyListed is the error for a list of users or roles without any: the API client
// is a user itself, and two roles are built in.
func nobodyListed(l list) *Error {
	e := contradiction(l.request.endpoint(), "an empty list, which cannot be")
	e.Hint = "look whether PrivX shows users and roles to the API client in its own pages, and try again"
	return e
}

// GetUser reads one user.
func (c *Client) GetUser(ctx context.Context, id string) (*User, error) {
	rq := userRequest(id)
	var user User
	if err := c.read(ctx, rq, &user); err != nil {
		return nil, err
	}
	if !SameID(user.ID, id) {
		return nil, mismatch(rq, "another user than the one asked for")
	}
	return &user, nil
}

// userRequest asks for a user's own record.
func userRequest(id string) *request {
	return &request{method: http.MethodGet, path: userPath, ids: []string{id}, permission: "users-view"}
}

// UserRoles reads how a user comes to hold each of his roles. PrivX has no
// paging here.
func (c *Client) UserRoles(ctx context.Context, userID string) ([]RoleEntry, error) {
	rq := userRolesRequest(userID)
	page, err := readWhole[RoleEntry](ctx, c, rq)
	if err != nil {
		return nil, err
	}
	if page.Total > page.Read {
		return nil, partOfRoles(rq)
	}
	return page.Items, nil
}

// userRolesRequest asks for a user's roles.
func userRolesRequest(userID string) *request {
	// Which of the two permissions it takes is not known for sure: the vendor's
	// own clients disagree.
	return &request{method: http.MethodGet, path: userRolesPath, ids: []string{userID}, permission: "users-view and roles-view"}
}

func partOfRoles(rq *request) *Error { return mismatch(rq, "a part of the user's roles only") }

// ActsAs tells whether a user is the one that the Client itself acts as: the API
// client. It is the one that the credentials name, and the one that PrivX says; the
// two are not known to be the same. PrivX is asked once, by the first who wants to
// know of another user than the one in the credentials. Where it does not tell,
// they decide alone.
func (c *Client) ActsAs(ctx context.Context, userID string) (bool, error) {
	named := c.tokens.credentials.principal()
	if named != "" && SameID(named, userID) {
		return true, nil
	}
	unlock, err := c.locks.lock(ctx, currentUserPath)
	if err != nil {
		return false, err
	}
	defer unlock()
	if c.self == nil {
		self, err := c.currentUser(ctx)
		if named != "" && doesNotTell(err) {
			ctxzap.Extract(ctx).Info("baton-privx: PrivX does not say as which API client the connector runs; "+
				"the roles of the one that api-client-id names are protected", zap.Error(err))
			self, err = named, nil
		}
		if err != nil {
			return false, err
		}
		c.self = &self
	}
	return SameID(*c.self, userID), nil
}

// currentUser asks PrivX for the id of the user that the Client acts as.
func (c *Client) currentUser(ctx context.Context) (string, error) {
	rq := &request{method: http.MethodGet, path: currentUserPath}
	var user identifier
	if err := c.read(ctx, rq, &user); err != nil {
		return "", err
	}
	if user.ID == "" {
		return "", mismatch(rq, "a user without an id")
	}
	return user.ID, nil
}

// doesNotTell tells whether an answer means that the question cannot be asked: it
// is not known of every PrivX that API clients may.
func doesNotTell(err error) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}, e.Status) &&
		e.Endpoint == http.MethodGet+" "+currentUserPath // and not a token's
}

// MaxFound is how many users can be searched for at a time.
const MaxFound = 100

// FindUsers searches for users by id, at most MaxFound of them, and returns those
// that PrivX finds.
func (c *Client) FindUsers(ctx context.Context, ids []string) ([]User, error) {
	page, err := readWhole[User](ctx, c, searchRequest(ids))
	if err != nil {
		return nil, err
	}
	// Others are there where PrivX passes over the ids.
	return slices.DeleteFunc(page.Items, func(user User) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return SameID(id, user.ID) })
	}), nil
}

// searchRequest searches for users by id.
func searchRequest(ids []string) *request {
	// A map of strings always marshals.
	body, _ := json.Marshal(map[string][]string{"user_id": ids})
	return &request{
		method: http.MethodPost, path: usersSearchPath, permission: "users-view", body: body, contentType: jsonContent,
		query: pageQuery(0, MaxFound, false),
	}
}

// isGone finds out whether there is no such user, of whom a change was asked for at a
// given time. Who asks for it knows him, so that he was there before: a node that does
// not know him yet lags, and does so no longer than lagTime. Only a search as late as
// that says that he is gone. One that does so earlier is asked for again.
func (c *Client) isGone(ctx context.Context, id string, asked time.Time) (bool, error) {
	for {
		wait := time.Until(asked.Add(lagTime))
		exists, err := c.userExists(ctx, id)
		if err != nil || exists || wait <= 0 {
			return !exists, err
		}
		if err := waitOr(ctx, time.Until(asked.Add(lagTime)), unfound("the user is not found, which a node that lags may say of a new one")); err != nil {
			return false, err
		}
	}
}

// hintNodes is for what a node says that is not yet itself again.
const hintNodes = "a node of PrivX lags behind or has just started: look at PrivX's nodes, and try again"

// unfound is the error for searches that do not prove anything.
func unfound(what string) *Error {
	e := mismatch(searchRequest(nil), what)
	e.grpcCode, e.Hint = codes.Unavailable, hintNodes
	return e
}

// userExists asks the search whether there is a user. Nobody is found by a node either
// that has just started and has no users yet. So somebody else is searched for along
// with him whom PrivX has just listed: an answer without either proves nothing, and is
// asked for again over some seconds. It takes no user whom the client would have to
// know, such as itself: PrivX need not tell who that is, and may keep API clients out
// of a search.
func (c *Client) userExists(ctx context.Context, id string) (bool, error) {
	for i := 0; ; i++ {
		exists, proven, err := c.searchWithWitness(ctx, id)
		if err != nil || proven {
			return exists, err
		}
		doubt := unfound("neither the user nor anybody else is found")
		if i == len(emptyPauses) {
			return false, doubt
		}
		if err := waitOr(ctx, emptyPauses[i], doubt); err != nil {
			return false, err
		}
	}
}

// searchWithWitness searches for a user and for another one whom PrivX lists, and
// tells whether he is there and whether the answers prove it.
func (c *Client) searchWithWitness(ctx context.Context, id string) (bool, bool, error) {
	rq := c.userList().request
	rq.query = pageQuery(0, 2, false)
	listed, err := readWhole[identifier](ctx, c, &rq)
	if err != nil {
		return false, false, err
	}
	if contains(listed.Items, id) {
		return true, true, nil
	}
	if len(listed.Items) == 0 {
		return false, false, nil
	}
	witness := listed.Items[0].ID
	search := searchRequest([]string{id, witness})
	found, err := readWhole[identifier](ctx, c, search)
	switch {
	case err != nil:
		return false, false, err
	case contains(found.Items, id):
		return true, true, nil
	case slices.ContainsFunc(found.Items, func(user identifier) bool { return !SameID(user.ID, witness) }):
		// PrivX has not looked for him.
		return false, false, mismatch(search, "other users than the one searched for")
	default:
		return false, len(found.Items) > 0, nil
	}
}

func contains(users []identifier, id string) bool {
	return slices.ContainsFunc(users, func(user identifier) bool { return SameID(user.ID, id) })
}
