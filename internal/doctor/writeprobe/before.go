package writeprobe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// quietFor is how long the list is read before anything is written: until each node must
// show what was changed before, and as long as a node that has just started may show nothing.
const quietFor = api.LagTime

// holdsOthers is the way in which a user is refused who holds other roles by grants.
const holdsOthers = "holds-others"

// ready is the check of the user's list, and where the role is taken away with Clear.
func (p *Probe) ready() doctor.Check {
	return doctor.Check{
		ID:      ready,
		Promise: "the user holds no role by a grant, and nothing else changes the user's roles",
		How: "The user's list of roles is read once a second for 10 s, each time from any node. " +
			"The user's own record and each role that the user has by a rule are read once. " +
			"With --clear, the role is then taken away with an empty list if the user holds no other role by a grant. That is verified, and the probe ends.",
		Needs: []string{usable},
		Ways: []doctor.Way{
			refusal("holds-it", "The user holds the role, and no other one, by a grant. Perhaps a write probe was killed that had granted it.",
				"If that grant is not needed, run the same command with --clear, which takes it away. Then run the probe again."),
			refusal(holdsOthers, "The user holds other roles by a grant, or PrivX does not say how they are held.",
				"Give the id of a test user who holds no role by a grant, with --user. "+
					"If a write probe of this user was killed, its grants may be among these: take them away in PrivX's web interface. "+
					"With --clear, the command that takes away each grant of the user is printed."),
			refusal("by-rule", "The user holds the role by a rule, so that it would not be seen whether a grant of it is there.", "Give the id of another role with --role."),
			refusal("powerful", "By a rule, the user has a role that is built in or has a permission that ends in -manage, or it is not known what that role gives. Only privx-user is allowed.",
				"Give the id of a test user who has no such role, with --user. If you only want to take away what a killed run has left, do that in PrivX's web interface."),
			refusal("restless", "The list changed while it was read. Something else changes the user's roles, or a node of PrivX lags behind.",
				"Wait a minute, and run the probe again. If it still fails, find out what changes the roles, or give the id of another user with --user."),
			refusal(wayUnreadable, "The user's list of roles, or one of these roles, could not be read.",
				"Check that the API client has users-view and roles-view. If it has, run the probe again in a minute."),
			{
				Name: "cleared", Outcome: doctor.Skipped, When: "The role was taken away because of --clear, and that was verified. The probe can be run again without --clear.",
				Do: "Run the probe again without --clear.",
			},
			{Name: "nothing-to-clear", Outcome: doctor.Skipped, When: "The user does not hold the role by a grant, so that --clear has nothing to do.", Do: "Run the probe without --clear."},
			{
				Name: "not-cleared", Outcome: doctor.Failed, When: "The role could not be taken away, or that could not be verified.",
				Matters: "The user may still hold the role.", Do: "Look at the user in PrivX's web interface, and take the role away there.",
			},
		},
		Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
			way, found, err := p.prepare(ctx, v)
			finding := doctor.Finding{Way: way, Found: found, Wanted: "no role by a grant"}
			if err != nil {
				finding.Cause = err.Error()
			}
			return finding
		},
	}
}

// prepare reads the list for a while, and returns the way in which it ends besides passing.
func (p *Probe) prepare(ctx context.Context, v *doctor.Visit) (string, string, error) {
	w := p.wire(v)
	bounded, cancel := context.WithTimeout(ctx, quietFor+3*api.ExchangeTimeout)
	defer cancel()
	if way, found, err := p.quiet(bounded, &w); way != "" {
		if p.Clear && way == holdsOthers {
			_ = p.print("The user holds " + found + ".\nIf none of these grants shall stay, send an empty list, which takes away each of them and nothing else:\n" + p.emptyList(v) + "\n")
		}
		return way, found, err
	}
	if found, err := p.vet(bounded, v); found != "" {
		return "powerful", found, nil
	} else if err != nil {
		return wayUnreadable, "", err
	}
	recorded, err := recordOf(bounded, &w)
	switch {
	case err != nil:
		return wayUnreadable, "", err
	case p.Clear:
		recorded = &list{entries: recorded.without(p.RoleID)}
	}
	if n := len(recorded.grants()); n > 0 {
		return holdsOthers, fmt.Sprintf("%d roles by a grant in the user's own record, which the list does not show", n), nil
	}
	if p.Clear {
		return p.clear(ctx, v, w)
	}
	p.first = p.read
	return "", fmt.Sprintf("%d roles, all of them by rules", len(p.read.entries)), nil
}

// quiet reads the list over quietFor. Each one must be fit for a probe, and the same.
func (p *Probe) quiet(ctx context.Context, w *wire) (string, string, error) {
	began := time.Now()
	for {
		late := time.Since(began) >= quietFor
		got, err := w.read(ctx)
		switch {
		case err == nil:
			if way, found := p.unfit(got); way != "" {
				return way, found, nil
			}
			if p.read == nil {
				p.read = got
			}
			if !p.read.same(got) {
				return "restless", "two lists that differ", nil
			}
			if late {
				return "", "", nil
			}
		case !api.IsTransient(err):
			return wayUnreadable, "", err
		}
		if e := api.Sleep(ctx, time.Second); e != nil {
			return wayUnreadable, "", errors.Join(err, e)
		}
	}
}

// unfit returns the way in which a list is refused; none if it is not. The role alone is
// not refused if it is to be taken away.
func (p *Probe) unfit(l *list) (string, string) {
	grants := l.grants()
	held := l.has(p.RoleID)
	switch {
	case len(l.entries)-len(l.without(p.RoleID)) > 1, !held && l.find(p.RoleID) != nil, held && l.find(p.RoleID).Implicit:
		return "by-rule", "role " + p.RoleID + " by a rule"
	case held && len(grants) == 1 && !p.Clear:
		return "holds-it", "role " + p.RoleID + " by a grant, and no other"
	case held && len(grants) > 1, !held && len(grants) > 0:
		return holdsOthers, fmt.Sprintf("%d roles by a grant: %s", len(grants), idsOf(grants))
	default:
		return "", ""
	}
}

// maxNamed is how many roles are named in a text.
const maxNamed = 10

// idsOf are the ids of roles, some at most, fit for a terminal.
func idsOf(entries []entry) string {
	var ids []string
	for i := range entries[:min(len(entries), maxNamed)] {
		ids = append(ids, plain(entries[i].ID))
	}
	if len(entries) > maxNamed {
		ids = append(ids, "and more")
	}
	return strings.Join(ids, ", ")
}

// recordOf are the roles in the user's own record, which may be none although there are
// some.
func recordOf(ctx context.Context, w *wire) (*list, error) {
	rq := privx.Endpoints.User.Request(w.user)
	rq.Urgent = true
	record, err := api.Read[struct {
		ID    string  `json:"id"`
		Roles []entry `json:"roles"`
	}](ctx, w.client, rq)
	if err == nil && !privx.SameID(record.ID, w.user) {
		err = errors.New("PrivX answered with another user than the one asked for")
	}
	return &list{entries: record.Roles}, err
}

// clear takes the role away from a user who holds no other one by a grant.
func (p *Probe) clear(ctx context.Context, v *doctor.Visit, w wire) (string, string, error) {
	if !p.read.has(p.RoleID) {
		return "nothing-to-clear", "no role by a grant", nil
	}
	r := newRun(w, p.RoleID, &list{entries: p.read.without(p.RoleID)})
	p.run = r
	if p.unbegun = p.begin(ctx, v, p.read); p.unbegun != "" {
		r.stopped = p.unbegun
		return "not-cleared", "nothing was written", errors.New(p.unbegun)
	}
	r.keeps, r.touched = true, true
	r.restore(ctx)
	if p.tell(r); p.Unrestored {
		return "not-cleared", "see the message above", r.back.last
	}
	return "cleared", "the role " + p.RoleID + " was taken away", nil
}
