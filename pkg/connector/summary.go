package connector

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Keys of a role's profile that come with role-summary, a stable API; the second is read back
// when the role's entitlement is made.
const (
	profileAdministrative = "administrative"
	profilePowers         = "administrative_permissions"
	profileContext        = "context"
)

// reachesAll is what the entitlement of privx-admin says: what a target's list of roles says
// does not matter for it.
const reachesAll = "Administers PrivX: its members reach every target, whatever its roles are, and can change everything."

// meaning says what membership of a role means, as far as this sync has read it.
func (r *syncRun) meaning(ctx context.Context, role *v2.Resource) (string, error) {
	plain, fields := plainMeaning(role), role.GetProfile().GetFields()
	if fields[profileSystem].GetBoolValue() && fields[profileName].GetStringValue() == privx.RoleNameAdmin {
		return strings.Join(append([]string{reachesAll, plain + "."}, r.limits(role)...), " "), nil
	}
	if !r.syncs.reach.summary {
		return plain, nil
	}
	var said []string
	if powers := fields[profilePowers].GetStringValue(); powers != "" {
		said = append(said, "Administers PrivX: "+powers+".")
	}
	said = append(said, plain+".")
	reached, err := r.reachInWords(ctx, role.GetId().GetResource())
	if err != nil {
		return "", failed("telling what the role "+role.GetId().GetResource()+" reaches", err)
	}
	said = append(append(said, reached...), r.limits(role)...)
	return strings.Join(said, " "), nil
}

// limits says when a role can be used, where the summary of roles was asked for.
func (r *syncRun) limits(role *v2.Resource) []string {
	when := role.GetProfile().GetFields()[profileContext].GetStringValue()
	if when == "" || !r.syncs.reach.summary {
		return nil
	}
	return []string{capitalized(when) + "."}
}

// reachInWords says what a role reaches, as far as its kind was asked for.
func (r *syncRun) reachInWords(ctx context.Context, role string) ([]string, error) {
	lists := r.syncs.reach.lists
	if len(lists) == 0 {
		return nil, nil
	}
	var parts, recorded, kinds []string
	for _, list := range lists {
		sums, err := r.sumsOf(ctx, list)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, list.many)
		sum := sums.Of(role)
		if words := sum.InWords(list.kind); words != "" {
			parts = append(parts, words)
		}
		if words := sum.RecordedInWords(); words != "" && list.kind == reach.Host {
			recorded = append(recorded, words)
		}
	}
	if len(parts) == 0 {
		return []string{"Reaches none of what was synced: " + strings.Join(kinds, ", ") + "."}, nil
	}
	return append([]string{capitalized(strings.Join(parts, ", ")) + "."}, recorded...), nil
}

func capitalized(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + words[size:]
}

// notePowers puts into a role's profile whether its members can give themselves more.
func notePowers(profile map[string]any, role privx.Role) {
	powers := reach.Powers(role.Permissions)
	profile[profileAdministrative] = len(powers) > 0 || role.System && role.Name == privx.RoleNameAdmin
	if len(powers) > 0 {
		profile[profilePowers] = privx.CutText(strings.Join(powers, ", "), maxProfileText)
	}
}
