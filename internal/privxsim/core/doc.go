// Package core is what all services of a simulated PrivX have in common: it
// finds the endpoint of a request, checks the token that the request carries and
// the permissions that the token gives, cuts lists into pages, lets things go
// wrong (Fault), records what was asked, and makes a cluster of nodes that know
// different things at the same time (Node).
//
// It knows no service. A Service brings its endpoints and its data, and all of
// the above then holds for it too.
package core
