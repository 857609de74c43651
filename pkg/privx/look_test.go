package privx_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// look asks for roles in a manner and returns the status of the answer that was shown; 0 if
// none was.
func look(ctx context.Context, h *harness, manner api.Manner) (int, error) {
	status := 0
	err := h.client.API().Look(ctx, privx.Endpoints.Roles.Request(), manner, func(a *api.Answer) error {
		status = a.Status
		return nil
	})
	return status, err
}

// An answer of any status is shown as it came, and the request is sent once.
func TestLook_ShowsEachAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 403, 404, 500, 503} {
		h := newHarness(t, setup{})
		if status != http.StatusOK {
			h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultStatus, Status: status})
		}
		shown, err := look(t.Context(), h, api.Manner{})
		require.NoError(t, err)
		require.Equal(t, status, shown)
		require.Equal(t, 1, h.sim.CountRequests(http.MethodGet, rolesPath))
	}
}

// A token that PrivX refuses is replaced, as in any other request. In the end it is an
// error.
func TestLook_RefusedToken(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultStatus, Status: 401, Count: 1})
	shown, err := look(t.Context(), h, api.Manner{})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, shown)
	h.sim.Inject(privxsim.Fault{Path: rolesPath, Kind: privxsim.FaultStatus, Status: 401})
	_, err = look(t.Context(), h, api.Manner{})
	require.True(t, privx.IsUnauthenticated(err), err)
}

// Without a token, PrivX says what it says to anybody, and none is asked for.
func TestLook_Anonymous(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	shown, err := look(t.Context(), h, api.Manner{Anonymous: true})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, shown)
	require.Zero(t, h.sim.CountRequests(http.MethodPost, tokenPath))
	require.Empty(t, h.sim.Requests()[0].Header.Get("Authorization"))
}

// Another client's login is used as it is, also when it has ended.
func TestLook_AsAnother(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{})
	other := newClient(t.Context(), t, h.url, allFour)
	login, err := other.API().Login(t.Context())
	require.NoError(t, err)
	shown, err := look(t.Context(), h, api.Manner{As: login})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, shown)
	require.NoError(t, other.Logout(t.Context()))
	shown, err = look(t.Context(), h, api.Manner{As: login})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, shown)
	require.Equal(t, 1, h.sim.CountRequests(http.MethodPost, tokenPath))
}

// A request that goes alone has no cookie, and leaves none: the one that keeps the client on
// its node stays.
func TestLook_Alone(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{
		AffinityCookie: true, Nodes: []privxsim.Node{{}, {}},
	}})
	for range 20 {
		_, err := look(t.Context(), h, api.Manner{Alone: true})
		require.NoError(t, err)
		_, err = look(t.Context(), h, api.Manner{})
		require.NoError(t, err)
	}
	nodes := map[bool]map[int]bool{true: {}, false: {}}
	for _, r := range h.sim.Requests() {
		if r.Path == rolesPath {
			nodes[r.Header.Get("Cookie") == ""][r.Node] = true
		}
	}
	require.Len(t, nodes[true], 2, "without a cookie, any node")
	require.Len(t, nodes[false], 1, "with it, always the same")
}

// What is told of a login has no token in it.
func TestLogin(t *testing.T) {
	t.Parallel()
	h := newHarness(t, setup{sim: privxsim.Options{AffinityCookie: true, Nodes: []privxsim.Node{{}}}})
	login, err := h.client.API().Login(t.Context())
	require.NoError(t, err)
	require.Equal(t, 5*time.Minute, login.Life)
	require.Contains(t, login.Fields, "access_token")
	require.Contains(t, login.Fields, "refresh_token")
	require.Len(t, login.Cookies, 1)
	require.Empty(t, login.Answer.Body)
	again, err := h.client.API().Login(t.Context())
	require.NoError(t, err)
	require.Equal(t, login.Fields, again.Fields)
	require.Equal(t, 1, h.sim.CountRequests(http.MethodPost, tokenPath), "the token that there is will do")

	_, err = look(t.Context(), h, api.Manner{})
	require.NoError(t, err)
	requests := h.sim.Requests()
	bearer := strings.TrimPrefix(requests[len(requests)-1].Header.Get("Authorization"), "Bearer ")
	require.NotEmpty(t, bearer)
	require.NotContains(t, fmt.Sprint(login), bearer)
}

// Credentials that are refused are sent once.
func TestLogin_Refused(t *testing.T) {
	t.Parallel()
	wrong := allFour
	wrong.APIClientSecret = "wrong"
	h := newHarness(t, setup{credentials: wrong})
	for range 3 {
		_, err := h.client.API().Login(t.Context())
		require.True(t, privx.IsUnauthenticated(err), err)
	}
	require.Equal(t, 1, h.sim.CountRequests(http.MethodPost, tokenPath))
}
