package privxsim

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	oauthPath     = "/auth/api/v1/oauth/"
	roleStorePath = "/role-store/api/v1/"
)

// Permissions that the simulator asks for.
const (
	permUsersView   = "users-view"
	permRolesView   = "roles-view"
	permRolesManage = "roles-manage"
	permSourcesView = "sources-view"
)

// route is one endpoint of the API.
type route struct {
	method string
	path   string   // a segment {id} stands for any UUID
	open   bool     // needs no token
	anyOf  []string // needs one of these permissions, if there are any
	writes bool     // is refused while read-only
	shows  shows
	handle func(*call) answer
}

// shows says what a route shows, which a node that was just started may not have.
type shows int

const (
	showsOther shows = iota
	showsList
	showsObject
)

// services are the parts of PrivX, each with a status.
var services = []string{
	"auth", "role-store", "local-user-store", "host-store", "authorizer", "workflow-engine", "vault",
	"network-access-manager", "api-proxy", "connection-manager", "monitor-service", "license-manager", "settings",
}

// routeTable returns all endpoints.
func (s *Simulator) routeTable() []route {
	const rs = roleStorePath
	routes := []route{
		{method: http.MethodPost, path: oauthPath + "token", open: true, handle: s.token},
		{method: http.MethodPost, path: oauthPath + "clientcredentials/privx-external/token", open: true, handle: s.clientCredentialsToken},
		{method: http.MethodPost, path: "/auth/api/v1/logout", handle: s.logout},
		{method: http.MethodPost, path: rs + "users/search", anyOf: []string{permUsersView}, shows: showsList, handle: s.searchUsers},
		{method: http.MethodGet, path: rs + "users/{id}", anyOf: []string{permUsersView}, shows: showsObject, handle: s.getUser},
		// The vendor's own tools disagree on which of the two it needs. Guess: either will do.
		{method: http.MethodGet, path: rs + "users/{id}/roles", anyOf: []string{permUsersView, permRolesView}, shows: showsList, handle: s.getUserRoles},
		{method: http.MethodPut, path: rs + "users/{id}/roles", anyOf: []string{permRolesManage}, writes: true, handle: s.putUserRoles},
		{method: http.MethodGet, path: rs + "roles", anyOf: []string{permRolesView}, shows: showsList, handle: s.listRoles},
		{method: http.MethodGet, path: rs + "roles/{id}", anyOf: []string{permRolesView}, shows: showsObject, handle: s.getRole},
		{method: http.MethodGet, path: rs + "roles/{id}/members", anyOf: []string{permRolesView}, shows: showsList, handle: s.listMembers},
		{method: http.MethodGet, path: rs + "sources", anyOf: []string{permSourcesView}, shows: showsList, handle: s.listSources},
	}
	if !s.opts.NoCurrentUser {
		current := route{method: http.MethodGet, path: rs + "users/current", shows: showsObject, handle: s.getCurrentUser}
		routes = append([]route{current}, routes...) // before users/{id}
	}
	for _, service := range services {
		routes = append(routes, route{method: http.MethodGet, path: "/" + service + "/api/v1/status", open: true, handle: s.status})
	}
	return routes
}

// handle finds the endpoint, checks that the caller may use it, and uses it.
func (s *Simulator) handle(c *call) answer {
	if c.outside { // Guess: what stands beside PrivX under the same name does not know the path.
		return htmlAnswer(http.StatusNotFound, "<html><body><h1>404 Not Found</h1></body></html>\n")
	}
	r, pathKnown := s.match(c)
	switch {
	case r == nil && !pathKnown:
		return htmlAnswer(http.StatusOK, uiPage)
	case r == nil: // Guess: an endpoint that lacks the method says so in JSON.
		return newAPIError(http.StatusMethodNotAllowed, "", "Method not allowed").answer()
	}
	if !r.open {
		if err := s.authorize(c, r.anyOf); err != nil {
			return err.answer()
		}
	}
	if r.writes && s.isReadOnly() {
		return newAPIError(s.opts.ReadOnlyStatus, "", "Creating, updating and deleting is restricted during upgrade").answer()
	}
	if strings.Contains(r.path, "{id}") && !uuidPattern.MatchString(c.id) {
		return badRequest("id", "id is not a UUID").answer() // Guess: 400 rather than 404.
	}
	if c.node.empty() {
		switch {
		case r.shows == showsList:
			return jsonAnswer(http.StatusOK, []byte(emptyList))
		case r.shows == showsObject && s.opts.EmptyNotFound:
			return notFound().answer()
		}
	}
	return r.handle(c)
}

// authorize checks the bearer token and the permissions that it gives.
func (s *Simulator) authorize(c *call, anyOf []string) *apiError {
	h, ok := s.tokens.holder(c.Header, c.node)
	if !ok {
		return newAPIError(http.StatusUnauthorized, "", "Unauthorized request, OAuth2 authorization missing or invalid")
	}
	if !h.may(anyOf) {
		return newAPIError(http.StatusForbidden, "", "Unauthorized request, OAuth2 authorization OK but scope insufficient")
	}
	c.holder = h
	return nil
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// match returns the endpoint of a call, and whether the path at least has one.
// Paths are compared as they were sent, segment by segment: an escaped slash
// does not end a segment, and a double slash is not mended.
func (s *Simulator) match(c *call) (*route, bool) {
	known := false
	for i := range s.routes {
		r := &s.routes[i]
		id, ok := matchPath(r.path, c.Path)
		if !ok {
			continue
		}
		known = true
		if r.method == c.Method {
			c.id = id
			return r, true
		}
	}
	return nil, known
}

// matchPath reports whether a path fits a pattern, and what stands at {id}.
func matchPath(pattern, path string) (string, bool) {
	id := ""
	for {
		var wanted, segment string
		var more, moreSegments bool
		wanted, pattern, more = strings.Cut(pattern, "/")
		segment, path, moreSegments = strings.Cut(path, "/")
		if wanted == "{id}" {
			unescaped, err := url.PathUnescape(segment)
			if err != nil || segment == "" {
				return "", false
			}
			id = unescaped
		} else if wanted != segment {
			return "", false
		}
		if !more || !moreSegments {
			return id, more == moreSegments
		}
	}
}
