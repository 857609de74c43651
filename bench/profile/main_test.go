package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	pprof "github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// listed answers with some rows of its type, and then with these results in turn.
type listed struct {
	connectorbuilder.ResourceSyncerV2
	resourceType string
	rows         []*v2.Resource
	results      []*rs.SyncOpResults
}

func (l *listed) ResourceType(context.Context) *v2.ResourceType {
	return v2.ResourceType_builder{Id: l.resourceType}.Build()
}

func (l *listed) List(context.Context, *v2.ResourceId, rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	return l.rows, nil, nil
}

func (l *listed) Grants(context.Context, *v2.Resource, rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	results := l.results[0]
	l.results = l.results[1:]
	return nil, results, nil
}

// There is one profile of the processor time at a time, so this is the only test that
// makes one.
func TestProfilesAreWrittenAfterTheLastMembers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "profile")
	p := &profile{path: path}
	users := &profiledSyncer{&listed{resourceType: "user", rows: []*v2.Resource{{}, {}, {}}}, p}
	roles := &profiledSyncer{&listed{resourceType: "role", rows: []*v2.Resource{{}, {}}, results: []*rs.SyncOpResults{
		{NextPageToken: "more"},
		{Annotations: annotations.New(&v2.EnqueuePageTokens{})},
		{},
		nil,
	}}, p}
	for _, syncer := range []*profiledSyncer{users, roles} {
		_, _, err := syncer.List(t.Context(), nil, rs.SyncOpAttrs{})
		require.NoError(t, err)
	}
	for range 4 {
		require.NoFileExists(t, path+".allocs", "there are more members to come")
		_, _, err := roles.Grants(t.Context(), nil, rs.SyncOpAttrs{})
		require.NoError(t, err)
	}
	requireProfile(t, path+".cpu", "cpu")
	requireProfile(t, path+".allocs", "alloc_space")
}

func requireProfile(t *testing.T, path, sampleType string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	read, err := pprof.Parse(file)
	require.NoError(t, err)
	var types []string
	for _, sample := range read.SampleType {
		types = append(types, sample.Type)
	}
	require.Contains(t, types, sampleType)
}

func TestNoFolderForTheProfile(t *testing.T) {
	t.Parallel()
	s := &profiledSyncer{&listed{}, &profile{path: filepath.Join(t.TempDir(), "none", "profile")}}
	_, _, err := s.List(t.Context(), nil, rs.SyncOpAttrs{})
	require.ErrorIs(t, err, os.ErrNotExist)
}
