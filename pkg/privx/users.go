package privx

import (
	"context"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var (
	postUsersSearch = api.Endpoint{Method: http.MethodPost, Path: "/role-store/api/v1/users/search", Permission: "users-view"}
	getUser         = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/users/{}", Permission: "users-view"}
)

// SourceTypeAPIClient is the source type of API clients, which are users too.
const SourceTypeAPIClient = "API-CLIENT"

// User is a user of PrivX's role store, with the fields that are read. All others
// (passwords, keys, tokens, settings, attributes) are never decoded.
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

// MFA is a user's multi-factor state, with the field that is read.
type MFA struct {
	// Status is ENABLED, DISABLED, DEFAULT or something newer; may be empty.
	Status string `json:"status"`
}

// Identity is the id.
func (u User) Identity() string { return u.ID }

// ListUsers reads a page of all users, API clients among them. An empty token
// asks for the first page. The search with an empty filter is the only call of
// PrivX's API that lists all users.
func (c *Client) ListUsers(ctx context.Context, token string) (*Page[User], error) {
	return api.ReadPage[User](ctx, c.api, allUsers(), token)
}

func allUsers() *api.List {
	rq := postUsersSearch.Request()
	rq.Body = []byte("{}")
	return &api.List{Request: rq, Emptiness: NeverEmpty, IfEmpty: nothingListed}
}

// GetUser reads one user.
func (c *Client) GetUser(ctx context.Context, id string) (*User, error) {
	user, err := api.Read[User](ctx, c.api, getUser.Request(id))
	if err != nil {
		return nil, err
	}
	if !SameID(user.ID, id) {
		return nil, anotherUser()
	}
	return &user, nil
}

func anotherUser() *Error {
	return api.Contradiction(getUser, "another user than the one asked for")
}
