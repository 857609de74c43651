package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"google.golang.org/grpc/codes"

	"github.com/conductorone/baton-privx/internal/c1sim"
	"github.com/conductorone/baton-privx/internal/c1z"
)

// Bounds on how long a request waits for its result.
const (
	defaultTimeout = 2 * time.Minute
	maxTimeout     = 10 * time.Minute
)

// control is what a script has for ConductorOne's user interface: plain http on
// the loopback interface. Answers are lines of text, name=value for results.
// All that waits has a parameter timeout, as 30s.
type control struct {
	sim    *c1sim.Simulator
	url    string
	server *http.Server
	done   chan struct{} // closed when the server has ended

	mu   sync.Mutex
	away *c1sim.Outage
	last *c1z.Content // of the latest sync; nil if there was none
}

// serveControl serves a control endpoint in the background.
func serveControl(sim *c1sim.Simulator, address string) (*control, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		_ = listener.Close()
		return nil, fmt.Errorf("listening: %s is not on the loopback interface", listener.Addr())
	}
	c := &control{sim: sim, url: "http://" + listener.Addr().String(), done: make(chan struct{})}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*http.Request) (string, error){
		"GET /hello":         c.hello,
		"POST /tasks/sync":   c.sync,
		"POST /tasks/grant":  c.grant,
		"POST /tasks/revoke": c.revoke,
		"GET /resources":     c.resources,
		"GET /entitlements":  c.entitlements,
		"GET /grants":        c.grants,
		"POST /away":         c.goAway,
		"POST /back":         c.comeBack,
	} {
		mux.HandleFunc(pattern, answering(handle))
	}
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(c.done)
		_ = c.server.Serve(listener) // always ends with an error: closed
	}()
	return c, nil
}

func (c *control) close() {
	_ = c.server.Close()
	<-c.done
}

// failure is an answer that is not 200.
type failure struct {
	status int
	text   string // of what was found out nevertheless
}

func (f *failure) Error() string { return f.text }

// answering writes what a handler returns. 400 is a mistake in the request, 404
// that there is no sync yet, 422 that the task failed, 504 that it took too long.
func answering(handle func(*http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := handle(r)
		status := http.StatusOK
		if err != nil {
			status, text = http.StatusInternalServerError, err.Error()
			var failed *failure
			if errors.As(err, &failed) {
				status, text = failed.status, failed.text
			} else if errors.Is(err, context.DeadlineExceeded) {
				status = http.StatusGatewayTimeout
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		_, _ = w.Write([]byte(text)) // the client may be gone
	}
}

// parameters returns those of a request. One that is not known is an error, so that a
// misspelt name does not go unnoticed.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &failure{http.StatusBadRequest, err.Error()}
	}
	allowed := map[string]bool{"timeout": true}
	for _, name := range known {
		allowed[name] = true
	}
	for name := range query {
		if !allowed[name] {
			return nil, &failure{http.StatusBadRequest, fmt.Sprintf("unknown parameter %q", name)}
		}
	}
	return query, nil
}

// bounded is a request's context until its timeout.
func bounded(r *http.Request, query url.Values) (context.Context, context.CancelFunc, error) {
	timeout := defaultTimeout
	if text := query.Get("timeout"); text != "" {
		var err error
		if timeout, err = time.ParseDuration(text); err != nil || timeout <= 0 || timeout > maxTimeout {
			return nil, nil, &failure{http.StatusBadRequest, fmt.Sprintf("timeout %q is not a time up to %s", text, maxTimeout)}
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	return ctx, cancel, nil
}

// lines makes a text of names and values, one a line.
func lines(pairs ...any) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		value := strings.NewReplacer("\r", "", "\n", "; ").Replace(fmt.Sprint(pairs[i+1]))
		fmt.Fprintf(&b, "%s=%s\n", pairs[i], value)
	}
	return b.String()
}

// hello waits until a connector has said hello, and tells what the latest said:
// host, connector, version, capabilities.
func (c *control) hello(r *http.Request) (string, error) {
	query, err := parameters(r)
	if err != nil {
		return "", err
	}
	ctx, cancel, err := bounded(r, query)
	if err != nil {
		return "", err
	}
	defer cancel()
	hellos, err := c.sim.AwaitHellos(ctx, 1)
	if err != nil {
		return "", err
	}
	said := hellos[len(hellos)-1].Request
	var capabilities []string
	for _, one := range said.GetConnectorMetadata().GetCapabilities().GetConnectorCapabilities() {
		capabilities = append(capabilities, strings.ToLower(strings.TrimPrefix(one.String(), "CAPABILITY_")))
	}
	return lines(
		"host", said.GetHostId(), "connector", said.GetConnectorMetadata().GetDisplayName(),
		"version", said.GetBuildInfo().GetPackageVersion(), "capabilities", strings.Join(capabilities, ","),
	), nil
}

// sync has the connector sync, and waits for the end: task, host, code, message
// if it failed, and path, resources, entitlements, grants of what was uploaded.
// Parameters, all repeatable: resource-type is what to sync instead of
// everything, resource=TYPE:ID is for a sync of single resources.
func (c *control) sync(r *http.Request) (string, error) {
	query, err := parameters(r, "resource-type", "resource")
	if err != nil {
		return "", err
	}
	what := v1.Task_SyncFullTask_builder{SyncResourceTypeIds: query["resource-type"]}
	for _, text := range query["resource"] {
		resourceType, id, ok := strings.Cut(text, ":")
		if !ok {
			return "", &failure{http.StatusBadRequest, fmt.Sprintf("resource %q is not TYPE:ID", text)}
		}
		what.TargetedSyncResources = append(what.TargetedSyncResources, c.content().Resource(resourceType, id))
	}
	return c.do(r, query, func() *c1sim.Task { return c.sim.SyncFull(what.Build()) })
}

// grant has the connector give a user a role, and waits for the end: task, host,
// code, and message if it failed. Parameters: role, user. For other connectors:
// resource-type, of which role is one, slug of the entitlement, and
// principal-type.
func (c *control) grant(r *http.Request) (string, error) {
	entitlement, principal, query, err := c.membership(r)
	if err != nil {
		return "", err
	}
	return c.do(r, query, func() *c1sim.Task { return c.sim.Grant(entitlement, principal) })
}

// revoke has the connector take it away again. Parameters and answer are those
// of grant.
func (c *control) revoke(r *http.Request) (string, error) {
	entitlement, principal, query, err := c.membership(r)
	if err != nil {
		return "", err
	}
	return c.do(r, query, func() *c1sim.Task { return c.sim.Revoke(c.content().Grant(entitlement, principal)) })
}

func (c *control) membership(r *http.Request) (*v2.Entitlement, *v2.Resource, url.Values, error) {
	query, err := parameters(r, "role", "user", "resource-type", "slug", "principal-type")
	if err != nil {
		return nil, nil, nil, err
	}
	if query.Get("role") == "" || query.Get("user") == "" {
		return nil, nil, nil, &failure{http.StatusBadRequest, "role and user must be given"}
	}
	or := func(name, fallback string) string {
		if value := query.Get(name); value != "" {
			return value
		}
		return fallback
	}
	content := c.content()
	return content.Entitlement(or("resource-type", "role"), query.Get("role"), or("slug", "assigned")),
		content.Resource(or("principal-type", "user"), query.Get("user")), query, nil
}

// do queues a task and waits for its end. One that did not end in time is
// cancelled, so that a later connector does not carry out what the script has given up.
func (c *control) do(r *http.Request, query url.Values, queue func() *c1sim.Task) (string, error) {
	ctx, cancel, err := bounded(r, query)
	if err != nil {
		return "", err
	}
	defer cancel()
	task := queue()
	outcome, err := task.Finished(ctx)
	if err != nil {
		task.Cancel()
		return "", fmt.Errorf("%w; taken by %q; cancelled", err, task.Takers())
	}
	text := lines("task", task.ID, "host", outcome.HostID, "code", outcome.Code)
	if outcome.Code != codes.OK {
		return "", &failure{http.StatusUnprocessableEntity, text + lines("message", outcome.Message)}
	}
	if uploads := task.Uploads(); len(uploads) > 0 {
		content, err := c1z.Read(ctx, uploads[0].Path)
		if err != nil {
			return "", err
		}
		c.keep(content)
		text += lines("path", uploads[0].Path, "resources", len(content.Resources),
			"entitlements", len(content.Entitlements), "grants", len(content.Grants))
	}
	return text, nil
}

// resources lists the ids of the resources of a type in the latest sync.
// Parameter: type.
func (c *control) resources(r *http.Request) (string, error) {
	query, err := parameters(r, "type")
	if err != nil {
		return "", err
	}
	return c.list(func(content *c1z.Content) []string { return content.ResourceIDs(query.Get("type")) })
}

// entitlements lists the ids of the entitlements in the latest sync.
func (c *control) entitlements(*http.Request) (string, error) {
	return c.list((*c1z.Content).EntitlementIDs)
}

// grants lists the ids of the grants in the latest sync.
func (c *control) grants(*http.Request) (string, error) {
	return c.list((*c1z.Content).GrantIDs)
}

func (c *control) list(ids func(*c1z.Content) []string) (string, error) {
	content := c.content()
	if content == nil {
		return "", &failure{http.StatusNotFound, "there is no sync yet"}
	}
	return strings.Join(ids(content), "\n"), nil
}

func (c *control) content() *c1z.Content {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

func (c *control) keep(content *c1z.Content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = content
}

// goAway makes ConductorOne unreachable, until comeBack.
func (c *control) goAway(*http.Request) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away == nil {
		c.away = c.sim.GoAway()
	}
	return lines("reachable", false), nil
}

func (c *control) comeBack(*http.Request) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away != nil {
		c.away.Lift()
		c.away = nil
	}
	return lines("reachable", true), nil
}
