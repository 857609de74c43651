package ask

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Requests for lists of what roles reach, as the connector makes them.

// HostRows is the request for a part of all hosts.
func HostRows(p Part) *api.Request {
	rq := privx.Endpoints.SearchHosts.Request()
	rq.Body, rq.Query = []byte("{}"), p.query()
	return rq
}

// mostSecrets is how many secrets PrivX gives at a time at most.
const mostSecrets = 100

// SecretRows is the request for a part of all secrets. It says in the query and in the body
// which part that is.
func SecretRows(p Part) *api.Request {
	p.Limit = min(p.Limit, mostSecrets)
	return SecretRowsOfTwo(p, p)
}

// SecretRowsOfTwo is the request for a part of all secrets that names one part in the query
// and another in the body.
func SecretRowsOfTwo(query, body Part) *api.Request {
	rq := privx.Endpoints.SearchSecrets.Request()
	rq.Query = query.query()
	said := map[string]any{"offset": body.Offset, "limit": body.Limit}
	for _, name := range []string{"sortkey", "sortdir"} {
		said[name] = body.query().Get(name)
	}
	rq.Body, _ = json.Marshal(said) // Numbers and texts always marshal.
	return rq
}

// NetworkTargetRows is the request for a part of all network targets.
func NetworkTargetRows(p Part) *api.Request { return rowsOf(privx.Endpoints.NetworkTargets, p) }

// APITargetRows is the request for a part of all API targets.
func APITargetRows(p Part) *api.Request { return rowsOf(privx.Endpoints.APITargets, p) }

func rowsOf(endpoint api.Endpoint, p Part) *api.Request {
	rq := endpoint.Request()
	rq.Query = p.query()
	return rq
}

// AWSRoleRows is the request for all AWS roles: that list has no parts.
func AWSRoleRows(Part) *api.Request { return privx.Endpoints.AWSRoles.Request() }

// AccessGroupRows is the request for a part of all access groups, which are in the order of
// their ids.
func AccessGroupRows(p Part) *api.Request {
	rq := rowsOf(privx.Endpoints.AccessGroups, p)
	rq.Query.Set("sortkey", "id")
	return rq
}

// WholeRowsOf reads an answer that is a list in one piece: one as all others, or a bare array.
func WholeRowsOf(answer *Answer) *Rows {
	if !answer.Good() || !IsArray(answer) && !isNull(answer.Body) {
		return RowsOf(answer)
	}
	wrapped := *answer
	wrapped.rows = nil
	wrapped.Body = slices.Concat([]byte(`{"items":`), answer.Body, []byte("}"))
	return RowsOf(&wrapped)
}

// IsArray tells whether an answer is a bare array.
func IsArray(answer *Answer) bool {
	return bytes.HasPrefix(bytes.TrimLeft(answer.Body, " \t\r\n"), []byte("["))
}

// IsPage tells whether an answer is a page, and not JSON.
func (a *Answer) IsPage() bool {
	return strings.Contains(strings.ToLower(a.Header.Get("Content-Type")), "html") || bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<"))
}

// IsMissing tells whether this PrivX does not have the list that was asked for: it says so, or
// shows a page in its place.
func (a *Answer) IsMissing() bool {
	return privx.IsMissing(a.Err) || a.Status == http.StatusOK && a.IsPage()
}
