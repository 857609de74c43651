package privx

import (
	"sync"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// recentChanges are the changes that this client made within the last LagTime, and that
// PrivX accepted or showed. A list that does not show them is probably outdated. Writing it
// back would undo them, and it does not prove that there is nothing to do.
type recentChanges struct {
	mu   sync.Mutex
	made map[recentKey]recentChange
}

// recentKey is a user and a role, by their ids in lower case.
type recentKey struct{ user, role string }

// recentChange is a change of a user's membership of one role.
type recentChange struct {
	role string
	// done tells whether a list shows the change.
	done func(roleList) bool
	// date is when the change was made or seen, by PrivX's clock, and at by this client's.
	date time.Time
	at   time.Time
}

// note remembers a change, and forgets those older than LagTime.
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

// date is the latest time, by PrivX's clock, at which a change of a user's roles in the last
// LagTime was made or seen; zero if there was none. PrivX's time cannot be before it.
func (r *recentChanges) date(user string, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var latest time.Time
	for key, change := range r.made {
		if key.user == user && now.Sub(change.at) < api.LagTime && latest.Before(change.date) {
			latest = change.date
		}
	}
	return latest
}

// missing are the changes of the last LagTime that a list does not show. The list may be
// outdated, or something else may have undone them since.
func (r *recentChanges) missing(user string, list roleList, now time.Time) []recentChange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []recentChange
	for key, change := range r.made {
		if key.user == user && now.Sub(change.at) < api.LagTime && !change.done(list) {
			missing = append(missing, change)
		}
	}
	return missing
}
