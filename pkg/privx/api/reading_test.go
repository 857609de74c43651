package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The memory of a reading takes at most 32 bytes a row, at any size of its map.
func TestReadingTakesLittleMemory(t *testing.T) { //nolint:paralleltest // Others would be measured as well.
	for _, rows := range []int{100_000, 460_000, 500_000} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		reading := api.NewReading()
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

// Lists that nobody reads on are forgotten, the least recently used ones first. A list that
// was forgotten starts over.
func TestListsThatWereGivenUpAreForgotten(t *testing.T) {
	t.Parallel()
	client := newClientOf(t, 30, 10)
	first, err := readPage(t, client, "")
	require.NoError(t, err)
	for range api.MaxReadings - 1 {
		_, err := readPage(t, client, "")
		require.NoError(t, err)
	}
	held, lists := api.Held(client)
	require.Equal(t, api.MaxReadings, lists)
	require.Equal(t, 10*api.MaxReadings, held)
	page, err := readPage(t, client, first.Next)
	require.NoError(t, err)
	require.False(t, page.Restarted, "it is remembered still")
	for range api.MaxReadings {
		_, err := readPage(t, client, "")
		require.NoError(t, err)
	}
	page, err = readPage(t, client, page.Next)
	require.NoError(t, err)
	require.True(t, page.Restarted)
}

// Only a few lists that were read to their end are remembered, and the memory of the others
// is freed.
func TestListsThatAreOverAreForgotten(t *testing.T) {
	t.Parallel()
	const rows = 5
	client := newClientOf(t, rows, api.MaxPageSize)
	for range 3 * api.MaxEnded {
		page, err := readPage(t, client, "")
		require.NoError(t, err)
		require.Empty(t, page.Next)
	}
	held, lists := api.Held(client)
	require.Equal(t, api.MaxEnded, lists)
	require.Equal(t, api.MaxEnded*rows, held)
}

// A list without end fails with Aborted.
func TestListWithoutEndIsAborted(t *testing.T) {
	t.Parallel()
	client := newClientOf(t, 2*api.MaxRows, 1000)
	page, err := readPage(t, client, (api.Cursor{Reading: "x", Offset: api.MaxRows, Limit: 1000}).Encode())
	require.NoError(t, err)
	require.True(t, page.Restarted, "a place alone proves nothing")
	at, err := api.DecodeCursor(page.Next)
	require.NoError(t, err)
	at.Offset = api.MaxRows
	_, err = readPage(t, client, at.Encode())
	require.Equal(t, codes.Aborted, status.Code(err), "%v", err)
	require.ErrorContains(t, err, "does not end")
}

func readPage(t *testing.T, client *api.Client, token string) (*api.Page[api.OnlyID], error) {
	t.Helper()
	things := api.Endpoint{Method: http.MethodGet, Path: "/things"}
	return api.ReadPage[api.OnlyID](t.Context(), client, &api.List{Request: things.Request(), Emptiness: api.MayBeEmpty}, token)
}

// newClientOf makes a client of a PrivX with one list. The list has a number of rows, of
// which PrivX shows no more than most at a time.
func newClientOf(t *testing.T, rows, most int) *api.Client {
	t.Helper()
	base, err := api.ParseBaseURL("https://privx.example.com")
	require.NoError(t, err)
	client, err := api.New(t.Context(), api.Config{
		BaseURL: base, Credentials: api.APIClientCredentials{ClientID: "id", ClientSecret: "secret"},
		Transport: roundTripper(func(r *http.Request) *http.Response {
			body := `{"access_token":"t","expires_in":300}`
			if r.URL.Path == "/things" {
				body = listed(r.URL.Query(), rows, most)
			}
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
				Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
			}
		}),
	})
	require.NoError(t, err)
	return client
}

// listed is the part of a list that is asked for.
func listed(query url.Values, rows, most int) string {
	offset, _ := strconv.Atoi(query.Get("offset"))
	limit, _ := strconv.Atoi(query.Get("limit"))
	items := []string{}
	for i := offset; i < min(offset+min(limit, most), rows); i++ {
		items = append(items, fmt.Sprintf(`{"id":"%d"}`, i))
	}
	return fmt.Sprintf(`{"count":%d,"items":[%s]}`, rows, strings.Join(items, ","))
}

// roundTripper is a transport made of a function.
type roundTripper func(r *http.Request) *http.Response

// RoundTrip answers a request.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }
