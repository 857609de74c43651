package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// list is one of PrivX's paged lists.
type list struct {
	name    string
	request requester
	// decode reads a row as the connector does.
	decode func(json.RawMessage) error
	// rows reads an answer; nil for [ask.RowsOf].
	rows func(*ask.Answer) *ask.Rows
	// atMost is how many rows to ask for at most; nil for as many as the connector asks for.
	atMost func(context.Context, *doctor.Visit) int
}

// requester makes the request for a part of a list.
type requester func(ask.Part) *api.Request

var (
	users = list{name: "users", request: ask.UserRows, decode: decoded[privx.User]}
	roles = list{name: "roles", request: ask.RoleRows, decode: decoded[privx.Role]}
)

// rowsOf reads an answer.
func (l list) rowsOf(answer *ask.Answer) *ask.Rows {
	if l.rows != nil {
		return l.rows(answer)
	}
	return ask.RowsOf(answer)
}

// membersOf is the list of a role's members.
func membersOf(name, roleID string) list {
	request := func(p ask.Part) *api.Request { return ask.MemberRows(roleID, p) }
	return list{name: "members of " + name, request: request, decode: decoded[privx.Member]}
}

// everybody is the list of the members of privx-user, of which every user is one.
func everybody(roleID string) list { return membersOf(privx.RoleNameUser, roleID) }

// decoded tells whether a row can be read as the connector reads it.
func decoded[T any](item json.RawMessage) error {
	var row T
	return json.Unmarshal(item, &row)
}

// page is a part of a list.
type page struct {
	*ask.Rows

	offset int
	// limit is how many rows were asked for, and wanted how many the connector asks for
	// first. If limit is less, larger pages were not answered, and hindrance says why.
	limit, wanted int
	hindrance     error
}

// end is the place behind the last row.
func (p page) end() int { return p.offset + len(p.Items) }

// counted is how many rows the answer counts in the list, mostCounted at most; 0 if it does
// not say.
func (p page) counted() int {
	if p.Count == nil || *p.Count < 0 {
		return 0
	}
	return min(*p.Count, mostCounted)
}

// at asks for the rows from a place on, as many as PrivX has answered before.
func (l list) at(ctx context.Context, v *doctor.Visit, offset, limit int) page {
	return page{Rows: l.rowsOf(v.Ask.Get(ctx, l.request(ask.Part{Offset: offset, Limit: limit}))), offset: offset, limit: limit, wanted: limit}
}

// first asks for the first rows: as many as the connector asks for, and fewer where the
// connector would ask for fewer. What was asked once is not asked again.
func (l list) first(ctx context.Context, v *doctor.Visit) page {
	wanted := configuredPage(v)
	if l.atMost != nil {
		wanted = min(wanted, l.atMost(ctx, v))
	}
	var hindrance error
	for limit := wanted; ; {
		p := l.at(ctx, v, 0, limit)
		p.wanted, p.hindrance = wanted, hindrance
		fewer := fewerAfter(p.Answer, limit)
		if fewer == 0 {
			return p
		}
		if hindrance = p.Err; hindrance == nil {
			hindrance = fmt.Errorf("an answer of more than %d MiB", api.MaxPageBody>>20)
		}
		limit = fewer
	}
}

// configuredPage is how many rows the connector asks for at a time.
func configuredPage(v *doctor.Visit) int {
	if v.Given.Config == nil || v.Given.Config.PageSize <= 0 {
		return api.MaxPageSize
	}
	return v.Given.Config.PageSize
}

// fewerAfter is how many rows to ask for after an answer; 0 if fewer would not help. It
// follows size.go in pkg/privx/api.
func fewerAfter(a *ask.Answer, limit int) int {
	var e *privx.Error
	switch {
	case limit <= api.MinPageSize:
		return 0
	case a.Good():
		if len(a.Body) > api.MaxPageBody {
			return api.SmallerPage(limit)
		}
		return 0
	case !errors.As(a.Err, &e):
		return 0
	case e.Kind == api.TooLong, e.Kind == api.Invalid && e.Status == http.StatusBadRequest:
		return api.SmallerPage(limit)
	case e.Kind == api.TooSlow, e.Kind == api.Unavailable && e.Status == 0 && a.Took >= ask.Timeout*9/10:
		// Timeout also has the time until the request was sent, which Took has not.
		return api.StepTo(limit / 10)
	default:
		return 0
	}
}

// The errors for a list that the connector refuses.
var (
	errNoItems = errors.New("the answer is a list without items")
	errNoID    = errors.New("a row has no id")
)

// listError says why the connector would refuse the first answer of a list; nil if it would
// take it.
func listError(rows *ask.Rows, decode func(json.RawMessage) error) error {
	if !rows.Good() {
		return rows.Err
	}
	if _, has := rows.Object()["items"]; rows.Items == nil && !has {
		return errNoItems
	}
	for i, item := range rows.Items {
		if err := decode(item); err != nil {
			return rowError(i, err)
		}
		if rows.IDs[i] == "" {
			return fmt.Errorf("row %d: %w", i+1, errNoID)
		}
	}
	if len(rows.Items) == 0 && rows.Count != nil && *rows.Count > 0 {
		return fmt.Errorf("a list that counts %d rows and shows none", *rows.Count)
	}
	return nil
}

// rowError names the field that cannot be read, and never its value.
func rowError(i int, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("row %d: the field %q cannot be read", i+1, wrong.Field)
	}
	return fmt.Errorf("row %d cannot be read", i+1)
}

// isPassing tells whether the same question may have another answer in a moment.
func isPassing(err error) bool {
	return api.IsTransient(err) || ask.IsEnough(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// The ways in which a check of a list ends that could not be read.
const (
	wayNotRead  = "not-read"
	wayUnusable = "unusable"
)

var unreadWays = []doctor.Way{
	{
		Name: wayNotRead, Outcome: doctor.Warning,
		When:    "PrivX, or what is in front of it, gave no good answer this time.",
		Matters: "A sync asks again. If it still gets no good answer, it fails.",
		Do:      "Run the doctor again in a minute.",
	},
	{
		Name: wayUnusable, Outcome: doctor.Failed,
		When:    "PrivX refuses the request, or answers with something else than the list.",
		Matters: "A sync fails rather than leave something out.",
		Do:      "Check that nothing in front of PrivX changes answers. If it does not, open an issue in the connector's repository, with the error and the version of PrivX.",
	},
}

// withUnread are the ways of a check that needs a list.
func withUnread(ways ...doctor.Way) []doctor.Way { return append(ways, unreadWays...) }

// unread is the finding for a list that could not be read; false if it could.
func unread(l list, p page) (doctor.Finding, bool) {
	err := p.Err
	if err == nil && p.Items == nil {
		if _, has := p.Object()["items"]; !has {
			err = errNoItems
		}
	}
	if err == nil {
		return doctor.Finding{}, false
	}
	finding := doctor.Finding{Way: wayUnusable, Found: "no list of " + l.name, Cause: err.Error()}
	if isPassing(err) {
		finding.Way = wayNotRead
	}
	return finding, true
}

// maxPages is how many pages of a list are read at most to have it whole.
const maxPages = 3

// whole reads a list of a few pages. It tells whether these are all.
func (l list) whole(ctx context.Context, v *doctor.Visit) ([]page, bool) {
	var read []page
	for offset := 0; ; {
		p := l.first(ctx, v)
		if offset > 0 {
			p = l.at(ctx, v, offset, p.limit)
		}
		if _, failed := unread(l, p); failed {
			return read, false
		}
		if len(p.Items) == 0 {
			return read, len(read) > 0
		}
		if len(read) == maxPages {
			return read, false
		}
		read, offset = append(read, p), p.end()
		if l.counts(ctx, v).way == "" && offset >= p.counted() {
			return read, true
		}
	}
}

// findRole finds a built-in role among the roles that were read; empty if it is not there.
func findRole(ctx context.Context, v *doctor.Visit, name string) string {
	read, _ := roles.whole(ctx, v)
	for _, role := range rolesIn(read) {
		if role.System && role.Name == name {
			return role.ID
		}
	}
	return ""
}

// rolesIn are the roles on some pages; those that cannot be read are left out.
func rolesIn(pages []page) []privx.Role {
	var all []privx.Role
	for _, p := range pages {
		for i, item := range p.Items {
			var role privx.Role
			if json.Unmarshal(item, &role) == nil && p.IDs[i] != "" {
				all = append(all, role)
			}
		}
	}
	return all
}
