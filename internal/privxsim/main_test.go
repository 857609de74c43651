package privxsim_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine is left when all tests are over.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
