// Package vendorclient holds the simulator to the truth of the vendor's own
// client library: see its tests.
package vendorclient
