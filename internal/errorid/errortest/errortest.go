// Package errortest looks at errors as an operator reads them.
package errortest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/errorid"
)

var (
	ofOurs = regexp.MustCompile(`baton-privx: .+: .+ \[(PXE-\d{3})\]$`)
	anyID  = regexp.MustCompile(`\[PXE-\d{3}\]`)
)

// ID is the id of an error that the connector has made. Its text begins with "baton-privx: "
// behind what baton-sdk puts in front of it, and ends in an id of the register, the only one
// in it. Where baton-sdk tells the errors of several workers, each on a line, that is so of
// each of ours, and the id is that of the first.
func ID(t testing.TB, text string) errorid.ID {
	t.Helper()
	var ids []errorid.ID
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); strings.Contains(line, "baton-privx: ") {
			ids = append(ids, idOf(t, line))
		}
	}
	require.NotEmpty(t, ids, "not an error of the connector: %s", text)
	return ids[0]
}

func idOf(t testing.TB, line string) errorid.ID {
	t.Helper()
	found := ofOurs.FindStringSubmatch(line)
	require.NotNil(t, found, "it does not end in an id: %s", line)
	require.Len(t, anyID.FindAllString(line, -1), 1, line)
	known := slices.ContainsFunc(errorid.All(), func(entry errorid.Entry) bool { return string(entry.ID) == found[1] })
	require.True(t, known, "not in the register: %s", line)
	return errorid.ID(found[1])
}
