package reach

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Slugs of an account that has no name.
const (
	ownAccount = "own-account"
	anyAccount = "any-account"
)

// accountWay makes a way of an account of a host. An account has no id in PrivX: it is told
// apart by what it is, never by its place in the list. Where PrivX takes the name of the
// account from the user, a name beside that does not count.
func accountWay(host string, account privx.Account, rotations map[string]privx.Rotation) Way {
	way := Way{Roles: rolesOf(account.Roles)}
	what, rotation := "", privx.Rotation{}
	switch {
	case account.UsernameAttribute != "":
		way.Slug = "attribute:" + escaped(account.UsernameAttribute)
		way.Label = "the account in the user's " + account.UsernameAttribute
		what = "the account that the user's attribute " + account.UsernameAttribute + " names"
	case account.UseUserAccount:
		way.Slug, way.Label, what = ownAccount, "the user's own account", "the user's own account"
	case account.Principal != "":
		way.Slug, way.Label, what = "account:"+escaped(account.Principal), account.Principal, "the account "+account.Principal
		rotation = rotations[account.Principal]
	default:
		way.Slug, way.Label, what = anyAccount, "any account", "any account, whose name the user types"
	}
	if domain := account.Domain; domain != nil {
		at := "@" + nameOf(*domain)
		way.Slug += "@" + escaped(privx.CanonicalID(domain.ID))
		way.Label, what = way.Label+at, what+at
		rotation = privx.Rotation{} // The host's rotation is that of its own accounts.
	}
	way.Name = fmt.Sprintf("%s on %s", way.Label, host)
	said := []string{fmt.Sprintf("Reach %s on the host %s.", what, host)}
	said = append(said, optionsInWords(account.Options), applicationsInWords(account.Applications), commandsInWords(account.Commands))
	said = append(said, rotationInWords(rotation))
	way.Text = privx.CutText(sentences(said), maxText)
	return way
}

// optionsInWords says what a session may do.
func optionsInWords(options map[string]map[string]bool) string {
	var parts []string
	for _, protocol := range slices.Sorted(maps.Keys(options)) {
		var allowed []string
		for _, option := range slices.Sorted(maps.Keys(options[protocol])) {
			if options[protocol][option] {
				allowed = append(allowed, strings.ReplaceAll(option, "_", " "))
			}
		}
		if len(allowed) == 0 {
			allowed = []string{"nothing"}
		}
		parts = append(parts, strings.ToUpper(protocol)+" "+strings.Join(allowed, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Allowed: " + strings.Join(parts, "; ") + "."
}

func applicationsInWords(applications []string) string {
	if len(applications) == 0 {
		return ""
	}
	return "Applications: " + strings.Join(slices.Sorted(slices.Values(applications)), ", ") + "."
}

// commandsInWords says to which whitelists of commands a session is restricted.
func commandsInWords(commands *privx.CommandRestrictions) string {
	if commands == nil || !commands.Enabled {
		return ""
	}
	var names []string
	if commands.DefaultWhitelist != nil {
		names = append(names, nameOf(*commands.DefaultWhitelist))
	}
	for _, list := range commands.Whitelists {
		names = append(names, nameOf(list.Whitelist))
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
	words := "Commands are restricted"
	if len(names) > 0 {
		words += " to the whitelists " + strings.Join(names, ", ")
	}
	if commands.AllowNoMatch {
		words += "; others are let through"
	}
	return words + "."
}

func nameOf(named privx.Named) string {
	if named.Name != "" {
		return named.Name
	}
	return named.ID
}

// rotationInWords says how the rotation of an account's password has gone.
func rotationInWords(rotation privx.Rotation) string {
	words := ""
	if rotation.LastRotated != "" {
		words = "Its password was last rotated on " + privx.CutText(rotation.LastRotated, maxReason) + "."
	}
	if rotation.LastError != "" {
		words += " The last error in the rotation of its password: " + privx.CutText(rotation.LastError, maxReason) + "."
	}
	return strings.TrimSpace(words)
}

// sentences joins those that are not empty.
func sentences(said []string) string {
	return strings.Join(slices.DeleteFunc(said, func(s string) bool { return s == "" }), " ")
}
