package privx_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
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
	f.Add((privx.Cursor{Reading: "x", Seen: 999, Offset: 1000, Limit: 1000, Total: 2345, First: "a", Last: "z", Longest: 1000, Furthest: 1000, Restarts: 1}).Encode())
	for _, text := range []string{
		`{"i":"x","o":0,"l":1}`, `{"i":"x","o":4194304,"l":1000}`, `{"i":"x","o":4194305,"l":1000}`, `{"i":"x","o":0,"l":1001}`, `{"i":"x","o":-1,"l":1}`, `{"i":"x","o":0,"l":0}`,
		`{"i":"x","o":0,"l":1,"t":-1}`, `{"i":"x","o":0,"l":1,"r":3}`, `{"i":"x","o":0,"l":1,"r":4}`, `{"i":"x","o":0,"l":1,"r":9223372036854775807}`,
		`{"i":"x","o":0,"l":1,"x":1}`, `{"i":"x","o":1e0,"l":1}`,
		`{"i":"x","l":1,"o":0}`, ` {"i":"x","o":0,"l":1}`, `{"i":"x","o":0,"l":1}{}`,
		`{"i":"x","o":0,"l":1,"f":"<>"}`, `{"i":"x","o":0,"l":1,"f":"` + "\xff" + `"}`, `null`, `[]`, `{"I":"x","O":0,"L":1}`,
		`{"o":0,"l":1}`, `{"o":0,"l":0,"e":1}`, `{"o":0,"l":0,"e":-1}`, `{"o":0,"l":0,"e":9223372036854775807}`, `{"i":"x","o":0,"l":1,"e":1}`,
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
	if c.EmptyAt != 0 {
		return c == privx.Cursor{EmptyAt: max(c.EmptyAt, 1)}
	}
	inList := func(n int) bool { return n >= 0 && n <= privx.MaxRows }
	return c.Reading != "" && inList(c.Offset) && inList(c.Seen) && inList(c.Longest) && inList(c.Furthest) &&
		c.Limit >= 1 && c.Limit <= privx.PageSizeSteps[0] &&
		c.Total >= 0 && c.Lacking >= 0 && c.Idle >= 0 && c.Restarts >= 0 && c.Restarts <= privx.MaxRestarts
}

// What a page token was made of is what is read from it; what cannot be is
// refused.
func FuzzCursor(f *testing.F) {
	f.Add("x", 0, 1000, 0, 0, int64(0), "", "")
	f.Add("x", 1000, 50, 100000, 3, int64(0), "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10", "x<>&\u2028\"\\")
	f.Add("x", privx.MaxRows, 1, 1<<62, privx.MaxRestarts, int64(0), "\xff", "\x00")
	f.Add("", privx.MaxRows+1, 1001, -1, privx.MaxRestarts+1, int64(0), "", "")
	f.Add("", 0, 0, 0, 0, int64(1), "", "")
	f.Fuzz(func(t *testing.T, reading string, offset, limit, total, restarts int, emptyAt int64, first, last string) {
		made := privx.Cursor{Reading: reading, Offset: offset, Limit: limit, Total: total, First: first, Last: last, Restarts: restarts, EmptyAt: emptyAt}
		for _, text := range []string{reading, first, last} {
			if !utf8.ValidString(text) {
				return // ids come out of JSON, which has nothing of the kind
			}
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

// Whatever PrivX answers to each request: no row of an answer is lost, none is handed
// out twice, and reading comes to an end.
func FuzzList(f *testing.F) {
	answers := []string{
		`{"count":3,"items":[{"id":"a"},{"id":"b"}]}`, `{"count":1,"items":[{"id":"a"}]}`, `{"items":[{"id":"a"}]}`, `{"count":5,"items":[]}`,
		`{"count":-7,"items":[{"id":"b"}]}`, `{"count":9223372036854775807,"items":[{"id":"b"}]}`, `{"items":null}`, `{"count":2}`, `{"items":[{"id":""}]}`,
		`{"count":3,"items":[{"id":"b"},{"id":"c"}]}`, `{"count":2,"items":[{"id":"b"},{"id":"a"}]}`, `{"count":0,"items":[]}`,
	}
	for i, body := range append(answers, recordedAnswers(f)...) {
		f.Add(body, answers[i%len(answers)], []byte{}, []byte{0, 1, 0, 1, 1})
		f.Add(answers[(i+1)%len(answers)], body, []byte{byte(i), byte(3 * i)}, []byte{1, 0, 0})
	}
	client := newShelfClient(f)
	f.Fuzz(func(t *testing.T, one, other string, edits, order []byte) {
		bodies := []string{oddjson.Spoil(one, edits), other}
		shown, asked := map[string]bool{}, 0
		client.serve(func(question) string {
			body := bodies[0]
			if asked < len(order) {
				body = bodies[order[asked]%2]
			}
			asked++
			for _, id := range listedIDs(body) {
				shown[id] = true
			}
			return body
		})
		synctest.Test(t, func(t *testing.T) {
			got := map[string]bool{}
			for token := ""; ; {
				page, err := client.ListMembers(t.Context(), "r", privx.MayBeEmpty, token)
				if err != nil {
					_ = requireTold(t, err)
					return
				}
				for _, member := range page.Items {
					require.NotEmpty(t, member.ID)
					require.False(t, got[strings.ToLower(member.ID)], "handed out twice")
					got[strings.ToLower(member.ID)] = true
				}
				require.GreaterOrEqual(t, page.Total, 0)
				require.Equal(t, len(got), page.Read)
				require.Less(t, asked, 10_000)
				if token = page.Next; token == "" {
					for id := range shown {
						require.True(t, got[strings.ToLower(id)], "%q was shown and not handed out", id)
					}
					return
				}
			}
		})
	})
}

// listedIDs are the ids of a list's rows.
func listedIDs(body string) []string {
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	_ = json.Unmarshal([]byte(body), &list)
	ids := []string{}
	for _, row := range list.Items {
		ids = append(ids, row.ID)
	}
	return ids
}
