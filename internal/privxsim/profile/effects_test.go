package profile

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/assumptions"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// Each side of each question is in the table, but for what is assumed, and nothing else.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	table := maps.Clone(effects)
	for _, question := range assumptions.All() {
		var letters []string
		for place := range question.Others {
			letters = append(letters, assumptions.Letter(place+1))
		}
		require.Equal(t, letters, slices.Sorted(maps.Keys(table[question.ID])), question.ID)
		delete(table, question.ID)
	}
	require.Empty(t, table)
}

// Each has an effect, or says why it has none, and not both.
func TestEffectOrReason(t *testing.T) {
	t.Parallel()
	for id, sides := range effects {
		for letter, e := range sides {
			works := e.options != nil || len(e.faults) > 0 || e.alter != nil || e.store != nil
			require.NotEqual(t, works, e.none != "", "%s %s", id, letter)
			for _, f := range e.faults {
				require.Zero(t, f.Count, "%s %s: the fault ends", id, letter)
			}
		}
	}
}

// What the register names as the simulator's option is what the effect uses.
func TestEffectsAgreeWithTheRegister(t *testing.T) {
	t.Parallel()
	for _, question := range assumptions.All() {
		for place, side := range question.Others {
			e := effects[question.ID][assumptions.Letter(place+1)]
			if e.none == "" {
				requireUses(t, e, side.Option, question.ID+" "+assumptions.Letter(place+1))
			}
		}
	}
}

// modes are the constants that are values of an option.
var modes = map[string]func(privxsim.Options) bool{
	"CountOmitted":         func(o privxsim.Options) bool { return o.Count == privxsim.CountOmitted },
	"CountZero":            func(o privxsim.Options) bool { return o.Count == privxsim.CountZero },
	"CountTooLarge":        func(o privxsim.Options) bool { return o.Count == privxsim.CountTooLarge },
	"CountPageLength":      func(o privxsim.Options) bool { return o.Count == privxsim.CountPageLength },
	"MemberRolesAll":       func(o privxsim.Options) bool { return o.MemberRoles == privxsim.MemberRolesAll },
	"MemberRolesNull":      func(o privxsim.Options) bool { return o.MemberRoles == privxsim.MemberRolesNull },
	"UnknownRolesNotFound": func(o privxsim.Options) bool { return o.UnknownRoles == privxsim.UnknownRolesNotFound },
	"DisabledNotDisabled":  func(o privxsim.Options) bool { return o.DisabledForm == privxsim.DisabledNotDisabled },
	"DisabledBoolean":      func(o privxsim.Options) bool { return o.DisabledForm == privxsim.DisabledBoolean },
	"VaultSeesOwn":         func(o privxsim.Options) bool { return o.VaultSight == privxsim.VaultSeesOwn },
	"VaultSeesForbidden":   func(o privxsim.Options) bool { return o.VaultSight == privxsim.VaultSeesForbidden },
	"UnknownRolesIgnored":  func(o privxsim.Options) bool { return o.UnknownRoles == privxsim.UnknownRolesIgnored },
}

func requireUses(t *testing.T, e effect, option, side string) {
	t.Helper()
	var options privxsim.Options
	if e.options != nil {
		e.options(&options)
	}
	of, name, _ := strings.Cut(option, ".")
	switch of {
	case "Options":
		require.False(t, reflect.ValueOf(options).FieldByName(name).IsZero(), "%s: %s is not set", side, option)
	case "Node":
		require.Len(t, options.Nodes, 2, side)
		require.False(t, reflect.ValueOf(options.Nodes[1]).FieldByName(name).IsZero(), "%s: %s is not set", side, option)
	case "Store", "User":
		require.NotNil(t, e.store, side)
	case "Fault", "Simulator":
		require.True(t, len(e.faults) > 0 || e.alter != nil || e.options != nil, side)
	default:
		if is, ok := modes[option]; ok {
			require.True(t, is(options), "%s: %s is not set", side, option)
			return
		}
		kind, err := kindOf(option)
		require.NoError(t, err, side)
		// A fault that answers truly all the same is an alteration here.
		require.True(t, e.alter != nil || slices.ContainsFunc(e.faults, func(f privxsim.Fault) bool { return f.Kind == kind }), "%s: no %s", side, option)
	}
}

// kindOf is the kind of fault that a constant such as FaultNoBody names.
func kindOf(constant string) (privxsim.FaultKind, error) {
	var name strings.Builder
	for i, r := range strings.Replace(strings.TrimPrefix(constant, "Fault"), "HTML", "Html", 1) {
		if i > 0 && r >= 'A' && r <= 'Z' {
			name.WriteByte('-')
		}
		name.WriteString(strings.ToLower(string(r)))
	}
	f, err := privxsim.ParseFault("* * kind=" + name.String())
	return f.Kind, err
}
