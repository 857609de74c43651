package ask

import (
	"errors"
	"fmt"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// spending is what was asked so far, by an Asker and those beside it.
type spending struct {
	sent int
	took time.Duration
	// clients are those that ask.
	clients []*api.Client
}

// What comes in place of an answer after MaxRequests, after MaxTime, and in place of the rows
// of an answer that has more than MaxRows.
var (
	errEnough  = fmt.Errorf("not asked, because %d requests are enough", MaxRequests)
	errNoTime  = fmt.Errorf("not asked, because there was no more time: what was asked before took more than %.0f minutes", MaxTime.Minutes())
	errTooMany = fmt.Errorf("not read, because the answer has more than %d rows", MaxRows)
)

// IsEnough tells whether something was not asked, or was not read, because it would have been
// too much.
func IsEnough(err error) bool {
	return errors.Is(err, errEnough) || errors.Is(err, errNoTime) || errors.Is(err, errTooMany)
}

// Requests is how many requests were sent so far.
func (s *spending) Requests() int { return s.sent }

// Calls is how many requests the clients have sent so far, with those that were not asked
// here: token requests and the connector's own.
func (s *spending) Calls() int64 {
	var all int64
	for _, client := range s.clients {
		all += client.Calls()
	}
	return all
}

// enough is why nothing more is asked; nil if something is.
func (s *spending) enough() error {
	switch {
	case s.sent >= MaxRequests:
		return errEnough
	case s.took >= MaxTime:
		return errNoTime
	default:
		return nil
	}
}

// spend counts a request that began at a time.
func (s *spending) spend(began time.Time) {
	s.sent++
	s.took += time.Since(began)
}
