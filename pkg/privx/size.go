package privx

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
)

// maxPageSize is the documented maximum for roles. For the other lists none is known,
// and neither is whether PrivX clamps or refuses what is above it.
const maxPageSize = 1000

// pageSizeSteps are the page sizes to ask for, those up to Config.PageSize: the next
// one where PrivX refuses so many rows, or answers too much or too late.
var pageSizeSteps = [...]int{maxPageSize, 500, 100, 50, 10}

// sizeMemory is how long a smaller page size is remembered.
const sizeMemory = time.Hour

// pageSizes are how many rows are asked for at a time.
type pageSizes struct {
	most                  int
	users, roles, members pageSize
	// cut is how many rows an answer had that was not all of a list, where that is less
	// than was asked for; 0 if there was none.
	cut atomic.Int32
}

// smaller is the next step below a page size; 0 if there is none.
func smaller(limit int) int {
	for _, step := range pageSizeSteps {
		if step < limit {
			return step
		}
	}
	return 0
}

// pageSize is that of one kind of list. It becomes smaller once PrivX has answered a
// smaller page: a 400 may have another reason.
type pageSize struct {
	mu    sync.Mutex
	limit int
	until time.Time
}

func (s *pageSize) get(most int, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && s.limit < most && now.Before(s.until) {
		return s.limit
	}
	return most
}

func (s *pageSize) lower(limit int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.until = limit, now.Add(sizeMemory)
}

// slowAnswer is how long a gateway waits at the least that does so for an answer. One
// that says at once that there is none tells of another trouble.
const slowAnswer = 10 * time.Second

// answeredTooMuch tells whether an error is that the answer was too long, or took too
// long.
func (rq *request) answeredTooMuch(err error, took time.Duration) bool {
	var e *Error
	return errors.As(err, &e) && e.Endpoint == rq.endpoint() && // and not a token's
		(e.tooMuch || e.Status == http.StatusGatewayTimeout && took >= slowAnswer)
}

// avoidable marks the error for an answer that was too much and could be smaller.
func avoidable(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	given := *e
	given.avoidable = true
	return &given
}

// refusesSize tells whether an error may mean that PrivX does not give so many rows at a
// time.
func refusesSize(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.grpcCode == codes.InvalidArgument
}

// isAvoidable tells whether an error means that an answer was too much, and could be
// smaller.
func isAvoidable(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.avoidable
}
