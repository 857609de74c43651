package questions

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// The sample is what most questions look at. It is small, because PrivX is asked for no more
// than some tens of things, and all questions look at the same.
const (
	// sampledRoles is of how many roles the first members are looked at, and sampledMembers
	// of how many members.
	sampledRoles, sampledMembers = 10, 10
	// sampledLists is of how many users the own list of roles is looked at.
	sampledLists = 8
)

// userRow is a row of the list of users, with what questions look at.
type userRow struct {
	ID         string `json:"id"`
	Principal  string `json:"principal"`
	FullName   string `json:"full_name"`
	Email      string `json:"email"`
	SourceType string `json:"source_type"`
	Created    string `json:"created"`
}

// roleRow is a row of the list of roles, with what questions look at.
type roleRow struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Created     string            `json:"created"`
	MemberCount *int              `json:"member_count"`
	Rules       *privx.SourceRule `json:"source_rules"`
}

// isMapped tells whether the role has mapping rules.
func (r *roleRow) isMapped() bool { return r.Rules != nil && len(r.Rules.Rules) > 0 }

// memberRow is a row of a list of members.
type memberRow struct {
	ID string `json:"id"`
	// Roles are what the member carries; nil if that is null or is not there.
	Roles []entry `json:"roles"`
}

// carried is how a member carries a role; nil if it is not among what he carries.
func (m *memberRow) carried(roleID string) *entry { return find(m.Roles, roleID) }

// entry is a role that a user has.
type entry struct {
	privx.RoleEntry

	// fields are the names of its fields, with the values of those in grantFields.
	fields map[string]json.RawMessage
	// unreadable is why the connector cannot read it; nil if it can.
	unreadable error
}

// UnmarshalJSON reads an entry and its fields. It never fails.
func (e *entry) UnmarshalJSON(text []byte) error {
	e.unreadable = json.Unmarshal(text, &e.RoleEntry)
	_ = json.Unmarshal(text, &e.fields) // What is no object has no fields.
	for name := range e.fields {
		if !slices.Contains(grantFields, name) {
			e.fields[name] = nil // Roles can be long, and there can be many.
		}
	}
	return nil
}

// has tells whether the entry has one of grantFields, and not as null.
func (e *entry) has(field string) bool {
	value := e.fields[field]
	return value != nil && string(value) != "null"
}

// find is the entry of a role, the explicit one if there are two; nil if there is none.
func find(entries []entry, roleID string) *entry {
	var found *entry
	for i := range entries {
		if privx.SameID(entries[i].ID, roleID) && (found == nil || entries[i].Explicit) {
			found = &entries[i]
		}
	}
	return found
}

// sampled is a role with its first members.
type sampled struct {
	roleRow

	// count is how many members PrivX counts; 0 if it does not.
	count   int
	members []memberRow
	// isNull tells that null stands in place of the members.
	isNull bool
	// bytes is how long the answer is.
	bytes int
}

func sampledOf(role roleRow, rows *ask.Rows) sampled {
	return sampled{role, counted(rows), decode[memberRow](rows.Items), rows.Items == nil, len(rows.Body)}
}

// isWhole tells whether it is known that there are no other members than those.
func (s *sampled) isWhole() bool {
	return len(s.members) < sampledMembers && s.count == len(s.members)
}

// lists tells whether a user is among the members that were shown.
func (s *sampled) lists(userID string) bool { return s.member(userID) != nil }

// member is a member who was shown, by id; nil if there is none.
func (s *sampled) member(userID string) *memberRow {
	i := slices.IndexFunc(s.members, func(m memberRow) bool { return privx.SameID(m.ID, userID) })
	if i < 0 {
		return nil
	}
	return &s.members[i]
}

// held is a user's own list of roles.
type held struct {
	userID string
	// count is how many roles PrivX counts; 0 if it does not.
	count   int
	entries []entry
	// isNull tells that null stands in place of the roles.
	isNull bool
	// at is the time at which it was read, by PrivX's clock as far as it tells.
	at time.Time
}

// roles are the roles of the first page, and of the last ones if the built-in roles are not
// among those.
func (l *look) roles() ([]roleRow, error) { return once(l, "roles", l.readRoles) }

func (l *look) readRoles() ([]roleRow, error) {
	first := l.firstPage(allRoles)
	if !first.Good() {
		return nil, first.Err
	}
	roles := decode[roleRow](first.Items)
	if named(roles, privx.RoleNameUser) != nil {
		return roles, nil
	}
	// They have no time of creation, so that they may as well stand at the end.
	last := l.get(ask.RoleRows(ask.Part{Limit: api.MinPageSize, Descending: true}))
	for _, role := range decode[roleRow](last.Items) {
		if !slices.ContainsFunc(roles, func(known roleRow) bool { return privx.SameID(known.ID, role.ID) }) {
			roles = append(roles, role)
		}
	}
	return roles, nil
}

// named is the role of a name; nil if there is none.
func named(roles []roleRow, name string) *roleRow {
	i := slices.IndexFunc(roles, func(r roleRow) bool { return r.Name == name && r.ID != "" })
	if i < 0 {
		return nil
	}
	return &roles[i]
}

// everyone is the role privx-user; nil if it is not found.
func (l *look) everyone() (*roleRow, error) {
	roles, err := l.roles()
	return named(roles, privx.RoleNameUser), err
}

// sample is a choice of roles with their first members. Roles whose members PrivX does not
// show are left out; it is an error if it shows those of none.
func (l *look) sample() ([]sampled, error) { return once(l, "sample", l.readSample) }

// mostOfSample is how many bytes are read of the sample's members before no other role is
// added.
const mostOfSample = 32 << 20

func (l *look) readSample() ([]sampled, error) {
	roles, err := l.roles()
	if err != nil {
		return nil, err
	}
	var sample []sampled
	read := 0
	for _, role := range choose(roles) {
		if read > mostOfSample {
			break
		}
		rows := l.get(ask.MemberRows(role.ID, ask.Part{Limit: sampledMembers}))
		if !rows.Good() {
			err = rows.Err
			continue
		}
		read += len(rows.Body)
		sample = append(sample, sampledOf(role, rows))
	}
	if len(sample) > 0 {
		err = nil
	}
	return sample, err
}

// choose chooses the roles of a sample: the built-in ones; as far as their members are
// counted, those with the most and one with none; some that have rules; and others from all
// over the list.
func choose(roles []roleRow) []roleRow {
	var chosen []roleRow
	isChosen := func(id string) bool {
		return slices.ContainsFunc(chosen, func(c roleRow) bool { return privx.SameID(c.ID, id) })
	}
	take := func(most int, fits func(*roleRow) bool) {
		for i := range roles {
			if most == 0 || len(chosen) == sampledRoles {
				return
			}
			if fits(&roles[i]) && roles[i].ID != "" && !isChosen(roles[i].ID) {
				chosen = append(chosen, roles[i])
				most--
			}
		}
	}
	take(1, func(r *roleRow) bool { return r.Name == privx.RoleNameUser })
	take(1, func(r *roleRow) bool { return r.Name == privx.RoleNameAdmin })
	take(1, func(r *roleRow) bool { return r.MemberCount != nil && *r.MemberCount == 0 })
	third := thirdCount(roles)
	take(2, func(r *roleRow) bool { return r.MemberCount != nil && *r.MemberCount >= third })
	take(2, (*roleRow).isMapped)
	// The first, the last, and every so many in between.
	left := sampledRoles - len(chosen)
	for i := range left {
		place := i * (len(roles) - 1) / max(left-1, 1)
		take(1, func(r *roleRow) bool { return r == &roles[place] })
	}
	take(sampledRoles, func(*roleRow) bool { return true })
	return chosen
}

// thirdCount is the third largest count of members: that of privx-user is most likely the
// largest.
func thirdCount(roles []roleRow) int {
	counts := []int{0, 0, 0}
	for i := range roles {
		if roles[i].MemberCount != nil {
			counts = append(counts, *roles[i].MemberCount)
		}
	}
	slices.Sort(counts)
	return counts[len(counts)-3]
}

// holders are the users whose own lists of roles are looked at: two who are members of the
// most roles of the sample, then one of each role in turn, first those with a grant. Without
// members, they are the first of all users.
func (l *look) holders() ([]string, error) {
	sample, err := l.sample()
	if err != nil {
		return nil, err
	}
	times := make(map[string]int)
	var all []memberRow
	for i := range sample {
		for _, m := range sample[i].members {
			if times[api.CanonicalID(m.ID)]++; m.ID != "" && times[api.CanonicalID(m.ID)] == 1 {
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b memberRow) int {
		return cmp.Compare(times[api.CanonicalID(b.ID)], times[api.CanonicalID(a.ID)])
	})
	var ids []string
	add := func(id string) {
		if len(ids) < sampledLists && id != "" && !slices.ContainsFunc(ids, func(known string) bool { return privx.SameID(known, id) }) {
			ids = append(ids, id)
		}
	}
	for _, m := range all[:min(len(all), 2)] {
		add(m.ID)
	}
	for place := range sampledMembers {
		for i := range sample {
			if members := sample[i].grantedFirst(); place < len(members) && sample[i].Name != privx.RoleNameUser {
				add(members[place].ID)
			}
		}
	}
	for _, id := range l.firstPage(allUsers).IDs {
		add(id)
	}
	return ids, nil
}

// grantedFirst are the members, first those who carry a grant of the role.
func (s *sampled) grantedFirst() []memberRow {
	members := slices.Clone(s.members)
	granted := func(m memberRow) int {
		if e := m.carried(s.ID); e != nil && e.Explicit {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(members, func(a, b memberRow) int { return cmp.Compare(granted(a), granted(b)) })
	return members
}

// lists are the own lists of roles of some users. Those that PrivX does not show are left
// out; it is an error if it shows none.
func (l *look) lists() ([]held, error) { return once(l, "lists", l.readLists) }

func (l *look) readLists() ([]held, error) {
	ids, err := l.holders()
	if err != nil {
		return nil, err
	}
	var lists []held
	for _, id := range ids {
		rows := l.get(privx.Endpoints.UserRoles.Request(id))
		if !rows.Good() {
			err = rows.Err
			continue
		}
		lists = append(lists, held{id, counted(rows), decode[entry](rows.Items), rows.Items == nil, rows.Time()})
	}
	if len(lists) > 0 {
		err = nil
	}
	return lists, err
}
