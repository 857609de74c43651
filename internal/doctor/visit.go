package doctor

import (
	"time"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

// Visit is one run of the doctor: what it was given, and what its checks have learnt so far.
type Visit struct {
	Given Given
	// Client is the connector's client. The configuration's check makes it.
	Client *privx.Client
	// Ask asks PrivX with that client.
	Ask *ask.Asker
	Facts
}

// Given is what the operator gave.
type Given struct {
	// Config are the connector's settings, and Mistake what is wrong with them as far as
	// that was found when they were read.
	Config  *config.Privx
	Mistake error
	// Method is what --auth-method says.
	Method string
	// Settings are those that were given, in the order of their names.
	Settings []Setting
	// Provisioning, Workers and HTTPTimeout are the settings of these names.
	Provisioning bool
	Workers      int
	HTTPTimeout  time.Duration
	// ClientID and ClientSecret are ConductorOne's; empty for a one-shot run.
	ClientID, ClientSecret string
	// On tells whether an optional capability's setting is on.
	On func(setting string) bool
	// TempDir is where a sync keeps its files.
	TempDir string
	// Version is the connector's own.
	Version string
}

// Setting is a setting that was given.
type Setting struct {
	Name string
	// From is "flag", "variable" or "file".
	From string
}

// Facts are what the checks have learnt. A zero value is what is not known.
type Facts struct {
	// Contact is what the first request met on its way to PrivX; nil before it.
	Contact *Contact
	// PrivXVersion is the version that PrivX tells, in digits and points, such as 43.0.
	PrivXVersion string
	// Self is the id of the API client as a user; empty if not known.
	Self string
	// Checked is how long the connector's own check of the login and of its permissions has
	// taken so far. It has api.CheckTimeout in all.
	Checked time.Duration
	// Latency is the middle time that PrivX took for a small answer.
	Latency time.Duration
	// Users, Roles and Memberships are how many there are; Estimated tells that the last is
	// an estimate.
	Users, Roles, Memberships int
	Estimated                 bool
	// Targets are how many there are of each kind of what roles reach that is synced, by the
	// id of its resource type. ReachRows are the rows of all of them with their entitlements
	// and grants, and ExpandedRows those that an expansion to people adds.
	Targets                 map[string]int
	ReachRows, ExpandedRows int
	// Calls and Duration are what a sync will take. Memory and Disk are in bytes.
	Calls        int
	Duration     time.Duration
	Memory, Disk int64
	// Answers are what was found out about the questions of the register, by id.
	Answers map[string]Answer
}

// Answer is what was found out about a question of the register.
type Answer struct {
	// Side is the letter of the side that this PrivX is on; Otherwise if it is on none, and
	// empty if that is not known.
	Side string
	// Figures are numbers that belong to the answer, by a name of this program's own.
	Figures map[string]float64
}

// Otherwise is the side of a PrivX that does what the register does not have.
const Otherwise = assumptions.Otherwise

// Answered notes an answer.
func (v *Visit) Answered(id string, a Answer) {
	if v.Answers == nil {
		v.Answers = make(map[string]Answer)
	}
	v.Answers[id] = a
}
