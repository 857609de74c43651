package privxsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

func TestParseNode(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]privxsim.Node{
		"": {},
		"lag=5s  token-lag=300ms clock=-1s count=-1 empty=3s": {
			Lag: 5 * time.Second, TokenLag: 300 * time.Millisecond, ClockOffset: -time.Second, CountOffset: -1, Empty: 3 * time.Second,
		},
	} {
		if got, err := privxsim.ParseNode(line); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"lag", "lag=5", "lag=-5s", "token-lag=-1s", "empty=-1s", "count=x", "clock=", "lags=5s", "5s"} {
		if got, err := privxsim.ParseNode(line); err == nil || got != (privxsim.Node{}) {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	f, err := privxsim.ParseFault(" GET /role-store/api/v1/roles/*/members  status=503 count=3 skip=2 retry-after=2 location=/x " +
		"content-type=text/plain kind=slow-header delay=1.5s row-delay=10ms min-limit=501 ")
	if err != nil {
		t.Fatal(err)
	}
	if f.Method != http.MethodGet || f.Path != "/role-store/api/v1/roles/*/members" || f.Status != 503 || f.Count != 3 || f.Skip != 2 ||
		f.Header.Get("Retry-After") != "2" || f.Header.Get("Location") != "/x" ||
		f.Header.Get("Content-Type") != "text/plain" || f.Kind != privxsim.FaultSlowHeader || f.Delay != 1500*time.Millisecond || f.RowDelay != 10*time.Millisecond || f.MinLimit != 501 {
		t.Errorf("%+v", f)
	}
	for kind := privxsim.FaultStatus; kind <= privxsim.FaultNoBody; kind++ {
		f, err := privxsim.ParseFault("* * kind=" + kind.String())
		if err != nil || f.Kind != kind || f.Method != "" || f.Path != "" {
			t.Errorf("%s: %+v, %v", kind, f, err)
		}
	}
	for _, line := range []string{
		"", "GET", "GET [", "GET /x status=abc", "GET /x status=99", "GET /x count=", "GET /x skip=x",
		"GET /x delay=3", "GET /x row-delay=3", "GET /x min-limit=", "GET /x kind=nothing", "GET /x sttus=500", "GET /x 500",
	} {
		if f, err := privxsim.ParseFault(line); err == nil {
			t.Errorf("%q: %+v", line, f)
		}
	}
	if got := (privxsim.FaultNoBody + 1).String(); got != "FaultKind(28)" {
		t.Errorf("a kind that is none: %s", got)
	}
}
