// Package pages lets a benchmark repeat what a connector answered to baton-sdk:
// a Recorder keeps each page of another connector in a file, and a Player is a
// connector that answers with these pages and does nothing else. What a sync
// takes with a Player is the floor: baton-sdk's own part.
//
// A page is a file of its own that is read when it is asked for. So the Player
// has nothing to load beforehand and holds no more than a page in memory, as a
// connector does that streams. Decoding the page stands for making its rows,
// which no connector can do without.
package pages

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/annotations"
	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	rs "github.com/conductorone/baton-sdk/pkg/types/resource"
	"google.golang.org/protobuf/proto"
)

// FolderVar names the environment variable with the folder of the pages.
const FolderVar = "BENCH_PAGES"

// folder holds pages.
type folder string

// Folder is the folder that the environment names.
func Folder() (string, error) {
	name := os.Getenv(FolderVar)
	if name == "" {
		return "", errors.New(FolderVar + " is not set")
	}
	return name, nil
}

// typesFile lists the resource types.
const typesFile = "types"

// file is where the answer to a call is kept. Ids and tokens are no file names.
func (f folder) file(call, id, token string) string {
	return filepath.Join(string(f), fmt.Sprintf("%s-%x", call, sha256.Sum256([]byte(id+"\x00"+token))))
}

func write(name string, m proto.Message) error {
	data, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}

func read(name string, m proto.Message) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return proto.Unmarshal(data, m)
}

// Recorder is a connector that keeps what another one answers.
type Recorder struct {
	connectorbuilder.ConnectorBuilderV2
	folder folder
}

// NewRecorder keeps what a connector answers in a folder.
func NewRecorder(of connectorbuilder.ConnectorBuilderV2, name string) *Recorder {
	return &Recorder{of, folder(name)}
}

// Keep writes down what the connector is, before its first page.
func (r *Recorder) Keep(ctx context.Context) error {
	if err := os.MkdirAll(string(r.folder), 0o700); err != nil {
		return err
	}
	var types []*v2.ResourceType
	for _, syncer := range r.ConnectorBuilderV2.ResourceSyncers(ctx) {
		types = append(types, syncer.ResourceType(ctx))
	}
	return write(r.folder.file(typesFile, "", ""), v2.ResourceTypesServiceListResourceTypesResponse_builder{List: types}.Build())
}

// ResourceSyncers are the other connector's, recorded.
func (r *Recorder) ResourceSyncers(ctx context.Context) []connectorbuilder.ResourceSyncerV2 {
	var syncers []connectorbuilder.ResourceSyncerV2
	for _, syncer := range r.ConnectorBuilderV2.ResourceSyncers(ctx) {
		syncers = append(syncers, &recordedSyncer{syncer, r.folder})
	}
	return syncers
}

type recordedSyncer struct {
	connectorbuilder.ResourceSyncerV2
	folder folder
}

// results are what came beside the rows; none came where they are nil.
func results(from *rs.SyncOpResults) rs.SyncOpResults {
	if from == nil {
		return rs.SyncOpResults{}
	}
	return *from
}

func (s *recordedSyncer) List(ctx context.Context, parent *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	rows, beside, err := s.ResourceSyncerV2.List(ctx, parent, opts)
	if err != nil {
		return nil, nil, err
	}
	kept := results(beside)
	return rows, beside, write(s.folder.file("list", s.ResourceType(ctx).GetId(), opts.PageToken.Token), v2.ResourcesServiceListResourcesResponse_builder{
		List: rows, NextPageToken: kept.NextPageToken, Annotations: kept.Annotations,
	}.Build())
}

func (s *recordedSyncer) Entitlements(ctx context.Context, of *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	rows, beside, err := s.ResourceSyncerV2.Entitlements(ctx, of, opts)
	if err != nil {
		return nil, nil, err
	}
	kept := results(beside)
	return rows, beside, write(s.folder.file("entitlements", of.GetId().GetResource(), opts.PageToken.Token), v2.EntitlementsServiceListEntitlementsResponse_builder{
		List: rows, NextPageToken: kept.NextPageToken, Annotations: kept.Annotations,
	}.Build())
}

func (s *recordedSyncer) Grants(ctx context.Context, of *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	rows, beside, err := s.ResourceSyncerV2.Grants(ctx, of, opts)
	if err != nil {
		return nil, nil, err
	}
	kept := results(beside)
	return rows, beside, write(s.folder.file("grants", of.GetId().GetResource(), opts.PageToken.Token), v2.GrantsServiceListGrantsResponse_builder{
		List: rows, NextPageToken: kept.NextPageToken, Annotations: kept.Annotations,
	}.Build())
}

// Player is a connector that answers with recorded pages.
type Player struct {
	folder folder
	types  []*v2.ResourceType
}

// NewPlayer plays what is recorded in a folder.
func NewPlayer(name string) (*Player, error) {
	var types v2.ResourceTypesServiceListResourceTypesResponse
	if err := read(folder(name).file(typesFile, "", ""), &types); err != nil {
		return nil, err
	}
	return &Player{folder(name), types.GetList()}, nil
}

// Metadata describes the Player.
func (p *Player) Metadata(context.Context) (*v2.ConnectorMetadata, error) {
	return v2.ConnectorMetadata_builder{DisplayName: "Floor", Description: "Plays recorded pages."}.Build(), nil
}

// Validate has nothing to check.
func (p *Player) Validate(context.Context) (annotations.Annotations, error) { return nil, nil }

// ResourceSyncers play the pages.
func (p *Player) ResourceSyncers(context.Context) []connectorbuilder.ResourceSyncerV2 {
	var syncers []connectorbuilder.ResourceSyncerV2
	for _, t := range p.types {
		syncers = append(syncers, &playingSyncer{p.folder, t})
	}
	return syncers
}

type playingSyncer struct {
	folder       folder
	resourceType *v2.ResourceType
}

func (s *playingSyncer) ResourceType(context.Context) *v2.ResourceType { return s.resourceType }

func (s *playingSyncer) List(_ context.Context, _ *v2.ResourceId, opts rs.SyncOpAttrs) ([]*v2.Resource, *rs.SyncOpResults, error) {
	var page v2.ResourcesServiceListResourcesResponse
	err := read(s.folder.file("list", s.resourceType.GetId(), opts.PageToken.Token), &page)
	return page.GetList(), &rs.SyncOpResults{NextPageToken: page.GetNextPageToken(), Annotations: page.GetAnnotations()}, err
}

func (s *playingSyncer) Entitlements(_ context.Context, of *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Entitlement, *rs.SyncOpResults, error) {
	var page v2.EntitlementsServiceListEntitlementsResponse
	err := read(s.folder.file("entitlements", of.GetId().GetResource(), opts.PageToken.Token), &page)
	return page.GetList(), &rs.SyncOpResults{NextPageToken: page.GetNextPageToken(), Annotations: page.GetAnnotations()}, err
}

func (s *playingSyncer) Grants(_ context.Context, of *v2.Resource, opts rs.SyncOpAttrs) ([]*v2.Grant, *rs.SyncOpResults, error) {
	var page v2.GrantsServiceListGrantsResponse
	err := read(s.folder.file("grants", of.GetId().GetResource(), opts.PageToken.Token), &page)
	return page.GetList(), &rs.SyncOpResults{NextPageToken: page.GetNextPageToken(), Annotations: page.GetAnnotations()}, err
}
