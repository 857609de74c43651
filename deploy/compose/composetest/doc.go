// Package composetest holds the Compose file to the Kubernetes manifests, with
// Compose's own library: see its tests.
package composetest
