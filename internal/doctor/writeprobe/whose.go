package writeprobe

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// userRole is the name of the role that everybody has by a rule, and nobody grants.
const userRole = "privx-user"

// note notes whose grants are in the latest list. Those of the role are the probe's, once it
// has written anything. All that is not known to be the probe's is something else's, and
// stays.
func (r *run) note() {
	made := r.madeGrants()
	for _, e := range r.now.grants() {
		switch id := privx.CanonicalID(e.ID); {
		case r.wrote && anyIs([]string{r.role, r.ghost}, e.ID):
			r.touched = true // Whatever PrivX answered.
		case made && r.first.find(e.ID) != nil && !r.foreign(e.ID):
			r.promoted[id] = true
			r.bare, r.touched = true, true
		default:
			r.others[id] = time.Now()
		}
	}
}

// madeGrants tells whether PrivX has made grants of the roles that the user has by rules,
// because it was sent their entries. That is certain only if it was sent them and has not
// refused them, and if all of them are grants in one list: somebody else may have granted
// one of them at the same time, but not all of them, privx-user among them.
func (r *run) madeGrants() bool {
	entries := r.first.entries
	switch {
	case !r.offered || r.keeps || len(entries) == 0:
		return false
	case len(entries) == 1 && !strings.EqualFold(entries[0].Name, userRole):
		return false
	default:
		return !slices.ContainsFunc(entries, func(e entry) bool { return !r.now.has(e.ID) })
	}
}

// foreign tells whether a role is one that something else has granted.
func (r *run) foreign(roleID string) bool {
	_, found := r.others[privx.CanonicalID(roleID)]
	return found
}

// left are the roles of which the latest list shows grants of something else, sorted.
func (r *run) left() []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(r.others)) {
		if r.now.has(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
