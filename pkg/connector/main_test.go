package connector_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left when all tests are over. They run side by side, so that
// none can be blamed by itself; those in a bubble are checked there.
//
// uhttp's cache of answers, which the program turns off, too, would keep memory and a
// goroutine for each client as long as the process lives. The client's own tests leave
// it on.
func TestMain(m *testing.M) {
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	goleak.VerifyTestMain(m)
}
