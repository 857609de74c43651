package questions

import (
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
)

func memberCounts(l *look) answer {
	sample, err := l.sample()
	if err != nil {
		return unanswered(err)
	}
	having, same := 0, 0
	for i := range sample {
		s := &sample[i]
		if s.MemberCount == nil {
			continue
		}
		having++
		n, known := l.membersOf(s)
		switch {
		case known && n == *s.MemberCount:
			same++
		case known:
			if told, is, lasts := l.stillDiffers(s); lasts {
				return on("c", "A role has a member_count of %d, and %s.", told, number(is, "member"))
			}
		}
	}
	switch {
	case len(sample) == 0:
		return unseen("No role was shown.")
	case having == 0:
		return on(assumed, "So it was with %s.", number(len(sample), "role"))
	case same == 0:
		return unseen("The sample had %s, of which %d have a member_count.", number(len(sample), "role"), having)
	default:
		return on("b", "So it was with %s.", number(same, "role"))
	}
}

// membersOf is how many members a role has, and whether that is known.
func (l *look) membersOf(s *sampled) (int, bool) {
	if len(s.members) < sampledMembers {
		return s.count, s.isWhole()
	}
	return s.count, s.count >= sampledMembers && !l.countsPages()
}

// stillDiffers asks again for a role's member_count and for the count of its members, and
// tells whether they still differ. They do not if members are counted that are not there.
func (l *look) stillDiffers(s *sampled) (int, int, bool) {
	role := l.visit.Ask.Get(l.ctx, privx.Endpoints.Role.Request(s.ID))
	told := decode[roleRow]([][]byte{role.Body})[0].MemberCount
	rows := l.again(ask.MemberRows(s.ID, ask.Part{Limit: sampledMembers}))
	now := sampledOf(s.roleRow, rows)
	n, known := l.membersOf(&now)
	if told == nil || !role.Good() || !rows.Good() || !known || n == *told {
		return 0, 0, false
	}
	return *told, n, !l.endsBefore(membersOf(s.ID), n)
}

func everyonesMembers(l *look) answer {
	everyone, err := l.everyone()
	if err != nil {
		return unanswered(err)
	}
	if everyone == nil {
		return unseen("No role is called %s.", privx.RoleNameUser)
	}
	ofMembers, ofUsers := ask.MemberRows(everyone.ID, ask.Part{Limit: sampledMembers}), ask.UserRows(ask.Part{Limit: sampledMembers})
	members, users := l.get(ofMembers), l.get(ofUsers)
	if len(members.Items) == 0 || counted(members) < counted(users) {
		members, users = l.again(ofMembers), l.again(ofUsers)
	}
	for _, rows := range []*ask.Rows{members, users} {
		if !rows.Good() {
			return unanswered(rows.Err)
		}
	}
	m, u := counted(members), counted(users)
	switch {
	case len(members.Items) == 0 && len(users.Items) > 0:
		return on("b", "Two answers showed none.")
	case m == 0 || u == 0 || l.countsPages():
		return unseen("PrivX counts %d members and %d users.", m, u)
	case m < u:
		return on(doctor.Otherwise, "PrivX counts %d members of privx-user and %d users.", m, u)
	default:
		return on(assumed, "PrivX counts %d members and %d users.", m, u)
	}
}
