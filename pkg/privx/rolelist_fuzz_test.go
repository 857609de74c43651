package privx_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// fuzzedRole is the role that is granted and revoked.
const fuzzedRole = "5d9c6f2e-0000-4c0b-9e37-2f1b7a6c4d10"

// Whatever list PrivX sends: if it is accepted, it is written back unchanged but for the
// role.
func FuzzRoleList(f *testing.F) {
	const role = fuzzedRole
	store, m := holdings()
	m.harness = &harness{store: store}
	seeds := append(recordedAnswers(f),
		listText(m.oddEntries()...),
		listText(entryText(role, `,"explicit":true,"implicit":true,"n":[1.0,1e3,12345678901234567890],"x":"<&>"`), entryText("x", `,"n":1e3`)),
		listText(entryText(role, `,"implicit":true,"ID":"y"`), entryText(role, `,"explicit":true,"grant_start":null`)),
		listText(entryText(strings.ToUpper(role), `,"implicit":true,"a":1`), entryText(role, `,"explicit":true,"a":2,"floating_length":24`)),
		listText(`{"ID":"`+role+`","Explicit":false,"GRANT_TYPE":"TIME_RESTRICTED","Grant_Start":"2020-01-01T00:00:00Z"}`),
		`{"count":0,"items":[]}`, `{"items":null}`, `{"count":1,"items":[null]}`)
	for i, seed := range seeds {
		f.Add(seed, []byte{})
		f.Add(seed, []byte{byte(i), byte(i * 7), byte(i * 3), 4})
	}
	f.Fuzz(func(t *testing.T, text string, edits []byte) {
		body := oddjson.Spoil(text, edits)
		granted, revoked, err := privx.RewriteRoles([]byte(body), role)
		if err != nil {
			_ = requireTold(t, err)
			return
		}
		kept, held := readRoles(t, body)
		require.Equal(t, "["+strings.Join(kept, ",")+"]", revoked)
		var written []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(granted), &written))
		require.Len(t, written, len(kept)+1)
		ours := string(written[len(kept)])
		require.Equal(t, "["+strings.Join(append(kept, ours), ",")+"]", granted)
		requireGranted(t, ours)
		requireSameFields(t, held, ours)

		// What was written can be read, and written again.
		again, without, err := privx.RewriteRoles([]byte(listText(granted[1:len(granted)-1])), role)
		require.NoError(t, err)
		require.Equal(t, revoked, without)
		require.Equal(t, granted, again)
	})
}

// readRoles splits a list into the entries of other roles and the one entry of the fuzzed
// role that decides: the last explicit one, or the first one if none is explicit.
func readRoles(t *testing.T, body string) ([]string, string) {
	t.Helper()
	var read struct{ Items []json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(body), &read))
	kept, held := []string{}, ""
	for _, text := range read.Items {
		var entry struct {
			ID       string `json:"id"`
			Explicit bool   `json:"explicit"`
		}
		require.NoError(t, json.Unmarshal(text, &entry))
		require.NotEmpty(t, entry.ID)
		switch {
		case !strings.EqualFold(entry.ID, fuzzedRole):
			kept = append(kept, string(text))
		case held == "" || entry.Explicit:
			held = string(text)
		}
	}
	return kept, held
}

// requireGranted checks that an entry, decoded as Go does, grants the role without an end,
// and that no other field of the grant contradicts that.
func requireGranted(t *testing.T, text string) {
	t.Helper()
	var entry privx.RoleEntry
	require.NoError(t, json.Unmarshal([]byte(text), &entry))
	require.True(t, strings.EqualFold(entry.ID, fuzzedRole), text)
	require.True(t, entry.Explicit, text)
	require.Equal(t, privx.GrantPermanent, entry.GrantType, text)
	require.Empty(t, entry.Periods(), text)
	require.Zero(t, entry.FloatingLength, text)
}

// requireSameFields checks that all fields but those of the grant are the same in the entry
// that is written, the numbers digit by digit.
func requireSameFields(t *testing.T, before, after string) {
	t.Helper()
	if before == "" {
		before = `{"id":"` + fuzzedRole + `"}`
	}
	require.Equal(t, otherFields(t, before), otherFields(t, after))
}

func otherFields(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	fields := make(map[string]any)
	require.NoError(t, decoder.Decode(&fields))
	for field := range fields {
		for _, ours := range []string{"explicit", "grant_type", "grant_validity_periods", "grant_start", "grant_end", "floating_length"} {
			if strings.EqualFold(field, ours) {
				delete(fields, field)
			}
		}
	}
	require.NotEmpty(t, fields, fmt.Sprintf("%q", text))
	return fields
}
