package c1sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/conductorone/baton-sdk/pb/c1/connectorapi/baton/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Upload is a file that was uploaded in full and whose checksum was right.
type Upload struct {
	Time   time.Time
	HostID string
	Path   string
	Size   int64
	SHA256 string // in hexadecimal
}

type (
	uploadServer = grpc.ClientStreamingServer[v1.BatonServiceUploadAssetRequest, v1.BatonServiceUploadAssetResponse]
	uploadHead   = v1.BatonServiceUploadAssetRequest_UploadMetadata
)

// UploadAsset is the RPC by which a connector uploads what a task brought: a
// head, the content in pieces, and the checksum. What is not whole is not kept.
func (s service) UploadAsset(stream uploadServer) error {
	head, err := s.receiveHead(stream)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(s.opts.Dir, head.GetTaskId()+".*.partial")
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name()) // which has another name by now if it is kept
	}()
	received := &asset{file: file, hash: sha256.New(), limit: s.opts.MaxUpload}
	if err := received.receive(stream); err != nil {
		return err
	}
	if err := s.keep(head, received); err != nil {
		return err
	}
	return stream.SendAndClose(&v1.BatonServiceUploadAssetResponse{})
}

// receiveHead receives the first message, which says for which task this is.
func (s *Simulator) receiveHead(stream uploadServer) (*uploadHead, error) {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return nil, status.Error(codes.InvalidArgument, "nothing was uploaded")
	}
	if err != nil {
		return nil, err
	}
	head := first.GetMetadata()
	if head == nil {
		return nil, status.Error(codes.InvalidArgument, "the upload does not begin with its metadata")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.held(head.GetTaskId(), head.GetHostId())
	return head, err
}

// asset is the content of an upload on its way to a file.
type asset struct {
	file  *os.File
	hash  hash.Hash
	start []byte // the first bytes
	size  int64
	limit int64
}

// receive receives the content to the end and checks it.
func (a *asset) receive(stream uploadServer) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return status.Error(codes.InvalidArgument, "the upload ends without a checksum")
		}
		if err != nil {
			return err
		}
		if end := m.GetEof(); end != nil {
			return a.finish(stream, end.GetSha256Checksum())
		}
		if m.GetData() == nil {
			return status.Error(codes.InvalidArgument, "the upload begins twice")
		}
		if err := a.write(m.GetData().GetData()); err != nil {
			return err
		}
	}
}

func (a *asset) write(data []byte) error {
	a.size += int64(len(data))
	if a.size > a.limit {
		return status.Errorf(codes.ResourceExhausted, "the upload is larger than %d bytes", a.limit)
	}
	if missing := len(c1zMagic) - len(a.start); missing > 0 {
		a.start = append(a.start, data[:min(missing, len(data))]...)
	}
	_, _ = a.hash.Write(data) // never fails
	if _, err := a.file.Write(data); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func (a *asset) finish(stream uploadServer, checksum []byte) error {
	if !bytes.Equal(a.hash.Sum(nil), checksum) {
		return status.Error(codes.InvalidArgument, "the checksum does not match what was received")
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return status.Error(codes.InvalidArgument, "the upload goes on after its checksum")
	}
	if err := a.file.Close(); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

// c1zMagic is what files with syncs begin with, of either storage engine.
const c1zMagic = "C1Z"

// keep gives an upload its name and adds it to its task.
func (s *Simulator) keep(head *uploadHead, a *asset) error {
	return s.tryChange(func() error {
		t, err := s.held(head.GetTaskId(), head.GetHostId())
		if err != nil {
			return err
		}
		name, extension := t.ID, ".log" // all that a connector uploads beside syncs
		if n := len(t.uploads); n > 0 {
			name += fmt.Sprintf("-%d", n+1)
		}
		if string(a.start) == c1zMagic {
			extension = ".c1z"
		}
		path := filepath.Join(s.opts.Dir, name+extension)
		if err := os.Rename(a.file.Name(), path); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		t.uploads = append(t.uploads, Upload{
			Time: s.opts.Clock(), HostID: head.GetHostId(),
			Path: path, Size: a.size, SHA256: hex.EncodeToString(a.hash.Sum(nil)),
		})
		return nil
	})
}
