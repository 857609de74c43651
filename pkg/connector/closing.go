package connector

import (
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/conductorone/baton-privx/pkg/connector/reach"
)

// targetNumbers are what the closing line tells of targets: how many there were, and in which
// access groups.
func (r *syncRun) targetNumbers() []zap.Field {
	var numbers []zap.Field
	for _, list := range r.syncs.reach.lists {
		if r.listed[list.kind] {
			numbers = append(numbers, zap.Int(string(list.kind)+"s", r.sums[list.kind].Targets))
		}
	}
	if groups := r.groupsSeen(); len(groups) > 0 {
		numbers = append(numbers, zap.Strings("access_groups", r.namesOf(groups)))
	}
	return numbers
}

// groupsSeen are the access groups that targets were in.
func (r *syncRun) groupsSeen() map[string]bool {
	seen := make(map[string]bool)
	for _, sums := range r.sums {
		maps.Copy(seen, sums.Groups)
	}
	return seen
}

// warnOfHidden warns of access groups that roles are in and in which the sync has seen
// nothing. PrivX shows hosts and API targets of the API client's own groups alone, and says
// nothing of others. Other groups may well be empty.
func (r *syncRun) warnOfHidden(log *zap.Logger) {
	if !r.listed[reach.Host] {
		return
	}
	hidden, seen := maps.Clone(r.roleGroups), r.groupsSeen()
	maps.DeleteFunc(hidden, func(group string, _ bool) bool { return seen[group] })
	if len(hidden) == 0 {
		return
	}
	names := r.namesOf(hidden)
	log.Warn("baton-privx: no host or API target was seen in access groups that roles are in; if they have any, PrivX hides them: "+
		"the API client needs a role with hosts-view and api-targets-view in each access group",
		zap.Int("count", len(names)), zap.Strings("access_groups", names[:min(len(names), maxNamedUsers)]))
}

// namesOf are the names of access groups, or their ids, in the order of the alphabet.
func (r *syncRun) namesOf(groups map[string]bool) []string {
	var names []string
	for group := range groups {
		if name := r.groupNames[group]; name != "" {
			names = append(names, name)
		} else {
			names = append(names, group)
		}
	}
	slices.Sort(names)
	return names
}
