package privx

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// getUserRoles reads the whole list of a user's roles. It is not known for sure which of
// the two permissions it takes: the vendor's own clients disagree.
var getUserRoles = api.Endpoint{Method: http.MethodGet, Path: "/role-store/api/v1/users/{}/roles", Permission: "users-view and roles-view"}

// UserRoles reads a user's roles, and how the user comes to hold each of them. PrivX has no
// paging here.
func (c *Client) UserRoles(ctx context.Context, userID string) ([]RoleEntry, error) {
	page, err := readRoles[RoleEntry](ctx, c, getUserRoles.Request(userID))
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

// MemberRoles is UserRoles for a user who is a member of a role, and so has one: a list
// that is empty is asked for once more, a second later.
func (c *Client) MemberRoles(ctx context.Context, userID string) ([]RoleEntry, error) {
	roles, err := c.UserRoles(ctx, userID)
	if err != nil || len(roles) > 0 {
		return roles, err
	}
	if err := api.Sleep(ctx, api.ConfirmPause); err != nil {
		return nil, err
	}
	return c.UserRoles(ctx, userID)
}

// readRoles reads a user's roles.
func readRoles[T api.Row](ctx context.Context, c *Client, rq *api.Request) (*Page[T], error) {
	return wholeRoles(api.ReadAll[T](ctx, c.api, rq))
}

// wholeRoles refuses a list of a user's roles that is not complete: writing it back would
// take the missing roles away from the user.
func wholeRoles[T any](page *Page[T], err error) (*Page[T], error) {
	if err == nil && page.Total > page.Read {
		return nil, api.Contradiction(getUserRoles, "a part of the user's roles only").WithID(errorid.RowsMissing)
	}
	return page, err
}

// rolesBefore reads the list from which a change starts. It waits for a list that shows
// this client's recent changes. If none comes, it believes the list once LagTime is over,
// and also returns the roles whose recent change that list does not show.
func (c *Client) rolesBefore(ctx context.Context, userID string, notBefore time.Time) (roleList, []string, error) {
	if made := c.recent.date(CanonicalID(userID), c.api.Now()); notBefore.Before(made) {
		notBefore = made
	}
	var waitedFor []recentChange
	list, err := c.awaitRoles(ctx, userID, notBefore, func(list roleList, _ int) bool {
		missing := c.recent.missing(CanonicalID(userID), list, c.api.Now())
		waitedFor = append(waitedFor, missing...)
		return len(missing) == 0
	})
	var undone []string
	for _, change := range waitedFor {
		if err == nil && !change.done(list) {
			undone = append(undone, change.role)
		}
	}
	return list, undone, err
}

// rolesAfter reads the list after a write. An accepted write is among the recent changes,
// and a list that does not show them is not believed for api.LagTime. A write with an
// unknown outcome is not among them, because PrivX may never have made it: it is looked for
// over the pauses of api.Settling. A list that does not show the recent changes does not
// prove it either.
func (c *Client) rolesAfter(ctx context.Context, userID string, notBefore time.Time, accepted bool, done func(roleList) bool) (roleList, error) {
	return c.awaitRoles(ctx, userID, notBefore, func(list roleList, reads int) bool {
		if len(c.recent.missing(CanonicalID(userID), list, c.api.Now())) > 0 {
			return false
		}
		return accepted || done(list) || reads > len(api.Settling)
	})
}

// awaitRoles reads the list until it is good, with short pauses, as long as ctx allows. If
// the list is empty, it has to be confirmed, too.
func (c *Client) awaitRoles(ctx context.Context, userID string, notBefore time.Time, good func(list roleList, reads int) bool) (roleList, error) {
	began := time.Now()
	for reads := 1; ; reads++ {
		list, err := c.currentRoles(ctx, userID, notBefore)
		if err != nil {
			return roleList{}, err
		}
		doubt := outdated()
		if good(list, reads) {
			if len(list.entries) > 0 {
				return list, nil
			}
			confirmed, err := c.confirmEmpty(ctx, userID, &list)
			switch {
			case IsNotFound(err) && time.Since(began) < api.LagTime:
				// A node that has just started may show an empty list and not know the user.
				doubt = lagging(getUserRoles, errorid.RolesNotBelieved, "an empty list of roles, of a user whom PrivX does not find")
			case err != nil:
				return roleList{}, err
			case confirmed:
				return list, nil
			default:
				doubt = api.Contradiction(getUserRoles, "an empty list of roles, of a user who has some").WithID(errorid.RolesNotBelieved)
			}
		}
		if err := api.WaitOr(ctx, api.Settling[min(reads, len(api.Settling))-1], doubt); err != nil {
			return roleList{}, err
		}
	}
}

// confirmEmpty tells whether an empty list is to be believed. If a wrong one was written
// back, the user would lose all roles. A second read has to show it empty, too. Then the
// user's own record is asked. If the record has a field roles, no granted role may be in
// it; the implicit ones are kept in list.beside. If it has none, a third read has to show
// the list empty after api.EmptyMoment, for which a node that has just started may show
// nothing.
func (c *Client) confirmEmpty(ctx context.Context, userID string, list *roleList) (bool, error) {
	again, err := c.currentRoles(ctx, userID, list.date)
	if err != nil || len(again.entries) > 0 {
		return false, err
	}
	roles, err := c.rolesInRecord(ctx, userID)
	if err != nil {
		return false, err
	}
	if roles != nil {
		list.beside = roles
		return !slices.ContainsFunc(roles, func(held heldRole) bool { return held.Explicit || !held.Implicit }), nil
	}
	doubt := lagging(getUserRoles, errorid.RolesNotBelieved, "an empty list of roles, which there was no time to confirm")
	if err := api.WaitOr(ctx, api.EmptyMoment, doubt); err != nil {
		return false, err
	}
	again, err = c.currentRoles(ctx, userID, list.date)
	return len(again.entries) == 0, err
}

// userRecord is what is read of a user's own record to confirm a list.
type userRecord struct {
	ID    string     `json:"id"`
	Roles []heldRole `json:"roles"`
}

// rolesInRecord are the roles in a user's own record; nil if the record does not say.
func (c *Client) rolesInRecord(ctx context.Context, userID string) ([]heldRole, error) {
	rq := getUser.Request(userID)
	rq.Urgent = true
	user, err := api.Read[userRecord](ctx, c.api, rq)
	if err == nil && !SameID(user.ID, userID) {
		err = anotherUser()
	}
	return user.Roles, err
}

// currentRoles reads a user's list of roles, and tries for as long as ctx allows. The
// list's date is at least notBefore. The clock of the node that answers may be behind, and
// by it a grant that was just written would not have begun yet.
func (c *Client) currentRoles(ctx context.Context, userID string, notBefore time.Time) (roleList, error) {
	rq := getUserRoles.Request(userID)
	rq.Urgent, rq.NotNull = true, true
	page, err := readRoles[heldRole](ctx, c, rq)
	if err != nil {
		return roleList{}, err
	}
	list := listOf(page)
	if list.date.Before(notBefore) {
		list.date = notBefore
	}
	return list, nil
}

// outdated is the error if no list showed the recent changes while there was time.
func outdated() *Error {
	e := lagging(getUserRoles, errorid.ChangeNotShown, "a list of roles that does not show a change which was made a moment ago")
	e.Hint = "a node of PrivX lags behind, or something else has undone the change"
	return e
}

// lagging is the error for an answer that a node of PrivX may give while it lags or has
// just started.
func lagging(endpoint api.Endpoint, id errorid.ID, what string) *Error {
	e := api.Contradiction(endpoint, what).WithID(id).WithKind(api.Unavailable)
	e.Hint = "a node of PrivX lags behind or has just started: look at PrivX's nodes, and try again"
	return e
}
