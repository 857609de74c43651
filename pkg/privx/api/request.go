package api

import (
	"net/url"
	"strings"
)

// Endpoint is one call of PrivX's API.
type Endpoint struct {
	Method string
	// Path is below the base URL. Each {} in it stands for the next id of a request.
	Path string
	// Permission is what PrivX requires of the API client for it; empty for nothing.
	Permission string
	// IfMissing is what to tell if this PrivX does not have the call; empty for a call that
	// every PrivX has, and for one of an object, for which a 404 means another thing.
	IfMissing string
}

// String names the endpoint without ids, for errors and for the log of failures.
func (e Endpoint) String() string { return e.Method + " " + strings.ReplaceAll(e.Path, "{}", "{id}") }

// Request is a request to the endpoint, with an id for each {} in its path.
func (e Endpoint) Request(ids ...string) *Request { return &Request{Endpoint: e, IDs: ids} }

// Request is one call of an endpoint.
type Request struct {
	Endpoint Endpoint
	IDs      []string
	Query    url.Values
	// Body is JSON; nil for none.
	Body []byte
	// Urgent tells that the request belongs to a change, for which a person waits. Each
	// try is bounded by ExchangeTimeout, and its answer does not wait for memory that the
	// answers to a sync hold. The number of tries is not bounded.
	Urgent bool
	// Once tells that the request is tried only once.
	Once bool
	// NotNull tells that a list which is null is not an empty one. A node that has just
	// started may answer null, so the request is tried again.
	NotNull bool

	// isWrite tells that the request changes something in PrivX.
	isWrite bool
	// form tells that the body is a form and not JSON.
	form bool
	// maxAnswer bounds the answer, in bytes; 0 is MaxBody.
	maxAnswer int64
	// shrinks tells that fewer rows can be asked for if the answer is too much.
	shrinks bool
}

// contentType is the body's Content-Type.
func (rq *Request) contentType() string {
	if rq.form {
		return "application/x-www-form-urlencoded"
	}
	return "application/json"
}

// url is the request's address. The ids in it are escaped, so that no id can lead to
// another endpoint.
func (c *Client) url(rq *Request) (*url.URL, error) {
	path := rq.Endpoint.Path
	for _, id := range rq.IDs {
		if strings.Trim(id, ".") == "" {
			return nil, &Error{Kind: NotSent, Endpoint: rq.Endpoint.String(), Message: "empty or malformed id"}
		}
		path = strings.Replace(path, "{}", url.PathEscape(id), 1)
	}
	u := c.base.JoinPath(path)
	u.RawQuery = rq.Query.Encode()
	return u, nil
}
