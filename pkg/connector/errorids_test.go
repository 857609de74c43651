package connector_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/errorid"
	"github.com/conductorone/baton-privx/internal/errorid/errortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// What is asked of the connector, over gRPC where that is possible.
func validates(s *stage) error {
	_, err := s.connector.Validate(s.ctx)
	return err
}

func readsAll(s *stage) error { return s.syncInto(s.file) }

func grants(s *stage) error {
	_, _, err := s.grant(s.role, stub("user", s.user))
	return err
}

func grantsTo(kind, id string) func(*stage) error {
	return func(s *stage) error {
		_, _, err := s.grant(s.role, stub(kind, id))
		return err
	}
}

// grantsInTime grants with less time than the connector itself gives a grant.
func grantsInTime(s *stage) error {
	ctx, cancel := context.WithTimeout(s.ctx, time.Second)
	defer cancel()
	_, _, err := s.provisioner().Grant(ctx, stub("user", s.user), entitlementOf(s.role))
	return err
}

// Each condition that PrivX can bring about has its id at the end of the text.
func TestErrorIDs(t *testing.T) {
	t.Parallel()
	const verification = 1 // is the second read of a user's roles
	for id, c := range map[errorid.ID]struct {
		fault privxsim.Fault
		do    func(*stage) error
	}{
		errorid.CredentialsRefused: {privxsim.Fault{Path: tokenPath, Status: http.StatusUnauthorized}, validates},
		errorid.LoginNotOffered:    {privxsim.Fault{Path: tokenPath, Status: http.StatusNotFound}, validates},
		errorid.PermissionMissing:  {privxsim.Fault{Method: http.MethodPut, Status: http.StatusForbidden}, grants},
		errorid.TokenRefused:       {privxsim.Fault{Path: searchPath, Status: http.StatusUnauthorized}, validates},
		errorid.NoAnswer:           {privxsim.Fault{Path: searchPath, Kind: privxsim.FaultResetBefore}, validates},
		errorid.TimedOut:           {privxsim.Fault{Path: searchPath, Kind: privxsim.FaultStall}, validates},
		errorid.Unavailable:        {privxsim.Fault{Path: searchPath, Status: http.StatusServiceUnavailable}, validates},
		errorid.Throttled:          {privxsim.Fault{Path: searchPath, Status: http.StatusTooManyRequests}, validates},
		errorid.GivenUp:            {privxsim.Fault{Path: searchPath, Status: http.StatusServiceUnavailable, Skip: 1}, readsAll},
		errorid.NotPrivX:           {privxsim.Fault{Path: searchPath, Kind: privxsim.FaultHTML}, validates},
		errorid.AnswerUnusable:     {privxsim.Fault{Path: searchPath, Kind: privxsim.FaultTruncated}, validates},
		errorid.RequestRefused:     {privxsim.Fault{Path: rolesPath, Status: http.StatusNotImplemented}, validates},
		errorid.NotFound:           {privxsim.Fault{Path: rolesOfPath, Status: http.StatusNotFound}, grants},
		errorid.NotSent:            {do: grantsTo("user", "..")},
		errorid.PageRepeated:       {privxsim.Fault{Path: searchPath, Kind: privxsim.FaultRepeatPage, Skip: 2}, readsAll},
		errorid.RowsMissing:        {privxsim.Fault{Path: rolesPath, Status: http.StatusOK, Body: `{"count":3,"items":[]}`}, validates},
		errorid.ListEmpty:          {privxsim.Fault{Path: searchPath, Kind: privxsim.FaultEmptyList}, validates},
		errorid.ExistsAndNotFound:  {privxsim.Fault{Path: membersPath, Status: http.StatusNotFound}, readsAll},
		errorid.NotAUser:           {do: grantsTo("role", nobody)},
		errorid.OwnClient:          {do: grantsTo("user", privxsim.DefaultAPIClientID)},
		errorid.OwnClientUnknown:   {privxsim.Fault{Path: currentUserPath, Kind: privxsim.FaultHTML}, grants},
		errorid.ChangeDoesNotStay:  {privxsim.Fault{Method: http.MethodPut, Kind: privxsim.FaultDropWrite}, grants},
		errorid.ChangeUnverified:   {privxsim.Fault{Method: http.MethodGet, Path: rolesOfPath, Kind: privxsim.FaultHTML, Skip: verification}, grants},
		errorid.OutOfTime:          {privxsim.Fault{Path: rolesOfPath, Kind: privxsim.FaultStall}, grantsInTime},
		errorid.ReadOnly: {do: func(s *stage) error {
			s.sim.SetReadOnly(true)
			return grants(s)
		}},
	} {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			onStage(t, act{}, func(s *stage) {
				if c.fault.Status != 0 || c.fault.Kind != 0 {
					s.sim.Inject(c.fault)
				}
				err := c.do(s)
				require.Error(s.t, err)
				require.Equal(s.t, id, errortest.ID(s.t, err.Error()), err.Error())
			})
		})
	}
}
