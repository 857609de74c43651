package privx_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// severalPages is a tenant with lists of several pages.
func severalPages() setup {
	return setup{seed: privxsim.SeedOptions{Users: 1300, Roles: 6, MembersPerRole: 1100}, timeout: time.Minute}
}

// begins checks that a list was asked for with these page sizes at first, and with the last
// of them from then on.
func (h *harness) begins(t *testing.T, l listing, wanted ...int) {
	t.Helper()
	limits := h.limits(t, l.path)
	require.Equal(t, wanted, limits[:min(len(wanted), len(limits))], l.name)
	for _, limit := range limits[len(wanted):] {
		require.Equal(t, wanted[len(wanted)-1], limit, "%s: %v", l.name, limits)
	}
}

// Each member carries 45 whole roles, as in the one public sample. Fewer members are asked
// for, in this list and in the next one.
func TestPageSize_HeavyMembers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test reads tens of megabytes here")
	}
	h := newHarness(t, setup{
		seed: privxsim.SeedOptions{Users: 400, Roles: 6, MembersPerRole: 300},
		sim:  privxsim.Options{HeavyMembers: 45},
	})
	members := h.lists()[2]
	members.wantAll(t)
	h.begins(t, members, 1000, 500, 100)
	h.sim.ResetRequests()
	members.wantAll(t)
	h.begins(t, members, 100)

	// The smaller size is not remembered for ever, however often it is used.
	h.clock.advance(api.SizeMemory / 2)
	members.wantAll(t)
	h.clock.advance(api.SizeMemory / 2)
	h.sim.ResetRequests()
	members.wantAll(t)
	h.begins(t, members, 1000, 500, 100)
}

// PrivX takes longer for more rows.
func TestPageSize_SlowRows(t *testing.T) {
	t.Parallel()
	inBubble(t, severalPages(), func(t *testing.T, h *harness) {
		kinds := []privxsim.FaultKind{privxsim.FaultSlowHeader, privxsim.FaultSlowBody, privxsim.FaultSlowHeader}
		for i, l := range h.lists() {
			h.sim.Inject(privxsim.Fault{Path: l.path, Kind: kinds[i], RowDelay: 100 * time.Millisecond})
			began := time.Now()
			l.wantAll(t)
			h.begins(t, l, 1000, 100)
			steps := len(h.limits(t, l.path)) - 1
			require.Equal(t, time.Minute+time.Duration(steps)*10*time.Second, time.Since(began), "fake time")
		}
	})
}

// The pages become too long in the middle of a list.
func TestPageSize_TooMuchLater(t *testing.T) {
	t.Parallel()
	for _, fault := range []privxsim.Fault{
		{Kind: privxsim.FaultOversized, Skip: 1, MinLimit: 101},
		{Kind: privxsim.FaultStall, Skip: 1, MinLimit: 101},
	} {
		inBubble(t, severalPages(), func(t *testing.T, h *harness) {
			for _, l := range slices.Delete(h.lists(), 1, 2) { // All but the roles, which are few.
				f := fault
				f.Path = l.path
				h.sim.Inject(f)
				l.wantAll(t)
				limits := h.limits(t, l.path)
				steps := []int{1000, 1000, 500, 100}
				if f.Kind == privxsim.FaultStall {
					steps = []int{1000, 1000, 100}
				}
				require.Equal(t, steps, limits[:len(steps)], l.name)
				require.Equal(t, 100, slices.Max(limits[len(steps):]), l.name)
			}
		})
	}
}

// gateway gives up on an answer for more than 500 rows after a minute.
type gateway struct{ next http.Handler }

func (g gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if limit, _ := strconv.Atoi(r.URL.Query().Get("limit")); limit > 500 {
		time.Sleep(time.Minute) // Fake time.
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	}
	g.next.ServeHTTP(w, r)
}

// A gateway that gives up on an answer after a while has the same effect as an answer that
// takes too long. One that gives up at once has not.
func TestPageSize_GatewayTimeout(t *testing.T) {
	t.Parallel()
	s := severalPages()
	s.timeout = 0
	inBubble(t, s, func(t *testing.T, h *harness) {
		pipes := privxsim.ServePipes(gateway{h.sim})
		privx.SetTransport(h.client, pipes.Transport)
		t.Cleanup(pipes.Close)
		users := h.lists()[0]
		users.wantAll(t)
		h.begins(t, users, 100)
	})
	inBubble(t, s, func(t *testing.T, h *harness) {
		users := h.lists()[0]
		h.sim.Inject(privxsim.Fault{Path: users.path, Kind: privxsim.FaultHTML, Status: http.StatusGatewayTimeout, Count: 3})
		users.wantAll(t)
		h.begins(t, users, 1000)
	})
}

// The first byte may take as long as the whole request.
func TestFirstByteAfterAMinute(t *testing.T) {
	t.Parallel()
	inBubble(t, setup{}, func(t *testing.T, h *harness) {
		pipes := privxsim.ServePipes(h.sim)
		t.Cleanup(pipes.Close)
		transport, _ := privx.API(h.client).Tuning().Transport.(*http.Transport)
		transport.DialContext = pipes.Transport.DialContext
		t.Cleanup(transport.CloseIdleConnections)
		privx.SetTransport(h.client, transport)
		h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultSlowHeader, Delay: 65 * time.Second})
		require.NoError(t, h.getRoles(t.Context()))
		require.Equal(t, 1, h.sim.CountRequests(http.MethodGet, rolesPath))
	})
}

// A failed connection is not a sign that too much was asked for.
func TestPageSize_NoConnection(t *testing.T) {
	t.Parallel()
	inBubble(t, severalPages(), func(t *testing.T, h *harness) {
		pipes := privxsim.ServePipes(h.sim)
		t.Cleanup(pipes.Close)
		dial := pipes.Transport.DialContext
		var dials atomic.Int64
		pipes.Transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 2 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, network, address)
		}
		pipes.Transport.DisableKeepAlives = true
		privx.SetTransport(h.client, pipes.Transport)
		users := h.lists()[0]
		users.wantAll(t)
		h.begins(t, users, 1000)
		require.Greater(t, dials.Load(), int64(2))
	})
}

// A PrivX that never answers is given up once it has not answered the smallest page either
// and Patience is over.
func TestPageSize_NeverAnswered(t *testing.T) {
	t.Parallel()
	s := severalPages()
	s.timeout = 5 * time.Minute
	inBubble(t, s, func(t *testing.T, h *harness) {
		l := h.lists()[0]
		h.sim.Inject(privxsim.Fault{Path: l.path, Kind: privxsim.FaultStall})
		began := time.Now()
		_, err := l.readAll(t.Context())
		e := asError(t, err, codes.Aborted, 0)
		require.Contains(t, e.Hint, "http-timeout-seconds")
		require.Equal(t, 3*s.timeout, time.Since(began), "fake time")
		require.Equal(t, []int{1000, 100, 10}, h.limits(t, l.path))
	})
}

// The timeout of a request applies to each page. However long it is, smaller pages are asked
// for before the list is given up.
func TestPageSize_LongTimeouts(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute} {
		s := severalPages()
		s.timeout = timeout
		inBubble(t, s, func(t *testing.T, h *harness) {
			l := h.lists()[0]
			h.sim.Inject(privxsim.Fault{Path: l.path, Kind: privxsim.FaultStall, MinLimit: 11})
			l.wantAll(t)
			h.begins(t, l, 1000, 100, 10)
		})
	}
}

// If two lists find a smaller page size at the same time, the smallest one is remembered.
func TestPageSize_TheSmallerOneIsKept(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	roles := h.lists()[1]
	h.sim.Inject(privxsim.Fault{Path: roles.path, Kind: privxsim.FaultNoBody, Status: http.StatusBadRequest, MinLimit: 51})
	other := make(chan error, 1)
	var asked atomic.Bool
	h.sim.OnRequest(func(r privxsim.Request) {
		if strings.Contains(r.RawQuery, "limit=500") && asked.CompareAndSwap(false, true) {
			// While the first list asks for 500 rows, the other one goes down to 50.
			other <- second(roles.readAll(t.Context()))
			h.sim.ClearFaults()
		}
	})
	roles.wantAll(t)
	require.NoError(t, <-other)
	h.sim.ResetRequests()
	roles.wantAll(t)
	h.begins(t, roles, 50)
}

// A list that is too long even in the smallest page fails, and the error says so.
func TestPageSize_RowsThatAreTooLong(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	members := h.lists()[2]
	h.sim.Inject(privxsim.Fault{Path: members.path, Kind: privxsim.FaultOversized})
	_, err := members.readAll(t.Context())
	wantError(t, err, codes.FailedPrecondition, 0)
	require.ErrorContains(t, err, "no whole answer from PrivX to GET /role-store/api/v1/roles/{id}/members: it is longer than 64 MiB")
	require.Equal(t, api.PageSizeSteps[:], h.limits(t, members.path))
}

// A smaller page size in the settings is used from the start. The client goes down further
// if PrivX makes it necessary.
func TestPageSize_Setting(t *testing.T) {
	t.Parallel()
	for size, wanted := range map[int][]int{0: {1000, 500}, 1000: {1000, 500}, 700: {700, 500}, 500: {500}, 60: {60}, 10: {10}} {
		s := setup{seed: privxsim.SeedOptions{Users: 120, Roles: 20, MembersPerRole: 80}, sim: privxsim.Options{MaxPageSize: 500, RefuseLargePages: true}}
		s.pageSize = size
		h := newHarness(t, s)
		for _, l := range h.lists() {
			l.wantAll(t)
			h.begins(t, l, wanted...)
		}
	}
}

// If PrivX refuses large pages, the client goes down to smaller ones once, and remembers it.
func TestPageSize_FallsBackAndIsRemembered(t *testing.T) {
	t.Parallel()
	for accepted, wanted := range map[int][]int{
		1000: {1000}, 999: {1000, 500}, 500: {1000, 500}, 499: {1000, 500, 100}, 100: {1000, 500, 100}, 50: {1000, 500, 100, 50},
	} {
		t.Run(strconv.Itoa(accepted), func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: accepted, RefuseLargePages: true}})
			size := wanted[len(wanted)-1]
			for _, l := range h.lists() {
				require.Empty(t, h.sent(l.path), "each kind of list has a size of its own")
				l.wantAll(t)
				require.Equal(t, wanted, h.limits(t, l.path)[:len(wanted)], l.name)
				h.sim.ResetRequests()
				l.wantAll(t)
				for _, limit := range h.limits(t, l.path) {
					require.Equal(t, size, limit, l.name)
				}
			}
		})
	}
}

// Every later page is asked for with the size of the first.
func TestPageSize_OfLaterPages(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{seed: privxsim.SeedOptions{Users: 250, Roles: 20, MembersPerRole: 12}, sim: privxsim.Options{MaxPageSize: 100, RefuseLargePages: true}})
	l := h.lists()[0]
	l.wantAll(t)
	require.Equal(t, []int{1000, 500, 100, 100, 100}, h.limits(t, l.path))
}

func TestPageSize_AllRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 9, RefuseLargePages: true}})
	for _, l := range h.lists() {
		_, err := l.readAll(t.Context())
		require.Equal(t, "limit", asError(t, err, codes.InvalidArgument, http.StatusBadRequest).Property)
		require.Equal(t, api.PageSizeSteps[:], h.limits(t, l.path), l.name)
	}
}

// A list that is refused for another reason does not change the page size.
func TestPageSize_RememberedOnlyOnceAccepted(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	for _, l := range h.lists() {
		h.sim.Inject(privxsim.Fault{Path: l.path, Status: http.StatusBadRequest})
		_, err := l.readAll(t.Context())
		wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
		h.sim.ClearFaults()
		h.sim.ResetRequests()
		l.wantAll(t)
		require.Equal(t, []int{1000}, h.limits(t, l.path), l.name)
	}
}

// Only a 400 to the first page makes the client ask for a smaller one.
func TestPageSize_NoOtherFallback(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{MaxPageSize: 7}})
	for _, l := range h.lists() {
		h.sim.Inject(privxsim.Fault{Path: l.path, Status: http.StatusBadRequest, Skip: 1})
		_, err := l.readAll(t.Context())
		wantError(t, err, codes.InvalidArgument, http.StatusBadRequest)
		require.Len(t, h.sent(l.path), 2, "%s: a later page is not asked for again", l.name)
		h.sim.ClearFaults()
		h.sim.ResetRequests()

		h.sim.Inject(privxsim.Fault{Path: l.path, Status: http.StatusRequestEntityTooLarge, Count: 1})
		_, err = l.readAll(t.Context())
		wantError(t, err, codes.InvalidArgument, http.StatusRequestEntityTooLarge)
		require.Equal(t, []int{1000}, h.limits(t, l.path), l.name)
		h.sim.ClearFaults()
		h.sim.ResetRequests()
	}
}
