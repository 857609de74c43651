package questions

import (
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// pair is a user's own list and a role of the sample that shows him as a member, other than
// privx-user.
type pair struct {
	held   *held
	role   *sampled
	member *memberRow
}

// own is the role in the user's own list; nil if it is not there.
func (p pair) own() *entry { return find(p.held.entries, p.role.ID) }

// pairs are the memberships of which both ends were looked at.
func (l *look) pairs() ([]pair, error) {
	sample, err := l.sample()
	if err != nil {
		return nil, err
	}
	lists, err := l.lists()
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for i := range lists {
		for k := range sample {
			if member := sample[k].member(lists[i].userID); member != nil && sample[k].Name != privx.RoleNameUser {
				pairs = append(pairs, pair{&lists[i], &sample[k], member})
			}
		}
	}
	return pairs, nil
}

// mostRereads is how many memberships are read again that are not in the user's own list.
const mostRereads = 3

func wholeLists(l *look) answer {
	lists, err := l.lists()
	if err != nil {
		return unanswered(err)
	}
	for _, h := range lists {
		if h.count > len(h.entries) {
			return on("b", "A list of roles shows %d of %d.", len(h.entries), h.count)
		}
	}
	// Whether directories may be read is another question.
	if sources := l.get(privx.Endpoints.Sources.Request()); sources.Good() && counted(sources) > len(sources.Items) {
		return on("b", "The list of directories shows %d of %d.", len(sources.Items), counted(sources))
	}
	pairs, err := l.pairs()
	if err != nil {
		return unanswered(err)
	}
	reread, implicit := 0, 0
	for _, p := range pairs {
		if p.own() != nil || reread == mostRereads {
			continue
		}
		if reread++; !l.isMissing(p) {
			continue
		}
		if carried := p.member.carried(p.role.ID); carried == nil || carried.Explicit {
			return on("c", "A member of a role does not have it in the own list, which has %s and counts %d.", number(len(p.held.entries), "role"), p.held.count)
		}
		implicit++
	}
	switch {
	case implicit > 0:
		return on(doctor.Otherwise, "Members of roles by a rule do not have these in their own lists: so it was with %d of %s.", implicit, number(len(pairs), "membership"))
	case len(pairs) == 0:
		return unseen("The sample had %s of users.", number(len(lists), "list"))
	default:
		return on(assumed, "So it was with %s of %s.", number(len(pairs), "membership"), number(len(lists), "user"))
	}
}

// isMissing reads both ends of a membership again, and tells whether the role's still shows
// it and the user's still does not.
func (l *look) isMissing(p pair) bool {
	list := l.again(privx.Endpoints.UserRoles.Request(p.held.userID))
	members := l.again(ask.MemberRows(p.role.ID, ask.Part{Limit: sampledMembers}))
	if !list.Good() || !members.Good() {
		return false
	}
	now := sampledOf(p.role.roleRow, members)
	return now.lists(p.held.userID) && find(decode[entry](list.Items), p.role.ID) == nil
}
