package connector_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/conductorone/baton-sdk/pkg/pagination"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/privxsim"
	"github.com/conductorone/baton-privx/pkg/connector"
	"github.com/conductorone/baton-privx/pkg/connector/reach"
)

// PrivX gives all AWS roles in one piece. Of those that do not fit into one answer to
// baton-sdk no targets are made, as these take several times the memory of PrivX's rows. All
// are handed on once, and an answer that baton-sdk asks for again counts once.
func TestListInOnePieceThatDoesNotFitIntoOneAnswer(t *testing.T) {
	t.Parallel()
	const roles = 4000
	store := viewedStore()
	for i := range roles {
		store.AddAWSRole(privxsim.AWSRole{Name: fmt.Sprintf("role %d", i), Description: strings.Repeat("d", 2000), Status: privxsim.AWSRoleOK})
	}
	targetsInBubble(t, store, privxsim.Options{}, everything, func(x *tenant) {
		c, ok := x.connector.(*connector.Connector)
		require.True(x.t, ok)
		made, answers, seen := 0, 0, make(map[string]bool)
		list := c.AWSRoles(func() { made++ })
		for token := ""; ; {
			attrs := rs.SyncOpAttrs{SyncID: "sync", PageToken: pagination.Token{Token: token}}
			_, _, err := list.List(x.t.Context(), nil, attrs)
			require.NoError(x.t, err)
			made = 0
			rows, results, err := list.List(x.t.Context(), nil, attrs)
			require.NoError(x.t, err)
			for _, row := range rows {
				require.False(x.t, seen[row.GetId().GetResource()], "a row came twice")
				seen[row.GetId().GetResource()] = true
			}
			counted, whole := c.Counted("sync", reach.AWSRole)
			require.Equal(x.t, len(seen), counted)
			answers++
			token = results.NextPageToken
			require.Equal(x.t, token == "", whole)
			if token == "" {
				require.Len(x.t, rows, made)
				break
			}
			require.Equal(x.t, len(rows)+1, made, "the first that does not fit is made, and no other")
		}
		require.Len(x.t, seen, roles)
		require.Greater(x.t, answers, 2)
	})
}
