// Package charttest holds the Helm chart to the Kubernetes manifests, to its own
// schema and to the connector's settings: see its tests. The chart is rendered
// with Helm's own library.
package charttest
