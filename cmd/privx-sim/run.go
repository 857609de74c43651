package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/internal/privxsim/profile"
	"github.com/conductorone/baton-privx/internal/simcmd"
)

// keepRequests bounds the memory of a simulator that runs for long.
const keepRequests = 1000

// settings are what the flags say.
type settings struct {
	simcmd.Common

	serve     privxsim.ServeOptions
	seed      privxsim.SeedOptions
	simulator privxsim.Options
	faults    []privxsim.Fault
	// profile are the manners to take on; nil for none.
	profile *profile.Profile
}

func parseFlags(args []string, stderr io.Writer) (settings, error) {
	s := settings{simulator: privxsim.Options{KeepRequests: keepRequests}}
	flags := s.Flags(command)
	flags.StringVar(&s.serve.Address, "listen", "127.0.0.1:8443", "`address` to listen on; port 0 is any free one")
	flags.BoolVar(&s.serve.TLS, "tls", true, "serve https, with a CA of its own")
	flags.IntVar(&s.seed.Users, "users", 120, "`number` of users")
	flags.IntVar(&s.seed.Roles, "roles", 24, "`number` of roles")
	flags.IntVar(&s.seed.MembersPerRole, "members-per-role", 12, "average `number` of members")
	flags.IntVar(&s.seed.Hosts, "hosts", 0, "`number` of hosts, with secrets and other targets besides, which the API client may then read")
	flags.Int64Var(&s.seed.Seed, "seed", 1, "`number` that the tenant and all chance are made from")
	flags.DurationVar(&s.simulator.Latency, "latency", 0, "`time` added to each answer")
	flags.DurationVar(&s.simulator.TokenTTL, "token-ttl", 0, "`time` that tokens hold (default 5m)")
	flags.DurationVar(&s.simulator.TokenDelay, "token-delay", 0, "`time` that new tokens are refused")
	flags.IntVar(&s.simulator.MaxPageSize, "max-page-size", 1000, "largest `number` of items on a page")
	flags.BoolVar(&s.simulator.RefuseLargePages, "refuse-large-pages", false, "refuse larger pages instead of cutting them")
	flags.BoolVar(&s.simulator.PublicClient, "public-client", false, "let an API client get a token on its own")
	flags.StringVar(&s.simulator.PathPrefix, "path-prefix", "", "base `path` of all services, as /privx")
	flags.Func("fault", "`fault` to inject, repeatable: 'GET /role-store/api/v1/roles/*/members status=503 count=3 retry-after=2'",
		func(line string) error {
			fault, err := privxsim.ParseFault(line)
			s.faults = append(s.faults, fault)
			return err
		})
	flags.Func("node", "`node` of a cluster, repeatable: 'lag=5s token-lag=300ms clock=-1s count=-1 empty=3s', or \"\" for a perfect one",
		func(line string) error {
			node, err := privxsim.ParseNode(line)
			s.simulator.Nodes = append(s.simulator.Nodes, node)
			return err
		})
	flags.BoolVar(&s.simulator.AffinityCookie, "affinity", false, "keep clients on their node by a cookie")
	flags.BoolVar(&s.simulator.EmptyNotFound, "empty-not-found", false, "let an empty node deny single users and roles, too")
	flags.BoolVar(&s.simulator.RandomTies, "random-ties", false, "show rows that are equally old in another order each time")
	flags.BoolVar(&s.simulator.MemberCount, "member-count", false, "count the members of roles, as newer versions do")
	flags.IntVar(&s.simulator.HeavyMembers, "heavy-members", 0, "least `number` of roles of 1.6 kB that each member of a role carries")
	flags.BoolVar(&s.simulator.HideUserRole, "hide-user-role", false, "leave privx-user out of the roles of a user")
	flags.Func("profile", "`file` with the manners of a PrivX, as baton-privx doctor --report writes it; other flags win", s.readProfile)
	if err := simcmd.Parse(flags, args, stderr); err != nil {
		return settings{}, err
	}
	if s.profile != nil {
		s.takeOn()
		if err := simcmd.Parse(flags, args, stderr); err != nil { // What the flags say takes the place of what the profile does.
			return settings{}, err
		}
	}
	s.simulator.Seed = s.seed.Seed
	// To the library 0 is the default; to someone who writes 0 it is none.
	for _, n := range []*int{&s.seed.Users, &s.seed.Roles, &s.seed.MembersPerRole} {
		if *n == 0 {
			*n = -1
		}
	}
	return s, nil
}

func (s *settings) readProfile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	s.profile, err = profile.Read(file)
	return err
}

// The most users and roles that a profile makes a simulator have.
const (
	maxProfileUsers = 2000
	maxProfileRoles = 200
)

// takeOn sets what the profile says before the flags are read again. What they add to is
// set back.
func (s *settings) takeOn() {
	nodes := len(s.simulator.Nodes)
	s.faults, s.simulator.Nodes = nil, nil
	s.profile.Apply(&s.simulator)
	if nodes > 0 {
		s.simulator.Nodes = nil
	}
	if users := s.profile.Sizes.Users; users > 0 {
		s.seed.Users = min(users, maxProfileUsers)
	}
	if roles := s.profile.Sizes.Roles; roles > 0 {
		s.seed.Roles = min(roles, maxProfileRoles)
	}
}

// prepare lets a simulator misbehave as the flags say, and have the manners of the profile
// besides.
func (s *settings) prepare(simulator *privxsim.Simulator, store *privxsim.Store) {
	for _, fault := range s.faults {
		simulator.Inject(fault)
	}
	if s.profile != nil {
		s.profile.Prepare(simulator, store)
	}
}

// logProfile says what the simulator could not take on.
func (s *settings) logProfile(logger *log.Logger) {
	if s.profile == nil {
		return
	}
	if unknown := s.profile.Unknown(); len(unknown) > 0 {
		logger.Printf("the profile has no side for %s: as by default", strings.Join(unknown, ", "))
	}
	for _, line := range s.profile.Untaken() {
		logger.Printf("not taken on: %s", line)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}

	store := privxsim.Seed(s.seed)
	simulator := privxsim.New(store, s.simulator)
	s.prepare(simulator, store)
	if !s.Quiet {
		logger := log.New(stderr, "", log.LstdFlags)
		s.logProfile(logger)
		logger.Printf("%d users, %d roles, %d memberships", len(store.Users()), len(store.Roles()), len(store.Memberships()))
		if s.seed.Hosts > 0 {
			logger.Printf("%d hosts, %d secrets, %d network targets, %d API targets, %d AWS roles", len(store.Hosts()), len(store.Secrets()),
				len(store.NetworkTargets()), len(store.APITargets()), len(store.AWSRoles()))
		}
		simulator.OnResponse(requestLog(logger, len(s.simulator.Nodes) > 1))
	}
	server, err := privxsim.Serve(simulator, s.serve)
	if err != nil {
		return err
	}
	defer server.Close()

	if s.serve.TLS {
		remove, err := s.WriteCA(command, server.CAPEM)
		if err != nil {
			return err
		}
		defer remove()
	}
	return s.Announce(ctx, stdout, s.environment(server.URL))
}

// requestLog returns a function that logs requests: never headers or bodies,
// and of the paths where secrets are exchanged no query either. Of a cluster it says
// which node has answered.
func requestLog(logger *log.Logger, cluster bool) func(privxsim.Request) {
	return func(r privxsim.Request) {
		target := r.Path
		if r.RawQuery != "" && !strings.HasPrefix(r.Path, "/auth/") {
			target += "?" + r.RawQuery
		}
		node := ""
		if cluster {
			node = fmt.Sprintf(" by node %d", r.Node)
		}
		logger.Printf("%s %s %d%s", r.Method, target, r.Status, node)
	}
}

// environment returns the variables with which baton-privx reaches the simulator,
// each as NAME=VALUE.
func (s settings) environment(url string) []string {
	variables := []string{
		"BATON_BASE_URL=" + url + strings.TrimRight(s.simulator.PathPrefix, "/"),
		"BATON_API_CLIENT_ID=" + privxsim.DefaultAPIClientID,
		"BATON_API_CLIENT_SECRET=" + privxsim.DefaultAPIClientSecret,
		"BATON_OAUTH_CLIENT_ID=" + privxsim.DefaultOAuthClientID,
		"BATON_OAUTH_CLIENT_SECRET=" + privxsim.DefaultOAuthClientSecret,
	}
	if s.serve.TLS {
		variables = append(variables, "BATON_CA_CERTIFICATE="+s.CAFile)
	}
	return variables
}
