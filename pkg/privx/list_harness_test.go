package privx_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// listing is one of the three paged lists.
type listing struct {
	name, path string
	// page gives a page's ids, the next token, the total and the number read.
	page func(ctx context.Context, token string) (page[string], error)
	// truth is what the whole list must hold.
	truth func() []string
}

type page[T any] struct {
	items       []T
	next        string
	total, read int
	nextAfter   func(int) string
}

func pageOf[T any](id func(T) string) func(p *privx.Page[T], err error) (page[string], error) {
	return func(p *privx.Page[T], err error) (page[string], error) {
		if err != nil {
			return page[string]{}, err
		}
		got := page[string]{next: p.Next, total: p.Total, read: p.Read, nextAfter: p.NextAfter}
		for _, item := range p.Items {
			got.items = append(got.items, id(item))
		}
		return got, nil
	}
}

func (h *harness) lists() []listing {
	users, roles := pageOf(func(u privx.User) string { return u.ID }), pageOf(func(r privx.Role) string { return r.ID })
	members := pageOf(func(m privx.Member) string { return m.ID })
	role := h.roleWithMembers()
	return []listing{
		{
			"users", searchPath,
			func(ctx context.Context, token string) (page[string], error) {
				return users(h.client.ListUsers(ctx, token))
			},
			func() []string { return idsOf(h.store.Users(), func(u privxsim.User) string { return u.ID }) },
		},
		{
			"roles", rolesPath,
			func(ctx context.Context, token string) (page[string], error) {
				return roles(h.client.ListRoles(ctx, token))
			},
			func() []string { return idsOf(h.store.Roles(), func(r privxsim.Role) string { return r.ID }) },
		},
		{
			"members", membersPath,
			func(ctx context.Context, token string) (page[string], error) {
				return members(h.client.ListMembers(ctx, role, privx.MayBeEmpty, token))
			},
			func() []string { return h.members(role) },
		},
	}
}

func idsOf[T any](rows []T, id func(T) string) []string {
	var ids []string
	for _, row := range rows {
		ids = append(ids, id(row))
	}
	return ids
}

// readAll reads a list to its end.
func (l listing) readAll(ctx context.Context) ([]string, error) {
	var all []string
	for token := ""; ; {
		p, err := l.page(ctx, token)
		if err != nil {
			return all, err
		}
		all = append(all, p.items...)
		if token = p.next; token == "" {
			return all, nil
		}
	}
}

// wantAll checks that a list is read completely and each row once.
func (l listing) wantAll(t *testing.T) {
	t.Helper()
	got, err := l.readAll(t.Context())
	require.NoError(t, err, l.name)
	require.ElementsMatch(t, l.truth(), got, l.name)
}

// limits are the page sizes that an endpoint was asked for.
func (h *harness) limits(t *testing.T, path string) []int {
	t.Helper()
	var limits []int
	for _, r := range h.sent(path) {
		n, err := strconv.Atoi(query(t, r, "limit"))
		require.NoError(t, err)
		limits = append(limits, n)
	}
	return limits
}

func query(t *testing.T, r privxsim.Request, name string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, "http://localhost/?"+r.RawQuery, nil)
	require.NoError(t, err)
	values := request.URL.Query()[name]
	require.Len(t, values, 1, "%s in %s", name, r.RawQuery)
	return values[0]
}

func makeRows(n int) []string {
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf("row-%02d", i))
	}
	return rows
}

// serveRows answers the list of roles in pages. The count in each answer depends on the
// number of the request.
func (h *harness) serveRows(rows []string, size int, count func(request int) string) {
	h.serveMovingRows(func(int) []string { return rows }, size, count)
}

// serveMovingRows is serveRows with other rows for each request.
func (h *harness) serveMovingRows(rowsAt func(request int) []string, size int, count func(request int) string) {
	n := 0
	h.sim.OnRequest(func(r privxsim.Request) {
		if r.Path != rolesPath {
			return
		}
		u, _ := http.NewRequestWithContext(context.Background(), r.Method, "http://localhost/?"+r.RawQuery, nil)
		offset, _ := strconv.Atoi(u.URL.Query().Get("offset"))
		rows := rowsAt(n)
		from := min(offset, len(rows))
		var items []string
		for _, id := range rows[from:min(from+size, len(rows))] {
			items = append(items, `{"id":"`+id+`"}`)
		}
		h.sim.ClearFaults()
		h.answerJSON(rolesPath, `{"count":`+count(n)+`,"items":[`+strings.Join(items, ",")+`]}`)
		n++
	})
}

func encodeToken(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
