//go:build race

package main_test

// raceDetector: the tests run with the race detector.
const raceDetector = true
