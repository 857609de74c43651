package api_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

var digits = regexp.MustCompile(`^[0-9]{1,6}$`)

// A Retry-After never makes the client wait longer than a minute or a negative time. A
// number of seconds and a date are taken at their value.
func FuzzParseRetryAfter(f *testing.F) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
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
		wait, ok := api.ParseRetryAfter(value, at)
		require.GreaterOrEqual(t, wait, time.Duration(0))
		require.LessOrEqual(t, wait, api.MaxRetryAfter)
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

// A Retry-After is read as a number of seconds or a date, within bounds.
func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, tt := range []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"2", 2 * time.Second, true},
		{" 2 ", 2 * time.Second, true},
		{"0", 0, true},
		{"60", time.Minute, true},
		{"61", api.MaxRetryAfter, true},
		{"3600", api.MaxRetryAfter, true},
		{"3601", 0, false},
		{"-1", 0, false},
		{"", 0, false},
		{"1.5", 0, false},
		{"1e3", 0, false},
		{"9223372036854775807", 0, false},
		{"99999999999999999999999", 0, false},
		{now.Add(5 * time.Second).Format(http.TimeFormat), 5 * time.Second, true},
		{now.Format(http.TimeFormat), 0, true},
		{now.Add(-time.Second).Format(http.TimeFormat), 0, false},
		{now.Add(30 * time.Minute).Format(http.TimeFormat), api.MaxRetryAfter, true},
		{now.AddDate(300, 0, 0).Format(http.TimeFormat), 0, false},
		{"Wed, 99 Mar 2026 05:06:07 GMT", 0, false},
	} {
		wait, ok := api.ParseRetryAfter(tt.value, now)
		require.Equal(t, tt.ok, ok, tt.value)
		require.Equal(t, tt.want, wait, tt.value)
	}
}
