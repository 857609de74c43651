package privx

import (
	"strings"
	"sync"
	"time"
)

// lagTime is how long after a verified change another node of PrivX may still
// show the list from before it.
const lagTime = 10 * time.Second

// recentChanges are what this client has verified a moment ago. A list that
// contradicts them is probably an old one: to write it back would undo them.
type recentChanges struct {
	mu   sync.Mutex
	made map[recentKey]recentChange
}

// recentKey is a user and a role, in lower case.
type recentKey struct{ user, role string }

type recentChange struct {
	explicit bool
	at       time.Time
}

// note remembers what a list shows of a role that was changed.
func (r *recentChanges) note(user, role string, list roleList, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == nil {
		r.made = make(map[recentKey]recentChange)
	}
	for key, change := range r.made {
		if now.Sub(change.at) >= lagTime {
			delete(r.made, key)
		}
	}
	r.made[recentKey{user, strings.ToLower(role)}] = recentChange{list.explicit(role), now}
}

// contradict tells whether a list does not show a change that was verified a
// moment ago. It may also be that something else has undone it since.
func (r *recentChanges) contradict(user string, list roleList, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, change := range r.made {
		if key.user == user && now.Sub(change.at) < lagTime && list.explicit(key.role) != change.explicit {
			return true
		}
	}
	return false
}
