package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"
)

// write makes a profile whose samples have the given values of the type, and one
// second of something else besides. A stack is the names of functions, the innermost
// first; those with a comma between them are inlined into the last.
func write(t *testing.T, sampleType string, samples map[string]int64) string {
	t.Helper()
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "other", Unit: "seconds"}, {Type: sampleType, Unit: "count"}}}
	for stack, value := range samples {
		sample := &profile.Sample{Value: []int64{1, value}}
		for place := range strings.FieldsSeq(stack) {
			location := &profile.Location{ID: uint64(len(p.Location) + 1)}
			for name := range strings.SplitSeq(place, ",") {
				function := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name}
				p.Function = append(p.Function, function)
				location.Line = append(location.Line, profile.Line{Function: function})
			}
			p.Location = append(p.Location, location)
			sample.Location = append(sample.Location, location)
		}
		p.Sample = append(p.Sample, sample)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "profile"))
	require.NoError(t, err)
	require.NoError(t, p.Write(file))
	require.NoError(t, file.Close())
	return file.Name()
}

func TestInnermostKnownFunctionHasTheSample(t *testing.T) {
	t.Parallel()
	const ours = "github.com/conductorone/baton-privx/pkg/privx.readPage[go.shape.struct]"
	cpu := write(t, "cpu", map[string]int64{
		"runtime.mallocgc reflect.New encoding/json.Unmarshal " + ours: 50,
		"strings.ToLower " + ours + " google.golang.org/grpc.Serve":    20,
		"runtime.memmove,bytes.Clone crypto/tls.(*Conn).Read":          10,
		"runtime.gcBgMarkWorker":                                       10,
		"runtime.mapassign github.com/conductorone/baton-sdk/pkg/x.F":  10,
	})
	allocs := write(t, "alloc_space", map[string]int64{"google.golang.org/protobuf/proto.Marshal": 3, "hash/crc32.New": 1})
	var out strings.Builder
	require.NoError(t, run([]string{cpu, allocs}, &out))
	require.Equal(t, `| Go by itself: garbage collection, scheduling | 10.0 % | 0.0 % |
| HTTP and network | 10.0 % | 0.0 % |
| JSON | 50.0 % | 0.0 % |
| TLS | 0.0 % | 25.0 % |
| baton-sdk | 10.0 % | 0.0 % |
| gRPC | 0.0 % | 0.0 % |
| protobuf | 0.0 % | 75.0 % |
| this connector | 20.0 % | 0.0 % |
`, out.String())
}

func TestProfilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	cpu := write(t, "cpu", map[string]int64{"runtime.main": 1})
	require.ErrorContains(t, run([]string{cpu}, os.Stderr), "usage")
	require.ErrorContains(t, run([]string{cpu, cpu}, os.Stderr), "alloc_space")
	require.ErrorIs(t, run([]string{filepath.Join(t.TempDir(), "none"), cpu}, os.Stderr), os.ErrNotExist)
	broken := filepath.Join(t.TempDir(), "broken")
	require.NoError(t, os.WriteFile(broken, []byte("no profile"), 0o600))
	require.ErrorContains(t, run([]string{broken, cpu}, os.Stderr), broken)
}
