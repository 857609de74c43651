package privx_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// halting is a PrivX whose lists of members are long, and halt in the middle until they
// are let on. It notes how much of each has been read.
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

// However many long answers come at a time, only as many of them are in memory as have
// room. The others wait, and none of them is lost; nor does one wait that is short.
func TestLongAnswersTakeTurns(t *testing.T) {
	t.Parallel()
	const long, short, slack = 3 << 20, 900 << 10, 512 << 10
	for half, together := range map[int]int{long: privx.MaxReading / privx.MaxPageBody, short: 8} {
		server := &halting{half: strings.Repeat("x", half)}
		client := newClient(t.Context(), t, "http://localhost", allFour)
		synctest.Test(t, func(t *testing.T) {
			server.release = make(chan struct{})
			pipes := privxsim.ServePipes(server)
			privx.SetTransport(client, pipes.Transport)
			t.Cleanup(pipes.Close)
			results := make(chan error, len(server.read))
			for range server.read {
				go func() { results <- second(client.ListMembers(t.Context(), "r", privx.KnownEmpty, "")) }()
			}
			synctest.Wait()
			letOn := sync.OnceFunc(func() { close(server.release) })
			defer letOn()
			whole := 0
			for i := range server.read {
				if read := server.read[i].Load(); read == int64(half) {
					whole++
				} else {
					require.LessOrEqual(t, read, int64(privx.FreeBody+slack))
				}
			}
			require.Equal(t, together, whole)
			letOn()
			for range server.read {
				require.NoError(t, <-results)
			}
		})
	}
}
