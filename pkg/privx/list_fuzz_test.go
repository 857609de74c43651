package privx_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Whatever PrivX answers to each request: no row of an answer is lost or returned twice, and
// the reading ends.
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
