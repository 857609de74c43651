package c1sim

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/conductorone/baton-privx/internal/simcert"
)

// Options are the manners of a simulator. The zero value suits tests.
type Options struct {
	// Address is where it listens, on the loopback interface only. The default
	// is 127.0.0.1:0, a free port.
	Address string
	// Host is the name of the simulator in the ids of its clients, and so in
	// its address. The default is localhost.
	Host string
	// CA is what signs the certificate. The default is a new one; processes
	// that read SSL_CERT_FILE once, as Go's do, need one for all simulators.
	CA *simcert.CA
	// Dir is the folder that uploads are kept in. The default is a temporary
	// one, which Close removes.
	Dir string
	// Clock tells the time. Nil is time.Now.
	Clock func() time.Time

	// TokenTTL is how long a token holds. The default is an hour. The SDK
	// fetches the next one ten seconds before, so less than that is once a call.
	TokenTTL time.Duration
	// NextPoll is what a connector is told to wait before it asks for a task
	// again, after a task too. The default is 50 ms. The SDK cuts it at five
	// minutes and takes less than nothing for nothing.
	NextPoll time.Duration
	// NextHeartbeat is what it is told to wait between signs of life. The
	// default is a second, the least that the SDK accepts; the most is five
	// minutes.
	NextHeartbeat time.Duration
	// MaxUpload bounds what is taken of one upload. The default is 1 GiB.
	MaxUpload int64
	// KeepCalls bounds how many calls are kept, the latest. 0 is all.
	KeepCalls int
}

// withDefaults returns the options with zero values replaced.
func (o Options) withDefaults() (Options, error) {
	orDefault(&o.Address, "127.0.0.1:0")
	orDefault(&o.Host, "localhost")
	orDefault(&o.TokenTTL, time.Hour)
	orDefault(&o.NextPoll, 50*time.Millisecond)
	orDefault(&o.NextHeartbeat, time.Second)
	orDefault(&o.MaxUpload, 1<<30)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.CA != nil {
		return o, nil
	}
	var err error
	o.CA, err = simcert.NewCA("ConductorOne simulator CA")
	return o, err
}

func orDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// Simulator is a stand-in for ConductorOne that is being served.
type Simulator struct {
	// Host is its name and port, as BATON_C1_API_HOST has it.
	Host string
	// CAPEM is the certificate of the CA, as SSL_CERT_FILE needs it.
	CAPEM []byte
	// Client is the connector that it knows from the start.
	Client *Client

	opts    Options
	server  *server
	tempDir string // to remove; "" if the folder is the caller's

	mu      sync.Mutex
	changed chan struct{} // closed, and another one made, when any of the following changes
	clients map[string]*Client
	tokens  map[string]token
	faults  []*Outage
	calls   []*Call
	onCall  []func(Call)
	hellos  []Hello
	tasks   map[string]*Task // all that ever were, by id
	queue   []*Task          // those that nobody holds
}

// Serve starts a simulator, which runs until it is closed.
func Serve(o Options) (*Simulator, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("making a CA: %w", err)
	}
	s := &Simulator{
		CAPEM: o.CA.PEM, opts: o, changed: make(chan struct{}),
		clients: map[string]*Client{}, tokens: map[string]token{}, tasks: map[string]*Task{},
	}
	if o.Dir == "" {
		if s.opts.Dir, err = os.MkdirTemp("", "c1sim-*"); err != nil {
			return nil, err
		}
		s.tempDir = s.opts.Dir
	}
	if err := s.listen(); err != nil {
		s.removeTempDir()
		return nil, err
	}
	if s.Client, err = s.NewClient("privx"); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends all calls, and removes the uploads unless Options.Dir names their
// folder.
func (s *Simulator) Close() {
	s.server.close()
	s.removeTempDir()
}

func (s *Simulator) removeTempDir() {
	if s.tempDir != "" {
		_ = os.RemoveAll(s.tempDir)
	}
}

// change changes the state and wakes all who wait for a change of it.
func (s *Simulator) change(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	close(s.changed)
	s.changed = make(chan struct{})
}

// tryChange is change for what can be refused.
func (s *Simulator) tryChange(what func() error) error {
	var err error
	s.change(func() { err = what() })
	return err
}

// await waits until a condition on the state holds. What it is about is said in
// the error, if the context ends first.
func (s *Simulator) await(ctx context.Context, about string, holds func() bool) error {
	for {
		s.mu.Lock()
		if holds() {
			s.mu.Unlock()
			return nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("c1sim: waiting for %s: %w", about, context.Cause(ctx))
		}
	}
}

// Hello is how a connector introduced itself.
type Hello struct {
	Time    time.Time
	Client  string // the id
	Request *v1.BatonServiceHelloRequest
}

// Hellos returns all introductions so far.
func (s *Simulator) Hellos() []Hello {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hellos)
}

// AwaitHellos waits until there were so many introductions and returns all.
func (s *Simulator) AwaitHellos(ctx context.Context, n int) ([]Hello, error) {
	err := s.await(ctx, fmt.Sprintf("%d times Hello", n), func() bool { return len(s.hellos) >= n })
	return s.Hellos(), err
}

// nextPoll and nextHeartbeat are the options as messages.
func (s *Simulator) nextPoll() *durationpb.Duration { return durationpb.New(s.opts.NextPoll) }

func (s *Simulator) nextHeartbeat() *durationpb.Duration { return durationpb.New(s.opts.NextHeartbeat) }
