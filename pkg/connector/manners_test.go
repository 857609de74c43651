package connector_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// ownWarnings are those of the connector: baton-sdk warns of each answer that is an error.
func (x *tenant) ownWarnings() []string {
	return slices.DeleteFunc(x.warnings(), func(message string) bool { return !strings.HasPrefix(message, "baton-privx: ") })
}

// Manners of a PrivX that cost a sync nothing, not even a warning.
func TestMannersThatCostNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("make test compares the calls of many manners")
	}
	store, role := crowd()
	text := http.Header{"Content-Type": {"text/plain"}}
	for name, tt := range map[string]struct {
		options privxsim.Options
		faults  []privxsim.Fault
	}{
		"tokens that other nodes do not know for a while": {
			options: privxsim.Options{Nodes: []privxsim.Node{{TokenLag: 300 * time.Millisecond}, {TokenLag: 3 * time.Second}}, TokenTTL: 20 * time.Second},
		},
		"tokens that hold later":                      {options: privxsim.Options{TokenDelay: 2 * time.Second}},
		"JSON of another type":                        {faults: []privxsim.Fault{{Kind: privxsim.FaultHeader, Header: text}}},
		"JSON without a type":                         {faults: []privxsim.Fault{{Kind: privxsim.FaultHeader, Header: http.Header{"Content-Type": nil}}}},
		"members that carry 45 roles":                 {options: privxsim.Options{HeavyMembers: 45}},
		"answers that come later the longer they are": {faults: []privxsim.Fault{{Kind: privxsim.FaultSlowHeader, RowDelay: 400 * time.Millisecond}}},
		"400 without a body to many rows":             {faults: []privxsim.Fault{{Kind: privxsim.FaultNoBody, Status: http.StatusBadRequest, MinLimit: 101}}},
		"answers to many rows that do not end": {faults: []privxsim.Fault{
			{Path: rolesPath + "/" + role + "/members", Kind: privxsim.FaultOversized, MinLimit: 101},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.MemberCount = true
			inBubble(t, store, tt.options, allFour, func(x *tenant) {
				for _, fault := range tt.faults {
					x.sim.Inject(fault)
				}
				x.requireComplete(x.mustSync())
				require.Empty(t, x.ownWarnings())
				require.Len(t, x.closing(), 1)
			})
		})
	}
}

// Sources that may not be read are no obstacle, in whichever way PrivX says so.
func TestSourcesForbiddenWithoutABody(t *testing.T) {
	t.Parallel()
	store, _ := crowd()
	inBubble(t, store, privxsim.Options{}, allFour, func(x *tenant) {
		x.sim.Inject(privxsim.Fault{Path: sourcesPath, Kind: privxsim.FaultNoBody, Status: http.StatusForbidden})
		x.requireComplete(x.mustSync())
		require.Len(t, x.ownWarnings(), 1)
	})
}
