package privx_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// A page token that is accepted is one that the client has made, and within its
// bounds.
func FuzzPageToken(f *testing.F) {
	f.Add("")
	f.Add((privx.Cursor{Offset: 1000, Limit: 1000, Total: 2345, First: "a", Last: "z", Rewinds: 1}).Encode())
	for _, text := range []string{
		`{"o":0,"l":1}`, `{"o":20000000,"l":1000}`, `{"o":20000001,"l":1000}`, `{"o":0,"l":1001}`, `{"o":-1,"l":1}`, `{"o":0,"l":0}`,
		`{"o":0,"l":1,"t":-1}`, `{"o":0,"l":1,"r":1000}`, `{"o":0,"l":1,"r":1001}`, `{"o":0,"l":1,"r":9223372036854775807}`, `{"o":0,"l":1,"x":1}`, `{"o":1e0,"l":1}`,
		`{"l":1,"o":0}`, ` {"o":0,"l":1}`, `{"o":0,"l":1}{}`, `{"o":0,"l":1,"f":"<>"}`, `{"o":0,"l":1,"f":"` + "\xff" + `"}`, `null`, `[]`, `{"O":0,"L":1}`,
	} {
		f.Add(encodeToken(text))
		f.Add(base64.URLEncoding.EncodeToString([]byte(text)))
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := privx.DecodeCursor(token)
		if err != nil {
			_ = requireTold(t, err)
			require.Equal(t, codes.InvalidArgument, status.Code(err))
			require.Zero(t, got)
			return
		}
		if token == "" {
			require.Zero(t, got)
			return
		}
		require.Equal(t, token, got.Encode())
		require.True(t, inBounds(got), "%+v", got)
	})
}

// inBounds tells whether a page token with this in it is accepted.
func inBounds(c privx.Cursor) bool {
	return c.Offset >= 0 && c.Offset <= privx.MaxRows && c.Limit >= 1 && c.Limit <= privx.PageSizeSteps[0] &&
		c.Total >= 0 && c.Rewinds >= 0 && c.Rewinds <= privx.MaxRewinds
}

// What a page token was made of is what is read from it; what cannot be is
// refused.
func FuzzCursor(f *testing.F) {
	f.Add(0, 1000, 0, 0, "", "")
	f.Add(1000, 50, 100000, 3, "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10", "x<>&\u2028\"\\")
	f.Add(privx.MaxRows, 1, 1<<62, privx.MaxRewinds, "\xff", "\x00")
	f.Add(privx.MaxRows+1, 1001, -1, privx.MaxRewinds+1, "", "")
	f.Fuzz(func(t *testing.T, offset, limit, total, rewinds int, first, last string) {
		made := privx.Cursor{Offset: offset, Limit: limit, Total: total, First: first, Last: last, Rewinds: rewinds}
		if !utf8.ValidString(first) || !utf8.ValidString(last) {
			return // ids come out of JSON, which has nothing of the kind
		}
		got, err := privx.DecodeCursor(made.Encode())
		if !inBounds(made) {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, made, got)
	})
}

// However PrivX answers for a page: no row is lost of what is taken, and reading
// on comes nearer to the end.
func FuzzPage(f *testing.F) {
	network := newNetwork(f)
	tokens := []string{
		"", (privx.Cursor{Offset: 1, Limit: 1}).Encode(), (privx.Cursor{Offset: 1000, Limit: 1000, Total: 2000, First: "a", Last: "b"}).Encode(),
		(privx.Cursor{Offset: privx.MaxRows, Limit: 50, Total: 3, Rewinds: privx.MaxRewinds}).Encode(),
	}
	rows := []string{
		`{"count":3,"items":[{"id":"a"},{"id":"b"}]}`, `{"count":1,"items":[{"id":"a"}]}`, `{"items":[{"id":"a"}]}`, `{"count":5,"items":[]}`,
		`{"count":-7,"items":[{"id":"b"}]}`, `{"count":9223372036854775807,"items":[{"id":"b"}]}`, `{"items":null}`, `{"count":2}`, `{"items":[{"id":""}]}`,
	}
	for i, body := range append(rows, recordedAnswers(f)...) {
		for _, token := range tokens {
			f.Add(token, body, []byte{})
			f.Add(token, body, []byte{byte(i), byte(3 * i)})
		}
	}
	f.Fuzz(func(t *testing.T, token, text string, edits []byte) {
		body := oddjson.Spoil(text, edits)
		network.answer(http.StatusOK, "application/json", body)
		page, err := network.client.ListUsers(t.Context(), token)
		if err != nil {
			_ = requireTold(t, err)
			return
		}
		require.Equal(t, listedIDs(t, body), identities(page.Items))
		require.NotContains(t, identities(page.Items), "")
		require.GreaterOrEqual(t, page.Total, 0)
		at, err := privx.DecodeCursor(token)
		require.NoError(t, err)
		require.Equal(t, at.Offset+len(page.Items), page.Read)
		if page.Next == "" {
			return
		}
		next, err := privx.DecodeCursor(page.Next)
		require.NoError(t, err)
		require.True(t, next.Offset > at.Offset || next.Rewinds == at.Rewinds+1, "%+v does not lead on from %+v", next, at)
		require.LessOrEqual(t, next.Offset, page.Read, "rows are left out")
		for n := 1; n < min(len(page.Items), 5); n++ {
			part, err := privx.DecodeCursor(page.NextAfter(n))
			require.NoError(t, err)
			require.LessOrEqual(t, part.Offset, at.Offset+n, "rows are left out")
			require.True(t, part.Offset > at.Offset || part.Rewinds > at.Rewinds)
		}
	})
}

// listedIDs are the ids of a list's rows.
func listedIDs(t *testing.T, body string) []string {
	t.Helper()
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &list))
	ids := []string{}
	for _, row := range list.Items {
		ids = append(ids, row.ID)
	}
	return ids
}

func identities(users []privx.User) []string {
	ids := []string{}
	for _, user := range users {
		ids = append(ids, user.ID)
	}
	return ids
}
