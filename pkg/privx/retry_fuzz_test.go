package privx_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx"
)

var digits = regexp.MustCompile(`^[0-9]{1,6}$`)

// A Retry-After never makes the client wait longer than a minute, or in the past,
// and a number of seconds, like a date, means what it says.
func FuzzParseRetryAfter(f *testing.F) {
	now := newClock().Now()
	for _, value := range []string{
		"", "0", "2", "60", "61", "3600", "3601", "-1", "+5", "-0", " 7 ", "1.5", "1e3", "0x10", "0010", "9223372036854775807",
		"99999999999999999999", "soon", "2, 3", "NaN", "٣",
		now.Add(30 * time.Second).Format(http.TimeFormat), now.Add(-time.Second).Format(http.TimeFormat),
		now.Add(2 * time.Hour).Format(http.TimeFormat), now.Add(time.Minute).Format(time.RFC850), now.Add(time.Minute).Format(time.ANSIC),
		"Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(value, now.Unix())
	}
	f.Add("Fri, 31 Dec 9999 23:59:59 GMT", int64(-1<<62))
	f.Fuzz(func(t *testing.T, value string, unix int64) {
		at := time.Unix(unix, 0)
		wait, ok := privx.ParseRetryAfter(value, at)
		require.GreaterOrEqual(t, wait, time.Duration(0))
		require.LessOrEqual(t, wait, privx.MaxRetryAfter)
		trimmed := strings.TrimSpace(value)
		if !ok {
			require.Zero(t, wait)
		}
		if trimmed == "" || trimmed[0] == '-' && trimmed != "-0" && strings.Trim(trimmed, "-0") != "" {
			require.False(t, ok, "%q", value)
		}
		if digits.MatchString(trimmed) {
			seconds, err := strconv.Atoi(trimmed)
			require.NoError(t, err)
			require.Equal(t, seconds <= 3600, ok, "%q", value)
			if ok {
				require.Equal(t, time.Duration(min(seconds, 60))*time.Second, wait, "%q", value)
			}
		}
		if date, err := http.ParseTime(trimmed); err == nil {
			until := date.Unix() - unix
			believed := !date.Before(at) && date.Sub(at) <= time.Hour
			require.Equal(t, believed, ok, "%q", value)
			if ok {
				require.Equal(t, time.Duration(min(until, 60))*time.Second, wait, "%q", value)
			}
		}
	})
}
