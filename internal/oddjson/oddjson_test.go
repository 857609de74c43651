package oddjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/oddjson"
)

const document = `{"a":[1.0,{"b":"c"}],"d":98765432109876543210}`

// Without an edit, a document stays what it is; numbers keep their text.
func TestSpoil_Nothing(t *testing.T) {
	t.Parallel()
	require.Equal(t, document+"\n", oddjson.Spoil(document, nil))
	require.Equal(t, document+"\n", oddjson.Spoil(document, []byte{1}))
	for _, text := range []string{"", "{", "<html>", "{}{}"} {
		require.Equal(t, text, oddjson.Spoil(text, []byte{0, 0}))
	}
}

// Each edit of each place makes JSON of it, and another document.
func TestSpoil_EachPlaceInEachWay(t *testing.T) {
	t.Parallel()
	const places = 6 // the document, a, its two elements, b, d
	seen := make(map[string]bool)
	for at := range places {
		for kind := range oddjson.Kinds {
			got := oddjson.Spoil(document, []byte{byte(at), byte(kind)})
			require.True(t, json.Valid([]byte(got)), got)
			require.NotEqual(t, document+"\n", got)
			require.Equal(t, got, oddjson.Spoil(document, []byte{byte(at), byte(kind)}))
			seen[got] = true
		}
	}
	require.Greater(t, len(seen), places*(oddjson.Kinds-3))
	require.Equal(t, `{"a":[1.0],"d":98765432109876543210}`, strings.TrimSpace(oddjson.Spoil(document, []byte{3, byte(oddjson.Kinds - 3)})))
}

// What one document was spoiled with is not in the next one.
func TestSpoil_Again(t *testing.T) {
	t.Parallel()
	var edits []byte
	for i := range 2 * oddjson.Kinds {
		edits = append(edits, byte(i), byte(i/2))
	}
	for at := range edits {
		want := oddjson.Spoil(document, edits[at:])
		require.True(t, json.Valid([]byte(want)))
		require.Equal(t, want, oddjson.Spoil(document, edits[at:]))
	}
}
