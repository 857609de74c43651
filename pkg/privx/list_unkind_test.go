package privx_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// An empty answer before the counted end of a list does not end it: PrivX is asked again
// over some seconds.
func TestUnkind_EmptyAnswerInTheMiddle(t *testing.T) {
	t.Parallel()
	rows := manyRows(2500)
	for _, empty := range []string{emptyList, `{"count":0,"items":null}`, `{"items":[]}`} {
		for times := 1; times <= len(api.EmptyPauses)+1; times++ {
			onShelf(t, func(t *testing.T, s *shelf) {
				left := times
				s.serve(func(q question) string {
					if q.offset > 0 && left > 0 {
						left--
						return empty
					}
					return listed(len(rows), q.part(rows))
				})
				got, _, err := s.users(t.Context())
				if times > len(api.EmptyPauses) {
					wantError(t, err, codes.Aborted, http.StatusOK)
					require.ErrorContains(t, err, "where PrivX counts 2500 rows and has shown 1000")
					return
				}
				require.NoError(t, err)
				require.Equal(t, rows, got)
			})
		}
	}
}

// Neither the users nor the roles can be empty: the API client is a user, and two roles are
// built in.
func TestUnkind_NoUsersAndNoRoles(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 3, 100} {
		onShelf(t, func(t *testing.T, s *shelf) {
			left := 0
			s.serve(func(q question) string {
				if left > 0 {
					left--
					return emptyList
				}
				return listed(1, []string{"a"})
			})
			for _, read := range []func() error{
				func() error { return second(s.ListUsers(t.Context(), "")) },
				func() error { return second(s.ListRoles(t.Context(), "")) },
				func() error { return s.Check(t.Context()) },
			} {
				left = times
				err := read()
				if times < 100 {
					require.NoError(t, err)
					continue
				}
				wantError(t, err, codes.FailedPrecondition, http.StatusOK)
				require.ErrorContains(t, err, "an empty list, which cannot be")
			}
		})
	}
}

// Rows of the same time have no fixed order: an answer repeats a row in place of another
// one, which would never be shown without a further question.
func TestUnkind_Ties(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 1000} {
		for _, tied := range []int{20, 50, 90} {
			for seed := range uint64(5) {
				random := rand.New(rand.NewPCG(seed, 0))
				onShelf(t, func(t *testing.T, s *shelf) {
					rows := manyRows(2 * size)
					s.serve(func(q question) string {
						shown := slices.Clone(rows)
						group := shown[size-tied/2 : size+tied/2]
						random.Shuffle(len(group), func(i, j int) { group[i], group[j] = group[j], group[i] })
						q.limit = size
						return listed(len(rows), q.part(shown))
					})
					got, _, err := s.users(t.Context())
					require.NoError(t, err)
					require.ElementsMatch(t, rows, got)
				})
			}
		}
	}
}

// If all rows have the same time and come in another order each time, the list is read
// completely or is an error.
func TestUnkind_AllTied(t *testing.T) {
	t.Parallel()
	const rows = 40
	readTied(t, 50, rows, 0, rows)
}

// The same with all rows but the last ones, and with counts that prove nothing, because
// PrivX does not count or counts too little. Then there must be as many rows as places.
func TestUnkind_TiedAndNotCounted(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, -1, 5, 39} {
		readTied(t, 20, 40, 5, count)
	}
}

// readTied reads a list many times. In each answer, PrivX sorts all rows but the last ones
// differently. It wants all rows or an error, and at least one error.
func readTied(t *testing.T, times uint64, all, last, count int) {
	t.Helper()
	aborted := 0
	for seed := range times {
		random := rand.New(rand.NewPCG(seed, 0))
		onShelf(t, func(t *testing.T, s *shelf) {
			rows := manyRows(all)
			s.serve(func(q question) string {
				shown := slices.Clone(rows)
				random.Shuffle(len(shown)-last, func(i, j int) { shown[i], shown[j] = shown[j], shown[i] })
				q.limit = 10
				return listed(count, q.part(shown))
			})
			got, _, err := s.users(t.Context())
			if err != nil {
				wantError(t, err, codes.Aborted, http.StatusOK)
				aborted++
				return
			}
			require.ElementsMatch(t, rows, got)
		})
	}
	require.Positive(t, aborted)
}

// Between two answers one row is deleted and one is inserted, at every place.
func TestUnkind_OneGoesOneComes(t *testing.T) {
	t.Parallel()
	const size, all = 6, 21
	onShelf(t, func(t *testing.T, s *shelf) {
		for gone := range all {
			for comes := range all {
				for before := 1; before <= 3; before++ { // before which answer
					rows, answers := manyRows(all), 0
					s.serve(func(q question) string {
						if answers == before {
							rows = slices.Insert(slices.Delete(slices.Clone(rows), gone, gone+1), comes, "new")
						}
						answers++
						q.limit = size
						return listed(len(rows), q.part(rows))
					})
					got, _, err := s.users(t.Context())
					require.NoError(t, err)
					stayed := slices.Delete(manyRows(all), gone, gone+1)
					require.Subset(t, got, stayed, "%d gone, one came at %d, before answer %d", gone, comes, before)
					require.Len(t, unique(got), len(got), "nothing is handed out twice")
				}
			}
		}
	})
}

// A count of only the answer's own rows does not end a list.
func TestUnkind_CountOfTheAnswer(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 999, 1000, 1001, 1999, 2000, 2500} {
		onShelf(t, func(t *testing.T, s *shelf) {
			rows := manyRows(n)
			s.serve(func(q question) string { return listed(len(q.part(rows)), q.part(rows)) })
			got, _, err := s.users(t.Context())
			require.NoError(t, err)
			require.Equal(t, rows, got)
		})
	}
}

// A complete list cannot be told from one cut short if PrivX counts only the rows of its
// answers. That PrivX does so shows when the connection is checked.
func TestUnkind_CountOfAClampedAnswer(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		rows := manyRows(250)
		s.serve(func(q question) string {
			q.limit = min(q.limit, 100)
			return listed(len(q.part(rows)), q.part(rows))
		})
		require.NoError(t, s.Check(t.Context()))
		got, _, err := s.users(t.Context())
		require.NoError(t, err)
		require.Equal(t, rows, got)
	})
}

// One answer that was cut short and counts its own rows does not end a list. This holds for
// the lists that were counted when the connection was checked, and for the others once it
// is known how many rows PrivX gives at a time.
func TestUnkind_CountOfOneClampedAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{sim: privxsim.Options{MaxPageSize: 7}}, func(t *testing.T, h *harness) {
		require.NoError(t, h.client.Check(t.Context()))
		for _, l := range h.lists() {
			require.Greater(t, len(l.truth()), 7)
			h.sim.Inject(privxsim.Fault{Path: l.path, Kind: privxsim.FaultPageCount, Count: 1})
			l.wantAll(t)
			h.sim.ClearFaults()
		}
	})
}

// Two nodes whose counts differ by one cost only a few further requests.
func TestUnkind_NodesThatCountDifferently(t *testing.T) {
	t.Parallel()
	const clamp = 100
	for n, ends := range map[int]bool{120_000: false, 20_000: true} { // whether the second node shows the last row all the same
		rows := manyRows(n)
		onShelf(t, func(t *testing.T, s *shelf) {
			answers := 0
			s.serve(func(q question) string {
				answers++
				q.limit = clamp
				known := n - answers%2
				if ends {
					return listed(known, q.part(rows))
				}
				return listed(known, q.part(rows[:known]))
			})
			got, _, err := s.users(t.Context())
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(got), n-1)
			require.Equal(t, rows[:len(got)], got)
			require.LessOrEqual(t, answers, 1+(n-clamp+clamp-2)/(clamp-1)+4)
		})
	}
}

// A node does not know the first rows yet, so that every second answer is shifted.
func TestUnkind_ShiftedNode(t *testing.T) {
	t.Parallel()
	for _, missing := range []int{1, 3, 40, 150} {
		onShelf(t, func(t *testing.T, s *shelf) {
			rows, answers := manyRows(1000), 0
			s.serve(func(q question) string {
				answers++
				q.limit = 50
				if answers%2 == 0 {
					return listed(len(rows)-missing, q.part(rows[missing:]))
				}
				return listed(len(rows), q.part(rows))
			})
			got, _, err := s.users(t.Context())
			require.NoError(t, err)
			require.ElementsMatch(t, rows, got)
		})
	}
}

// A role without members: one answer alone does not prove that there are none. A second one
// does, at least a second later, and so does another source that says so.
func TestUnkind_NoMembers(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		rows := []string(nil)
		s.serve(func(q question) string { return listed(len(rows), q.part(rows)) })
		page, err := s.ListMembers(t.Context(), "r", privx.MayBeEmpty, "")
		require.NoError(t, err)
		require.True(t, page.Unconfirmed)
		require.NotEmpty(t, page.Next)
		require.Zero(t, time.Since(s.began))
		confirm := page.Next

		page, err = s.ListMembers(t.Context(), "r", privx.MayBeEmpty, confirm)
		require.NoError(t, err)
		require.False(t, page.Unconfirmed)
		require.Empty(t, page.Next)
		require.Empty(t, page.Items)
		require.Equal(t, api.ConfirmPause, time.Since(s.began))
		require.Len(t, s.questions, 2)

		// The second answer is asked for no later than that.
		_, err = s.ListMembers(t.Context(), "r", privx.MayBeEmpty, confirm)
		require.NoError(t, err)
		require.Equal(t, api.ConfirmPause, time.Since(s.began))

		// If the second answer proves the first one wrong, the next empty list is not
		// believed so soon.
		rows = []string{"a", "b"}
		page, err = s.ListMembers(t.Context(), "r", privx.MayBeEmpty, confirm)
		require.NoError(t, err)
		require.Len(t, page.Items, 2)
		require.True(t, page.First)
		require.False(t, page.Restarted)

		rows = nil
		began := time.Now()
		page, err = s.ListMembers(t.Context(), "r", privx.MayBeEmpty, "")
		require.NoError(t, err)
		require.NoError(t, second(s.ListMembers(t.Context(), "r", privx.MayBeEmpty, page.Next)))
		require.Equal(t, api.Unrest, time.Since(began))

		page, err = s.ListMembers(t.Context(), "r", privx.KnownEmpty, "")
		require.NoError(t, err)
		require.False(t, page.Unconfirmed)
		require.Empty(t, page.Next)

		began = time.Now()
		_, err = s.ListMembers(t.Context(), "r", privx.NeverEmpty, "")
		wantError(t, err, codes.Aborted, http.StatusOK)
		require.True(t, privx.IsEmpty(err))
		require.GreaterOrEqual(t, time.Since(began), 5*time.Second)
	})
}

// A page can be asked for again, and taken in part, also at the end of the list.
func TestUnkind_PagesAskedForAgain(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		rows := manyRows(25)
		s.serve(func(q question) string {
			q.limit = 10
			return listed(len(rows), q.part(rows))
		})
		var got []string
		for token := ""; ; {
			first, err := s.ListUsers(t.Context(), token)
			require.NoError(t, err)
			page, err := s.ListUsers(t.Context(), token)
			require.NoError(t, err)
			require.Equal(t, first.Items, page.Items)
			take := min(3, len(page.Items))
			for _, user := range page.Items[:take] {
				got = append(got, user.ID)
			}
			if token = page.Next; take < len(page.Items) {
				token = page.NextAfter(take)
			}
			if token == "" {
				break
			}
		}
		require.Equal(t, rows, got)
	})
}

// A list whose beginning another process has read starts over, a bounded number of times.
func TestUnkind_ListThatAnotherProcessHasBegun(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		rows := manyRows(25)
		serve := func() {
			s.serve(func(q question) string {
				q.limit = 10
				return listed(len(rows), q.part(rows))
			})
		}
		serve()
		page, err := s.ListUsers(t.Context(), "")
		require.NoError(t, err)
		require.True(t, page.First)
		for restart := 1; restart <= api.MaxRestarts+1; restart++ {
			serve() // which makes the client forget
			page, err = s.ListUsers(t.Context(), page.Next)
			if restart > api.MaxRestarts {
				wantError(t, err, codes.Aborted, http.StatusOK)
				require.Equal(t, errorid.ListsAtOnce, errorid.Of(err))
				return
			}
			require.NoError(t, err)
			require.True(t, page.First)
			require.True(t, page.Restarted)
			require.Len(t, page.Items, 10)
		}
	})
}
