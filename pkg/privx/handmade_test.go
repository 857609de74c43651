package privx_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// handmade is a PrivX of two nodes with one user. It answers for the user's roles whatever a
// test wants: as a node that lags, that has just started, or that gives other times.
type handmade struct {
	mu    sync.Mutex
	roles []string // the entries of the user's list, as they were last written
	past  []state  // what they were before, and until when
	lag   time.Duration
	// fresh is how many reads after a write are answered by the node that took it.
	fresh int
	// list gives the answer to the n-th read of the list, from 1. If it is nil or gives "",
	// the read is answered as usual.
	list func(n int) string
	// put gives the status with which the n-th write, from 1, is refused. If it is nil or
	// gives 0, the write is made.
	put func(n int) int
	// user is the user's own record; if it is empty, the answer is a 404.
	user  string
	calls []string
	puts  []string
}

// state is how the roles were before they were written.
type state struct {
	roles []string
	until time.Time
}

// role is an entry of a list.
func role(id, fields string) string { return fmt.Sprintf(`{"id":%q%s}`, id, fields) }

// permanent is the entry of a role that is held without an end.
func permanent(id string) string { return role(id, `,"explicit":true,"grant_type":"PERMANENT"`) }

func (p *handmade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == tokenPath:
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
	case r.Method == http.MethodPut:
		p.calls = append(p.calls, "PUT")
		p.write(w, r)
	case matches(userRolesPath, r.URL.Path):
		p.calls = append(p.calls, "GET")
		_, _ = io.WriteString(w, p.read())
	case matches(userPath, r.URL.Path) && p.user != "":
		p.calls = append(p.calls, "user")
		_, _ = io.WriteString(w, p.user)
	default:
		p.calls = append(p.calls, r.URL.Path)
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error_code":"OBJECT_NOT_FOUND"}`)
	}
}

// read is the list as the node that is asked shows it.
func (p *handmade) read() string {
	n := len(slices.DeleteFunc(slices.Clone(p.calls), func(call string) bool { return call != "GET" }))
	if p.list != nil {
		if text := p.list(n); text != "" {
			return text
		}
	}
	shown := p.roles
	if p.fresh > 0 {
		p.fresh--
		return listText(shown...)
	}
	for _, before := range slices.Backward(p.past) {
		if time.Since(before.until) < p.lag {
			shown = before.roles
		}
	}
	return listText(shown...)
}

func (p *handmade) write(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.puts = append(p.puts, string(body))
	if p.put != nil {
		if code := p.put(len(p.puts)); code != 0 {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, `{"error_code":"X"}`)
			return
		}
	}
	p.set(string(body))
	p.fresh = 1
}

// set replaces the roles. The caller holds the lock.
func (p *handmade) set(body string) {
	var entries []json.RawMessage
	_ = json.Unmarshal([]byte(body), &entries)
	p.past = append(p.past, state{p.roles, time.Now()})
	p.roles = nil
	for _, entry := range entries {
		p.roles = append(p.roles, string(entry))
	}
}

// holds tells whether the user's list contains a text.
func (p *handmade) holds(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(listText(p.roles...), text)
}

// took returns the calls that were made, and forgets them.
func (p *handmade) took() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := strings.Join(p.calls, " ")
	p.calls = nil
	return calls
}

// written are the bodies that were PUT.
func (p *handmade) written() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.puts)
}

// inHandmadeBubble is inBubble with a handmade PrivX.
func inHandmadeBubble(t *testing.T, p *handmade, test func(t *testing.T, client *privx.Client)) {
	t.Helper()
	client := newClient(t.Context(), t, "http://localhost", allFour)
	privx.SetBackOff(client, api.DefaultBackOff)
	synctest.Test(t, func(t *testing.T) {
		pipes := privxsim.ServePipes(p)
		privx.SetTransport(client, pipes.Transport)
		t.Cleanup(pipes.Close)
		test(t, client)
	})
}

// mustChange checks that a change succeeded and was written.
func mustChange(t *testing.T, got *privx.Change, err error) *privx.Change {
	t.Helper()
	require.NoError(t, err)
	require.True(t, got.Written)
	return got
}
