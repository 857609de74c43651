package tenant

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// ids are the checks of the connector's capabilities. An id is given once, and PX-PERM-05 and
// PX-PERM-12 are taken: a new capability gets the next free number.
var ids = map[string]string{
	"sync: users-view":           MayListUsers,
	"sync: roles-view":           MayListRoles,
	"sync: sources-view":         maySeeSources.ID,
	"provisioning: roles-manage": mayGrant.ID,

	"sync-hosts: hosts-view":                     "PX-PERM-06",
	"sync-hosts: access-groups-manage":           mayNameGroups.ID,
	"sync-secrets: ":                             mayListSecrets,
	"sync-network-targets: network-targets-view": "PX-PERM-09",
	"sync-api-targets: api-targets-view":         "PX-PERM-10",
	"sync-aws-roles: role-target-resources-view": "PX-PERM-11",
}

// keyOf tells capabilities apart: by the setting that asks for one, and its permissions.
func keyOf(c connector.Capability) string {
	return cmp.Or(c.Setting, "sync") + ": " + permissionsOf(c)
}

func permissionsOf(c connector.Capability) string { return strings.Join(c.Permissions, " and ") }

// checkOf is the check of a capability; nil if it has none.
func checkOf(c connector.Capability) *doctor.Check {
	switch id := ids[keyOf(c)]; {
	case id == maySeeSources.ID:
		return &maySeeSources
	case id == mayGrant.ID:
		return &mayGrant
	case id == mayNameGroups.ID:
		return &mayNameGroups
	case id == mayListSecrets && c.Check != nil:
		return secretsCheck(c)
	case id != "" && c.Check != nil:
		return mayUse(id, c)
	default:
		return nil
	}
}

// isOn tells whether a capability was asked for.
func isOn(v *doctor.Visit, c connector.Capability) bool {
	switch c.Setting {
	case "":
		return true
	case settingProvisioning:
		return v.Given.Provisioning
	default:
		return v.Given.On != nil && v.Given.On(c.Setting)
	}
}

const settingProvisioning = "provisioning"

// The ways in which the connector's own check of a capability ends.
const (
	wayOff             = "off"
	wayForbidden       = "forbidden"
	wayEmpty           = "empty"
	wayUnauthenticated = "unauthenticated"
	wayForeign         = "foreign"
	wayUnavailable     = "unavailable"
	wayRefused         = "refused"
	wayMissing         = "missing"
)

// mayUse is the check of a capability for which the connector has a check of its own.
func mayUse(id string, c connector.Capability) *doctor.Check {
	permissions := permissionsOf(c)
	check := &doctor.Check{
		ID:      id,
		Promise: "the API client has " + permissions + " (" + purposeOf(c) + ")",
		How: "The check that each sync begins with is made: one row is asked for. " +
			"It fails here if and only if a sync would fail. The login and all these checks together have " + inWords(api.CheckTimeout) + ".",
		Needs: []string{connection.LoggedIn},
		Ways:  capabilityWays(c, permissions),
	}
	check.Run = func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if !isOn(v, c) {
			return doctor.Finding{Way: wayOff, Found: "the setting " + c.Setting + " is off"}
		}
		if err := connectorCheck(ctx, v, c); err != nil {
			way, found := classify(err)
			return doctor.Finding{Way: way, Found: found, Wanted: permissions, Cause: err.Error()}
		}
		return doctor.Pass("the connector's own check for "+permissions+" succeeds", "")
	}
	return check
}

// purposeOf is what a capability is for, within a sentence.
func purposeOf(c connector.Capability) string {
	return lowerFirst(strings.TrimSuffix(c.Purpose, " (optional)"))
}

// connectorCheck makes the check of a capability, within what is left of the time that the
// connector gives to all of them.
func connectorCheck(ctx context.Context, v *doctor.Visit, c connector.Capability) error {
	bounded, cancel := context.WithTimeout(ctx, api.CheckTimeout-v.Checked)
	defer cancel()
	began := time.Now()
	err := c.Check(bounded, v.Client)
	if bounded.Err() != nil && ctx.Err() == nil {
		return api.TimedOut("the first requests")
	}
	if err == nil {
		v.Checked += time.Since(began) // The connector stops at the first failure.
	}
	return err
}

// classify says in which way the connector's check failed, and what was found.
func classify(err error) (string, string) {
	var e *privx.Error
	switch {
	case privx.IsNothingListed(err):
		return wayEmpty, "an empty list"
	case !errors.As(err, &e):
		return wayUnavailable, "no answer"
	case e.Kind == api.Forbidden:
		return wayForbidden, "a refusal"
	case e.Kind == api.Missing:
		return wayMissing, "no such list"
	case e.Kind == api.Unauthenticated:
		return wayUnauthenticated, "a refusal of the token"
	case e.Kind == api.Unusable, e.Kind == api.TooLong:
		return wayForeign, "an answer that is not what was asked for"
	case api.IsTransient(err):
		return wayUnavailable, "no good answer"
	default:
		return wayRefused, "a refusal of the request"
	}
}

// mattersOf says what it matters that a capability's check fails.
func mattersOf(c connector.Capability) string {
	if c.Setting == "" {
		return c.Without + "."
	}
	return "A sync with " + c.Setting + " fails."
}

func capabilityWays(c connector.Capability, permissions string) []doctor.Way {
	matters := mattersOf(c)
	ways := []doctor.Way{
		{
			Name: wayForbidden, Outcome: doctor.Failed,
			When: "PrivX answers that the API client is not allowed to do this (status 403).", Matters: matters,
			Do: "Give a role of the API client the permission " + permissions + " in PrivX. It takes effect within minutes, with the next token.",
		},
		{
			Name: wayEmpty, Outcome: doctor.Failed,
			When: "PrivX shows an empty list for several seconds. That cannot be right: the API client is a user itself, and two roles are built in.", Matters: matters,
			Do: "Check whether PrivX shows users and roles in its web interface. If PrivX has just been started, run the doctor again in a minute.",
		},
		{
			Name: wayUnauthenticated, Outcome: doctor.Failed,
			When: "PrivX refuses the token that it has just given.", Matters: matters,
			Do: "Check whether the clocks of PrivX's nodes agree, and look into PrivX's log.",
		},
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When: "The answer is not what was asked for: a page of something in front of PrivX, or a list that contradicts itself.", Matters: matters,
			Do: "Check that base-url is the address of PrivX itself. If it is, open an issue in the connector's repository, with the error and the version of PrivX.",
		},
		{
			Name: wayUnavailable, Outcome: doctor.Failed,
			When: "PrivX, or what is in front of it, gives no good answer in time.", Matters: "A sync that begins now fails. It may succeed in a moment.",
			Do: "Run the doctor again in a minute. If it still fails, look at PrivX's monitoring, and at what is in front of PrivX.",
		},
		{
			Name: wayRefused, Outcome: doctor.Failed,
			When: "PrivX refuses the request for another reason. The error says which.", Matters: matters,
			Do: "Check that PrivX is of version 33 or later. If it is, open an issue in the connector's repository, with the error and the version of PrivX.",
		},
	}
	if c.Setting == "" {
		return ways
	}
	// That nothing is listed is wrong for users and roles alone. Neither has a setting.
	ways = slices.DeleteFunc(ways, func(w doctor.Way) bool { return w.Name == wayEmpty })
	return append([]doctor.Way{{Name: wayOff, Outcome: doctor.Skipped, When: "The setting " + c.Setting + " is off."}}, append(ways, doctor.Way{
		Name: wayMissing, Outcome: doctor.Failed,
		When: "PrivX does not have this list. An older version of PrivX may not have it.", Matters: matters,
		Do: "Leave out " + c.Setting + ". If this PrivX should have the list, check whether something in front of it hides the path that the error names.",
	})...)
}
