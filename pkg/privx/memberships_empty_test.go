package privx_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/pkg/privx"
)

const (
	emptyList = `{"count":0,"items":[]}`
	nullList  = `{"count":0,"items":null}`
)

// recordOf is the user's own record in PrivX.
func recordOf(fields string) string { return `{"id":"u","principal":"alex"` + fields + `}` }

// A node that has just started gives one empty answer. Nothing is written or concluded from
// it.
func TestEmpty_OneAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first, user, calls string
	}{
		"empty":                        {emptyList, "", "GET GET GET PUT GET"},
		"null":                         {nullList, "", "GET GET PUT GET"},
		"null, without a count":        {`{"items":null}`, "", "GET GET PUT GET"},
		"empty, and the record says 3": {emptyList, recordOf(`,"roles":[` + permanent("other") + `]`), "GET GET GET PUT GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
				p.user = tt.user
				p.list = func(n int) string { return map[int]string{1: tt.first}[n] }
				got, err := run(t.Context(), "u", "a")
				mustChange(t, got, err)
				require.Empty(t, got.Disturbed)
				require.Equal(t, tt.calls, p.took())
				require.True(t, p.holds(`"other"`), "lost")
			})
		})
	}
}

// A node shows the empty list for a while, and the user's own record contradicts it.
func TestEmpty_TheRecordContradicts(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{
		"explicit":        `,"roles":[` + permanent("other") + `]`,
		"in no way named": `,"roles":[` + role("other", "") + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
				p.user = recordOf(record)
				p.list = func(n int) string {
					if n <= 6 {
						return emptyList
					}
					return ""
				}
				got, err := run(t.Context(), "u", "a")
				mustChange(t, got, err)
				require.Empty(t, got.Disturbed)
				require.True(t, p.holds(`"other"`), "lost")
				require.Equal(t, "GET GET user GET GET user GET GET user GET PUT GET", p.took())
			})
			bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
				p.user = recordOf(record)
				p.list = func(int) string { return emptyList }
				ctx, cancel := context.WithTimeout(t.Context(), budget)
				defer cancel()
				began := time.Now()
				got, err := run(ctx, "u", "a")
				e := asError(t, err, codes.FailedPrecondition, http.StatusOK)
				require.Contains(t, e.Message, "empty")
				require.Nil(t, got)
				require.Empty(t, p.written())
				require.Greater(t, time.Since(began), 20*time.Second, "read again while there was time")
			})
		})
	}
}

// That a user has no roles is confirmed by a second read and by the user's own record. If
// the record does not say, it is confirmed by another read some seconds later.
func TestEmpty_Confirmed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		record, grant, revoke string
		took                  time.Duration
	}{
		"the record has none":          {`,"roles":[]`, "GET GET user PUT GET", "GET GET user", 0},
		"the record does not say":      {``, "GET GET user GET PUT GET", "GET GET user GET", 7500 * time.Millisecond},
		"the record says null":         {`,"roles":null`, "GET GET user GET PUT GET", "GET GET user GET", 7500 * time.Millisecond},
		"the record has a mapped role": {`,"roles":[` + role("x", `,"implicit":true`) + `]`, "GET GET user PUT GET", "GET GET user", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, grants := range []bool{true, false} {
				p := &handmade{user: recordOf(tt.record)}
				inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
					began := time.Now()
					if grants {
						got, err := c.GrantRole(t.Context(), "u", "a")
						mustChange(t, got, err)
						require.Equal(t, tt.grant, p.took())
						require.Equal(t, []string{"[" + permanentA + "]"}, p.written())
					} else {
						got, err := c.RevokeRole(t.Context(), "u", "a")
						require.NoError(t, err)
						require.Equal(t, &privx.Change{}, got)
						require.Equal(t, tt.revoke, p.took())
					}
					require.Equal(t, tt.took, time.Since(began), "fake time")
				})
			}
		})
	}
}

// A node that shows nothing for some seconds is not believed.
func TestEmpty_NotSecondsLater(t *testing.T) {
	t.Parallel()
	for _, moment := range []time.Duration{time.Millisecond, time.Second, 7 * time.Second} {
		bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
			began := time.Now()
			p.user = recordOf("")
			p.list = func(int) string { return map[bool]string{true: emptyList}[time.Since(began) < moment] }
			got, err := run(t.Context(), "u", "a")
			mustChange(t, got, err)
			require.Empty(t, got.Disturbed)
			require.True(t, p.holds(`"other"`), "lost")
		})
	}
}

// If there is no time for that read, nothing is written or concluded.
func TestEmpty_NoTimeToConfirm(t *testing.T) {
	t.Parallel()
	bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
		p.user = recordOf("")
		p.list = func(int) string { return emptyList }
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		got, err := run(ctx, "u", "a")
		e := asError(t, err, codes.Unavailable, http.StatusOK)
		require.Contains(t, e.Message, "an empty list of roles, which there was no time to confirm")
		require.Equal(t, errorid.RolesNotBelieved, errorid.Of(err))
		require.Nil(t, got)
		require.Empty(t, p.written())
	})
}

// A node that shows an empty list and does not know the user is asked again until it does.
func TestEmpty_TheUserIsNotFoundForAWhile(t *testing.T) {
	t.Parallel()
	bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
		began := time.Now()
		p.list = func(int) string {
			return map[bool]string{true: emptyList}[time.Since(began) < 9*time.Second]
		}
		got, err := run(t.Context(), "u", "a")
		mustChange(t, got, err)
		require.Equal(t, 9*time.Second, time.Since(began), "fake time")
		require.True(t, p.holds(`"other"`), "lost")
	})
}

// A role that is in the record but not in the list is held through mapping rules. It is in
// the result.
func TestEmpty_TheRecordHasTheRole(t *testing.T) {
	t.Parallel()
	p := &handmade{user: recordOf(`,"roles":[` + role("a", `,"implicit":true`) + `]`)}
	inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
		got, err := c.RevokeRole(t.Context(), "u", "A")
		require.NoError(t, err)
		require.False(t, got.Written)
		require.Equal(t, onlyImplicit, held(got.Membership))
	})
}

// After the last role was revoked, the empty list is confirmed, too.
func TestEmpty_TheLastRoleIsRevoked(t *testing.T) {
	t.Parallel()
	t.Run("it is", func(t *testing.T) {
		t.Parallel()
		p := &handmade{roles: []string{permanent("a")}, user: recordOf(`,"roles":[]`)}
		inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
			got, err := c.RevokeRole(t.Context(), "u", "a")
			require.NoError(t, err)
			require.Equal(t, &privx.Change{Written: true}, got)
			require.Equal(t, "GET PUT GET GET user", p.took())
		})
	})
	t.Run("it is not, and one answer says so", func(t *testing.T) {
		t.Parallel()
		p := &handmade{roles: []string{permanent("a")}, user: recordOf(`,"roles":[]`)}
		p.put = func(n int) int { return map[int]int{1: 503}[n] }
		p.list = func(n int) string { return map[int]string{2: emptyList}[n] }
		inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
			got, err := c.RevokeRole(t.Context(), "u", "a")
			mustChange(t, got, err)
			require.False(t, p.holds(`"a"`), "reported as revoked, and there")
		})
	})
}

// A null instead of the list is read again while there is time, and nothing is written from
// it.
func TestEmpty_NullIsNotAList(t *testing.T) {
	t.Parallel()
	bothInHandmade(t, func(t *testing.T, p *handmade, run change) {
		p.list = func(int) string { return nullList }
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		got, err := run(ctx, "u", "a")
		e := asError(t, err, codes.FailedPrecondition, http.StatusOK)
		require.Contains(t, e.Error(), "null in place of")
		require.Nil(t, got)
		require.Empty(t, p.written())
	})
}

// PrivX answers another user's record, one that cannot be decoded, or none.
func TestEmpty_TheRecordIsNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		user string
		code codes.Code
		http int
	}{
		"somebody else": {`{"id":"v","roles":[]}`, codes.FailedPrecondition, http.StatusOK},
		"no id":         {`{"roles":[]}`, codes.FailedPrecondition, http.StatusOK},
		"another shape": {`{"id":"u","roles":{}}`, codes.FailedPrecondition, http.StatusOK},
		"no such user":  {"", codes.NotFound, http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &handmade{user: tt.user}
			inHandmadeBubble(t, p, func(t *testing.T, c *privx.Client) {
				wantError(t, second(c.GrantRole(t.Context(), "u", "a")), tt.code, tt.http)
				require.Error(t, second(c.RevokeRole(t.Context(), "u", "a")))
				require.Empty(t, p.written())
			})
		})
	}
}
