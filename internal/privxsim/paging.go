package privxsim

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// defaultPageSize is a page's size if none is asked for.
const defaultPageSize = 50

// MemberRolesMode says what the members of a role carry in "roles".
type MemberRolesMode int

// What the members of a role carry in "roles".
const (
	MemberRolesThisRole MemberRolesMode = iota // just the role that was asked for, as in the one public sample
	MemberRolesAll                             // all roles of the member
	MemberRolesNull                            // null, as in a search for users
)

// CountMode says what a list claims in "count".
type CountMode int

// What a list claims in "count".
const (
	CountHonest     CountMode = iota // how many there are in all
	CountOmitted                     // nothing
	CountZero                        // 0
	CountPageLength                  // how many the page has
	CountTooLarge                    // more than there are
)

// claim returns the count that a list claims, as an object member.
func (m CountMode) claim(total, page int) string {
	switch m {
	case CountOmitted:
		return ""
	case CountZero:
		total = 0
	case CountPageLength:
		total = page
	case CountTooLarge:
		total += 1000
	case CountHonest:
	}
	return `"count":` + strconv.Itoa(total)
}

// window is the part of a list that was asked for.
type window struct {
	offset, limit int
	sortKey       string
	descending    bool
}

// sortKeys are the keys by which a kind of list can be sorted, and how a list
// is sorted that was asked for without one.
type sortKeys[T any] struct {
	values            map[string]func(T) string
	defaultKey        string
	defaultDescending bool
}

// Guess: without a sort key, users come newest first and roles by name. The
// recorded answers are in that order, if they were asked for without one.
// Texts are compared byte by byte, which is a guess too.
var (
	userSortKeys = sortKeys[*userRecord]{
		values: map[string]func(*userRecord) string{
			"created":   func(u *userRecord) string { return u.created },
			"updated":   func(u *userRecord) string { return u.updated },
			"principal": func(u *userRecord) string { return u.Principal },
			"full_name": func(u *userRecord) string { return u.FullName },
			"name":      func(u *userRecord) string { return u.FullName },
			"email":     func(u *userRecord) string { return u.Email },
			"source":    func(u *userRecord) string { return u.Source },
		},
		defaultKey: "created", defaultDescending: true,
	}
	roleSortKeys = sortKeys[*roleRecord]{
		values: map[string]func(*roleRecord) string{
			"created": func(r *roleRecord) string { return sortableTime(r.Created) },
			"updated": func(r *roleRecord) string { return sortableTime(r.Updated) },
			"name":    func(r *roleRecord) string { return r.Name },
			"comment": func(r *roleRecord) string { return r.Comment },
			"author":  func(r *roleRecord) string { return r.Author },
		},
		defaultKey: "name",
	}
)

// sortableTime brings times with different numbers of digits into a form whose
// order is the order of time.
func sortableTime(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000")
}

// parse reads offset, limit, sortkey and sortdir from a query. Guess: all that
// it refuses PrivX refuses too, with a 400 that names the parameter.
func (k sortKeys[T]) parse(query url.Values, opts Options) (window, *apiError) {
	offset, err := queryNumber(query, "offset", 0)
	if err != nil {
		return window{}, err
	}
	limit, err := queryNumber(query, "limit", defaultPageSize)
	if err != nil {
		return window{}, err
	}
	if limit == 0 {
		limit = defaultPageSize
	}
	if limit > opts.MaxPageSize && opts.RefuseLargePages {
		return window{}, badRequest("limit", "limit is larger than "+strconv.Itoa(opts.MaxPageSize))
	}
	w := window{offset: offset, limit: min(limit, opts.MaxPageSize), sortKey: query.Get("sortkey")}
	if w.sortKey == "" {
		w.sortKey, w.descending = k.defaultKey, k.defaultDescending
	} else if k.values[w.sortKey] == nil {
		return window{}, badRequest("sortkey", "no such sort key")
	}
	switch query.Get("sortdir") {
	case "":
	case "ASC":
		w.descending = false
	case "DESC":
		w.descending = true
	default:
		return window{}, badRequest("sortdir", "sortdir is neither ASC nor DESC")
	}
	return w, nil
}

// askedRows returns how many rows a query asks for; 0 if it does not say.
func askedRows(query url.Values) int {
	limit, _ := queryNumber(query, "limit", 0)
	return limit
}

func queryNumber(query url.Values, name string, fallback int) (int, *apiError) {
	text := query.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, badRequest(name, name+" is not a number of at least 0")
	}
	return n, nil
}

// cut returns the part of an ascending list that the window shows.
func cut[T any](ascending []T, w window) []T {
	n := len(ascending)
	from := min(w.offset, n)
	to := from + min(w.limit, n-from)
	if !w.descending {
		return ascending[from:to]
	}
	part := slices.Clone(ascending[n-to : n-from])
	slices.Reverse(part)
	return part
}

// sortBy sorts records by a key. Guess: equal ones stand in the order of their
// ids, on every page alike.
func sortBy[T any](records []T, key func(T) string, id func(T) string) []T {
	type keyed struct {
		key, id string
		record  T
	}
	list := make([]keyed, 0, len(records))
	for _, r := range records {
		list = append(list, keyed{key(r), id(r), r})
	}
	slices.SortFunc(list, func(a, b keyed) int {
		return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.id, b.id))
	})
	sorted := make([]T, 0, len(list))
	for _, k := range list {
		sorted = append(sorted, k.record)
	}
	return sorted
}

// orderedUsers returns all users in ascending order. Orders are kept until a
// user changes, so that a page of a large list costs no more than of a small.
func (s *Store) orderedUsers(key string) []*userRecord {
	if s.userOrders[key] == nil {
		if s.userOrders == nil {
			s.userOrders = map[string][]*userRecord{}
		}
		s.userOrders[key] = sortUsers(slices.Collect(maps.Values(s.users)), key)
	}
	return s.userOrders[key]
}

// orderedMembers returns a role's members in ascending order.
func (s *Store) orderedMembers(role *roleRecord, key string) []*userRecord {
	if role == s.everyone {
		return s.orderedUsers(key)
	}
	if role.orderVersion != s.userVersion || role.orders == nil {
		role.orders = map[string][]*userRecord{}
		role.orderVersion = s.userVersion
	}
	if role.orders[key] == nil {
		role.orders[key] = sortUsers(slices.Collect(maps.Keys(role.members)), key)
	}
	return role.orders[key]
}

// orderedRoles returns all roles in ascending order.
func (s *Store) orderedRoles(key string) []*roleRecord {
	if s.roleOrders[key] == nil {
		if s.roleOrders == nil {
			s.roleOrders = map[string][]*roleRecord{}
		}
		s.roleOrders[key] = sortBy(slices.Collect(maps.Values(s.roles)), roleSortKeys.values[key],
			func(r *roleRecord) string { return r.ID })
	}
	return s.roleOrders[key]
}

// rows returns the part of an ascending list that a call shows, and in which
// order: key is the one that the list is sorted by.
func rows[T any](s *Simulator, c *call, ascending []T, w window, key func(T) string) []T {
	if !c.ties && !s.opts.RandomTies {
		return cut(ascending, w)
	}
	shuffled := slices.Clone(ascending)
	for from := 0; from < len(shuffled); {
		to := from + 1
		for to < len(shuffled) && key(shuffled[to]) == key(shuffled[from]) {
			to++
		}
		s.random.shuffle(to-from, func(i, j int) {
			shuffled[from+i], shuffled[from+j] = shuffled[from+j], shuffled[from+i]
		})
		from = to
	}
	return cut(shuffled, w)
}

// lottery is a source of chance for several goroutines.
type lottery struct {
	mu     sync.Mutex
	source *rand.Rand
}

func (l *lottery) shuffle(n int, swap func(i, j int)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.source.Shuffle(n, swap)
}

// intN returns a number below n.
func (l *lottery) intN(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.IntN(n)
}

func sortUsers(users []*userRecord, key string) []*userRecord {
	return sortBy(users, userSortKeys.values[key], func(u *userRecord) string { return u.ID })
}

// list is a list under construction: a page of so many items, encoded one
// after the other.
type list struct {
	body   []byte
	length int
	items  int // so far
}

// newPage begins a page of a length of a list that has so many items in all, as
// the node of the call counts them.
func (s *Simulator) newPage(c *call, length, total int) *list {
	return s.newList(c, length, max(total+c.node.CountOffset, 0))
}

// newList begins a list of a length, out of so many items in all.
func (s *Simulator) newList(c *call, length, total int) *list {
	l := &list{body: []byte("{"), length: length}
	mode := s.opts.Count
	if c.pageCount {
		mode = CountPageLength
	}
	if claim := mode.claim(total, length); claim != "" {
		l.body = append(append(l.body, claim...), ',')
	}
	l.body = append(l.body, `"items":[`...)
	return l
}

// item returns the body so far, for an item to be appended.
func (l *list) item() []byte {
	if l.items == 1 { // the first tells about how long the rest will be: grow once
		l.body = slices.Grow(l.body, len(l.body)*l.length*5/4)
	}
	if l.items > 0 {
		l.body = append(l.body, ',')
	}
	l.items++
	return l.body
}

func (l *list) answer() answer {
	return jsonAnswer(http.StatusOK, append(l.body, "]}"...))
}
