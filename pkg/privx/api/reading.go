package api

import (
	"crypto/rand"
	"slices"
	"sync"
)

// reading remembers the rows that one reading of a list has shown so far.
type reading struct {
	// id is one that no other process has made.
	id string
	// seen are the different ids.
	seen IDs
	// added are the hashes of those that came last, in the order of the page's rows, so
	// that the page can be read once more.
	added []idHash
	// counted is how many rows the readings have counted for this one.
	counted int
	// ended: the list is over.
	ended bool
}

// add notes a row and tells whether it is a new one.
func (r *reading) add(id string) bool {
	hash := hashID(id)
	if !r.seen.add(hash) {
		return false
	}
	r.added = append(r.added, hash)
	return true
}

// goBack makes the reading what it was when it had so many rows, which may be in
// the middle of the page that came last and not further back.
func (r *reading) goBack(rows int) bool {
	kept := rows - (r.seen.Len() - len(r.added))
	if kept < 0 || kept > len(r.added) {
		return false
	}
	for _, hash := range r.added[kept:] {
		delete(r.seen.hashes, hash)
	}
	r.added = r.added[:0]
	return true
}

// readings are the lists that are being read.
type readings struct {
	mu sync.Mutex
	// waiting are those that nobody reads in at this moment, the one that was used
	// last at the end.
	waiting []*reading
	rows    int
}

func newReading() *reading {
	return &reading{id: rand.Text()}
}

// resume finds a reading as it was when it had so many rows, for one caller alone;
// nil if it is not known any more, or was never known in this process.
func (r *readings) resume(id string, rows int) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.waiting, func(one *reading) bool { return one.id == id })
	if i < 0 {
		return nil
	}
	one := r.waiting[i]
	if !one.goBack(rows) {
		r.forget(i)
		return nil
	}
	r.waiting = slices.Delete(r.waiting, i, i+1) // and counted until it is kept again
	return one
}

// keep remembers a reading until it is resumed. Where that is too much, those that
// were not used for the longest time are forgotten.
func (r *readings) keep(one *reading, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.ended = ended
	r.count(one, one.seen.Len())
	r.waiting = append(r.waiting, one)
	over := 0
	for _, other := range r.waiting {
		if other.ended {
			over++
		}
	}
	if over > MaxEnded {
		r.forget(slices.IndexFunc(r.waiting, func(other *reading) bool { return other.ended }))
	}
	for len(r.waiting) > MaxReadings || r.rows > MaxRows && len(r.waiting) > 0 {
		r.forget(0)
	}
}

func (r *readings) forget(i int) {
	r.count(r.waiting[i], 0)
	r.waiting = slices.Delete(r.waiting, i, i+1)
}

func (r *readings) count(one *reading, rows int) {
	r.rows += rows - one.counted
	one.counted = rows
}
