package connector_test

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left when all tests are over. They run side by side, so that
// none can be blamed by itself; those in a bubble are checked there.
//
// uhttp's cache of answers, which the program turns off, too, would keep memory and a
// goroutine for each client as long as the process lives. The client's own tests leave
// it on.
//
// Tests wait for files, and some of them in real time: twice as many run at a time as
// there are processors, unless -parallel says otherwise.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	_ = os.Setenv("BATON_DISABLE_HTTP_CACHE", "true")
	goleak.VerifyTestMain(m)
}
