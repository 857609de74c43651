package api_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func TestTokensAreUsedForLessThanTheirLife(t *testing.T) {
	t.Parallel()
	for seconds := range 1000 {
		life := time.Duration(seconds-100) * time.Second
		usable := api.UsableFor(life)
		require.Positive(t, usable, life)
		if life > api.TokenSkew {
			require.Equal(t, life-api.TokenSkew, usable)
		} else if life > 0 {
			require.Less(t, usable, life)
		}
	}
}

// The life of a token that is believed is never negative or above a day, and a token is used
// for less than its life.
func FuzzParseLife(f *testing.F) {
	for _, raw := range []string{
		"", "null", "0", "1", "10", "11", "300", "86400", "86401", "-1", "1e3", "1e400", "-0", "0.5", "1e-300",
		`"60"`, `"1e400"`, `"Inf"`, `"NaN"`, `"0x1p3"`, `"-5"`, `""`, `[]`, `{}`, `true`, `"6_0"`,
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		life := api.ParseLife(json.RawMessage(raw))
		require.GreaterOrEqual(t, life, time.Duration(0))
		require.LessOrEqual(t, life, api.MaxTokenLife)
		used := api.UsableFor(life)
		require.GreaterOrEqual(t, used, time.Duration(0))
		if life > 0 {
			require.Less(t, used, life)
		} else {
			require.Equal(t, api.UnknownTokenLife, used)
		}
		if digits.MatchString(raw) {
			seconds, err := strconv.Atoi(raw)
			require.NoError(t, err)
			require.Equal(t, time.Duration(min(seconds, 86400))*time.Second, life)
		}
	})
}
