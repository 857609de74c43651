package api

import (
	"net/url"
	"strings"
)

// Endpoint is one call of PrivX's API.
type Endpoint struct {
	Method string
	// Path is below the base URL. Each {} in it takes the next id of a request.
	Path string
	// Permission is what PrivX asks of the API client for it; empty for nothing.
	Permission string
}

// String names the endpoint without ids, for errors and for keeping count.
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
	// Urgent: it belongs to a change that somebody waits for. Each try is bounded by
	// ExchangeTimeout and does not wait for the answers to a sync, and it is tried for as
	// long as the context allows.
	Urgent bool
	// Once: it is tried once.
	Once bool
	// NotNull: a list that is null in its answer is not an empty one. A node that is not
	// yet itself again may say so, and is asked again.
	NotNull bool

	// isWrite: it changes something in PrivX.
	isWrite bool
	// form: the body is a form and not JSON.
	form bool
	// limit bounds its answer, in bytes; 0 is MaxBody.
	limit int64
	// shrinks: an answer that is too much can be had in smaller ones.
	shrinks bool
}

// contentType is that of the body.
func (rq *Request) contentType() string {
	if rq.form {
		return "application/x-www-form-urlencoded"
	}
	return "application/json"
}

// url puts the ids into the path, escaped, so that no id can name another endpoint.
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
