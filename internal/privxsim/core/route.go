package core

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// route is an endpoint with its whole path.
type route struct {
	Endpoint

	path string
}

func newRoute(root string, e Endpoint) route { return route{Endpoint: e, path: root + e.Path} }

// handle finds the endpoint, checks that the caller may use it, and uses it.
func (s *Simulator) handle(c *Call) Answer {
	if c.outside { // Guess (PXQ-055): what stands beside PrivX under the same name does not know the path.
		return html(http.StatusNotFound, "<html><body><h1>404 Not Found</h1></body></html>\n")
	}
	r, pathKnown := s.match(c)
	switch {
	case r == nil && !pathKnown:
		return html(http.StatusOK, uiPage)
	case r == nil: // Guess (PXQ-054): an endpoint that lacks the method says so in JSON.
		return NewError(http.StatusMethodNotAllowed, "", "Method not allowed").Answer()
	}
	if !r.Open {
		if err := s.authorize(c, r.AnyOf); err != nil {
			return err.Answer()
		}
	}
	if r.Writes && s.isReadOnly() {
		return NewError(s.opts.ReadOnlyStatus, "", "Creating, updating and deleting is restricted during upgrade").Answer()
	}
	if strings.Contains(r.path, "{id}") && !uuidPattern.MatchString(c.ID) {
		return BadRequest("id", "id is not a UUID").Answer() // Guess (PXQ-053): 400 rather than 404.
	}
	if c.node.empty() {
		switch {
		case r.Shows == ShowsList:
			return JSON(http.StatusOK, []byte(emptyList))
		case r.Shows == ShowsArray:
			return JSON(http.StatusOK, []byte("[]"))
		case r.Shows == ShowsObject && s.opts.EmptyNotFound:
			return NotFound().Answer()
		}
	}
	return r.Handle(c)
}

// authorize checks the bearer token and the permissions that it gives.
func (s *Simulator) authorize(c *Call, anyOf []string) *Error {
	caller, ok := s.sessions.caller(c.Header, c.node)
	if !ok {
		return NewError(http.StatusUnauthorized, "", "Unauthorized request, OAuth2 authorization missing or invalid")
	}
	if !caller.may(anyOf) {
		return NewError(http.StatusForbidden, "", "Unauthorized request, OAuth2 authorization OK but scope insufficient")
	}
	c.Caller = caller
	return nil
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// match returns the endpoint of a call, and whether the path at least has one.
// Paths are compared as they were sent, segment by segment: an escaped slash
// does not end a segment, and a double slash is not mended.
func (s *Simulator) match(c *Call) (*route, bool) {
	known := false
	for i := range s.routes {
		r := &s.routes[i]
		texts, ok := matchPath(r.path, c.Path)
		if !ok {
			continue
		}
		known = true
		if r.Method == c.Method {
			c.ID, c.Name = texts["{id}"], texts["{name}"]
			return r, true
		}
	}
	return nil, known
}

// matchPath reports whether a path fits a pattern, and what stands at its segments {id}
// and {name}. Guess (PXQ-087): an escaped slash is a part of either.
func matchPath(pattern, path string) (map[string]string, bool) {
	texts := map[string]string{}
	for {
		var wanted, segment string
		var more, moreSegments bool
		wanted, pattern, more = strings.Cut(pattern, "/")
		segment, path, moreSegments = strings.Cut(path, "/")
		if wanted == "{id}" || wanted == "{name}" {
			unescaped, err := url.PathUnescape(segment)
			if err != nil || segment == "" {
				return nil, false
			}
			texts[wanted] = unescaped
		} else if wanted != segment {
			return nil, false
		}
		if !more || !moreSegments {
			return texts, more == moreSegments
		}
	}
}
