package privx

import (
	"sync"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// recentChanges are what this client has changed a moment ago: what PrivX has
// accepted, and what was verified. A list that does not show them is probably an
// old one: to write it back would undo them, and to conclude from it that there is
// nothing to do would be wrong.
type recentChanges struct {
	mu   sync.Mutex
	made map[recentKey]recentChange
}

// recentKey is a user and a role, in lower case.
type recentKey struct{ user, role string }

// recentChange is what was done to a user's membership of one role.
type recentChange struct {
	role string
	// done tells whether a list is as the change has made it.
	done func(roleList) bool
	// date is PrivX's time at which it was so.
	date time.Time
	at   time.Time
}

// shownIn tells whether a list shows the change. The clock of the node that
// answers may be behind: what had begun by another one has begun.
func (r recentChange) shownIn(list roleList) bool {
	if list.date.Before(r.date) {
		list.date = r.date
	}
	return r.done(list)
}

// note remembers a change.
func (r *recentChanges) note(user string, change recentChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == nil {
		r.made = make(map[recentKey]recentChange)
	}
	for key, old := range r.made {
		if change.at.Sub(old.at) >= api.LagTime {
			delete(r.made, key)
		}
	}
	r.made[recentKey{user, CanonicalID(change.role)}] = change
}

// missing are the changes of a moment ago that a list does not show. It may also
// be that something else has undone them since.
func (r *recentChanges) missing(user string, list roleList, now time.Time) []recentChange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []recentChange
	for key, change := range r.made {
		if key.user == user && now.Sub(change.at) < api.LagTime && !change.shownIn(list) {
			missing = append(missing, change)
		}
	}
	return missing
}
