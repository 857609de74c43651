package privx_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

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
		require.Equal(t, errorid.ListUnsettled, errorid.Of(err))
		require.Less(t, len(h.sent(rolesPath)), 100)
	})
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
