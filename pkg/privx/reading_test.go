package privx_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// What is remembered of a list takes no more than 32 bytes a row, at any size of the
// map that holds it.
func TestReading_TakesLittleMemory(t *testing.T) { //nolint:paralleltest // Others would be measured as well.
	for _, rows := range []int{100_000, 460_000, 500_000} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		reading := privx.NewReading()
		for i := range rows {
			require.True(t, reading.AddRow(fmt.Sprintf("00000000-0000-4000-8000-%012d", i)))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		taken := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		require.Less(t, taken, int64(32*rows), "%d rows", rows)
		require.False(t, reading.AddRow(strings.ToUpper("00000000-0000-4000-8000-000000000001")), "case is no part of an id")
		runtime.KeepAlive(reading)
	}
}

// Lists that nobody reads on are forgotten, those that were used last in the end; and
// a list that was forgotten starts over.
func TestReading_ListsThatWereGivenUp(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		rows := manyRows(30)
		s.serve(func(q question) string {
			q.limit = 10
			return listed(len(rows), q.part(rows))
		})
		first, err := s.ListUsers(t.Context(), "")
		require.NoError(t, err)
		for range privx.MaxReadings - 1 {
			require.NoError(t, second(s.ListUsers(t.Context(), "")))
		}
		held, lists := privx.Held(s.Client)
		require.Equal(t, privx.MaxReadings, lists)
		require.Equal(t, 10*privx.MaxReadings, held)
		page, err := s.ListUsers(t.Context(), first.Next)
		require.NoError(t, err)
		require.False(t, page.Restarted, "it is remembered still")
		for range privx.MaxReadings {
			require.NoError(t, second(s.ListUsers(t.Context(), "")))
		}
		page, err = s.ListUsers(t.Context(), page.Next)
		require.NoError(t, err)
		require.True(t, page.Restarted)
	})
}

// Of lists that are over, few are remembered, and what was held of them is given
// back.
func TestReading_ListsThatAreOver(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		rows := manyRows(5)
		s.serve(func(q question) string { return listed(len(rows), q.part(rows)) })
		for range 3 * privx.MaxEnded {
			_, _, err := s.users(t.Context())
			require.NoError(t, err)
		}
		held, lists := privx.Held(s.Client)
		require.Equal(t, privx.MaxEnded, lists)
		require.Equal(t, privx.MaxEnded*len(rows), held)
	})
}

// A list without end is one that is Aborted.
func TestReading_ListWithoutEnd(t *testing.T) {
	t.Parallel()
	onShelf(t, func(t *testing.T, s *shelf) {
		s.serve(func(q question) string { return listed(q.offset+2000, manyRows(q.offset + 1000)[q.offset:]) })
		token := (privx.Cursor{Reading: "x", Offset: privx.MaxRows, Limit: 1000}).Encode()
		page, err := s.ListUsers(t.Context(), token)
		require.NoError(t, err)
		require.True(t, page.Restarted, "a place alone proves nothing")
		at, err := privx.DecodeCursor(page.Next)
		require.NoError(t, err)
		at.Offset = privx.MaxRows
		_, err = s.ListUsers(t.Context(), at.Encode())
		wantError(t, err, codes.Aborted, http.StatusOK)
		require.ErrorContains(t, err, "does not end")
	})
}
