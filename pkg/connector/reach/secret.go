package reach

import (
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Slugs of what can be done with a secret.
const (
	read  = "read"
	write = "write"
)

// What a secret's id begins with.
const (
	shared   = "shared/"
	personal = "personal/"
)

// OfSecret makes a target of a secret. PrivX knows a secret by its name alone, so that a
// renamed secret is another one.
func OfSecret(secret privx.Secret) Target {
	t := Target{Kind: Secret, ID: secretID(secret.OwnerID, secret.Name), Name: secret.Name, Created: secret.Created, Owner: secret.OwnerID}
	t.Profile = profileOf(map[string]string{
		"name":     secret.Name,
		"path":     secret.Path,
		"owner_id": secret.OwnerID,
		"updated":  secret.Updated,
	})
	t.Profile["personal"] = t.Owner != ""
	t.Ways = []Way{
		{Slug: read, Name: "Read " + secret.Name, Text: "Read the secret " + secret.Name + ".", Label: read, Roles: rolesOf(secret.ReadRoles)},
		{Slug: write, Name: "Write " + secret.Name, Text: "Change the secret " + secret.Name + ".", Label: write, Roles: rolesOf(secret.WriteRoles)},
	}
	if t.Owner != "" {
		t.Ways[0].Roles, t.Ways[1].Roles = nil, nil
	}
	return t
}

// secretID is the id of a secret's resource, a stable API. The owner is empty for a shared
// secret.
func secretID(owner, name string) string {
	if owner == "" {
		return shared + escaped(name)
	}
	return personal + escaped(privx.CanonicalID(owner)) + "/" + escaped(name)
}
