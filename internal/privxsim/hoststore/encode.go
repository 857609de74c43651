package hoststore

import (
	"encoding/json"

	"github.com/conductorone/baton-privx/internal/privxsim/core"
	"github.com/conductorone/baton-privx/internal/privxsim/target"
)

// What a host carries and no client may keep, and members that no client knows. PrivX
// masks passphrases; the simulator does not, so that one that leaks is found.
var (
	hostSecrets = []string{
		`"ssh_host_public_keys":[{"key":` + target.Canary("host-public-key") + `,"fingerprint":` + target.Canary("host-fingerprint") + `}]`,
		`"host_certificate_raw":` + target.Canary("host-certificate"),
		`"x_future_host":{"n":9007199254740993}`,
	}
	passphrase     = `"passphrase":` + target.Canary("passphrase")
	serviceMembers = []string{
		`"db":{"protocol":"","tls_certificate_trust_anchors":` + target.Canary("tls-trust-anchors") + `}`,
		`"created":"0001-01-01T00:00:00Z","updated":"0001-01-01T00:00:00Z"`, // which is how PrivX writes never
	}
)

// encode encodes a host, with its accounts or without.
func (s *service) encode(h *Host, principals bool) []byte {
	host := *h
	host.Addresses = target.List(s.view, host.Addresses)
	host.Tags = target.List(s.view, host.Tags)
	host.Scope = target.List(s.view, host.Scope)
	host.Status = target.List(s.view, host.Status)
	shown := struct {
		Host

		Services   []json.RawMessage `json:"services"`
		Principals []json.RawMessage `json:"principals,omitempty"`
	}{Host: host}
	for _, service := range host.Services {
		shown.Services = append(shown.Services, core.WithMembers(core.MustMarshal(service), serviceMembers...))
	}
	shown.Services = target.List(s.view, shown.Services)
	members := append([]string{s.view.Disabled(host.Disabled)}, hostSecrets...)
	if principals {
		members = append(members, `"principals":`+string(core.MustMarshal(s.principals(host.Principals))))
	}
	return core.WithExtra(core.WithMembers(core.MustMarshal(shown), members...), host.Extra)
}

func (s *service) principals(principals []Principal) []json.RawMessage {
	var shown []json.RawMessage
	for _, p := range principals {
		p.Roles = s.view.Refs(p.Roles)
		p.Applications = target.List(s.view, p.Applications)
		p.CommandRestrictions = s.restrictions(p.CommandRestrictions)
		shown = append(shown, core.WithMembers(core.MustMarshal(p), passphrase))
	}
	return target.List(s.view, shown)
}

func (s *service) restrictions(r *CommandRestrictions) *CommandRestrictions {
	if r == nil {
		return nil
	}
	shown := *r
	shown.Whitelists = nil
	for _, grant := range r.Whitelists {
		grant.Roles = s.view.Refs(grant.Roles)
		shown.Whitelists = append(shown.Whitelists, grant)
	}
	shown.Whitelists = target.List(s.view, shown.Whitelists)
	return &shown
}
