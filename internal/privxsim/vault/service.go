package vault

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// permVaultManage is the permission with which all secrets are shown, whatever the options.
const permVaultManage = "vault-manage"

// Sight says what the list of secrets shows without vault-manage.
type Sight int

// What the list of secrets shows without vault-manage.
const (
	SeesAll       Sight = iota // all secrets
	SeesOwn                    // those that a role of the caller may read or write, and its own
	SeesForbidden              // nothing: 403
)

// Options are the manners of the service. The zero value is PrivX as it is most
// likely set up.
type Options struct {
	// Sight says what the list of secrets shows without vault-manage. Guess (PXQ-082): all
	// secrets, as the documentation asks for no permission, and a client of the vendor's
	// says so.
	Sight Sight
	// HidePersonalSecrets leaves out the secrets of other users for who lacks vault-manage.
	// Guess (PXQ-083): they are among all secrets.
	HidePersonalSecrets bool
	// PagingInBody makes the search take offset, limit and the sort key from its body
	// alone. Guess (PXQ-084): it takes them from the query, as is documented; the
	// vendor's client has a place for them in the body, too.
	PagingInBody bool
}

type service struct {
	store *SecretTable
	view  target.View
	opts  Options
}

// Service returns the service that tells the truth of a store.
func Service(store *SecretTable, shared target.Options, opts Options) core.Service {
	s := &service{store, target.View{Options: shared, Roles: store.roles}, opts}
	return core.Service{Name: "vault", Data: store.table.Data(), Endpoints: []core.Endpoint{
		{Method: http.MethodPost, Path: "search/secrets", Shows: core.ShowsList, Handle: s.search},
		{Method: http.MethodGet, Path: "metadata/secrets/{name}", Shows: core.ShowsObject, Handle: s.metadata},
		{Method: http.MethodGet, Path: "user/{id}/metadata/secrets/{name}", Shows: core.ShowsObject, Handle: s.metadata},
		{Method: http.MethodGet, Path: "secrets/{name}", Shows: core.ShowsObject, Handle: s.data},
		{Method: http.MethodGet, Path: "user/{id}/secrets/{name}", Shows: core.ShowsObject, Handle: s.data},
	}}
}

// searchBody are the filters of a search that are simulated, and what of a page it may say.
type searchBody struct {
	Owners  []string    `json:"owner_id"`
	Offset  json.Number `json:"offset"`
	Limit   json.Number `json:"limit"`
	SortKey string      `json:"sortkey"`
	SortDir string      `json:"sortdir"`
}

// query is what the body says of the page.
func (q searchBody) query() url.Values {
	return url.Values{
		"offset": {q.Offset.String()}, "limit": {q.Limit.String()}, "sortkey": {q.SortKey}, "sortdir": {q.SortDir},
	}
}

// search shows the secrets that the caller may see and that it asks for.
func (s *service) search(c *core.Call) core.Answer {
	var q *searchBody
	if json.Unmarshal(c.Body, &q) != nil || q == nil {
		return core.BadRequest("", "body is not a JSON object").Answer() // Guess (PXQ-011): as in the search for users.
	}
	if s.opts.Sight == SeesForbidden && !c.Caller.May(permVaultManage) {
		return core.StatusError(http.StatusForbidden)
	}
	w, err := s.window(c, *q)
	if err != nil {
		return err.Answer()
	}
	sees := s.sight(c)
	return s.store.table.Page(c, w, func(secret *Secret) bool {
		return sees(secret) && (len(q.Owners) == 0 || slices.Contains(q.Owners, secret.OwnerID))
	}, s.encode)
}

func (s *service) window(c *core.Call, q searchBody) (core.Window, *core.Error) {
	if s.opts.PagingInBody {
		return secretOrder.WindowOf(c, q.query())
	}
	return secretOrder.Window(c)
}

// sight tells which secrets the caller may see.
func (s *service) sight(c *core.Call) func(*Secret) bool {
	if c.Caller.May(permVaultManage) {
		return func(*Secret) bool { return true }
	}
	held := s.view.Held(c.Caller.Principal, c.Now())
	isHeld := func(ref target.RoleRef) bool {
		return !ref.Deleted && slices.ContainsFunc(held, func(r target.HeldRole) bool { return r.ID == ref.ID })
	}
	return func(secret *Secret) bool {
		switch {
		case secret.OwnerID == c.Caller.Principal:
			return true
		case secret.OwnerID != "" && s.opts.HidePersonalSecrets:
			return false
		case s.opts.Sight == SeesAll:
			return true
		default:
			return slices.ContainsFunc(secret.ReadRoles, isHeld) || slices.ContainsFunc(secret.WriteRoles, isHeld)
		}
	}
}

// metadata shows a secret without what is secret in it.
func (s *service) metadata(c *core.Call) core.Answer { return s.one(c, s.encode) }

// data shows a secret with what is secret in it. The simulator asks for no right to read
// it: a client that calls this gives itself away.
func (s *service) data(c *core.Call) core.Answer {
	return s.one(c, func(secret *Secret) []byte {
		return core.WithMembers(s.encode(secret), `"data":{"password":`+target.Canary("secret-data")+`}`)
	})
}

// one shows a secret of the user whom the path names, or a shared one. The secrets of
// others take vault-manage.
func (s *service) one(c *core.Call, encode func(*Secret) []byte) core.Answer {
	if c.ID != "" && c.ID != c.Caller.Principal && !c.Caller.May(permVaultManage) {
		return core.StatusError(http.StatusForbidden)
	}
	secret := s.store.table.Get(c, key(c.ID, c.Name))
	switch {
	case secret == nil:
		return core.NotFound().Answer()
	case !s.sight(c)(secret):
		return s.view.Foreign()
	default:
		return core.JSON(http.StatusOK, encode(secret))
	}
}

// unknownInSecret is a member that no client knows, as every release of PrivX brings new
// ones.
const unknownInSecret = `"x_future_secret":{"version":1.50}`

func (s *service) encode(secret *Secret) []byte {
	shown := *secret
	shown.ReadRoles = s.view.Refs(secret.ReadRoles)
	shown.WriteRoles = s.view.Refs(secret.WriteRoles)
	return core.WithExtra(core.WithMembers(core.MustMarshal(shown), unknownInSecret), secret.Extra)
}
