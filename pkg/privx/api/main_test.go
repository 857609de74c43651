package api_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left when all tests are over but that of uhttp's cache of answers, which
// lives as long as the process. The program turns that cache off.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/maypok86/otter/v2.(*cache[...]).periodicCleanUp"))
}
