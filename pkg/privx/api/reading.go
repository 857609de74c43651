package api

import (
	"crypto/rand"
	"slices"
	"sync"
)

// reading remembers the rows that one reading of a list has shown so far.
type reading struct {
	// id is random, so that no other process makes the same.
	id string
	// seen are the different ids.
	seen IDs
	// added are the hashes of the ids that the latest page added, in the order of its
	// rows. With them the page can be undone and read once more.
	added []idHash
	// counted is how many rows of this reading are in readings.rows.
	counted int
	// ended: the list has been read to its end.
	ended bool
}

// add notes a row and tells whether it is new.
func (r *reading) add(id string) bool {
	hash := hashID(id)
	if !r.seen.add(hash) {
		return false
	}
	r.added = append(r.added, hash)
	return true
}

// goBack undoes what was added after the given number of rows. It can go back into the
// latest page and no further; it tells whether it could.
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
	// waiting are the readings that no caller is using at the moment, the most recently
	// used one last.
	waiting []*reading
	rows    int
}

func newReading() *reading {
	return &reading{id: rand.Text()}
}

// resume takes out a reading, as it was when it had the given number of rows. One caller
// has it alone until it is kept again. It is nil if this process has forgotten the reading
// or never had it.
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
	r.waiting = slices.Delete(r.waiting, i, i+1) // Its rows stay in r.rows until it is kept again.
	return one
}

// keep remembers a reading until it is resumed. If that exceeds a bound, the readings that
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
