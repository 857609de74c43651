package connection_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/conductorone/baton-privx/internal/simcert"
)

// systemCA is the one CA that the system of these tests trusts.
var systemCA *simcert.CA

// TestMain gives the tests a system that trusts a CA of their own, and names a proxy whose
// address cannot be read. Go reads them once in a process.
func TestMain(m *testing.M) {
	code, err := withSystemCA(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withSystemCA(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "doctor-connection-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if systemCA, err = simcert.NewCA("System CA"); err != nil {
		return 0, err
	}
	file := filepath.Join(dir, "system.pem")
	if err := os.WriteFile(file, systemCA.PEM, 0o600); err != nil {
		return 0, err
	}
	environment := map[string]string{"SSL_CERT_FILE": file, "SSL_CERT_DIR": filepath.Join(dir, "none")}
	if os.Getenv(childEnv) == "" {
		environment["HTTPS_PROXY"] = "http://user:" + proxyPassword + "%zz@127.0.0.1:1"
	}
	for name, value := range environment {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	return run(), nil
}
