package privx_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Sources that are shown empty are believed to be so only after all pauses: a deadline that
// comes earlier is an error.
func TestSourcesThatAreShownEmpty(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		h.answerJSON(sourcesPath, `{"count":0,"items":[]}`)
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		_, err := h.client.Sources(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		began := time.Now()
		page, err := h.client.Sources(t.Context())
		require.NoError(t, err)
		require.Empty(t, page.Items)
		require.Equal(t, api.EmptyMoment, time.Since(began))
	})
}
