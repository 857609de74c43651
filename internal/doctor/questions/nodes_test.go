package questions_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// second is a cluster whose second node is not as the first.
func second(node privxsim.Node) privxsim.Options {
	return privxsim.Options{Nodes: []privxsim.Node{{}, node}}
}

// notAlone is a PrivX that fails where it is asked for roles without a load balancer's
// cookie.
var notAlone = alteredBy(privxsim.Options{AffinityCookie: true}, func(rq privxsim.Request, a *privxsim.Answer) {
	if rq.Matches("", doctortest.RolesPath) && rq.Header.Get("Cookie") == "" {
		a.Status = http.StatusBadGateway
	}
})

// countsLess is a PrivX that counts one role less from one time to another that it is asked
// without a cookie.
func countsLess(from, to int64) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		var times atomic.Int64
		return alteredBy(privxsim.Options{AffinityCookie: true}, func(rq privxsim.Request, a *privxsim.Answer) {
			if !rq.Matches("", doctortest.RolesPath) || rq.Header.Get("Cookie") != "" {
				return
			}
			if seen := times.Add(1); seen >= from && seen <= to {
				a.Body = []byte(`{"count":11,"items":[{"id":"r"}]}`)
			}
		})(t)
	}
}

// refusesBetween is a PrivX that refuses the first and the third of the requests for roles.
func refusesBetween(options privxsim.Options) arrangement {
	return with(options,
		privxsim.Fault{Path: doctortest.RolesPath, Status: http.StatusUnauthorized, Count: 1},
		privxsim.Fault{Path: doctortest.RolesPath, Status: http.StatusUnauthorized, Skip: 1, Count: 1})
}

var nodeCases = []doctortest.Case{
	onSide("PXQ-065", "", "a", with(privxsim.Options{})),
	onSide("PXQ-065", "", "a", with(second(privxsim.Node{}))),
	finding("5 were refused", onSide("PXQ-065", "", "b", with(privxsim.Options{Nodes: laggingTokens()}))),
	onSide("PXQ-065", "not-seen", "", with(privxsim.Options{TokenDelay: time.Second})),
	finding("2 were refused", onSide("PXQ-065", "", "b", refusesBetween(privxsim.Options{}))),
	onSide("PXQ-065", "not-seen", "", refusesBetween(privxsim.Options{AffinityCookie: true})),
	onSide("PXQ-065", "unanswered", "", noSecondLogin),

	onSide("PXQ-066", "", "a", with(privxsim.Options{})),
	onSide("PXQ-066", "apart", "b", with(second(privxsim.Node{ClockOffset: 5 * time.Second}))),
	onSide("PXQ-066", "apart", "b", with(second(privxsim.Node{ClockOffset: -30 * time.Second}))),
	onSide("PXQ-066", "not-seen", "", with(privxsim.Options{}, doctortest.NoDate())),
	onSide("PXQ-066", "unanswered", "", unreachable),

	onSide("PXQ-067", "", "a", with(privxsim.Options{})),
	finding("the least was 11, and the largest 12", onSide("PXQ-067", "", "b", with(second(privxsim.Node{CountOffset: -1})))),
	onSide("PXQ-067", "not-seen", "", with(privxsim.Options{Count: privxsim.CountOmitted})),
	onSide("PXQ-067", "not-seen", "", with(privxsim.Options{Count: privxsim.CountPageLength})),
	finding("It changed once, from 12 to 11.", onSide("PXQ-067", "not-seen", "", countsLess(3, 100))),
	finding("Of 12 counts", onSide("PXQ-067", "", "b", countsLess(3, 8))),
	onSide("PXQ-067", "unanswered", "", notAlone),

	onSide("PXQ-069", "", "a", with(privxsim.Options{})),
	finding("the cookie privx-lb-node", onSide("PXQ-069", "", "b", with(privxsim.Options{AffinityCookie: true}))),
	onSide("PXQ-069", "unanswered", "", loggedInOnce),
}

func TestNodes(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, all(), only("PXQ-065", "PXQ-066", "PXQ-067", "PXQ-069"), nodeCases)
}
