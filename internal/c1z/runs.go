package c1z

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	c1zv3 "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	reader_v2 "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
	formatv3 "github.com/conductorone/baton-sdk/pkg/dotc1z/format/v3"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Run is a sync that a file knows of.
type Run struct {
	ID       string
	Began    time.Time
	Finished bool
}

// Runs tells which syncs a file knows of, which for a file that is missing or
// empty is none. Of Pebble's files it reads the two ends, so that it also sees
// whether one was cut off; SQLite's it has to unpack, into the temporary folder.
func Runs(ctx context.Context, path, temporary string) ([]Run, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	format, err := dotc1z.ReadHeaderFormat(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if format == dotc1z.C1ZFormatV3 {
		runs, err := runsInHeader(f)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		return runs, nil
	}
	return runsInDatabase(ctx, path, temporary)
}

// runsInHeader reads the list in front of the rows of a Pebble file.
func runsInHeader(f *os.File) ([]Run, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	header, err := formatv3.ReadManifestHeader(f)
	if err != nil {
		return nil, err
	}
	if header.GetPayloadEncoding() == c1zv3.PayloadEncoding_PAYLOAD_ENCODING_INDEXED_ZSTD {
		// It stands at the end of the file: without it, rows are missing.
		if _, err := formatv3.ReadIndexedFrameIndex(f); err != nil {
			return nil, err
		}
	}
	var runs []Run
	for _, r := range header.GetSyncRuns() {
		runs = append(runs, Run{ID: r.GetSyncId(), Began: r.GetStartedAt().AsTime(), Finished: r.HasEndedAt()})
	}
	return runs, nil
}

func runsInDatabase(ctx context.Context, path, temporary string) ([]Run, error) {
	f, err := openStore(ctx, path, temporary)
	if err != nil {
		return nil, err
	}
	defer f.close(ctx)
	var runs []Run
	for token := ""; ; {
		page, err := f.ListSyncs(ctx, reader_v2.SyncsReaderServiceListSyncsRequest_builder{PageSize: pageSize, PageToken: token}.Build())
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		for _, r := range page.GetSyncs() {
			runs = append(runs, Run{ID: r.GetId(), Began: local(r.GetStartedAt()), Finished: r.HasEndedAt()})
		}
		if token = page.GetNextPageToken(); token == "" {
			return runs, nil
		}
	}
}

// local is a time of a SQLite file, which baton-sdk writes in local time without
// saying so, and reads as UTC.
func local(t *timestamppb.Timestamp) time.Time {
	read := t.AsTime()
	return time.Date(read.Year(), read.Month(), read.Day(), read.Hour(), read.Minute(), read.Second(), read.Nanosecond(), time.Local)
}
