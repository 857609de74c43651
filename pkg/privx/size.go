package privx

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
)

// Bounds on how many rows of a list are asked for at a time. The larger one is the
// documented maximum for roles. For the other lists none is known, and neither is
// whether PrivX clamps or refuses what is above it.
const (
	MinPageSize = 10
	MaxPageSize = 1000
)

// pageSizeSteps are the page sizes to ask for, those up to Config.PageSize: the next
// one where PrivX refuses so many rows, or answers too much or too late.
var pageSizeSteps = [...]int{MaxPageSize, 500, 100, 50, MinPageSize}

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
	// Another list may have found out meanwhile that it must be smaller.
	if s.limit > 0 && s.limit < limit && now.Before(s.until) {
		return
	}
	s.limit, s.until = limit, now.Add(sizeMemory)
}

// fewerAfter is how many rows to ask for after an error; 0 if fewer would not help, or
// if there are no fewer. That PrivX refuses so many shows with the first answer. After
// one that took too long it is a tenth, because the next one may take as long again.
func fewerAfter(err error, limit int, first bool) int {
	var e *Error
	switch {
	case !errors.As(err, &e):
		return 0
	case e.avoidable && !e.isTooLong():
		return stepTo(limit / 10)
	case e.avoidable, first && e.Status == http.StatusBadRequest && e.grpcCode == codes.InvalidArgument:
		return smaller(limit)
	default:
		return 0
	}
}

// stepTo is the step for a page size, or the least one.
func stepTo(limit int) int {
	return max(smaller(limit+1), MinPageSize)
}

// avoidable marks the error for an answer that was too much and could be smaller.
func avoidable(rq *request, err error) error {
	var e *Error
	if !errors.As(err, &e) || !e.tooMuch || e.Endpoint != rq.endpoint() { // or a token's
		return err
	}
	given := *e
	given.avoidable = true
	return &given
}
