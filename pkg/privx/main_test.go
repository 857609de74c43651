package privx_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left when all tests are over. The tests run in parallel, so that this
// does not tell which one left it; tests in a bubble are checked there.
//
// uhttp's cache of answers has a goroutine for as long as the process lives. The program
// turns the cache off. Here it is on, because the client must work with it, too.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		// This process was started by a test. The servers outlive it, and so do the
		// idle connections to them.
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/maypok86/otter/v2.(*cache[...]).periodicCleanUp"))
}
