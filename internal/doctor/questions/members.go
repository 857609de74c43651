package questions

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func memberQuestions() []doctor.Check { return checks(membersQuestions) }

// membersQuestions are those about the members of roles.
var membersQuestions = []question{
	{
		id:      "PXQ-015",
		promise: "members of a role carry how they hold it",
		how:     "The first members of some roles other than privx-user are looked at, and what roles they carry.",
		costs: []cost{{"c", doctor.Way{
			Name: "nothing-carried", Outcome: doctor.Warning,
			Matters: "A sync asks for the roles of each member, once for each user, so that it makes about as many calls more as there are users who are members of a role besides privx-user.",
			Do:      "Allow for the time: see the forecast of calls.",
		}}},
		unseen:    "No member was shown of whom it is known that he has other roles, too.",
		otherwise: true,
		ask:       carriedRoles,
	},
	{
		id:        "PXQ-016",
		promise:   "the role that a member carries tells of the grant either as the member's own list does, or nothing",
		how:       "Roles that members of the sample were granted are compared with the same roles in the members' own lists.",
		unseen:    "No grant was seen both with a member and in his own list.",
		otherwise: true,
		ask:       carriedGrants,
	},
	{
		id:      "PXQ-017",
		promise: "1000 members of a role fit into one answer",
		how:     "The first members of some roles are asked for, and the bytes of each member are multiplied by 1000 and held against the 16 MiB that the connector reads of a page.",
		costs: []cost{{"b", doctor.Way{
			Name: "long-members", Outcome: doctor.Warning,
			Matters: "Of a role with so many members, the connector reads a page in vain, and then asks for fewer members at a time.",
			Do:      "Set page-size to 100.",
		}}},
		unseen: "No role that was looked at has members.",
		ask:    memberLength,
	},
	{
		id:      "PXQ-018",
		promise: "the member_count of roles is true where there is one",
		how:     "The member_count of some roles is compared with the count of their members. Where they differ, both are asked for again.",
		costs: []cost{{"c", doctor.Way{
			Name: "out-of-date", Outcome: doctor.Warning,
			Matters: "The connector takes the members that are listed, and warns in its log. Of a role that counts members and lists none, it asks several times.",
			Do:      "Find out in PrivX which of the two numbers is right.",
		}}},
		unseen: "No role was shown, or roles have a member_count, but nothing that it could be compared with was counted.",
		ask:    memberCounts,
	},
	{
		id:      "PXQ-019",
		promise: "every user is listed as a member of privx-user",
		how:     "The count of the members of privx-user is compared with that of all users. Where it is less, both are asked for again.",
		costs: []cost{{"b", doctor.Way{
			Name: "no-members", Outcome: doctor.Failed,
			Matters: "Everybody is a member of privx-user, so that the connector does not believe that. It asks again over some seconds, and then a sync fails.",
			Do:      "Look at the members of privx-user in PrivX's own pages. Report it with an issue, and with the version of PrivX.",
		}}},
		unseen:    "The role privx-user was not found, or neither its members nor all users were counted.",
		otherwise: true,
		ask:       everyonesMembers,
	},
	{
		id:        "PXQ-020",
		promise:   "a granted membership whose time is over stays among the members and in the user's list",
		how:       "Grants whose end is past are looked for in the lists of roles of some users. Where none is found, PrivX may have removed them, or there was none.",
		unseen:    "No grant was found whose end is past.",
		otherwise: true,
		ask:       grantsThatAreOver,
	},
	{
		id:        "PXQ-070",
		promise:   "users are members of a role whose grant has not begun, or has not been used yet",
		how:       "Floating grants and such as are yet to begin are looked for in the lists of roles of some users, and the users among the members of the role.",
		unseen:    "No such grant was found of a role whose members are known.",
		otherwise: true,
		ask:       grantsToCome,
	},
}

func carriedRoles(l *look) answer {
	sample, err := l.sample()
	if err != nil {
		return unanswered(err)
	}
	// How somebody holds privx-user is nothing to find out, and PrivX may show it nowhere.
	sample = slices.DeleteFunc(slices.Clone(sample), func(s sampled) bool { return s.Name == nameOfEveryone })
	several := l.withSeveralRoles(sample)
	var null, lacking, more, one, unknown int
	for i := range sample {
		for k := range sample[i].members {
			switch m := &sample[i].members[k]; {
			case m.Roles == nil:
				null++
			case m.carried(sample[i].ID) == nil:
				lacking++
			case differentRoles(m.Roles) > 1:
				more++
			case several.Has(m.ID):
				one++
			default:
				unknown++
			}
		}
	}
	switch {
	case null > 0 && lacking+more+one+unknown == 0:
		return on("c", "%s carried nothing.", number(null, "member"))
	case null+lacking > 0:
		return on(doctor.Otherwise, "Of %s, %d carried nothing, and %d others did not carry the role that was asked for.",
			number(null+lacking+more+one+unknown, "member"), null, lacking)
	case more > 0:
		return on("b", "%s carried more than that role.", number(more, "member"))
	case one > 0:
		return on(assumed, "%s who have several carried one.", number(one+unknown, "member"))
	default:
		return unseen("The sample had %s.", number(unknown, "member"))
	}
}

// withSeveralRoles are the users who are known to have several roles: they are members of
// two of the sample, or have two in their own lists.
func (l *look) withSeveralRoles(sample []sampled) *api.IDs {
	var once, several api.IDs
	for i := range sample {
		for _, m := range sample[i].members {
			if !once.Add(m.ID) {
				several.Add(m.ID)
			}
		}
	}
	lists, _ := l.lists() // Whether they are shown is another question.
	for _, h := range lists {
		if differentRoles(h.entries) > 1 {
			several.Add(h.userID)
		}
	}
	return &several
}

// differentRoles is how many roles there are in entries.
func differentRoles(entries []entry) int {
	var ids api.IDs
	for _, e := range entries {
		ids.Add(e.ID)
	}
	return ids.Len()
}

func memberLength(l *look) answer {
	roles, err := l.roles()
	if err != nil {
		return unanswered(err)
	}
	for _, role := range choose(roles) {
		asked := l.visit.Ask.Get(l.ctx, ask.MemberRows(role.ID, ask.Part{Limit: sampledMembers}))
		if api.Is(asked.Err, api.TooLong) {
			return on("b", "An answer for %s was longer than the connector reads of any.", number(sampledMembers, "member"))
		}
	}
	sample, err := l.sample()
	if err != nil {
		return unanswered(err)
	}
	longest := 0
	for i := range sample {
		if n := len(sample[i].members); n > 0 {
			longest = max(longest, sample[i].bytes/n)
		}
	}
	if longest == 0 {
		return unseen("The sample had %s.", number(len(sample), "role"))
	}
	side := assumed
	if longest*api.MaxPageSize > api.MaxPageBody {
		side = "b"
	}
	said := on(side, "A member takes up to %d bytes, and %d would take %d KiB.", longest, api.MaxPageSize, longest*api.MaxPageSize>>10).with("bytes", float64(longest))
	said.harmless = longest*l.size() <= api.MaxPageBody
	return said
}
