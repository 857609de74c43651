// Package c1sim is a stand-in for ConductorOne's side of a connector that runs
// as a service: the endpoint where it gets its tokens, and the BatonService
// where it says hello, asks for tasks, uploads syncs and reports results. Both
// are served over TLS on one loopback port, as one host serves them in truth.
//
// Serve starts a Simulator. Its Client holds the credentials that a real
// binary or the SDK's own client needs, and Environment puts them into
// variables. Tasks are queued with SyncFull, Grant, Revoke and Hello; each
// returns a Task on which one can wait until it is taken, uploaded and
// finished. Package c1z reads what was uploaded.
//
// A Simulator records every call and can be told to misbehave (Inject, GoAway).
// Nothing here sleeps: whatever can be waited for ends with the context given.
//
// It refuses what baton-sdk's own description of the service refuses. Where it
// does something that no public source confirms, the code says so in a comment
// that begins with "Guess:".
package c1sim
