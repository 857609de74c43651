package privx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/conductorone/baton-sdk/pkg/uhttp"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// fuzzedUser is the id of the user who is asked for.
const fuzzedUser = "9ceb1de9-e52f-4a6f-521e-3a0dd2d1537b"

// fuzzedReads are all reads. Each returns the ids that it has found.
func (n *network) fuzzedReads() []func(ctx context.Context) ([]string, error) {
	return []func(ctx context.Context) ([]string, error){
		func(ctx context.Context) ([]string, error) {
			page, err := n.client.ListRoles(ctx, "")
			return found(page, err, func(r privx.Role) string { return r.ID })
		},
		func(ctx context.Context) ([]string, error) {
			page, err := n.client.ListMembers(ctx, fuzzedRole, privx.MayBeEmpty, "")
			return found(page, err, func(m privx.Member) string { return m.ID })
		},
		func(ctx context.Context) ([]string, error) {
			page, err := n.client.Sources(ctx)
			return found(page, err, func(s privx.Source) string { return s.ID })
		},
		func(ctx context.Context) ([]string, error) {
			entries, err := n.client.UserRoles(ctx, fuzzedUser)
			return found(&privx.Page[privx.RoleEntry]{Items: entries}, err, func(r privx.RoleEntry) string { return r.ID })
		},
		func(ctx context.Context) ([]string, error) {
			user, err := n.client.GetUser(ctx, fuzzedUser)
			if err != nil {
				return nil, err
			}
			return []string{user.ID}, nil
		},
		func(ctx context.Context) ([]string, error) {
			role, err := n.client.GetRole(ctx, fuzzedRole)
			if err != nil {
				return nil, err
			}
			return []string{role.ID}, nil
		},
		func(ctx context.Context) ([]string, error) {
			id, err := n.client.CurrentUser(ctx)
			return []string{id}, err
		},
	}
}

const (
	fuzzedPages = 2 // how many of the reads are paged lists, which return no row twice
	fuzzedLists = 4 // of the reads
)

// firsts are the ids, without repeated ones if leaveOut is set.
func firsts(ids []string, leaveOut bool) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(ids, func(id string) bool {
		again := seen[strings.ToLower(id)]
		seen[strings.ToLower(id)] = true
		return again && leaveOut
	})
}

func found[T any](page *privx.Page[T], err error, id func(T) string) ([]string, error) {
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for _, item := range page.Items {
		ids = append(ids, id(item))
	}
	return ids, nil
}

// Whatever PrivX answers to a read: all of it is taken or none, and the error repeats no
// personal data.
func FuzzAnswer(f *testing.F) {
	network := newNetwork(f)
	reads := network.fuzzedReads()
	bodies := append(recordedAnswers(f),
		`{"id":"`+fuzzedUser+`","principal":"alex","password":"`+private+`","mfa":{"status":"ENABLED","seed":{"x":"`+private+`"}},"authorized_keys":["`+private+`"]}`,
		`{"id":"`+fuzzedRole+`","name":"r","system":true,"member_count":3,"context":{"enabled":true,"validity":["MON"],"ip_masks":["`+private+`"]},`+
			`"source_rules":{"type":"GROUP","match":"ALL","rules":[{"type":"RULE","source":"s","search_string":"`+private+`"}]}}`,
		`{"items":[{"id":"s","name":"`+private+`","enabled":"`+private+`","connection":{"password":"`+private+`"}}]}`,
		`{"error_code":"INTERNAL","error_message":"x"}`, ``, `null`, `[]`, `{}`, `"`+private+`"`, "<html>"+private, "\xef\xbb\xbf{}", `{"items":[{"id":"x"}]}{}`,
	)
	for i, body := range bodies {
		for which := range reads {
			f.Add(uint8(which), 200, "application/json", body, []byte{})
			f.Add(uint8(which), 200, "application/json; charset=utf-8", body, []byte{byte(i), byte(which + i)})
		}
		f.Add(uint8(i), []int{201, 204, 206, 301, 304, 400, 401, 403, 404, 409, 418, 429, 500, 502, 503, 504, 600}[i%17], "application/json", body, []byte{})
		f.Add(uint8(i), 200, []string{"", "text/html", "application/problem+json", "application/jsonx", "\xff" + privxsim.DefaultOAuthClientSecret}[i%5], body, []byte{})
	}
	f.Fuzz(func(t *testing.T, which uint8, code int, contentType, text string, edits []byte) {
		if !isStatus(code) {
			return
		}
		body := oddjson.Spoil(text, edits)
		network.answer(code, contentType, body)
		read := int(which) % len(reads)
		var ids []string
		var err error
		synctest.Test(t, func(t *testing.T) { ids, err = reads[read](t.Context()) })
		if err != nil {
			e := requireTold(t, err)
			require.Equal(t, code < 300, e.Status < 300)
			if code < 300 && !strings.Contains(contentType, private) {
				require.NotContains(t, err.Error(), private)
			}
			require.Equal(t, status.Code(err) == codes.NotFound, privx.IsNotFound(err))
			return
		}
		require.Less(t, code, 300)
		require.NotContains(t, strings.ToLower(contentType), "html")
		require.NotContains(t, ids, "")
		if read < fuzzedLists {
			require.Equal(t, firsts(listedIDs(body), read < fuzzedPages), ids)
		} else {
			require.Len(t, ids, 1)
		}
	})
}

// mayBePrivX tells whether an answer may be PrivX's own: a JSON object, or empty, and not of
// the type HTML.
func mayBePrivX(contentType, body string) bool {
	text := strings.TrimSpace(body)
	switch {
	case strings.Contains(strings.ToLower(contentType), "html"):
		return false
	case uhttp.IsJSONContentType(contentType):
		return true
	default:
		return text == "" || strings.HasPrefix(text, "{") && json.Valid([]byte(text))
	}
}

// A refusal becomes an error with PrivX's own words, as far as they can be shown, and with
// the code that belongs to its status.
func FuzzErrorAnswer(f *testing.F) {
	network := newNetwork(f)
	const secret = privxsim.DefaultOAuthClientSecret
	for i, body := range []string{
		`{"error_code":"BAD_REQUEST","error_message":"no such thing","property":"id"}`,
		`{"error_code":"X ` + secret + `","error_message":"` + fuzzBearer + `\n\u2028\u0000","property":"` + secret + `",` +
			`"details":[{"error_code":"` + secret + `","error_message":"y","property":"z"}]}`,
		`{"error":"invalid_grant","error_description":"` + strings.Repeat("é", 400) + secret + `"}`,
		`{"error_message":"` + strings.Repeat("x", 299) + `é` + secret + `"}`,
		`{"error_code":7}`, `{"error_code":null,"error_message":[]}`, `{"details":null}`, `{"details":[null]}`, `{"details":[{"error_message":" \t"}]}`,
		`<html>`, ``, `null`, `[]`, `{}`, `{"error_code":""}`, `{"error_code":" "}`,
	} {
		for j, code := range []int{300, 302, 400, 401, 403, 404, 405, 409, 422, 429, 500, 501, 503, 599, 700, 999} {
			f.Add(code, "application/json", []string{"", "5", "3600", "99999", "x", "-1"}[(i+j)%6], body, []byte{byte(i), byte(j)})
		}
		f.Add(404, "text/html", "", body, []byte{})
	}
	f.Fuzz(func(t *testing.T, code int, contentType, retryAfter, text string, edits []byte) {
		if !isStatus(code) || code < 300 {
			return
		}
		network.retryAfter = retryAfter
		body := oddjson.Spoil(text, edits)
		network.answer(code, contentType, body)
		err := network.client.Check(t.Context())
		e := requireTold(t, err)
		require.Equal(t, code, e.Status)
		for _, part := range []string{e.Code, e.Message, e.Property} {
			require.LessOrEqual(t, len(part), api.MaxErrorText)
		}
		got := status.Code(err)
		switch {
		case code < 400 || code > 599:
			require.Equal(t, codes.FailedPrecondition, got)
		case code == http.StatusUnauthorized:
			require.Equal(t, codes.Unauthenticated, got)
			require.Equal(t, 4, network.asked, "once more with a new token, and never again")
		case code == http.StatusConflict, code == http.StatusNotImplemented:
			require.Equal(t, codes.FailedPrecondition, got)
		case code == http.StatusForbidden:
			require.Contains(t, []codes.Code{codes.PermissionDenied, codes.FailedPrecondition}, got)
			require.Equal(t, mayBePrivX(contentType, body), got == codes.PermissionDenied, "a page is not PrivX's word on permissions")
		case code == http.StatusNotFound && e.Code == "":
			require.Equal(t, codes.FailedPrecondition, got, "these are not PrivX's words")
		case code == http.StatusTooManyRequests || code >= 502 && code <= 504:
			require.Equal(t, codes.Unavailable, got)
		}
		throttled := code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable
		if !throttled {
			require.Zero(t, e.RetryAt)
		} else if !e.RetryAt.IsZero() {
			require.WithinRange(t, e.RetryAt, newClock().Now(), newClock().Now().Add(api.MaxRetryAfter))
		}
	})
}
