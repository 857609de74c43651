package privx_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
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

func TestPagesThatAreClamped(t *testing.T) {
	t.Parallel()
	for _, clamp := range []int{1, 7, 10, 1000} {
		h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: clamp}})
		for _, l := range h.lists() {
			l.wantAll(t)
			require.Len(t, h.sent(l.path), leastAnswers(len(l.truth()), clamp), "%s: the count saves the empty page", l.name)
			for _, limit := range h.limits(t, l.path) {
				require.Equal(t, 1000, limit)
			}
		}
	}
}

// leastAnswers is how many answers a list takes if each shows size rows and begins with the
// last row of the answer before. If the last answer is full, PrivX is asked once more for
// what follows.
func leastAnswers(rows, size int) int {
	switch {
	case rows < size || rows <= 1000 && size == 1000 && rows < 1000:
		return 1
	case size == 1:
		return rows + 1
	default:
		return 1 + (rows-size)/(size-1) + 1
	}
}

func TestList_SortKeyOnEveryPage(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	require.NoError(t, h.client.Check(t.Context()))
	for _, l := range h.lists() {
		l.wantAll(t)
		offset := 0
		for i, r := range h.sent(l.path) {
			require.Equal(t, "created", query(t, r, "sortkey"), l.name)
			require.Equal(t, "ASC", query(t, r, "sortdir"), l.name)
			if query(t, r, "limit") == "1" && i == 0 {
				continue // The request of Check.
			}
			require.Equal(t, strconv.Itoa(offset), query(t, r, "offset"), l.name)
			offset += 6 // one row again
		}
	}
}

func TestList_TotalAndRead(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	for _, l := range h.lists() {
		token, read := "", 0
		for {
			p, err := l.page(t.Context(), token)
			require.NoError(t, err)
			read += len(p.items)
			require.Equal(t, read, p.read, l.name)
			require.Equal(t, len(l.truth()), p.total, l.name)
			if token = p.next; token == "" {
				break
			}
		}
	}
}

// If the same page comes again and again, that is an error, whatever the count.
func TestTheSamePageForEverIsAnError(t *testing.T) {
	t.Parallel()
	for _, count := range []privxsim.CountMode{privxsim.CountHonest, privxsim.CountOmitted, privxsim.CountZero, privxsim.CountTooLarge} {
		for _, clamp := range []int{1, 7} {
			h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: clamp, Count: count}})
			h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultRepeatPage})
			for _, l := range h.lists() {
				_, err := l.readAll(t.Context())
				wantError(t, err, codes.FailedPrecondition, http.StatusOK)
				require.ErrorContains(t, err, "pagination did not advance")
				require.Len(t, h.sent(l.path), 3, "%s: and asked for once more, from another place", l.name)
			}
		}
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		count privxsim.CountMode
		clamp int
		extra int // answers beyond those with rows
		again bool
	}{
		"honest":      {privxsim.CountHonest, 7, 0, false},
		"absent":      {privxsim.CountOmitted, 7, 2, false}, // Nothing behind the last row, twice.
		"zero":        {privxsim.CountZero, 7, 2, false},
		"too large":   {privxsim.CountTooLarge, 7, 2, true},       // Nothing behind the last row, nor at the last place, in both orders.
		"page length": {privxsim.CountPageLength, 1000, 0, false}, // The count of a page cut short looks like that of a whole list.
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, setup{sim: privxsim.Options{MaxPageSize: tt.clamp, Count: tt.count}}, func(t *testing.T, h *harness) {
				for _, l := range h.lists() {
					l.wantAll(t)
					rows := len(l.truth())
					want := tt.extra
					for n := 1; n == 1 || tt.clamp < 1000 && 1+(n-1)*(tt.clamp-1) < rows; n++ {
						want++
					}
					if tt.again {
						want *= 2
					}
					require.Len(t, h.sent(l.path), want, l.name)
				}
			})
		})
	}
}

// Each page has another count, in ways for which the simulator has no mode.
func TestCountsThatChangeFromPageToPage(t *testing.T) {
	t.Parallel()
	for name, counts := range map[string][]string{
		"too small":           {"3"},
		"negative":            {"-1"},
		"null":                {"null"},
		"the page after next": {"16"}, // More than what was received, less than the truth: read on.
		"growing":             {"8", "16", "24", "30"},
		"less and less":       {"29", "28", "27", "26", "25"},
		"now and then":        {"30", "0", "30", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, setup{}, func(t *testing.T, h *harness) {
				rows := makeRows(30)
				l := h.lists()[1]
				h.serveRows(rows, 7, func(n int) string { return counts[min(n, len(counts)-1)] })
				got, err := l.readAll(t.Context())
				require.NoError(t, err)
				require.Equal(t, rows, got)
			})
		})
	}
}

// A count that jumps up and down does not keep the client reading without end.
func TestListsWithJumpingCountsEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.serveRows(makeRows(30), 7, func(n int) string { return []string{"500", "400"}[n%2] })
		_, err := h.lists()[1].readAll(t.Context())
		wantError(t, err, codes.Aborted, http.StatusOK)
		require.ErrorContains(t, err, "the list keeps changing")
		require.Less(t, len(h.sent(rolesPath)), 100)
	})
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

func unique(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// moving is a list of ten users that changes while it is read.
type moving struct {
	*harness

	list listing
	ids  []string // of the users that may come and go, in the list's order
}

const movingPage = 3

// newMoving makes a list in which the API client, which stays, comes last.
func newMoving(t *testing.T) moving {
	t.Helper()
	store := privxsim.NewStore()
	api := store.AddAPIClient(privxsim.APIClient{ID: privxsim.DefaultAPIClientID, Secret: privxsim.DefaultAPIClientSecret})
	store.GrantExplicit(store.AdminRoleID(), api.ID, privxsim.Grant{})
	m := moving{harness: newHarness(t, setup{store: store, sim: privxsim.Options{MaxPageSize: movingPage}})}
	m.list = m.lists()[0]
	for i := range 9 {
		m.ids = append(m.ids, fmt.Sprintf("00000000-0000-4000-8000-0000000000%02d", i))
	}
	return m
}

// fill puts every user back in its place.
func (m moving) fill() {
	for i, id := range m.ids {
		m.store.AddUser(privxsim.User{ID: id, Principal: id, Created: time.Date(2020, 1, 1, 0, i, 0, 0, time.UTC).Format(time.RFC3339)})
	}
}

// read reads the whole list and calls change before each page but the first.
func (m moving) read(t *testing.T, change func(page int)) []string {
	t.Helper()
	var all []string
	token := ""
	for n := 0; ; n++ {
		p, err := m.list.page(t.Context(), token)
		require.NoError(t, err)
		all = append(all, p.items...)
		if token = p.next; token == "" {
			return all
		}
		change(n)
	}
}

// wantSurvivors checks that every user that still exists has been read.
func (m moving) wantSurvivors(t *testing.T, got []string, what string) {
	t.Helper()
	for _, id := range m.list.truth() {
		require.Contains(t, got, id, what)
	}
	require.Contains(t, got, privxsim.DefaultAPIClientID, what)
}

// At any boundary between two pages, any run of neighbouring rows is deleted: from the pages
// already read, from those to come, or from both, so that the list may end before the offset.
func TestRowsDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	for boundary := range 3 {
		for from := range m.ids {
			for to := from + 1; to <= len(m.ids); to++ {
				m.fill()
				got := m.read(t, func(page int) {
					if page == boundary {
						m.remove(m.ids[from:to])
					}
				})
				m.wantSurvivors(t, got, fmt.Sprintf("rows %d to %d gone after page %d", from, to-1, boundary))
			}
		}
	}
}

func (m moving) remove(ids []string) {
	for _, id := range ids {
		m.store.RemoveUser(id)
	}
}

// At every boundary between two pages, one of the rows already read is deleted.
func TestRowsDeletedAtEveryBoundary(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	for each := 1; each <= 3; each++ {
		m.fill()
		left := slices.Clone(m.ids)
		got := m.read(t, func(int) {
			n := min(each, len(left))
			m.remove(left[:n])
			left = left[n:]
		})
		m.wantSurvivors(t, got, fmt.Sprintf("%d rows a boundary", each))
	}
}

// Rows that are not neighbours are deleted.
func TestScatteredRowsDeleted(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	for mask := 1; mask < 1<<len(m.ids); mask += 7 {
		m.fill()
		got := m.read(t, func(page int) {
			for i, id := range m.ids {
				if mask&(1<<i) != 0 && i%3 == page {
					m.store.RemoveUser(id)
				}
			}
		})
		m.wantSurvivors(t, got, strconv.FormatInt(int64(mask), 2))
	}
}

// New rows come last, because they are the newest. No other row is lost, and the new ones
// are read if the last page was not read yet.
func TestRowsInsertedMeanwhile(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	m.fill()
	for boundary := range 3 {
		id := fmt.Sprintf("ffffffff-0000-4000-8000-00000000000%d", boundary)
		got := m.read(t, func(page int) {
			if page == boundary {
				m.store.AddUser(privxsim.User{ID: id, Created: "2026-01-01T00:00:00Z"})
			}
		})
		m.wantSurvivors(t, got, "row inserted")
		require.Len(t, unique(got), len(got), "nothing was read twice")
		m.store.RemoveUser(id)
	}
}

// Rows are inserted in front meanwhile. The rows that they push back are read twice, and
// none is lost.
func TestRowsInsertedInFront(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	for boundary := range 3 {
		for _, n := range []int{1, 2, 4} { // As many as a page has are taken for a page that came twice.
			m.fill()
			var added []string
			got := m.read(t, func(page int) {
				for i := 0; page == boundary && i < n; i++ {
					added = append(added, m.store.AddUser(privxsim.User{Created: "2001-01-01T00:00:00Z"}).ID)
				}
			})
			m.remove(added)
			m.wantSurvivors(t, got, fmt.Sprintf("%d rows inserted after page %d", n, boundary))
		}
	}
}

// Roles and members are deleted while their lists are read.
func TestRolesAndMembersDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for boundary := range 3 {
		for _, n := range []int{1, 4, 7} {
			h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 4}})
			role := h.roleWithMembers()
			for i, gone := range []func(id string){
				func(id string) { h.removeRole(id) },
				func(id string) { h.store.RemoveExplicit(role, id); h.store.Unmap(role, id) },
			} {
				l := h.lists()[1+i]
				var got []string
				token := ""
				for page := 0; ; page++ {
					p, err := l.page(t.Context(), token)
					require.NoError(t, err)
					got = append(got, p.items...)
					if page == boundary {
						for _, id := range got[:min(n, len(got))] {
							gone(id)
						}
					}
					if token = p.next; token == "" {
						break
					}
				}
				for _, id := range l.truth() {
					require.Contains(t, got, id, "%s: %d rows gone after page %d", l.name, n, boundary)
				}
			}
		}
	}
}

// removeRole removes a role, but none that the tests still need.
func (h *harness) removeRole(id string) {
	if id != h.roleWithMembers() {
		h.store.RemoveRole(id)
	}
}

// A page token that the client did not make is an error, and does not start the list over.
func TestForeignPageTokensAreRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	p, err := h.lists()[0].page(t.Context(), "")
	require.NoError(t, err)
	tokens := map[string]string{
		"text":            "next",
		"number":          "100",
		"base64 of text":  base64.RawURLEncoding.EncodeToString([]byte("hello")),
		"null":            encodeToken("null"),
		"empty object":    encodeToken("{}"),
		"array":           encodeToken("[]"),
		"another's token": encodeToken(`{"offset":5,"limit":100}`),
		"unknown field":   encodeToken(`{"i":"x","o":7,"l":1000,"x":1}`),
		"no reading":      encodeToken(`{"o":7,"l":1000}`),
		"no limit":        encodeToken(`{"i":"x","o":7}`),
		"zero limit":      encodeToken(`{"i":"x","o":7,"l":0}`),
		"negative limit":  encodeToken(`{"i":"x","o":7,"l":-1}`),
		"huge limit":      encodeToken(`{"i":"x","o":7,"l":1001}`),
		"negative offset": encodeToken(`{"i":"x","o":-7,"l":1000}`),
		"huge offset":     encodeToken(`{"i":"x","o":20000001,"l":1000}`),
		"overflow":        encodeToken(`{"i":"x","o":99999999999999999999,"l":1000}`),
		"fraction":        encodeToken(`{"i":"x","o":7.5,"l":1000}`),
		"negative total":  encodeToken(`{"i":"x","o":7,"l":1000,"t":-1}`),
		"negative rows":   encodeToken(`{"i":"x","n":-1,"o":7,"l":1000}`),
		"negative starts": encodeToken(`{"i":"x","o":7,"l":1000,"r":-1}`),
		"too many starts": encodeToken(`{"i":"x","o":7,"l":1000,"r":4}`),
		"before 1970":     encodeToken(`{"o":0,"l":0,"e":-1}`),
		"empty and more":  encodeToken(`{"i":"x","o":0,"l":1000,"e":1}`),
		"more behind":     encodeToken(`{"i":"x","o":7,"l":1000}{"o":9}`),
		"garbage behind":  encodeToken(`{"i":"x","o":7,"l":1000}xyz`),
		"padded":          p.next + "==",
		"doubled":         p.next + p.next,
	}
	for n := 1; n < len(p.next); n++ {
		tokens["cut to "+strconv.Itoa(n)] = p.next[:n]
	}
	h.sim.ResetRequests()
	lists := h.lists()
	for name, token := range tokens {
		for _, l := range lists {
			_, err := l.page(t.Context(), token)
			wantError(t, err, codes.InvalidArgument, 0)
			require.EqualError(t, err, "the request for a page of a list was not sent: malformed page token", name)
		}
	}
	require.Empty(t, h.sim.Requests())
}

func encodeToken(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// If PrivX refuses large pages, the client goes down to smaller ones once, and remembers it.
func TestPageSize_FallsBackAndIsRemembered(t *testing.T) {
	t.Parallel()
	for accepted, wanted := range map[int][]int{
		1000: {1000}, 999: {1000, 500}, 500: {1000, 500}, 499: {1000, 500, 100}, 100: {1000, 500, 100}, 50: {1000, 500, 100, 50},
	} {
		t.Run(strconv.Itoa(accepted), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: accepted, RefuseLargePages: true}})
			size := wanted[len(wanted)-1]
			for _, l := range h.lists() {
				require.Empty(t, h.sent(l.path), "each kind of list has a size of its own")
				l.wantAll(t)
				require.Equal(t, wanted, h.limits(t, l.path)[:len(wanted)], l.name)
				h.sim.ResetRequests()
				l.wantAll(t)
				for _, limit := range h.limits(t, l.path) {
					require.Equal(t, size, limit, l.name)
				}
			}
		})
	}
}

// Every later page is asked for with the size of the first.
func TestPageSize_OfLaterPages(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{seed: privxsim.SeedOptions{Users: 250, Roles: 20, MembersPerRole: 12}, sim: privxsim.Options{MaxPageSize: 100, RefuseLargePages: true}})
	l := h.lists()[0]
	l.wantAll(t)
	require.Equal(t, []int{1000, 500, 100, 100, 100}, h.limits(t, l.path))
}

func TestPageSize_AllRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 9, RefuseLargePages: true}})
	for _, l := range h.lists() {
		_, err := l.readAll(t.Context())
		require.Equal(t, "limit", asError(t, err, codes.InvalidArgument, http.StatusBadRequest).Property)
		require.Equal(t, api.PageSizeSteps[:], h.limits(t, l.path), l.name)
	}
}

// A list that is refused for another reason does not change the page size.
func TestPageSize_RememberedOnlyOnceAccepted(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, l := range h.lists() {
		h.sim.Inject(privxsim.Fault{Path: l.path, Status: http.StatusBadRequest})
		_, err := l.readAll(t.Context())
		wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
		h.sim.ClearFaults()
		h.sim.ResetRequests()
		l.wantAll(t)
		require.Equal(t, []int{1000}, h.limits(t, l.path), l.name)
	}
}

// Only a 400 to the first page makes the client ask for a smaller one.
func TestPageSize_NoOtherFallback(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	for _, l := range h.lists() {
		h.sim.Inject(privxsim.Fault{Path: l.path, Status: http.StatusBadRequest, Skip: 1})
		_, err := l.readAll(t.Context())
		wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
		require.Len(t, h.sent(l.path), 2, "%s: a later page is not asked for again", l.name)
		h.sim.ClearFaults()
		h.sim.ResetRequests()

		h.sim.Inject(privxsim.Fault{Path: l.path, Status: http.StatusRequestEntityTooLarge, Count: 1})
		_, err = l.readAll(t.Context())
		wantError(t, err, codes.InvalidArgument, http.StatusRequestEntityTooLarge)
		require.Equal(t, []int{1000}, h.limits(t, l.path), l.name)
		h.sim.ClearFaults()
		h.sim.ResetRequests()
	}
}

// Answers that would lose rows silently are errors.
func TestList_Content(t *testing.T) {
	t.Parallel()
	const none = "an empty list, which cannot be"
	for _, tt := range []struct {
		name, body, message string
		lists               bool // Only users and roles have this message: the other lists can be empty.
	}{
		{"empty", `{"count":0,"items":[]}`, none, true},
		{"items null", `{"count":0,"items":null}`, none, true},
		{"no count", `{"items":[]}`, none, true},
		{"more fields", `{"count":0,"items":[],"x_future":{"items":1}}`, none, true},
		{"items absent", `{"count":0}`, "a list without items", false},
		{"an object", `{}`, "a list without items", false},
		{"an error with 200", `{"error_code":"GENERAL_ERROR"}`, "a list without items", false},
		{"counted but not shown", `{"count":3,"items":[]}`, "counts 3 rows and shows none", false},
		{"counted but null", `{"count":3,"items":null}`, "counts 3 rows and shows none", false},
		{"row without an id", `{"count":1,"items":[{"name":"x"}]}`, "a row without an id", false},
		{"row with an empty id", `{"count":1,"items":[{"id":""}]}`, "a row without an id", false},
		{"row that is null", `{"count":1,"items":[null]}`, "a row without an id", false},
		{"one of two rows", `{"count":2,"items":[{"id":"a"},{}]}`, "a row without an id", false},
		{"items an object", `{"count":1,"items":{"id":"a"}}`, "cannot be read", false},
		{"row a text", `{"count":1,"items":["a"]}`, "cannot be read", false},
		{"id a number", `{"count":1,"items":[{"id":7}]}`, "cannot be read", false},
		{"count a text", `{"count":"many","items":[]}`, "cannot be read", false},
		{"count a fraction", `{"count":1.5,"items":[]}`, "cannot be read", false},
		{"array", `[]`, "not a JSON object", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, setup{}, func(t *testing.T, h *harness) {
				h.login(t)
				h.answerJSON("/role-store/api/v1/*", tt.body)
				h.answerJSON("/role-store/api/v1/*/*", tt.body)
				h.answerJSON("/role-store/api/v1/*/*/*", tt.body)
				for _, c := range h.reads() {
					if c.name == "GetUser" || c.name == "GetRole" {
						continue
					}
					err := c.run(t.Context())
					if tt.lists && c.name != "ListUsers" && c.name != "ListRoles" {
						require.NoError(t, err, c.name)
						continue
					}
					wantError(t, err, codes.FailedPrecondition, http.StatusOK)
					require.ErrorContains(t, err, tt.message, c.name)
				}
				require.ErrorContains(t, h.client.Check(t.Context()), tt.message)
			})
		})
	}
}

// PrivX counts more rows than it shows, in both orders. The list is at its end, and the page
// tells both numbers.
func TestList_MoreCountedThanShown(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.serveRows(makeRows(14), 7, func(int) string { return "5000" })
		l := h.lists()[1]
		var got []string
		var last page[string]
		for token := ""; ; token = last.next {
			var err error
			last, err = l.page(t.Context(), token)
			require.NoError(t, err)
			if got = append(got, last.items...); last.next == "" {
				break
			}
		}
		require.Equal(t, makeRows(14), got)
		require.Equal(t, 5000, last.total)
		require.Equal(t, 14, last.read)
		var places []string
		for _, r := range h.sent(rolesPath) {
			places = append(places, query(t, r, "sortdir")+" "+query(t, r, "offset"))
		}
		require.Equal(t, []string{"ASC 0", "ASC 6", "ASC 12", "ASC 13", "ASC 4999", "DESC 0", "DESC 6", "DESC 12", "DESC 13", "DESC 4999"}, places)
	})
}

// NextAfter leaves a part of a page to the next one.
func TestList_NextAfter(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	for _, l := range h.lists() {
		for take := 1; take <= 7; take++ {
			var got []string
			for token := ""; ; {
				p, err := l.page(t.Context(), token)
				require.NoError(t, err, l.name)
				if len(p.items) > take {
					got = append(got, p.items[:take]...)
					token = p.nextAfter(take)
					continue
				}
				got = append(got, p.items...)
				if token = p.next; token == "" {
					break
				}
			}
			require.ElementsMatch(t, l.truth(), got, "%s, %d at a time", l.name, take)
		}
	}
}

// The rows of the lists, as the connector gets them.
func TestList_Rows(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MemberCount: true}})
	users, err := h.client.ListUsers(t.Context(), "")
	require.NoError(t, err)
	truth := map[string]privxsim.User{}
	for _, u := range h.store.Users() {
		truth[u.ID] = u
	}
	for _, u := range users.Items {
		want := truth[u.ID]
		require.Equal(t, want.Principal, u.Principal)
		require.Equal(t, want.FullName, u.FullName)
		require.Equal(t, want.Email, u.Email)
		require.Equal(t, want.Source, u.Source)
		require.Equal(t, want.SourceType, u.SourceType)
		require.Equal(t, want.Created, u.Created)
		require.Equal(t, want.MFA.Status, u.MFA.Status)
	}
	role := h.roleWithMembers()
	members, err := h.client.ListMembers(t.Context(), role, privx.MayBeEmpty, "")
	require.NoError(t, err)
	for _, m := range members.Items {
		require.True(t, slices.ContainsFunc(m.Roles, func(r privx.RoleEntry) bool { return r.ID == role && (r.Explicit || r.Implicit) }))
	}
	one, err := h.client.GetRole(t.Context(), role)
	require.NoError(t, err)
	require.NotNil(t, one.MemberCount)
	require.Equal(t, len(members.Items), *one.MemberCount)
	sources, err := h.client.Sources(t.Context())
	require.NoError(t, err)
	require.Len(t, sources.Items, len(h.store.Sources()))
}

// Fields that nobody outside PrivX may see are not in what is decoded.
func TestList_SecretsAreNeverDecoded(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{seed: privxsim.SeedOptions{Users: 120, Roles: 24, MembersPerRole: 12}})
	users, err := h.client.ListUsers(t.Context(), "")
	require.NoError(t, err)
	roles, err := h.client.ListRoles(t.Context(), "")
	require.NoError(t, err)
	sources, err := h.client.Sources(t.Context())
	require.NoError(t, err)
	for _, rows := range []any{users.Items, roles.Items, sources} {
		text, err := json.Marshal(rows)
		require.NoError(t, err)
		require.NotContains(t, string(text), privxsim.CanaryPrefix)
	}
}

// GetUser and GetRole fail if PrivX answers another object than the one asked for.
func TestGet_AnotherObject(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.answerJSON(userPath, `{"id":"another"}`)
	h.answerJSON(rolePath, `{"id":"another"}`)
	for _, c := range h.reads() {
		if c.name != "GetUser" && c.name != "GetRole" {
			continue
		}
		wantError(t, c.run(t.Context()), codes.FailedPrecondition, http.StatusOK)
	}
}

func TestRoleEntry_Periods(t *testing.T) {
	t.Parallel()
	newer := []privx.Period{{Start: "a", End: "b"}, {Start: "c"}}
	for _, tt := range []struct {
		entry privx.RoleEntry
		want  []privx.Period
	}{
		{privx.RoleEntry{}, nil},
		{privx.RoleEntry{GrantStart: "x", GrantEnd: "y"}, []privx.Period{{Start: "x", End: "y"}}},
		{privx.RoleEntry{GrantEnd: "y"}, []privx.Period{{End: "y"}}},
		{privx.RoleEntry{ValidityPeriods: newer, GrantStart: "x"}, newer},
	} {
		require.Equal(t, tt.want, tt.entry.Periods())
	}
}

// A page of a list that has shrunk may be taken in part. The reader still goes back for the
// rows that have moved up.
func TestList_NextAfterOfAShrunkList(t *testing.T) {
	t.Parallel()
	m := newMoving(t)
	m.fill()
	var all []string
	p, err := m.list.page(t.Context(), "")
	require.NoError(t, err)
	all = append(all, p.items...)
	m.remove(m.ids[0:2])
	p, err = m.list.page(t.Context(), p.next)
	require.NoError(t, err)
	all = append(all, p.items[:2]...)
	for token := p.nextAfter(2); token != ""; token = p.next {
		p, err = m.list.page(t.Context(), token)
		require.NoError(t, err)
		all = append(all, p.items...)
	}
	m.wantSurvivors(t, all, "cut")
}

// A page without a count does not make the reader forget the count before.
func TestRowsDeletedBehindAPageWithoutACount(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		before, after := makeRows(30), makeRows(30)[3:]
		h.serveMovingRows(func(request int) []string {
			if request < 2 {
				return before
			}
			return after
		}, 10, func(request int) string { return []string{"30", "0", "27"}[min(request, 2)] })
		got, err := h.lists()[1].readAll(t.Context())
		require.NoError(t, err)
		for _, row := range after {
			require.Contains(t, got, row)
		}
	})
}

// An empty page in the middle of a list is not its end.
func TestList_EmptyPageInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 7, 1000} { // 1000 stands for the truth
		inBubble(t, setup{sim: privxsim.Options{MaxPageSize: 7}}, func(t *testing.T, h *harness) {
			for _, l := range h.lists() {
				h.sim.ClearFaults()
				h.sim.Inject(privxsim.Fault{Path: l.path, Skip: 1, Count: 1, Status: http.StatusOK, Body: fmt.Sprintf(`{"count":%d,"items":[]}`, min(count, len(l.truth())))})
				l.wantAll(t)
			}
		})
	}
}

// A list of a user's roles that is not complete is an error. For directories, the page tells
// how many more are counted than shown.
func TestList_WholeListsThatAreNotWhole(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.answerJSON("/role-store/api/v1/users/*/roles", `{"count":60,"items":[{"id":"a"}]}`)
	h.answerJSON("/role-store/api/v1/sources", `{"count":60,"items":[{"id":"a"}]}`)
	_, err := h.client.UserRoles(t.Context(), h.store.Users()[0].ID)
	wantError(t, err, codes.FailedPrecondition, http.StatusOK)
	sources, err := h.client.Sources(t.Context())
	require.NoError(t, err)
	require.Equal(t, 60, sources.Total)
	require.Equal(t, 1, sources.Read)
}
