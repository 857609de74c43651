package connector_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left when all tests are over. They run side by side, so that
// none can be blamed by itself; those in a bubble are checked there.
//
// uhttp's cache of answers has one for as long as the process lives. The program
// turns it off; here it is on, as the client must not need that.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/maypok86/otter/v2.(*cache[...]).periodicCleanUp"))
}
