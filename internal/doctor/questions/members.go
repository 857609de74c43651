package questions

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

func memberQuestions() []doctor.Check { return checks(membersQuestions) }

// membersQuestions are those about the members of roles.
var membersQuestions = []question{
	{
		id:      "PXQ-015",
		promise: "members of a role are shown with how they hold it",
		how:     "The first members of some roles other than privx-user are looked at, and the roles that are shown with them.",
		costs: []cost{{"c", doctor.Way{
			Name: "nothing-carried", Outcome: doctor.Warning,
			When:    "Members of a role are shown without any role.",
			Matters: "A sync asks for the roles of each such member, once for each user. That is one call more for each user who has a role besides privx-user.",
			Do:      "Allow for the time that PX-SIZE-02 shows. Nothing is lost.",
		}}},
		unseen:    "No member was shown who is known to have other roles, too.",
		otherwise: true,
		ask:       carriedRoles,
	},
	{
		id:        "PXQ-016",
		promise:   "a member is shown with the same grant as in the member's own list, or with none",
		how:       "Roles that were granted to members are compared with the same roles in the members' own lists.",
		unseen:    "No grant was seen both with a member and in the member's own list.",
		otherwise: true,
		ask:       carriedGrants,
	},
	{
		id:      "PXQ-017",
		promise: "a page of members is not longer than the connector reads",
		how:     "The first members of some roles are asked for. The length of a member, times 1000 or page-size, is compared with the 16 MiB that the connector reads of a page.",
		costs: []cost{{"b", doctor.Way{
			Name: "long-members", Outcome: doctor.Warning,
			When:    "Members are shown with so many roles that a page of 1000 members is longer than the connector reads.",
			Matters: "If a role has that many members, the connector reads a page in vain, and then asks for fewer members at a time.",
			Do:      "Set page-size to 100.",
		}}},
		unseen: "None of the roles that were looked at has members.",
		ask:    memberLength,
	},
	{
		id:      "PXQ-018",
		promise: "the member_count of roles is right where there is one",
		how:     "The member_count of some roles is compared with the count of their members. Where they differ, both are asked for again.",
		costs: []cost{{"c", doctor.Way{
			Name: "out-of-date", Outcome: doctor.Warning,
			When:    "A role's member_count differs from the number of its members.",
			Matters: "The connector takes the members that are listed, and logs a warning. If a role counts members and lists none, it asks several times.",
			Do:      "Find out in PrivX's web interface which of the two numbers is right.",
		}}},
		unseen: "No role was shown, or no member_count could be compared with a count of members.",
		ask:    memberCounts,
	},
	{
		id:      "PXQ-019",
		promise: "every user is listed as a member of privx-user",
		how:     "The count of the members of privx-user is compared with that of all users. Where it is less, both are asked for again.",
		costs: []cost{{"b", doctor.Way{
			Name: "no-members", Outcome: doctor.Failed,
			When:    "PrivX lists no members of privx-user.",
			Matters: "Everybody is a member of privx-user, so that the list cannot be right. A sync asks again for several seconds, and then fails.",
			Do:      "Look at the members of privx-user in PrivX's web interface. " + openIssue,
		}}},
		unseen:    "The role privx-user was not found, or neither its members nor all users were counted.",
		otherwise: true,
		ask:       everyonesMembers,
	},
	{
		id:        "PXQ-020",
		promise:   "a membership whose grant is over is still listed",
		how:       "Grants that are over are looked for in the lists of roles of some users. Where none is found, PrivX may have removed them, or there was none.",
		unseen:    "No grant was found that is over.",
		otherwise: true,
		ask:       grantsThatAreOver,
	},
	{
		id:        "PXQ-070",
		promise:   "a membership whose grant has not begun or been used is listed",
		how:       "Floating grants, and grants that have not begun, are looked for in the lists of roles of some users. Their users are looked for among the members of the role.",
		unseen:    "No such grant was found for a role whose members were read.",
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
	sample = slices.DeleteFunc(slices.Clone(sample), func(s sampled) bool { return s.Name == privx.RoleNameUser })
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
