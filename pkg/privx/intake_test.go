package privx_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// halting is a PrivX with long lists of roles and of members. Those of members halt in the
// middle until they are let on. It notes how much of each has been read.
type halting struct {
	half    string
	release chan struct{}
	asked   atomic.Int64
	read    [8]atomic.Int64
}

func (h *halting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == tokenPath {
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
		return
	}
	if matches(userRolesPath, r.URL.Path) {
		_, _ = io.WriteString(w, `{"count":1,"items":[`+role("r", `,"explicit":true,"x":"`+strings.Repeat("x", 2*api.FreeBody)+`"`)+`]}`)
		return
	}
	i := h.asked.Add(1) - 1
	_, _ = io.WriteString(w, `{"count":1,"items":[{"id":"u","roles":[],"x":"`)
	for text := h.half; text != ""; {
		n := min(len(text), 4096)
		_, _ = io.WriteString(w, text[:n])
		h.read[i].Add(int64(n))
		text = text[n:]
	}
	<-h.release
	_, _ = io.WriteString(w, h.half+`"}]}`)
}

// inHalfRead runs a test while all lists of members are being read and halt in the middle.
// When the test is over they are let on, and no row of them may be lost.
func inHalfRead(t *testing.T, half int, adjust func(*http.Transport), test func(t *testing.T, client *privx.Client, server *halting)) {
	t.Helper()
	server := &halting{half: strings.Repeat("x", half)}
	client := newClient(t.Context(), t, "http://localhost", allFour)
	synctest.Test(t, func(t *testing.T) {
		server.release = make(chan struct{})
		letOn := sync.OnceFunc(func() { close(server.release) })
		defer letOn()
		pipes := privxsim.ServePipes(server)
		t.Cleanup(pipes.Close)
		transport, _ := privx.API(client).Tuning().Transport.(*http.Transport)
		transport.DialContext = pipes.Transport.DialContext
		t.Cleanup(transport.CloseIdleConnections)
		adjust(transport)
		privx.SetTransport(client, transport)
		results := make(chan error, len(server.read))
		for range server.read {
			go func() { results <- second(client.ListMembers(t.Context(), "r", privx.KnownEmpty, "")) }()
		}
		synctest.Wait()
		test(t, client, server)
		letOn()
		for range server.read {
			require.NoError(t, <-results)
		}
	})
}

func asItIs(*http.Transport) {}

func withHTTP2(transport *http.Transport) {
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetUnencryptedHTTP2(true)
}

// However many long answers come at a time, only as many are in memory as have room. The
// others wait and none is lost, and short answers do not wait.
func TestLongAnswersTakeTurns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test reads hundreds of megabytes here")
	}
	const long, short = 6 << 20, 900 << 10
	for _, tt := range []struct {
		half, together int
		adjust         func(*http.Transport)
		waiting        int64 // the most that is read of one that waits
	}{
		{long, api.MaxReading / api.MaxPageBody, asItIs, 3 * api.FreeBody / 2},
		{short, 8, asItIs, 0},
		{long, api.MaxReading / api.MaxPageBody, withHTTP2, 5 * api.FreeBody / 2},
	} {
		inHalfRead(t, tt.half, tt.adjust, func(t *testing.T, _ *privx.Client, server *halting) {
			whole := 0
			for i := range server.read {
				if read := server.read[i].Load(); read == int64(tt.half) {
					whole++
				} else {
					require.LessOrEqual(t, read, tt.waiting)
				}
			}
			require.Equal(t, tt.together, whole)
		})
	}
}

// A change does not wait for the long answers to a sync.
func TestChangesDoNotWaitForLongAnswers(t *testing.T) {
	t.Parallel()
	inHalfRead(t, 3<<20, asItIs, func(t *testing.T, client *privx.Client, _ *halting) {
		began := time.Now()
		change, err := client.GrantRole(t.Context(), "u", "r")
		require.NoError(t, err)
		require.False(t, change.Written)
		require.Zero(t, time.Since(began), "fake time")
	})
}
