package privx_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// question is a request for a part of a list.
type question struct {
	offset, limit int
	descending    bool
}

// part is the part of some rows that was asked for.
func (q question) part(rows []string) []string {
	from := min(q.offset, len(rows))
	part := rows[from:min(from+q.limit, len(rows))]
	if !q.descending {
		return part
	}
	part = nil
	for i := from; i < min(from+q.limit, len(rows)); i++ {
		part = append(part, rows[len(rows)-1-i])
	}
	return part
}

// listed is an answer with a count and rows.
func listed(count int, rows []string) string {
	items := make([]string, len(rows))
	for i, id := range rows {
		items[i] = `{"id":"` + id + `"}`
	}
	return fmt.Sprintf(`{"count":%d,"items":[%s]}`, count, strings.Join(items, ","))
}

// shelf is a client and its PrivX, which has one list and answers as a test says. It uses no
// sockets, and its time is that of the bubble that it is used in.
type shelf struct {
	*privx.Client

	mu        sync.Mutex
	answer    func(question) string
	questions []question
	began     time.Time
}

func newShelfClient(t testing.TB) *shelf {
	t.Helper()
	base, err := privx.ParseBaseURL("https://privx.example.com")
	require.NoError(t, err)
	s := &shelf{}
	s.Client, err = privx.New(t.Context(), privx.Config{BaseURL: base, Credentials: privx.OAuthClientCredentials{
		ClientID: privxsim.DefaultOAuthClientID, ClientSecret: privxsim.DefaultOAuthClientSecret,
	}})
	require.NoError(t, err)
	privx.SetTransport(s.Client, s)
	privx.SetBackOff(s.Client, noPause)
	privx.SetTokenPauses(s.Client)
	return s
}

// serve sets how the list answers from now on.
func (s *shelf) serve(answer func(question) string) {
	privx.Forget(s.Client)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer, s.questions = answer, nil
}

// RoundTrip answers a request.
func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"access_token":"` + fuzzBearer + `","expires_in":300}`
	if !strings.HasSuffix(r.URL.Path, tokenPath) {
		query := r.URL.Query()
		q := question{descending: query.Get("sortdir") == "DESC"}
		q.offset, _ = strconv.Atoi(query.Get("offset"))
		q.limit, _ = strconv.Atoi(query.Get("limit"))
		s.mu.Lock()
		s.questions = append(s.questions, q)
		body = s.answer(q)
		s.mu.Unlock()
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// onShelf runs a test of a list in a bubble.
func onShelf(t *testing.T, test func(t *testing.T, s *shelf)) {
	t.Helper()
	s := newShelfClient(t)
	synctest.Test(t, func(t *testing.T) {
		s.began = time.Now()
		test(t, s)
	})
}

// users reads the list of users to its end: the ids in the order in which they came,
// and the last page.
func (s *shelf) users(ctx context.Context) ([]string, *privx.Page[privx.User], error) {
	var ids []string
	for token := ""; ; {
		page, err := s.ListUsers(ctx, token)
		if err != nil {
			return ids, nil, err
		}
		for _, user := range page.Items {
			ids = append(ids, user.ID)
		}
		if token = page.Next; token == "" {
			return ids, page, nil
		}
	}
}

// manyRows are n ids.
func manyRows(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("u%06d", i)
	}
	return rows
}
