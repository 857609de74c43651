package reach

import "slices"

// powers are the permissions of PrivX with which the members of a role can give themselves,
// or somebody they control, more than the role gives. The names are those of PrivX's
// role_handle (its API documentation, version 41; access-roles-manage and api-targets-manage
// of version 44).
var powers = []string{
	"access-roles-manage",          // edit the roles of an access group
	"api-clients-manage",           // make an API client with any role
	"api-targets-manage",           // add a role to an API target
	"authorized-keys-manage",       // log in as somebody else by a key
	"hosts-manage",                 // add a role to an account of a host
	"idp-clients-manage",           // change who vouches for users
	"network-targets-manage",       // add a role to a network target
	"role-target-resources-manage", // add a role to an AWS role
	"roles-manage",                 // grant any role
	"settings-manage",              // change how users log in
	"sources-data-push",            // make users in a directory
	"sources-manage",               // add a directory whose users get roles by rules
	"target-domains-manage",        // set the passwords of managed accounts
	"users-manage",                 // set passwords of users
	"vault-manage",                 // add a role to a secret
	"webauthn-credentials-manage",  // log in as somebody else by a passkey
	"workflows-manage",             // approve one's own requests
}

// Powers are those permissions of a role with which its members can give themselves more, in
// the order of the alphabet.
func Powers(permissions []string) []string {
	var held []string
	for _, permission := range permissions {
		if slices.Contains(powers, permission) {
			held = append(held, permission)
		}
	}
	slices.Sort(held)
	return slices.Compact(held)
}
