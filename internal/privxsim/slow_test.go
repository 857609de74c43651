package privxsim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// An answer begins the later the more rows were asked for, and is true.
func TestSlowRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newPipedHarness(t, privxsim.Options{})
		truth := h.get(rolesPath).body
		h.sim.Inject(privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: time.Second, RowDelay: 10 * time.Millisecond})
		for query, want := range map[string]time.Duration{
			"?limit=1000": 11 * time.Second, "?limit=10": 1100 * time.Millisecond, "?limit=0": time.Second, "": time.Second,
		} {
			start := time.Now()
			res, err := h.http.Do(h.request(t.Context(), http.MethodGet, rolesPath+query, ""))
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Since(start)
			body, err := io.ReadAll(res.Body)
			if ended := time.Since(start); err != nil || begun != want || ended != want || !bytes.Equal(body, truth) {
				t.Errorf("%q: %v, began after %v and ended after %v, want %v: %s", query, err, begun, ended, want, body)
			}
			_ = res.Body.Close()
		}
	})
}

// Slow answers wait for Release here: it can be sent only once somebody waits.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	truth := h.get(rolesPath).body
	for _, kind := range []privxsim.FaultKind{privxsim.FaultSlowHeader, privxsim.FaultSlowBody} {
		release, begun, ended := make(chan struct{}), make(chan []byte, 1), make(chan response, 1)
		h.sim.ClearFaults()
		h.fault(privxsim.Fault{Kind: kind, Release: release})
		go func() {
			res, err := h.http.Do(h.request(t.Context(), http.MethodGet, rolesPath, ""))
			if err != nil {
				ended <- response{err: err}
				return
			}
			defer res.Body.Close()
			first := make([]byte, len(truth)/2)
			_, err = io.ReadFull(res.Body, first)
			begun <- first
			rest, restErr := io.ReadAll(res.Body)
			ended <- response{status: res.StatusCode, body: append(first, rest...), err: errors.Join(err, restErr)}
		}()
		if kind == privxsim.FaultSlowBody { // the first half comes without a release
			if first := <-begun; !bytes.Equal(first, truth[:len(first)]) {
				t.Errorf("first half: %s", first)
			}
		}
		select {
		case release <- struct{}{}:
		case res := <-ended:
			t.Fatalf("%s: ended without its release: %+v", kind, res)
		}
		if res := <-ended; res.err != nil || !bytes.Equal(res.body, truth) {
			t.Errorf("%s: %v, %s", kind, res.err, res.body)
		}
	}
}

func TestSlowAnswersEndWithTheirDelayOrTheClient(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{Latency: time.Millisecond})
	h.fault(privxsim.Fault{Kind: privxsim.FaultSlowBody, Delay: time.Millisecond, Count: 1})
	if res := h.get(rolesPath); res.err != nil || len(res.items(t)) != 2 {
		t.Errorf("%v %s", res.err, res.body)
	}
	h.fault(privxsim.Fault{Kind: privxsim.FaultSlowHeader, Delay: time.Hour, Count: 1})
	h.fault(privxsim.Fault{Kind: privxsim.FaultStall, Count: 1})
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		h.sim.OnResponse(func(privxsim.Request) { cancel() }) // it begins to wait
		if res := h.send(h.request(ctx, http.MethodGet, rolesPath, "")); !errors.Is(res.err, context.Canceled) {
			t.Errorf("%d, %v", res.status, res.err)
		}
	}
}

func TestStallEndsWithItsRelease(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	release := make(chan struct{})
	h.fault(privxsim.Fault{Kind: privxsim.FaultStall, Release: release})
	h.sim.OnResponse(func(privxsim.Request) { close(release) })
	if res := h.get(rolesPath); !errors.Is(res.err, syscall.ECONNRESET) || h.lastStatus() != 0 {
		t.Errorf("%d, %v, recorded %d", res.status, res.err, h.lastStatus())
	}
}

func TestOversizedAnswerGoesOnUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.NewStore(), privxsim.Options{})
	h.fault(privxsim.Fault{Kind: privxsim.FaultOversized})
	res, err := h.http.Do(h.request(t.Context(), http.MethodGet, rolesPath, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	const enough = 64 << 20
	if n, err := io.CopyN(io.Discard, res.Body, enough); n != enough || res.ContentLength != -1 {
		t.Errorf("%d bytes of %d, %v", n, res.ContentLength, err)
	}
}
