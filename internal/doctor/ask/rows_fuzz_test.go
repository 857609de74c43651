package ask_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
)

// Whatever PrivX says, there is an id for each row, or an error and no rows.
func FuzzRows(f *testing.F) {
	for _, text := range []string{
		`{"count":1,"items":[{"id":"a"}]}`, `{"count":null,"items":null}`, `{"items":[null,1,{"id":2},"x",[]]}`, `[]`, `null`, ``, `{"count":"3"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows := ask.RowsOf(&ask.Answer{Status: http.StatusOK, Body: text})
		require.Len(t, rows.IDs, len(rows.Items))
		if !rows.Good() {
			require.Empty(t, rows.Items)
			require.Nil(t, rows.Count)
		}
		whole := ask.WholeRowsOf(&ask.Answer{Status: http.StatusOK, Body: text})
		require.Len(t, whole.IDs, len(whole.Items))
		require.True(t, whole.Good() || len(whole.Items) == 0)
	})
}
