package api_test

import (
	"encoding/base64"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// A page token that is accepted is one that the client could have made, within its bounds.
func FuzzPageToken(f *testing.F) {
	f.Add("")
	f.Add((api.Cursor{Reading: "x", Seen: 999, Offset: 1000, Limit: 1000, Total: 2345, First: "a", Last: "z", Longest: 1000, Furthest: 1000, Restarts: 1}).Encode())
	for _, text := range []string{
		`{"i":"x","o":0,"l":1}`, `{"i":"x","o":4194304,"l":1000}`, `{"i":"x","o":4194305,"l":1000}`, `{"i":"x","o":0,"l":1001}`, `{"i":"x","o":-1,"l":1}`, `{"i":"x","o":0,"l":0}`,
		`{"i":"x","o":0,"l":1,"t":-1}`, `{"i":"x","o":0,"l":1,"r":3}`, `{"i":"x","o":0,"l":1,"r":4}`, `{"i":"x","o":0,"l":1,"r":9223372036854775807}`,
		`{"i":"x","o":0,"l":1,"x":1}`, `{"i":"x","o":1e0,"l":1}`,
		`{"i":"x","l":1,"o":0}`, ` {"i":"x","o":0,"l":1}`, `{"i":"x","o":0,"l":1}{}`,
		`{"i":"x","o":0,"l":1,"f":"<>"}`, `{"i":"x","o":0,"l":1,"f":"` + "\xff" + `"}`, `null`, `[]`, `{"I":"x","O":0,"L":1}`,
		`{"o":0,"l":1}`, `{"o":0,"l":0,"e":1}`, `{"o":0,"l":0,"e":-1}`, `{"o":0,"l":0,"e":9223372036854775807}`, `{"i":"x","o":0,"l":1,"e":1}`,
	} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(text)))
		f.Add(base64.URLEncoding.EncodeToString([]byte(text)))
	}
	f.Fuzz(func(t *testing.T, token string) {
		got, err := api.DecodeCursor(token)
		if err != nil {
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

// inBounds tells whether a page token with this cursor has to be accepted.
func inBounds(c api.Cursor) bool {
	if c.EmptyAt != 0 {
		return c == api.Cursor{EmptyAt: max(c.EmptyAt, 1)}
	}
	inList := func(n int) bool { return n >= 0 && n <= api.MaxRows }
	return c.Reading != "" && inList(c.Offset) && inList(c.Seen) && inList(c.Longest) && inList(c.Furthest) &&
		c.Limit >= 1 && c.Limit <= api.PageSizeSteps[0] &&
		c.Total >= 0 && c.Lacking >= 0 && c.Idle >= 0 && c.Restarts >= 0 && c.Restarts <= api.MaxRestarts
}

// A cursor is read back from its page token unchanged, and one that cannot be is refused.
func FuzzCursor(f *testing.F) {
	f.Add("x", 0, 1000, 0, 0, int64(0), "", "")
	f.Add("x", 1000, 50, 100000, 3, int64(0), "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10", "x<>&\u2028\"\\")
	f.Add("x", api.MaxRows, 1, 1<<62, api.MaxRestarts, int64(0), "\xff", "\x00")
	f.Add("", api.MaxRows+1, 1001, -1, api.MaxRestarts+1, int64(0), "", "")
	f.Add("", 0, 0, 0, 0, int64(1), "", "")
	f.Fuzz(func(t *testing.T, reading string, offset, limit, total, restarts int, emptyAt int64, first, last string) {
		made := api.Cursor{Reading: reading, Offset: offset, Limit: limit, Total: total, First: first, Last: last, Restarts: restarts, EmptyAt: emptyAt}
		for _, text := range []string{reading, first, last} {
			if !utf8.ValidString(text) {
				return // Ids are decoded from JSON, which makes all text valid UTF-8.
			}
		}
		got, err := api.DecodeCursor(made.Encode())
		if !inBounds(made) {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, made, got)
	})
}
