package connector

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/grpc-ecosystem/go-grpc-middleware/logging/zap/ctxzap"
	"go.uber.org/zap"

	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// reachSettings say what of the targets that roles reach is synced.
type reachSettings struct {
	// lists are the kinds of targets that were asked for.
	lists []targetList
	// personal tells that personal secrets were asked for.
	personal bool
	// summary tells that a role's entitlement tells what the role reaches.
	summary bool
	// expand tells that grants to roles are marked to be expanded to their members.
	expand bool
	// limit is how many rows an expansion may add, and strict tells that more are an error
	// and not a warning.
	limit  int
	strict bool
}

// reachSettingsOf takes them from the configuration. The synced are the resource types that
// baton-sdk was told to sync; none stands for all.
func reachSettingsOf(cfg *config.Privx, synced []string, oneShot bool) reachSettings {
	s := reachSettings{personal: cfg.SyncPersonalSecrets, summary: cfg.RoleSummary, limit: cfg.ExpandReachLimit}
	isSynced := func(id string) bool { return len(synced) == 0 || slices.Contains(synced, id) }
	for _, list := range targetLists {
		if cfg.GetBool(list.setting) && isSynced(string(list.kind)) {
			s.lists = append(s.lists, list)
		}
	}
	s.expand = isSynced(roleResourceType.GetId()) &&
		(cfg.ExpandReach == config.ExpandOn || cfg.ExpandReach != config.ExpandOff && !oneShot)
	// In service mode it is not known who expands the grants: ConductorOne may do it.
	s.strict = oneShot || s.limit > 0
	if s.limit == 0 {
		s.limit = config.DefaultExpandLimit
	}
	return s
}

// expands tells whether a target's grants are expanded to the members of roles. The owner of a
// personal secret is no role.
func (s reachSettings) expands(target reach.Target) bool {
	return s.expand && target.Owner == "" && slices.ContainsFunc(target.Ways, func(way reach.Way) bool { return len(way.Roles) > 0 })
}

// any tells whether anything of it was asked for.
func (s reachSettings) any() bool { return len(s.lists) > 0 || s.summary }

// wants tells whether a target is synced.
func (s reachSettings) wants(target reach.Target) bool {
	return !target.Gone && (target.Owner == "" || s.personal)
}

// reaching is what a sync knows of targets. Its zero value is ready.
type reaching struct {
	groupsCalls shared[reach.Groups]
	sumsCalls   shared[*reach.Sums]
	roleIDCalls shared[map[string]string]
	rowsCalls   shared[struct{}]

	// The rest is under syncRun.mu.

	// members are how many members those roles have whose members this process has read; nil
	// where no grants are expanded.
	members map[string]int
	// counted tells that the rows of an expansion were counted, and are not too many.
	counted bool
	// groupNames are nil until they have been asked for.
	groupNames reach.Groups
	// sums are those of the lists that this process has begun to read; listed are those that
	// it has read whole.
	sums   map[reach.Kind]*reach.Sums
	listed map[reach.Kind]bool
	// roleIDs are the roles that were listed, by canonical id, as PrivX writes their ids.
	roleIDs map[string]string
	// rolesRead tells that they were read whole for their ids alone.
	rolesRead bool
	// roleGroups are the access groups that roles are in.
	roleGroups map[string]bool
	// warned tells that the log tells of a role that was not seen.
	warned bool
}

// targets reads a page of a list of targets.
func (r *syncRun) targets(ctx context.Context, list targetList, token string) (*privx.Page[unmade], error) {
	groups, err := r.groups(ctx, list)
	if err != nil {
		return nil, err
	}
	return list.page(ctx, r.client, groups, token)
}

// groups gives the names of access groups, for a list whose rows are in some. They are
// fetched once a sync, and are optional.
func (r *syncRun) groups(ctx context.Context, list targetList) (reach.Groups, error) {
	if !list.grouped {
		return nil, nil
	}
	known := func() (reach.Groups, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.groupNames, r.groupNames != nil
	}
	return r.groupsCalls.do(ctx, "", known, func(ctx context.Context) (reach.Groups, error) {
		fetched, err := fetchGroups(ctx, r.client)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.groupNames = fetched
		return fetched, nil
	})
}

// fetchGroups asks PrivX for its access groups. Where the API client may not read them,
// they are shown by id alone.
func fetchGroups(ctx context.Context, client *privx.Client) (reach.Groups, error) {
	page, err := client.AccessGroups(ctx)
	if privx.IsForbidden(err) || privx.IsMissing(err) {
		ctxzap.Extract(ctx).Info("baton-privx: the API client may not read PrivX's access groups, which are shown by id alone; "+
			"give it the permission access-groups-manage to change that", zap.Error(err))
		return reach.Groups{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the access groups: %w", err)
	}
	names := make(reach.Groups, len(page.Items))
	for _, group := range page.Items {
		names[privx.CanonicalID(group.ID)] = group.Name
	}
	return names, nil
}

// takeTargets hands over the targets of a page, one after the other, until one is not taken. It
// counts those that were, and gives the token for what comes next.
func (r *syncRun) takeTargets(list targetList, page *privx.Page[unmade], take func(reach.Target) (bool, error)) (string, error) {
	if page.First || page.Restarted {
		r.newSums(list.kind)
	}
	for i, made := range page.Items {
		target := made()
		taken, err := take(target)
		if err != nil {
			return "", err
		}
		if !taken {
			return page.NextAfter(i), nil
		}
		r.listedTarget(target)
	}
	if page.Next == "" {
		r.listedAll(list.kind)
	}
	return page.Next, nil
}

// listedTarget counts a target, if it is synced.
func (r *syncRun) listedTarget(target reach.Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sums := r.sums[target.Kind]
	if sums == nil || !r.syncs.reach.wants(target) {
		return // Without sums, another process has begun to read the list.
	}
	before := sums.Targets
	sums.Add(target)
	r.syncs.holdIDs(r, sums.Targets-before)
}

// listedAll notes that a list has been read to its end, if this process has begun it.
func (r *syncRun) listedAll(kind reach.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sums[kind] != nil {
		r.listed[kind] = true
	}
}

// newSums begins to add up a kind of targets.
func (r *syncRun) newSums(kind reach.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setSums(kind, &reach.Sums{}, false)
}

// setSums takes sums in place of those before. It is called with r.mu held.
func (r *syncRun) setSums(kind reach.Kind, sums *reach.Sums, whole bool) {
	if r.sums == nil {
		r.sums, r.listed = make(map[reach.Kind]*reach.Sums), make(map[reach.Kind]bool)
	}
	held := 0
	if before := r.sums[kind]; before != nil {
		held = before.Targets
	}
	r.sums[kind], r.listed[kind] = sums, whole
	r.syncs.holdIDs(r, sums.Targets-held)
}

// sumsOf gives what roles reach among the targets of a list. Where this process has not read
// the whole of it, because another one began the sync or because the sync is not a full one,
// the list is read for it, once a sync.
func (r *syncRun) sumsOf(ctx context.Context, list targetList) (*reach.Sums, error) {
	known := func() (*reach.Sums, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.sums[list.kind], r.listed[list.kind]
	}
	return r.sumsCalls.do(ctx, string(list.kind), known, func(ctx context.Context) (*reach.Sums, error) {
		if err := r.walk(ctx, list, func() {}, func(reach.Target) bool { return false }); err != nil {
			return nil, err
		}
		sums, _ := known()
		return sums, nil
	})
}

// allListed tells whether this process has read all lists of targets to their ends.
func (r *syncRun) allListed() bool {
	return !slices.ContainsFunc(r.syncs.reach.lists, func(list targetList) bool { return !r.listed[list.kind] })
}

// listedRoleIDs notes the roles of a page, by whose ids targets name them.
func (r *syncRun) listedRoleIDs(roles []privx.Role, first bool) {
	if first || r.roleIDs == nil {
		r.roleIDs, r.roleGroups = make(map[string]string), make(map[string]bool)
	}
	r.roleIDs = maps.Clone(r.roleIDs) // Those that were handed out must not change.
	for _, role := range roles {
		r.roleIDs[privx.CanonicalID(role.ID)] = role.ID
		if role.AccessGroupID != "" {
			r.roleGroups[privx.CanonicalID(role.AccessGroupID)] = true
		}
	}
}

// rolesSeen gives the roles that the sync has listed, by canonical id. They are read once
// more where this process has not listed them.
func (r *syncRun) rolesSeen(ctx context.Context) (map[string]string, error) {
	known := func() (map[string]string, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.roleIDs, r.rolesKnown || r.rolesRead
	}
	return r.roleIDCalls.do(ctx, "", known, func(ctx context.Context) (map[string]string, error) {
		for token := ""; ; {
			page, err := r.client.ListRoles(ctx, token)
			if err != nil {
				return nil, err
			}
			r.mu.Lock()
			r.listedRoleIDs(page.Items, token == "")
			if token = page.Next; token == "" {
				r.rolesRead = true
				ids := r.roleIDs
				r.mu.Unlock()
				return ids, nil
			}
			r.mu.Unlock()
		}
	})
}

// keepReach lets go of everything but what the grants of targets need, which baton-sdk may
// ask for after those of the last role.
func (r *syncRun) keepReach() {
	r.users, r.usersKnown = privx.IDs{}, false
	r.held.forget()
	for _, sums := range r.sums {
		sums.Forget()
	}
	r.syncs.release(r)
}

// noteUnseen warns, once a sync, of roles that targets name and that the sync has not seen.
// Where this process has read everything, the warning comes with the closing line instead, and
// has their number.
func (r *syncRun) noteUnseen(ctx context.Context, roles []string) {
	if len(roles) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.warned || r.rolesKnown && r.allListed() {
		return
	}
	r.warned = true
	ctxzap.Extract(ctx).Warn("baton-privx: "+unseenRoles, zap.Strings("role_ids", roles[:min(len(roles), maxNamedUsers)]))
}

const unseenRoles = "targets name roles that PrivX did not list; these are no grants"

// warnOfUnreached warns of targets of a kind that no role at all reaches: PrivX may not tell
// who reaches them.
func (r *syncRun) warnOfUnreached(log *zap.Logger) {
	for _, list := range r.syncs.reach.lists {
		if sums := r.sums[list.kind]; r.listed[list.kind] && sums.Unreached() {
			log.Warn("baton-privx: PrivX names no role for any of its "+list.many+"; if roles reach some, it does not tell the API client so",
				zap.Int("count", sums.Targets))
		}
	}
}

// warnOfUnseen warns of all roles that targets name and that the sync has not seen.
func (r *syncRun) warnOfUnseen(log *zap.Logger) {
	if r.warned || !r.allListed() {
		return
	}
	unseen := make(map[string]int)
	for _, list := range r.syncs.reach.lists {
		r.sums[list.kind].EachRole(func(role string, grants int) {
			if _, seen := r.roleIDs[role]; !seen {
				unseen[role] += grants
			}
		})
	}
	if len(unseen) == 0 {
		return
	}
	references := 0
	for _, n := range unseen {
		references += n
	}
	ids := slices.Sorted(maps.Keys(unseen))
	log.Warn("baton-privx: "+unseenRoles, zap.Int("references", references), zap.Int("roles", len(ids)), zap.Strings("role_ids", ids[:min(len(ids), maxNamedUsers)]))
}
