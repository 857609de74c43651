package privx_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

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
