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

// of is that of a list.
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

// smaller is the next step below a page size; 0 if there is none.
func smaller(limit int) int {
	for _, step := range PageSizeSteps {
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
	s.limit, s.until = limit, now.Add(SizeMemory)
}

// fewerAfter is how many rows of a list to ask for after an error; 0 if fewer would not
// help, or if there are no fewer. That PrivX refuses so many shows with the first answer.
// After one that took too long it is a tenth, because the next one may take as long again.
func fewerAfter(err error, endpoint Endpoint, limit int, first bool) int {
	var e *Error
	switch {
	case smaller(limit) == 0 || !errors.As(err, &e) || e.Endpoint != endpoint.String():
		return 0
	case e.Kind == TooSlow:
		return stepTo(limit / 10)
	case e.Kind == TooLong, first && e.Kind == Invalid && e.Status == http.StatusBadRequest:
		return smaller(limit)
	default:
		return 0
	}
}

// stepTo is the step for a page size, or the least one.
func stepTo(limit int) int {
	return max(smaller(limit+1), MinPageSize)
}
