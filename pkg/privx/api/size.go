package api

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// pageSizes are how many rows are asked for at a time, by endpoint.
type pageSizes struct {
	mu    sync.Mutex
	sizes map[Endpoint]*pageSize
}

// of is the page size of a list.
func (s *pageSizes) of(endpoint Endpoint) *pageSize {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sizes == nil {
		s.sizes = make(map[Endpoint]*pageSize)
	}
	if s.sizes[endpoint] == nil {
		s.sizes[endpoint] = &pageSize{}
	}
	return s.sizes[endpoint]
}

// SmallerPage is the next step below a page size; 0 if there is none.
func SmallerPage(limit int) int {
	for _, step := range PageSizeSteps {
		if step < limit {
			return step
		}
	}
	return 0
}

// pageSize is the page size of one endpoint's lists. It becomes smaller only once PrivX has
// answered a smaller page, because a 400 may have another reason.
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
	// Another list of the same endpoint may have needed a smaller one meanwhile.
	if s.limit > 0 && s.limit < limit && now.Before(s.until) {
		return
	}
	s.limit, s.until = limit, now.Add(SizeMemory)
}

// fewerAfter is how many rows of a list to ask for after an error; 0 if fewer would not
// help, or if there is no smaller step. A 400 is taken for a refused page size only before
// the first good answer. After a timeout it is a tenth, because the next answer may take as
// long again.
func fewerAfter(err error, endpoint Endpoint, limit int, first bool) int {
	var e *Error
	switch {
	case SmallerPage(limit) == 0 || !errors.As(err, &e) || e.Endpoint != endpoint.String():
		return 0
	case e.Kind == TooSlow:
		return StepTo(limit / 10)
	case e.Kind == TooLong, first && e.Kind == Invalid && e.Status == http.StatusBadRequest:
		return SmallerPage(limit)
	default:
		return 0
	}
}

// StepTo is the largest step that is not above a page size, and at least MinPageSize.
func StepTo(limit int) int {
	return max(SmallerPage(limit+1), MinPageSize)
}
