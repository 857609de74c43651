// Package privxsim is a simulator of PrivX: an http.Handler over a Store that
// answers as PrivX answers, as far as that is publicly known, for the part of
// the REST API that a connector needs. It knows nothing of any client.
//
// A Store holds the truth: users, roles, sources, API clients and who is a
// member of what. New puts the REST API before it, and Serve puts that on a
// loopback port, with TLS of its own if wanted. Seed makes a believable tenant
// of any size.
//
// A Simulator records every request and can be told to misbehave (Inject), to
// call back before and after requests (OnRequest, OnResponse), and to follow
// one of several behaviours where PrivX's own is not known (Options). It can be a
// cluster, of nodes that know different things at the same time (Node).
//
// PrivX is made of services, and so is the simulator. Each has a package of its
// own, as rolestore, that brings endpoints and data. What all of them have in
// common is in package core, which knows none of them, and they do not know each
// other. This package puts them together and gives all of it one face.
//
// Where the simulator does something that no public source confirms, a comment says
// so, with an id of package assumptions: there is what else PrivX may do, and which
// option makes the simulator do it.
package privxsim
