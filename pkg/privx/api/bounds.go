package api

import "time"

// All bounds on time, from the outermost to the innermost. Each one fits into those
// above it, which TestBoundsOnTimeFitIntoOneAnother holds.
//
// A sync is bounded by what baton-sdk repeats without end: whatever is Unavailable. It
// ends after Patience without one good answer of the endpoint. Between two of
// baton-sdk's repetitions, one read is tried MaxTries times within MaxElapsed, each
// time within --http-timeout-seconds.
//
// A grant or a revoke is bounded by ChangeBudget: baton-sdk repeats it after 15, 30 and
// 45 s, and a task must end within some minutes. Into it fit MaxRounds writes, each of
// them looked for over LagTime, or one that PrivX does not answer for ExchangeTimeout.
const (
	// Patience is how long an endpoint may go without a good answer. It is longer than
	// a restart of PrivX takes.
	Patience = 10 * time.Minute
	// MaxElapsed is for one read with its repetitions, and for a change whose caller
	// sets no bound.
	MaxElapsed = 2 * time.Minute
	// MaxRetryAfter is how long a Retry-After is heeded at most: half of MaxElapsed, so
	// that one try comes after it.
	MaxRetryAfter = time.Minute
	// MaxBelievedRetryAfter is from where on a Retry-After is taken for a mistake.
	MaxBelievedRetryAfter = time.Hour
	// firstPause and longestPause lie between two tries, give or take a half.
	firstPause, longestPause = 500 * time.Millisecond, 40 * time.Second
	// CheckTimeout is for the check of the connection: somebody waits for a quick
	// answer.
	CheckTimeout = 30 * time.Second

	// ChangeBudget is for one grant or revoke. With baton-sdk's repetitions a task ends
	// within 210 s.
	ChangeBudget = 30 * time.Second
	// ExchangeTimeout is for each request of a change, so that there is time left to
	// find out what became of a write that stalls.
	ExchangeTimeout = 10 * time.Second
	// MaxShortPause is for the pauses of a change, so that it is tried until shortly
	// before its end.
	MaxShortPause = 4 * time.Second
	// LagTime is how long after a change another node of PrivX may still show the list
	// from before it. No figure is known; nodes share one database.
	LagTime = 10 * time.Second
	// EmptyMoment is for how long a node that has just started is thought to show
	// nothing: as long as EmptyPauses together.
	EmptyMoment = 7500 * time.Millisecond
	// Unrest is how long after PrivX has shown something empty that is not, as a node may
	// that has just started, it is not believed that a list is empty. It is longer than
	// EmptyMoment.
	Unrest = 10 * time.Second
	// ConfirmPause lies between two answers that prove together what one does not. It is
	// short, because a sync takes it for each role without members, a hundred of them at
	// a time.
	ConfirmPause = time.Second

	// TokenTimeout bounds one token request, for all callers that wait for it.
	TokenTimeout = time.Minute
	// RefusalMemory is how long refused credentials are not tried again: PrivX limits
	// failed logins, by default to one a minute.
	RefusalMemory = time.Minute
	// TokenSkew is how long before its expiry a token is replaced.
	TokenSkew = 10 * time.Second
	// UnknownTokenLife is assumed where PrivX says nothing sensible: short, and an
	// earlier end is found out by a 401.
	UnknownTokenLife = time.Minute
	// MaxTokenLife bounds what is believed.
	MaxTokenLife = 24 * time.Hour
	// NewToken is how long a token may be one that not all nodes know yet. It is longer
	// than TokenPauses together, in which it is sent again.
	NewToken = 5 * time.Second
	// LogoutTimeout bounds the goodbye, for which nobody shall wait.
	LogoutTimeout = 5 * time.Second

	// SlowAnswer is how long a gateway waits for an answer at the least. A 504 that comes
	// sooner tells of another trouble than that too much was asked for.
	SlowAnswer = 10 * time.Second
	// SizeMemory is how long a smaller page size is remembered.
	SizeMemory = time.Hour

	// These are the transport's. A connection over which nothing comes any more is found
	// out within a minute by TCP and within pingAfter and pingTimeout by HTTP/2.
	dialTimeout            = 30 * time.Second
	tlsTimeout             = 10 * time.Second
	keepAliveEvery         = 15 * time.Second
	keepAliveProbes        = 4
	pingAfter, pingTimeout = 15 * time.Second, 15 * time.Second
	// idleConnection is how long a connection is kept that carries nothing.
	idleConnection = 30 * time.Second
)

var (
	// EmptyPauses are the pauses before PrivX is asked again for what cannot be empty.
	EmptyPauses = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}
	// TokenPauses are the pauses before a new token is sent again that a node does not
	// know yet: one that lags, or whose clock is behind the time at which it was issued.
	// A request that is made once waits for the last of them alone.
	TokenPauses = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, time.Second, time.Second}
	// Settling are the pauses before a user's roles are read again that are not as they
	// should be, the last of them again and again: behind a load balancer, a node may
	// answer that lags. What became of a write whose outcome is not known is looked for
	// as long as all of them together, before it is sent again.
	Settling = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, time.Second}
)

// PageSizeSteps are the page sizes to ask for, those up to Config.PageSize: the next
// one where PrivX refuses so many rows, or answers too much or too late.
var PageSizeSteps = [...]int{MaxPageSize, 500, 100, 50, MinPageSize}

// Bounds on how often something is tried.
const (
	// MaxTries is for one read.
	MaxTries = 5
	// MaxUnrests is how often Unrest is waited for.
	MaxUnrests = 6
	// MaxRounds is how often a user's roles are written when the change does not stay in
	// them. Each time LagTime has to pass before that can be told.
	MaxRounds = 2
	// MaxRefusals is how often a user's roles are read and written anew because the token
	// was refused: an old one, and then a new one that a node does not know yet.
	MaxRefusals = 4
	// MaxIdleSteps is how many steps in a row may lead no further in a list, besides two
	// for each of its pages.
	MaxIdleSteps = 5
	// MaxRestarts is how often a list may start over because what was known of it has
	// been lost.
	MaxRestarts = 3
)

// Bounds on what is read of answers, in bytes. How much memory an answer takes is about
// three times as much while it is being read.
const (
	// MaxBody is for an answer that comes in one piece.
	MaxBody = 64 << 20
	// MaxPageBody is for a part of a list that could be smaller.
	MaxPageBody = 16 << 20
	// MaxShortBody is for errors, and for answers of which little is of interest.
	MaxShortBody = 1 << 20
	// FreeBody is what is read of every answer. Those that are longer share MaxReading
	// until they have been decoded, each with as much as it may have, or all of it.
	FreeBody   = 1 << 20
	MaxReading = 2 * MaxPageBody
	// MaxErrorText bounds what an Error repeats of PrivX's own words.
	MaxErrorText = 300
)

// Bounds on how much there is of something.
const (
	// MaxConnections is how many connections to PrivX are open at a time: as many as the
	// connector has calls under way with its usual number of workers. More calls than
	// that wait for one.
	MaxConnections = 32
	// MinPageSize and MaxPageSize are how many rows of a list are asked for at a time. The
	// larger one is the documented maximum for roles. For the other lists none is known,
	// and neither is whether PrivX clamps or refuses what is above it.
	MinPageSize, MaxPageSize = 10, 1000
	// MaxRows is of how many rows the ids are remembered, of all lists together: 96 MiB at
	// most. It bounds each list, too: nothing that a server answers may keep the client
	// reading without end.
	MaxRows = 4 << 20
	// MaxReadings is how many lists are remembered. Those that nobody reads on, of syncs
	// that were given up, are among them.
	MaxReadings = 1_000
	// MaxEnded is how many lists are remembered that are over: their last page may be
	// asked for again, or taken in part.
	MaxEnded = 32
)
