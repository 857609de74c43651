package privx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Secrets are read without what is in them, by their list alone. No name of a secret is ever
// put into a path: people choose it, and something in front of PrivX that takes an escaped
// slash for a slash, and then resolves dots, could be led to the calls that answer what is in
// a secret: GET /vault/api/v1/secrets/{name} and GET /vault/api/v1/user/{id}/secrets/{name}.
var postSecretsSearch = api.Endpoint{
	Method: http.MethodPost, Path: "/vault/api/v1/search/secrets", IfMissing: "this PrivX has no list of secrets: leave sync-secrets out",
}

// maxSecrets is how many secrets PrivX gives at a time at most.
const maxSecrets = 100

// Secret is a secret of PrivX's vault, without what is in it.
type Secret struct {
	// Name is unique among the secrets of the same owner. Case matters in it.
	Name string
	// OwnerID is the user whose personal secret it is; empty for one that is shared.
	OwnerID               string
	ReadRoles, WriteRoles []RoleRef
	Path                  string
	// Created and Updated are RFC 3339; may be empty.
	Created, Updated string
}

// Identity tells secrets apart, also those whose names differ in case only.
func (s Secret) Identity() string { return secretIdentity(s.OwnerID, s.Name) }

// secretIdentity is made of a hash of the name, so that its case is kept and its length is
// bounded. It is empty for a secret without a name.
func secretIdentity(ownerID, name string) string {
	if name == "" {
		return ""
	}
	hash := sha256.Sum256([]byte(name))
	return ownerID + "/" + hex.EncodeToString(hash[:])
}

// ListSecrets reads a page of all secrets, personal ones among them. An empty token asks for
// the first page.
func (c *Client) ListSecrets(ctx context.Context, token string) (*Page[Secret], error) {
	return readTargets[secretRow, Secret](ctx, c, allSecrets(), token)
}

func allSecrets() *api.List {
	return &api.List{Request: postSecretsSearch.Request(), MaxPage: maxSecrets, PageInBody: true}
}

// CheckSecrets finds out whether secrets can be listed. No permission is known to be needed.
func (c *Client) CheckSecrets(ctx context.Context) error {
	_, err := api.Probe[secretRow](ctx, c.api, allSecrets())
	return err
}

// secretRow is a secret as PrivX answers it. Its data is never decoded.
type secretRow struct {
	Name       string    `json:"name"`
	OwnerID    string    `json:"owner_id"`
	ReadRoles  []RoleRef `json:"read_roles"`
	WriteRoles []RoleRef `json:"write_roles"`
	Path       text      `json:"path"`
	Created    text      `json:"created"`
	Updated    text      `json:"updated"`
}

// Identity is that of the secret.
func (r secretRow) Identity() string { return secretIdentity(r.OwnerID, r.Name) }

func (r secretRow) target() (Secret, error) {
	return Secret{
		Name: r.Name, OwnerID: r.OwnerID, ReadRoles: r.ReadRoles, WriteRoles: r.WriteRoles,
		Path: r.Path.String(), Created: r.Created.time(), Updated: r.Updated.time(),
	}, checkRefs(r.ReadRoles, r.WriteRoles)
}
