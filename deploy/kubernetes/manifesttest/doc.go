// Package manifesttest holds the Kubernetes manifests to Kubernetes' own types,
// to the binary, and to what the documentation shows: see its tests.
package manifesttest
