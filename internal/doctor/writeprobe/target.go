package writeprobe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// target are the names of the user and the role, for the operator's eyes alone.
type target struct{ principal, roleName string }

// builtIn are the names of the roles that every PrivX has.
var builtIn = []string{"privx-admin", "privx-user"}

// usable is the check of the user and the role.
func (p *Probe) usable() doctor.Check {
	const wanted = "a user and a role that are there for the test"
	return doctor.Check{
		ID:      usable,
		Promise: "the user and the role may be used for the write probe",
		How: "The user and the role that were named are read by their ids, and so is who the API client is. " +
			"Nothing is written, here and until PX-PROBE-03.",
		Needs: []string{connection.LoggedIn, tenant.MayListUsers, tenant.MayListRoles},
		Ways: []doctor.Way{
			refusal("not-named", "The user or the role is not named.", "Name both by their ids, with --user and --role."),
			refusal("no-user", "PrivX has no such user.", "Look for the user's id in PrivX, and give it with --user."),
			refusal("no-role", "PrivX has no such role.", "Look for the role's id in PrivX, and give it with --role."),
			refusal("itself", "The user is the API client that the connector itself uses.", "Name a user that is there for the test."),
			refusal("api-client", "The user is an API client, so that a program may depend on its roles.", "Name a user that is there for the test."),
			refusal("built-in", "The role is one that is built in.", "Make a role without permissions for the test, and name it with --role."),
			refusal("manages", "The role gives a permission to manage something.", "Make a role without permissions for the test, and name it with --role."),
			refusal("silent", "PrivX does not say which permissions the role gives.",
				"Let the API client have roles-view, and name a role whose permissions it can see."),
			refusal("self-unknown", "It is not known which user the API client is.",
				"Give api-client-id, too, so that the API client's own roles can be protected."),
			refusal(wayUnreadable, "The user or the role could not be read.", "See the error, and try again."),
		},
		Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
			finding := doctor.Finding{Way: wayUnreadable, Wanted: wanted}
			err := privx.Within(ctx, func(ctx context.Context) error {
				var err error
				finding.Way, finding.Found, err = p.refuse(ctx, v)
				return err
			})
			if err != nil {
				finding.Way, finding.Cause = cmp.Or(finding.Way, wayUnreadable), err.Error()
			}
			return finding
		},
	}
}

// refusal is a way in which the probe ends before it has written anything.
func refusal(name, when, do string) doctor.Way {
	return doctor.Way{Name: name, Outcome: doctor.Failed, When: when, Matters: "The write probe has not begun, and nothing was written.", Do: do}
}

// refuse looks at the user and the role, and returns the way in which they are refused; none
// if they are not.
func (p *Probe) refuse(ctx context.Context, v *doctor.Visit) (string, string, error) {
	if strings.Trim(p.UserID, ". ") == "" || strings.Trim(p.RoleID, ". ") == "" {
		return "not-named", "no user or no role", nil
	}
	if way, found, err := p.refuseUser(ctx, v); way != "" {
		return way, found, err
	}
	if way, found, err := p.refuseRole(ctx, v); way != "" {
		return way, found, err
	}
	return "", "user " + p.UserID + ", role " + p.RoleID, nil
}

func (p *Probe) refuseUser(ctx context.Context, v *doctor.Visit) (string, string, error) {
	if named := v.Client.API().Principal(); named != "" && privx.SameID(named, p.UserID) || v.Self != "" && privx.SameID(v.Self, p.UserID) {
		return "itself", p.UserID, nil
	}
	user, err := v.Client.GetUser(ctx, p.UserID)
	switch {
	case privx.IsNotFound(err):
		return "no-user", p.UserID, err
	case err != nil:
		return wayUnreadable, "", err
	}
	// From here on the ids are written as PrivX writes them.
	p.UserID, p.target.principal = user.ID, user.Principal
	itself, err := v.Client.ActsAs(ctx, user.ID)
	switch {
	case itself || privx.SameID(user.Principal, v.Client.API().Principal()) && user.Principal != "":
		return "itself", p.UserID, nil
	case err != nil:
		return "self-unknown", "", err
	case strings.EqualFold(user.SourceType, privx.SourceTypeAPIClient):
		return "api-client", p.UserID, nil
	default:
		return "", "", nil
	}
}

func (p *Probe) refuseRole(ctx context.Context, v *doctor.Visit) (string, string, error) {
	role, err := api.Read[roleRecord](ctx, v.Client.API(), privx.Endpoints.Role.Request(p.RoleID))
	if err == nil && !privx.SameID(role.ID, p.RoleID) {
		err = errors.New("PrivX answered with another role than the one asked for")
	}
	switch {
	case privx.IsNotFound(err):
		return "no-role", p.RoleID, err
	case err != nil:
		return wayUnreadable, "", err
	}
	p.RoleID, p.target.roleName = role.ID, role.Name
	isBuiltIn := slices.ContainsFunc(builtIn, func(name string) bool { return strings.EqualFold(strings.TrimSpace(role.Name), name) })
	if role.System || isBuiltIn {
		return "built-in", p.RoleID, nil
	}
	if role.Permissions == nil {
		return "silent", p.RoleID, nil
	}
	manages := 0
	for _, permission := range *role.Permissions {
		if tenant.IsManage(permission) {
			manages++
		}
	}
	if manages > 0 {
		return "manages", fmt.Sprintf("role %s with %d permissions that end in -manage", p.RoleID, manages), nil
	}
	return "", "", nil
}

// roleRecord is what is read of a role. Permissions are nil if PrivX does not say.
type roleRecord struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	System      bool      `json:"system"`
	Permissions *[]string `json:"permissions"`
}
