package privxsim_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// The public samples of targets come back with everything that they have, if a store
// holds what they hold.
func TestSamplesOfTargetsComeBack(t *testing.T) {
	t.Parallel()
	samples := decode[map[string]json.RawMessage](t, recorded(t, "sample_targets.json"))
	store := privxsim.NewStore()
	host := store.AddHost(decode[privxsim.Host](t, samples["host"]))
	nt := store.AddNetworkTarget(decode[privxsim.NetworkTarget](t, samples["network target"]))
	at := store.AddAPITarget(decode[privxsim.APITarget](t, samples["API target"]))
	group := store.AddAccessGroup(decode[privxsim.AccessGroup](t, samples["access group"]))
	h := newHarness(t, store, privxsim.Options{})
	for name, path := range map[string]string{
		"host":           hostsPath + "/" + host.ID,
		"network target": networkTargetsPath + "/" + nt.ID,
		"API target":     apiTargetsPath + "/" + at.ID,
		"access group":   accessGroupsPath + "/" + group.ID,
	} {
		if gone := missing(t, samples[name], h.get(path).body); len(gone) > 0 {
			t.Errorf("%s lacks\n%s", name, strings.Join(gone, "\n"))
		}
	}
}

// Every target has a member that no client knows.
func TestEveryTargetHasUnknownMembers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, privxsim.Seed(privxsim.SeedOptions{Hosts: 20}), privxsim.Options{AWSRolesEnvelope: true})
	for _, list := range []response{
		h.get(hostsPath), h.do(http.MethodPost, secretSearchPath, "{}"), h.get(networkTargetsPath),
		h.get(apiTargetsPath), h.get(awsRolesPath), h.get(accessGroupsPath),
	} {
		for _, o := range list.items(t) {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(o)), func(name string) bool { return strings.HasPrefix(name, "x_future") }) {
				t.Errorf("no unknown member in %s", marshal(t, o))
			}
		}
	}
}

// What a test puts into a target besides its fields is shown, and wins over them.
func TestExtraMembersOfTargets(t *testing.T) {
	t.Parallel()
	extra := map[string]json.RawMessage{"created": json.RawMessage("7"), "odd": json.RawMessage(`"x"`)}
	store := privxsim.NewStore()
	store.AddHost(privxsim.Host{Extra: extra})
	store.AddSecret(privxsim.Secret{Name: "s", Extra: extra})
	store.AddNetworkTarget(privxsim.NetworkTarget{Extra: extra})
	store.AddAPITarget(privxsim.APITarget{Extra: extra})
	store.AddAWSRole(privxsim.AWSRole{Extra: extra})
	h := newHarness(t, store, privxsim.Options{AWSRolesEnvelope: true})
	for _, list := range []response{
		h.get(hostsPath), h.do(http.MethodPost, secretSearchPath, "{}"), h.get(networkTargetsPath), h.get(apiTargetsPath), h.get(awsRolesPath),
	} {
		if o := list.items(t)[0]; o["created"] != json.Number("7") || o["odd"] != "x" {
			t.Errorf("%v", o)
		}
	}
}
