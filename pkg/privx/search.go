package privx

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/errorid"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// MaxFound is how many users can be searched for at a time.
const MaxFound = 100

// FindUsers searches for users by id, at most MaxFound of them, and returns those that PrivX
// finds.
func (c *Client) FindUsers(ctx context.Context, ids []string) ([]User, error) {
	page, err := api.ReadAll[User](ctx, c.api, SearchFor(ids))
	if err != nil {
		return nil, err
	}
	// A PrivX that ignores the ids returns other users, too.
	return slices.DeleteFunc(page.Items, func(user User) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return SameID(id, user.ID) })
	}), nil
}

// SearchFor is the request that searches for users by id, at most MaxFound of them.
func SearchFor(ids []string) *api.Request {
	// A map of strings always marshals.
	body, _ := json.Marshal(map[string][]string{"user_id": ids})
	rq := postUsersSearch.Request()
	rq.Body, rq.Query = body, api.FirstRows(MaxFound)
	return rq
}

// isGone finds out whether a user does not exist whose change was asked for at a given
// time. Whoever asked had seen the user, so the user existed before then. A node that lags
// may not know the user yet, for api.LagTime at most. So only a search after that time
// proves that the user is gone; an earlier one that does not find the user is repeated.
func (c *Client) isGone(ctx context.Context, id string, asked time.Time) (bool, error) {
	for {
		wait := time.Until(asked.Add(api.LagTime))
		exists, err := c.userExists(ctx, id)
		if err != nil || exists || wait <= 0 {
			return !exists, err
		}
		doubt := lagging(postUsersSearch, errorid.UserNotProvenGone, "the user is not found, which a node that lags may say of a new one")
		if err := api.WaitOr(ctx, time.Until(asked.Add(api.LagTime)), doubt); err != nil {
			return false, err
		}
	}
}

// userExists searches for a user. A node that has just started and has no users yet finds
// nobody. So each search is also for a witness: another user whom PrivX has just listed. An
// answer with neither of them proves nothing, and the search is repeated over some seconds.
// The API client itself would not do as a witness: PrivX need not tell which user that is,
// and may leave API clients out of a search.
func (c *Client) userExists(ctx context.Context, id string) (bool, error) {
	doubt := lagging(postUsersSearch, errorid.UserNotProvenGone, "neither the user nor anybody else is found")
	var exists bool
	proven, err := api.Insist(ctx, doubt, func() (bool, error) {
		var proven bool
		var err error
		exists, proven, err = c.searchWithWitness(ctx, id)
		return proven, err
	})
	if err == nil && !proven {
		err = doubt
	}
	return exists, err
}

// searchWithWitness searches for a user and a witness (see userExists). It tells whether the
// user exists, and whether the answers prove that.
func (c *Client) searchWithWitness(ctx context.Context, id string) (bool, bool, error) {
	rq := allUsers().Request
	rq.Query = api.FirstRows(2)
	listed, err := api.ReadAll[api.OnlyID](ctx, c.api, rq)
	if err != nil {
		return false, false, err
	}
	if contains(listed.Items, id) {
		return true, true, nil
	}
	if len(listed.Items) == 0 {
		return false, false, nil
	}
	witness := listed.Items[0].ID
	found, err := api.ReadAll[api.OnlyID](ctx, c.api, SearchFor([]string{id, witness}))
	switch {
	case err != nil:
		return false, false, err
	case contains(found.Items, id):
		return true, true, nil
	case slices.ContainsFunc(found.Items, func(user api.OnlyID) bool { return !SameID(user.ID, witness) }):
		// PrivX has ignored the ids.
		return false, false, api.Contradiction(postUsersSearch, "other users than the one searched for")
	default:
		return false, len(found.Items) > 0, nil
	}
}

func contains(users []api.OnlyID, id string) bool {
	return slices.ContainsFunc(users, func(user api.OnlyID) bool { return SameID(user.ID, id) })
}
