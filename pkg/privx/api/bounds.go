package api

import "time"

// All bounds on time, from the outermost to the innermost. Each one fits into those above
// it, which TestBoundsOnTimeFitIntoOneAnother checks.
//
// During a sync, baton-sdk repeats a call that is Unavailable without end. Patience ends
// that: after so long without one good answer to a request, the error is Aborted. In
// each of baton-sdk's calls, one read is tried up to MaxTries times within MaxElapsed, each
// time within --http-timeout-seconds.
//
// A grant or a revoke is bounded by ChangeBudget: baton-sdk repeats it after 15, 30 and
// 45 s, and a task must end within some minutes. ChangeBudget has room for MaxRounds
// writes, each of which is looked for over LagTime, or for one write that PrivX does not
// answer within ExchangeTimeout.
const (
	// Patience is how long a request may go without a good answer. It is longer than
	// a restart of PrivX takes.
	Patience = 10 * time.Minute
	// MaxElapsed bounds one read with its repetitions, and a change whose caller sets no
	// deadline.
	MaxElapsed = 2 * time.Minute
	// MaxRetryAfter is the longest wait that a Retry-After can cause. It is half of
	// MaxElapsed, so that there is time for a try after it.
	MaxRetryAfter = time.Minute
	// MaxBelievedRetryAfter is the longest Retry-After that is not taken for a mistake.
	MaxBelievedRetryAfter = time.Hour
	// firstPause and longestPause are the first and the longest pause between two tries,
	// before the backoff makes them shorter or longer by up to half.
	firstPause, longestPause = 500 * time.Millisecond, 40 * time.Second
	// CheckTimeout bounds the check of the connection, for whose result a person waits.
	CheckTimeout = 30 * time.Second

	// ChangeBudget bounds one grant or revoke. With baton-sdk's repetitions a task ends
	// within 210 s.
	ChangeBudget = 30 * time.Second
	// ExchangeTimeout bounds each request of a change, so that after a write that stalls
	// there is time left to find out whether PrivX has made it.
	ExchangeTimeout = 10 * time.Second
	// MaxShortPause bounds the pauses of a change, so that tries go on until shortly
	// before its deadline.
	MaxShortPause = 4 * time.Second
	// LagTime is how long after a change another node of PrivX may still show the list
	// from before it. No figure is known; nodes share one database.
	LagTime = 10 * time.Second
	// EmptyMoment is how long a node that has just started is assumed to show nothing: as
	// long as EmptyPauses together.
	EmptyMoment = 7500 * time.Millisecond
	// Unrest is how long no empty list is believed after PrivX has shown something empty
	// that is not, as a node may that has just started. It is longer than EmptyMoment.
	Unrest = 10 * time.Second
	// ConfirmPause is the pause between two answers that together prove what one alone
	// does not. It is short, because a sync waits for it for each role without members, a
	// hundred of them at a time.
	ConfirmPause = time.Second

	// TokenTimeout bounds one token request, which all callers that need a token share.
	TokenTimeout = time.Minute
	// RefusalMemory is how long refused credentials are not tried again: PrivX limits
	// failed logins, by default to one a minute.
	RefusalMemory = time.Minute
	// TokenSkew is how long before its expiry a token is replaced.
	TokenSkew = 10 * time.Second
	// UnknownTokenLife is assumed for a token if PrivX gives no usable expires_in. It is
	// short; if the token ends even sooner, a 401 tells.
	UnknownTokenLife = time.Minute
	// MaxTokenLife is the longest expires_in that is believed.
	MaxTokenLife = 24 * time.Hour
	// NewToken is how long after its issue some nodes may not know a token yet. It is
	// longer than TokenPauses together, over which the token is sent again.
	NewToken = 5 * time.Second
	// LogoutTimeout bounds the logout, so that the program does not wait long for it.
	LogoutTimeout = 5 * time.Second

	// SlowAnswer is the least time that a gateway is assumed to wait for PrivX's answer. A
	// 504 that comes sooner has another cause than that too much was asked for.
	SlowAnswer = 10 * time.Second
	// SizeMemory is how long a smaller page size is remembered.
	SizeMemory = time.Hour

	// These are the transport's. TCP notices a dead connection within a minute, HTTP/2
	// after pingAfter and pingTimeout.
	dialTimeout            = 30 * time.Second
	tlsTimeout             = 10 * time.Second
	keepAliveEvery         = 15 * time.Second
	keepAliveProbes        = 4
	pingAfter, pingTimeout = 15 * time.Second, 15 * time.Second
	// idleConnection is how long an idle connection is kept open.
	idleConnection = 30 * time.Second
)

var (
	// EmptyPauses are the pauses before PrivX is asked again for what cannot be empty.
	EmptyPauses = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}
	// TokenPauses are the pauses before a new token is sent again after a 401: the node
	// may lag, or its clock may be behind the time at which the token was issued. A write
	// is not sent again; it waits for the last of them before it fails.
	TokenPauses = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, time.Second, time.Second}
	// Settling are the pauses before a user's roles are read again that are not as
	// expected, because a node that lags may have answered. The last pause is repeated. A
	// write whose outcome is not known is looked for over all of them together before it
	// is sent again.
	Settling = []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, time.Second}
)

// PageSizeSteps are the page sizes to go down to from Config.PageSize: the next smaller one
// is asked for if PrivX refuses so many rows, or answers too much or too late.
var PageSizeSteps = [...]int{MaxPageSize, 500, 100, 50, MinPageSize}

// Bounds on how often something is tried.
const (
	// MaxTries is how often one read is tried.
	MaxTries = 5
	// MaxUnrests is how often the end of Unrest is waited for.
	MaxUnrests = 6
	// MaxRounds is how often a user's roles are written if the change does not stay. Each
	// round takes LagTime, because until then a node that lags may be the reason.
	MaxRounds = 2
	// MaxRefusals is how often a user's roles are read and written anew because the token
	// was refused: first an old one, then a new one that a node does not know yet.
	MaxRefusals = 4
	// MaxIdleSteps is how many steps in a row may lead no further in a list, in addition to
	// two for each of its pages.
	MaxIdleSteps = 5
	// MaxRestarts is how often a list may start over because its ids were forgotten.
	MaxRestarts = 3
)

// Bounds on what is read of answers, in bytes. While an answer is being read it takes about
// three times its length in memory.
const (
	// MaxBody is for an answer that PrivX gives in one piece.
	MaxBody = 64 << 20
	// MaxPageBody is for a part of a list that can be asked for with fewer rows.
	MaxPageBody = 16 << 20
	// MaxShortBody is for errors, and for answers of which little is of interest.
	MaxShortBody = 1 << 20
	// FreeBody is how much of every answer is read without waiting. To read more, an answer
	// takes its whole limit, but at most MaxReading, out of MaxReading bytes that all long
	// answers share, and keeps it until it has been decoded.
	FreeBody   = 1 << 20
	MaxReading = 2 * MaxPageBody
	// MaxErrorText bounds what an Error repeats of PrivX's own words.
	MaxErrorText = 300
)

// Bounds on how much there is of something.
const (
	// MaxConnections is how many connections to PrivX are open at a time: as many as the
	// connector has calls under way with its usual number of workers. Further calls wait
	// for a connection.
	MaxConnections = 32
	// MinPageSize and MaxPageSize are how many rows of a list are asked for at a time. The
	// larger one is the documented maximum for roles. For the other lists none is known,
	// and neither is whether PrivX clamps or refuses what is above it.
	MinPageSize, MaxPageSize = 10, 1000
	// MaxRows is how many ids of rows are remembered, of all lists together: 96 MiB at
	// most. It bounds each list, too, so that no server can keep the client reading
	// without end.
	MaxRows = 4 << 20
	// MaxReadings is how many lists are remembered, among them those of abandoned syncs,
	// which nobody reads on.
	MaxReadings = 1_000
	// MaxEnded is how many lists are remembered that have been read to their end. Their
	// last page may be asked for again, or have been taken in part.
	MaxEnded = 32
)
