package machine

import (
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/connection"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/simcert"
)

// authority signs for each simulated ConductorOne that this process trusts. A process reads
// SSL_CERT_FILE once.
var authority *simcert.CA

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "machine-test-*")
	if err != nil {
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "ca.pem")
	if authority, err = simcert.NewCA("The test's ConductorOne CA"); err != nil || os.WriteFile(file, authority.PEM, 0o600) != nil {
		return 1
	}
	for name, value := range map[string]string{"SSL_CERT_FILE": file, "SSL_CERT_DIR": dir} {
		if os.Setenv(name, value) != nil {
			return 1
		}
	}
	_ = os.Unsetenv("BATON_C1_API_HOST")
	return m.Run()
}

func TestMachine(t *testing.T) {
	t.Parallel()
	doctortest.RunCases(t, with(roomy()), layersOf(roomy()), append(conductorOneCases(), hostCases()...))
}

// with are all layers that the checks need, on a machine.
func with(h host) []doctor.Layer {
	layers := append(connection.Layers(), tenant.Permissions())
	return append(append(layers, tenant.Layers()...), layersOf(h)...)
}

const id1, id2, id3 = "PX-C1-01", "PX-C1-02", "PX-C1-03"

func conductorOneCases() []doctortest.Case {
	trusted := c1sim.Options{}
	return []doctortest.Case{
		{Check: id1, Found: "for localhost:", Arrange: service(trusted, nil)},
		{Check: id1, Way: "none", Found: "a one-shot run needs none", Arrange: credentialsOf("", "")},
		{Check: id1, Way: "no-secret", Arrange: credentialsOf("name@host/path", "")},
		{Check: id1, Way: "id", Cause: "invalid client id", Arrange: credentialsOf("name", "secret")},
		{Check: id1, Way: "id", Name: "without a path", Cause: "invalid client id", Arrange: credentialsOf("name@host", "secret")},
		{Check: id1, Way: "id", Name: "without a host", Cause: "names no host", Arrange: service(trusted, func(_ *c1sim.Simulator, g *doctor.Given) { g.ClientID = "name@/path" })},
		{Check: id1, Way: "secret", Cause: "invalid client secret", Arrange: credentialsOf("name@host/path", "secret")},

		{Check: id2, Found: "TLS 1.3 to 127.0.0.1:", Arrange: service(trusted, nil)},
		{Check: id2, Way: "unknown-name", Cause: "no such host", Arrange: at(strings.Repeat("x", 70) + ".example")},
		{Check: id2, Way: "unreachable", Arrange: service(trusted, func(c1 *c1sim.Simulator, _ *doctor.Given) { c1.GoAway() })},
		{Check: id2, Way: "unreachable", Name: "nobody listens", Cause: "refused", Arrange: func(t *testing.T) doctor.Given { t.Helper(); return at(closedPort(t))(t) }},
		{Check: id2, Way: "tls", Cause: "unknown authority", Arrange: service(c1sim.Options{CA: foreign()}, nil)},
		{Check: id2, Way: "tls", Name: "no TLS", Cause: "HTTP response to HTTPS client", Arrange: func(t *testing.T) doctor.Given {
			t.Helper()
			plain := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(plain.Close)
			return at(plain.Listener.Addr().String())(t)
		}},
		{Check: id2, Way: "tls", Name: "another name", Cause: "certificate", Arrange: func(t *testing.T) doctor.Given {
			t.Helper()
			certificate, err := authority.Sign("another name") // Good for localhost alone.
			require.NoError(t, err)
			other := httptest.NewUnstartedServer(http.NotFoundHandler())
			other.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
			other.Config.ErrorLog = log.New(io.Discard, "", 0)
			other.StartTLS()
			t.Cleanup(other.Close)
			return at(other.Listener.Addr().String())(t)
		}},

		{Check: id3, Found: "a token of localhost:", Arrange: service(trusted, nil)},
		{Check: id3, Way: "refused", Cause: "401", Arrange: service(trusted, func(c1 *c1sim.Simulator, _ *doctor.Given) { c1.ForgetClient(c1.Client) })},
		{Check: id3, Way: "refused", Name: "unavailable", Cause: "503", Arrange: service(trusted, func(c1 *c1sim.Simulator, _ *doctor.Given) {
			c1.Inject(c1sim.Fault{Method: c1sim.Token, Code: codes.Unavailable})
		})},
		{Check: id3, Way: "no-answer", Arrange: service(trusted, func(c1 *c1sim.Simulator, _ *doctor.Given) {
			c1.Inject(c1sim.Fault{Method: c1sim.Token, Kind: c1sim.Drop})
		})},
	}
}

// arrangement is what makes a case.
type arrangement = func(t *testing.T) doctor.Given

// credentialsOf is a service with some credentials.
func credentialsOf(id, secret string) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		return doctor.Given{ClientID: id, ClientSecret: secret, TempDir: t.TempDir()}
	}
}

// service is one with the credentials of a simulated ConductorOne, which is then changed. No
// connector says hello there.
func service(options c1sim.Options, change func(*c1sim.Simulator, *doctor.Given)) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		if options.CA == nil {
			options.CA = authority
		}
		c1, err := c1sim.Serve(options)
		require.NoError(t, err)
		t.Cleanup(func() {
			require.Empty(t, c1.Hellos())
			c1.Close()
		})
		given := doctor.Given{ClientID: c1.Client.ID, ClientSecret: c1.Client.Secret, TempDir: t.TempDir()}
		if change != nil {
			change(c1, &given)
		}
		return given
	}
}

// at is a service with good credentials for another host.
func at(host string) arrangement {
	return service(c1sim.Options{}, func(_ *c1sim.Simulator, g *doctor.Given) { g.ClientID = "name@" + host + "/path" })
}

func foreign() *simcert.CA {
	ca, err := simcert.NewCA("A CA that nobody trusts")
	if err != nil {
		panic(err)
	}
	return ca
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().String()
}

func hostCases() []doctortest.Case {
	const folder, space, memory = "PX-HOST-01", "PX-HOST-02", "PX-HOST-03"
	gone := func(string) (int64, error) { return 0, errors.New("no answer") }
	return []doctortest.Case{
		{Check: folder, Arrange: privx()},
		{Check: folder, Way: "not-writable", Cause: "no such file", Arrange: inFolder("gone")},
		{Check: folder, Way: "not-writable", Name: "a file", Cause: "not a directory", Arrange: inFolder("file")},

		{Check: space, Found: "100000 MB free", Arrange: privx()},
		{Check: space, Way: "tight", Found: "80 MB free", Arrange: privx(), Layers: with(host{space: free(80_000_000)})},
		{Check: space, Way: "too-little", Found: "70 MB free", Arrange: privx(), Layers: with(host{space: free(70_000_000)})},
		{Check: space, Way: "not-known", Cause: "no answer", Arrange: privx(), Layers: with(host{space: gone})},
		{Check: space, Way: "no-forecast", Arrange: withoutUsers},

		{Check: memory, Found: "the memory of the machine", Arrange: privx()},
		{Check: memory, Name: "GOMEMLIMIT", Found: `GOMEMLIMIT="400MiB"`, Arrange: privx(), Layers: with(host{files: roomy().files, goLimit: "400MiB"})},
		{Check: memory, Way: "tight", Found: "150 MB, the limit of the container", Arrange: privx(), Layers: with(host{files: limited("150")})},
		{Check: memory, Way: "too-little", Found: "16 MB, the limit of the container", Arrange: privx(), Layers: with(host{files: limited("16")})},
		{Check: memory, Way: "not-known", Cause: "meminfo", Arrange: privx(), Layers: with(host{files: fstest.MapFS{}})},
		{Check: memory, Way: "no-forecast", Arrange: withoutUsers},
	}
}

// roomy is a machine that has enough of everything.
func roomy() host {
	return host{files: fstest.MapFS{"proc/meminfo": text("MemTotal:       16000000 kB\n")}, space: free(100_000_000_000)}
}

func free(n int64) func(string) (int64, error) {
	return func(string) (int64, error) { return n, nil }
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

// limited is a container with so many MB of memory.
func limited(megas string) fs.FS {
	return fstest.MapFS{
		"proc/meminfo": text("MemTotal: 16000000 kB\n"), "proc/self/cgroup": text("0::/\n"),
		"sys/fs/cgroup/memory.max": text(megas + "000000\n"),
	}
}

// privx is a small tenant.
func privx() arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		return doctortest.NewSite(t, nil, privxsim.Options{}).Given(t)
	}
}

// withoutUsers is a tenant whose users cannot be counted.
func withoutUsers(t *testing.T) doctor.Given {
	t.Helper()
	site := doctortest.NewSite(t, nil, privxsim.Options{})
	site.Sim.Inject(privxsim.Fault{Path: doctortest.SearchPath, MinLimit: 2, Status: http.StatusServiceUnavailable})
	return site.Given(t)
}

// inFolder has a temporary folder of a name, of which "file" is a file and "gone" not there.
func inFolder(name string) arrangement {
	return func(t *testing.T) doctor.Given {
		t.Helper()
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		return doctor.Given{TempDir: filepath.Join(dir, name)}
	}
}

// Nothing is left in the temporary folder.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, writeTo(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	const machine = "MemTotal:       16000000 kB\nMemFree: 1 kB\n"
	for name, c := range map[string]struct {
		cgroup string
		files  map[string]string
		limit  int64
	}{
		"no groups":              {"", nil, 16000000 << 10},
		"version 2":              {"0::/\n", map[string]string{"memory.max": "1000\n"}, 1000},
		"no limit":               {"0::/\n", map[string]string{"memory.max": "max\n"}, 16000000 << 10},
		"a group above":          {"0::/a/b\n", map[string]string{"a/b/memory.max": "max", "a/memory.max": "2000", "memory.max": "3000"}, 2000},
		"version 1":              {"11:cpu:/x\n4:memory:/docker/1\n", map[string]string{"memory/docker/1/memory.limit_in_bytes": "4000"}, 4000},
		"version 1, no limit":    {"4:memory:/\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712"}, 16000000 << 10},
		"several controllers":    {"4:cpuset,memory:/\n", map[string]string{"memory/memory.limit_in_bytes": "5000"}, 5000},
		"a group out of sight":   {"0::/../../elsewhere\n", map[string]string{"memory.max": "6000"}, 6000},
		"lines that are nothing": {"0\n:\n\n0::\n", map[string]string{"memory.max": "garbage"}, 16000000 << 10},
	} {
		files := fstest.MapFS{"proc/meminfo": text(machine), "proc/self/cgroup": text(c.cgroup)}
		for file, content := range c.files {
			files["sys/fs/cgroup/"+file] = text(content)
		}
		limit, _, err := memoryLimit(files)
		require.NoError(t, err, name)
		require.Equal(t, c.limit, limit, name)
	}
	for _, meminfo := range []string{"", "MemTotal: -1 kB\n", "MemTotal: many kB\n", "MemTotal: 99999999999999999999 kB\n"} {
		_, _, err := memoryLimit(fstest.MapFS{"proc/meminfo": text(meminfo)})
		require.Error(t, err, meminfo)
	}
}
