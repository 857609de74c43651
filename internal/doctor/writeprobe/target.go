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
var builtIn = []string{privx.RoleNameAdmin, privx.RoleNameUser}

// usable is the check of the user and the role.
func (p *Probe) usable() doctor.Check {
	const wanted = "a test user and a test role"
	return doctor.Check{
		ID:      usable,
		Promise: "the user and the role may be used for the write probe",
		How: "The user and the role are read by their ids, and so is the API client's own user. " +
			"Nothing is written before PX-PROBE-03.",
		Needs: []string{connection.LoggedIn, tenant.MayListUsers, tenant.MayListRoles},
		Ways: []doctor.Way{
			refusal("not-named", "The user or the role is not given.", "Give the ids of both, with --user and --role."),
			refusal("no-user", "PrivX has no such user.", "Look up the user's id in PrivX, and give it with --user."),
			refusal("no-role", "PrivX has no such role.", "Look up the role's id in PrivX, and give it with --role."),
			refusal("itself", "The user is the connector's own API client.", "Give the id of a test user with --user."),
			refusal("api-client", "The user is an API client, so that a program may depend on its roles.", "Give the id of a test user with --user."),
			refusal("built-in", "The role is a built-in one.", "Make a test role without permissions in PrivX, and give its id with --role."),
			refusal("manages", "The role has a permission that ends in -manage.", "Make a test role without permissions in PrivX, and give its id with --role."),
			refusal("silent", "PrivX does not say which permissions the role has.",
				"Give a role of the API client the permission roles-view in PrivX, or give the id of another role with --role."),
			refusal("self-unknown", "It is not known which user the API client is.",
				"Set api-client-id and api-client-secret, too, so that the API client's own roles can be protected."),
			refusal(wayUnreadable, "The user or the role could not be read.", "Check that --user and --role are ids and not names. If they are, run the probe again in a minute."),
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
	return doctor.Way{Name: name, Outcome: doctor.Failed, When: when, Matters: "The write probe has not begun. Nothing was written.", Do: do}
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
	role, err := readRole(ctx, v, p.RoleID)
	switch {
	case privx.IsNotFound(err):
		return "no-role", p.RoleID, err
	case err != nil:
		return wayUnreadable, "", err
	}
	p.RoleID, p.target.roleName = role.ID, role.Name
	switch manages := role.manages(); {
	case role.isBuiltIn():
		return "built-in", p.RoleID, nil
	case role.Permissions == nil:
		return "silent", p.RoleID, nil
	case manages > 0:
		return "manages", fmt.Sprintf("role %s with %d permissions that end in -manage", p.RoleID, manages), nil
	default:
		return "", "", nil
	}
}

// readRole reads a role.
func readRole(ctx context.Context, v *doctor.Visit, id string) (roleRecord, error) {
	rq := privx.Endpoints.Role.Request(id)
	rq.Urgent = true
	role, err := api.Read[roleRecord](ctx, v.Client.API(), rq)
	if err == nil && !privx.SameID(role.ID, id) {
		err = errors.New("PrivX answered with another role than the one asked for")
	}
	return role, err
}

// maxRules is how many roles that the user has by rules are read.
const maxRules = 20

// vet reads the roles that the user has by rules. Their entries are written as they were
// read, and a PrivX may make grants of them, which stay if they cannot be taken away. So
// none of them may give power, but for privx-user, which everybody has. It returns what is
// against the user; empty if nothing is.
func (p *Probe) vet(ctx context.Context, v *doctor.Visit) (string, error) {
	if n := len(p.read.entries); n > maxRules {
		return fmt.Sprintf("%d roles, of which %d at most are looked at", n, maxRules), nil
	}
	for i := range p.read.entries {
		id := p.read.entries[i].ID
		if privx.SameID(id, p.RoleID) {
			continue // It was looked at.
		}
		role, err := readRole(ctx, v, id)
		switch manages := role.manages(); {
		case err != nil:
			return "", err
		case role.System && role.Name == privx.RoleNameUser:
		case role.isBuiltIn():
			return "role " + plain(id) + " by a rule, which is built in", nil
		case role.Permissions == nil:
			return "role " + plain(id) + " by a rule, of which PrivX does not say what it gives", nil
		case manages > 0:
			return fmt.Sprintf("role %s by a rule, with %d permissions that end in -manage", plain(id), manages), nil
		}
	}
	return "", nil
}

// roleRecord is what is read of a role. Permissions are nil if PrivX does not say.
type roleRecord struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	System      bool      `json:"system"`
	Permissions *[]string `json:"permissions"`
}

// isBuiltIn tells whether every PrivX has the role.
func (r roleRecord) isBuiltIn() bool {
	name := strings.TrimSpace(r.Name)
	return r.System || slices.ContainsFunc(builtIn, func(n string) bool { return strings.EqualFold(name, n) })
}

// manages is how many permissions to manage something the role gives.
func (r roleRecord) manages() int {
	n := 0
	if r.Permissions != nil {
		for _, permission := range *r.Permissions {
			if tenant.IsManage(permission) {
				n++
			}
		}
	}
	return n
}
