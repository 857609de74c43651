package privx_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/conductorone/baton-privx/internal/oddjson"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// fuzzBearer is the token that a fuzzed network gives out. It is a secret, as the
// client's own are.
const fuzzBearer = "fuzz-bearer-0123456789"

// private is in texts that hold personal data: no error may repeat it.
const private = "private-7b1d"

// network is a PrivX without sockets that answers requests for a token, and gives one and
// the same answer to all others.
type network struct {
	client *privx.Client

	mu                      sync.Mutex
	status                  int
	contentType, retryAfter string
	body                    string
	ownToken                bool   // the answer is for those who want a token too
	lastBearer              string // what came with the last request that was not for a token
	asked                   int
}

// newNetwork makes a network with a client. They serve all inputs, because making them takes
// longer than an input does. In between, the client forgets what it has learnt.
func newNetwork(f *testing.F) *network {
	f.Helper()
	n := &network{}
	base, err := privx.ParseBaseURL("https://privx.example.com/prefix")
	require.NoError(f, err)
	n.client, err = privx.New(f.Context(), privx.Config{BaseURL: base, Credentials: privx.OAuthClientCredentials{
		ClientID: privxsim.DefaultOAuthClientID, ClientSecret: privxsim.DefaultOAuthClientSecret,
	}})
	require.NoError(f, err)
	privx.SetTransport(n.client, n)
	privx.SetBackOff(n.client, noPause)
	privx.SetTokenPauses(n.client)
	privx.SetClock(n.client, newClock().Now)
	return n
}

// answer sets the answer to all further requests.
func (n *network) answer(status int, contentType, body string) {
	privx.Forget(n.client)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.status, n.contentType, n.body = status, contentType, body
	n.asked, n.lastBearer = 0, ""
}

// RoundTrip answers a request.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	code, header, body := n.status, http.Header{"Content-Type": {n.contentType}}, n.body
	if n.retryAfter != "" {
		header.Set("Retry-After", n.retryAfter)
	}
	if strings.HasSuffix(r.URL.Path, tokenPath) {
		if !n.ownToken {
			code, body = http.StatusOK, `{"access_token":"`+fuzzBearer+`","expires_in":300}`
			header = http.Header{"Content-Type": {"application/json"}}
		}
	} else {
		n.lastBearer = r.Header.Get("Authorization")
	}
	return &http.Response{
		StatusCode: code, Header: header, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// isStatus tells whether a real transport can give an answer with this status.
func isStatus(status int) bool { return status >= 200 && status <= 999 }

// requireTold checks that an error can be shown to an operator. It must be of the client's
// own type, in one line of bounded length, without secrets and personal data, and gRPC must
// be able to carry it.
func requireTold(t *testing.T, err error, also ...string) *privx.Error {
	t.Helper()
	var e *privx.Error
	require.True(t, errors.As(err, &e), "%T: %v", err, err)
	text := err.Error()
	require.True(t, utf8.ValidString(text), "%q", text)
	require.Negative(t, strings.IndexFunc(text, breaksLine), "%q", text)
	require.LessOrEqual(t, len(text), 10*api.MaxErrorText)
	for _, secret := range append(also, privxsim.DefaultOAuthClientSecret, fuzzBearer) {
		require.NotContains(t, text, secret)
	}
	given := status.Convert(err)
	require.NotContains(t, []codes.Code{codes.OK, codes.Unknown, codes.Internal}, given.Code(), text)
	_, err = proto.Marshal(given.Proto())
	require.NoError(t, err)
	return e
}

func breaksLine(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// recordedAnswers are answers of a real PrivX, and the simulator's to all reads.
func recordedAnswers(f *testing.F) []string {
	f.Helper()
	store := privxsim.Seed(privxsim.SeedOptions{Users: 4, Roles: 3, MembersPerRole: 2})
	return append(oddjson.Recorded(f), simulatedAnswers(f, store, privxsim.Options{}, (*harness).reads)...)
}

// simulatedAnswers are the simulator's answers to some calls.
func simulatedAnswers(f *testing.F, store *privxsim.Store, options privxsim.Options, calls func(*harness) []call) []string {
	f.Helper()
	var bodies []string
	h := &harness{store: store}
	sim := privxsim.New(h.store, options)
	base, err := privx.ParseBaseURL("https://privx.example.com")
	require.NoError(f, err)
	h.client, err = privx.New(f.Context(), privx.Config{BaseURL: base, Credentials: allFour})
	require.NoError(f, err)
	privx.SetTransport(h.client, roundTripper(func(r *http.Request) (*http.Response, error) {
		recorder, received := httptest.NewRecorder(), r.Clone(r.Context())
		if received.Body == nil {
			received.Body = http.NoBody
		}
		sim.ServeHTTP(recorder, received)
		bodies = append(bodies, recorder.Body.String())
		return recorder.Result(), nil
	}))
	for _, c := range calls(h) {
		require.NoError(f, c.run(f.Context()))
	}
	return bodies
}

// roundTripper is a transport made of a function.
type roundTripper func(r *http.Request) (*http.Response, error)

// RoundTrip answers a request.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
