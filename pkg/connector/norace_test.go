//go:build !race

package connector_test

// raceDetector: the tests run with the race detector.
const raceDetector = false
