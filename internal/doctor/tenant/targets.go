package tenant

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// targetList is a list of what roles reach.
type targetList struct {
	list
	kind reach.Kind
	// one is what one of its rows is called.
	one string
	// setting asks for it, and permission shows it.
	setting, permission string
	// grouped tells that its rows are in access groups, and that PrivX shows those of the API
	// client's own groups alone.
	grouped bool
	// inOnePiece tells that it has no pages.
	inOnePiece bool
	// read makes a target of a row, as the connector does.
	read func([]byte) (reach.Target, error)
}

// targetLists follow those of the same name in pkg/connector.
var targetLists = []targetList{
	targets("hosts", "host", reach.Host, "hosts-view", ask.HostRows, readAs(privx.ListedHost, ofHost)).inGroups(),
	secretList,
	targets("network targets", "network target", reach.NetworkTarget, "network-targets-view", ask.NetworkTargetRows, readAs(privx.ListedNetworkTarget, reach.OfNetworkTarget)),
	targets("API targets", "API target", reach.APITarget, "api-targets-view", ask.APITargetRows, readAs(privx.ListedAPITarget, ofAPITarget)).inGroups(),
	targets("AWS roles", "AWS role", reach.AWSRole, "role-target-resources-view", ask.AWSRoleRows, readAs(privx.ListedAWSRole, reach.OfAWSRole)).unpaged(),
}

var secretList = targets("secrets", "secret", reach.Secret, "", ask.SecretRows, readAs(privx.ListedSecret, reach.OfSecret)).withoutIDs()

func ofHost(host privx.Host) reach.Target { return reach.OfHost(host, nil) }

func ofAPITarget(target privx.APITarget) reach.Target { return reach.OfAPITarget(target, nil) }

// settingsOf are the settings that ask for lists of targets.
var settingsOf = map[reach.Kind]string{
	reach.Host: "sync-hosts", reach.Secret: "sync-secrets", reach.NetworkTarget: "sync-network-targets",
	reach.APITarget: "sync-api-targets", reach.AWSRole: "sync-aws-roles",
}

func targets(name, one string, kind reach.Kind, permission string, request requester, read func([]byte) (reach.Target, error)) targetList {
	decode := func(item json.RawMessage) error {
		_, err := read(item)
		return err
	}
	return targetList{
		list: list{name: name, request: request, decode: decode, atMost: asUsers},
		kind: kind, one: one, setting: settingsOf[kind], permission: permission, read: read,
	}
}

// inGroups is the list with rows in access groups.
func (l targetList) inGroups() targetList {
	l.grouped = true
	return l
}

// unpaged is the list in one piece.
func (l targetList) unpaged() targetList {
	l.inOnePiece, l.rows = true, ask.WholeRowsOf
	return l
}

// withoutIDs is the list of secrets, which have names in place of ids.
func (l targetList) withoutIDs() targetList {
	l.rows = func(answer *ask.Answer) *ask.Rows {
		named := *ask.RowsOf(answer)
		named.IDs = make([]string, len(named.Items))
		for i, item := range named.Items {
			if secret, err := privx.ListedSecret(item); err == nil {
				named.IDs[i] = secret.Identity()
			}
		}
		return &named
	}
	return l
}

// readAs makes a target of a row in two steps.
func readAs[T any](read func([]byte) (T, error), target func(T) reach.Target) func([]byte) (reach.Target, error) {
	return func(text []byte) (reach.Target, error) {
		row, err := read(text)
		if err != nil {
			return reach.Target{}, err
		}
		return target(row), nil
	}
}

// settingIsOn tells whether a setting of an optional capability is on.
func settingIsOn(v *doctor.Visit, setting string) bool {
	return v.Given.On != nil && v.Given.On(setting)
}

// wantedTargets are the lists that were asked for.
func wantedTargets(v *doctor.Visit) []targetList {
	return slices.DeleteFunc(slices.Clone(targetLists), func(l targetList) bool { return !settingIsOn(v, l.setting) })
}

// asUsers is how many users PrivX gives at a time. Where that is less than the connector asks
// for, no more targets are asked for.
func asUsers(ctx context.Context, v *doctor.Visit) int { return users.first(ctx, v).limit }

// firstOf are the first rows of a list of targets.
func firstOf(ctx context.Context, v *doctor.Visit, l targetList) page {
	if l.inOnePiece {
		return l.at(ctx, v, 0, configuredPage(v))
	}
	return l.first(ctx, v)
}

// FirstTargets are the first rows of the list of targets of a kind, as far as PrivX shows them.
func FirstTargets(ctx context.Context, v *doctor.Visit, kind reach.Kind) *ask.Rows {
	i := slices.IndexFunc(targetLists, func(l targetList) bool { return l.kind == kind })
	return firstOf(ctx, v, targetLists[i]).Rows
}

// targetsOn are the targets on a page. Those that cannot be read are left out, and those that
// are not synced.
func (l targetList) targetsOn(v *doctor.Visit, p page) []reach.Target {
	var all []reach.Target
	for _, item := range p.Items {
		target, err := l.read(item)
		personal := v.Given.Config != nil && v.Given.Config.SyncPersonalSecrets
		if err == nil && !target.Gone && (target.Owner == "" || personal) {
			all = append(all, target)
		}
	}
	return all
}

// wayNoTargets is that of checks for which no setting asks.
var wayNoTargets = doctor.Way{
	Name: wayOff, Outcome: doctor.Skipped, Moot: true,
	When: "None of the settings sync-hosts, sync-secrets, sync-network-targets, sync-api-targets and sync-aws-roles is on.",
}
