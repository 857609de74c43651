// Package assumptions is the register of what this connector assumes about PrivX.
//
// No public source answers everything that a client needs to know of PrivX, and the
// connector has never met a running one. Each thing that it takes for granted, and that
// the simulator takes for granted with it, is a row here: the question, what is assumed
// and what else may be so, what the connector does in either case, the test that proves
// that, and how a running PrivX can be asked. docs/assumptions.md is made of it.
//
// An id is given once. It is never used for another question, not even when its own has
// been answered: comments, logs and reports name it.
package assumptions

//go:generate go test -count=1 -run ^TestDocument$ . -update

// Assumption is one question about PrivX.
type Assumption struct {
	// ID is PXQ and a number of three digits: the next free one for a new question.
	ID string
	// Question is one sentence.
	Question string
	// Default is what is assumed, and what the simulator does unless told otherwise.
	Default Side
	// Others are what PrivX may do instead. Each is an option of the simulator.
	Others []Side
	// OneSide says why the simulator has no other side. It is empty if there are Others.
	OneSide string
	// Ask is how a running PrivX can be asked, and How what to ask it, or why it cannot be.
	Ask Ask
	How string
}

// Side is one answer that PrivX may give.
type Side struct {
	// PrivX is what PrivX does.
	PrivX string
	// Option is what makes the simulator do so: a field of privxsim.Options, Fault, Node or
	// User, a method of Store or Simulator, or a constant. It is empty for the default.
	Option string
	// Connector is what the connector does then.
	Connector string
	// Test is the test that proves it: the folder of its package, a dot and its name.
	Test string
}

// Sides are all sides, the assumed one first. Each keeps its place for ever, because answers
// name it by its letter.
func (a Assumption) Sides() []Side { return append([]Side{a.Default}, a.Others...) }

// Letter is the letter of the side at a place in Sides: a is what is assumed.
func Letter(place int) string { return "abcdefghijklmnopqrstuvwxyz"[place : place+1] }

// Otherwise is the side of a PrivX that is on none of the sides of a question.
const Otherwise = "otherwise"

// Ask is how a running PrivX can be asked.
type Ask int

// How a running PrivX can be asked.
const (
	ByReading    Ask = iota // by calls that change nothing
	ByWriteProbe            // by changes of the roles of a user that is there for that
	CannotBe                // not at all, or not by an API client
)

// Topic is a group of questions, in the order of their ids.
type Topic struct {
	Name        string
	Assumptions []Assumption
}

// Topics returns the whole register.
func Topics() []Topic {
	return []Topic{lists, members, userRoles, writes, tokens, self, failures, directories, nodes, targets}
}

// All returns the questions of all topics.
func All() []Assumption {
	var all []Assumption
	for _, topic := range Topics() {
		all = append(all, topic.Assumptions...)
	}
	return all
}
