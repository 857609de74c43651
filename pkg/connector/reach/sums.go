package reach

import (
	"cmp"
	"slices"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// Bounds on what is kept of each role and kind of target, so that a role which reaches a
// hundred thousand hosts takes no more memory than another.
const (
	// maxExamples is how many targets a role's summary names.
	maxExamples = 3
	// maxLabels is how many accounts a role's summary names.
	maxLabels = 3
	// maxShown is how much of a name a role's summary shows, in bytes: what follows the names
	// has to fit into a description as well.
	maxShown = 60
	// maxGroups is how many access groups are kept.
	maxGroups = 1000
)

// Sums are what roles reach among the targets of one kind. They depend on which targets were
// added, and neither on their order nor on how often each was added. They are not safe for
// concurrent use.
type Sums struct {
	// Targets is how many different targets were added, and Owned how many of them belong to a
	// user alone, so that no role reaches them.
	Targets, Owned int
	// Groups are the ids of the access groups that the targets are in, at most maxGroups.
	Groups map[string]bool
	// added are the targets. An id takes 23 bytes at most.
	added privx.IDs
	roles map[string]*Sum
}

// Sum is what one role reaches among the targets of one kind.
type Sum struct {
	// Grants is how many ways the role gives, of all targets together.
	Grants int
	// Targets is how many targets it gives at least one way of, Disabled how many of them
	// are disabled, Recorded of how many sessions are recorded, and Unknown of how many
	// that is not known.
	Targets, Disabled, Recorded, Unknown int
	// Reads and Writes are how many secrets it reads and writes.
	Reads, Writes int

	examples first
	labels   first
}

// Add counts a target, once.
func (s *Sums) Add(t Target) {
	if !s.added.Add(identity(t)) {
		return
	}
	s.Targets++
	if t.Owner != "" {
		s.Owned++
	}
	if t.Group != "" && len(s.Groups) < maxGroups {
		if s.Groups == nil {
			s.Groups = make(map[string]bool)
		}
		s.Groups[privx.CanonicalID(t.Group)] = true
	}
	seen := make(map[string]bool)
	for _, way := range t.Ways {
		for _, id := range way.Roles {
			sum := s.sum(id)
			sum.count(way)
			if !seen[id] {
				seen[id] = true
				sum.reaches(t)
			}
		}
	}
}

// Forget lets go of which targets were added. None can be added afterwards.
func (s *Sums) Forget() { s.added = privx.IDs{} }

// identity is a target's id in a form that tells apart ids that differ by case alone: a set
// of ids takes these for the same.
func identity(t Target) string {
	if t.Kind != Secret {
		return t.ID
	}
	return caseSafe(t.ID)
}

func (s *Sums) sum(id string) *Sum {
	if s.roles == nil {
		s.roles = make(map[string]*Sum)
	}
	if s.roles[id] == nil {
		s.roles[id] = &Sum{examples: first{most: maxExamples}, labels: first{most: maxLabels + 1}}
	}
	return s.roles[id]
}

// Of is what a role reaches; zero if nothing.
func (s *Sums) Of(role string) Sum {
	if sum := s.roles[privx.CanonicalID(role)]; sum != nil {
		return *sum
	}
	return Sum{}
}

// Unreached tells whether there are targets that roles could reach, and no role reaches any.
func (s *Sums) Unreached() bool { return len(s.roles) == 0 && s.Targets > s.Owned }

// EachRole calls for each role that reaches something, with how many grants it has.
func (s *Sums) EachRole(call func(role string, grants int)) {
	for id, sum := range s.roles {
		call(id, sum.Grants)
	}
}

func (s *Sum) count(way Way) {
	s.Grants++
	s.labels.add(way.Label)
	switch way.Label {
	case read:
		s.Reads++
	case write:
		s.Writes++
	}
}

func (s *Sum) reaches(t Target) {
	s.Targets++
	s.examples.add(t.Name)
	if t.Disabled != "" {
		s.Disabled++
	}
	switch {
	case t.Recorded == nil:
		s.Unknown++
	case *t.Recorded:
		s.Recorded++
	}
}

// first keeps the first few of different texts, in the order of the alphabet and cut to
// maxShown.
type first struct {
	most  int
	texts []string
}

func (f *first) add(text string) {
	text = privx.CutText(text, maxShown)
	i, found := slices.BinarySearchFunc(f.texts, text, cmp.Compare[string])
	if found || i == f.most {
		return
	}
	f.texts = slices.Insert(f.texts, i, text)
	f.texts = f.texts[:min(len(f.texts), f.most)]
}
