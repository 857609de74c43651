// Package machine has the checks of what else a sync needs: ConductorOne, and this machine.
package machine

import (
	"context"
	"io/fs"
	"os"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
)

// Layers are the layers of this package, in their order.
func Layers() []doctor.Layer {
	return layersOf(host{files: os.DirFS("/"), space: spaceIn, goLimit: os.Getenv("GOMEMLIMIT")})
}

func layersOf(h host) []doctor.Layer {
	return []doctor.Layer{
		{Name: "ConductorOne", Checks: []doctor.Check{credentialsGiven, reachable, tokenGiven}},
		{Name: "This machine", Checks: []doctor.Check{writable, h.spaceEnough(), h.memoryEnough()}},
	}
}

// host is the machine as far as its checks ask about it.
type host struct {
	// files are all files, of which /proc and /sys tell of memory.
	files fs.FS
	// space is how many bytes are free for files in a folder.
	space func(dir string) (int64, error)
	// goLimit is GOMEMLIMIT.
	goLimit string
}

// tempDir is where a sync keeps its files.
func tempDir(v *doctor.Visit) string {
	if v.Given.TempDir != "" {
		return v.Given.TempDir
	}
	return os.TempDir()
}

var writable = doctor.Check{
	ID:      "PX-HOST-01",
	Promise: "the temporary folder can be written to",
	How:     "A small file is written there and removed.",
	Ways: []doctor.Way{{
		Name: "not-writable", Outcome: doctor.Failed,
		When:    "There is no temporary folder, or no file can be written to it.",
		Matters: "A sync fails. It keeps its file there until the file is complete.",
		Do:      "Make the folder, or let the connector's user write to it. Or set TMPDIR to another folder. In Kubernetes, mount an emptyDir there.",
	}},
	Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
		dir := tempDir(v)
		if err := writeTo(dir); err != nil {
			return doctor.Finding{Way: "not-writable", Found: dir, Wanted: "a folder to write to", Cause: err.Error()}
		}
		return doctor.Pass(dir, "")
	},
}

// writeTo writes a small file to a folder, and removes it.
func writeTo(dir string) error {
	file, err := os.CreateTemp(dir, "baton-privx-doctor-*")
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, 4096))
	if e := file.Close(); err == nil {
		err = e
	}
	if e := os.Remove(file.Name()); err == nil {
		err = e
	}
	return err
}

// The ways in which the checks of space and memory end.
const (
	wayNotKnown   = "not-known"
	wayNoForecast = "no-forecast"
	wayTooLittle  = "too-little"
	wayTight      = "tight"
)

// margin is how much more than the forecast there should be: a quarter.
const margin = 1.25

// hold holds what there is against the forecast and the least that a sync can do with.
func hold(there, forecast, least int64) string {
	switch {
	case forecast <= 0:
		return wayNoForecast
	case there < least:
		return wayTooLittle
	case float64(there) < margin*float64(forecast):
		return wayTight
	default:
		return ""
	}
}

var noForecast = doctor.Way{Name: wayNoForecast, Outcome: doctor.Skipped, When: "There is no forecast, because it is not known how much there is to sync."}

func (h host) spaceEnough() doctor.Check {
	return doctor.Check{
		ID:      "PX-HOST-02",
		Promise: "the temporary folder has space for a sync",
		How:     "The free space is compared with the forecast and a quarter more. It is also compared with the least that a sync of this size needs.",
		Needs:   []string{tenant.Fits},
		Ways: []doctor.Way{
			noForecast,
			{Name: wayNotKnown, Outcome: doctor.Skipped, When: "This system does not say how much space is free."},
			{
				Name: wayTooLittle, Outcome: doctor.Failed,
				When:    "There is less space than smaller syncs were measured to need.",
				Matters: "A sync fails when the space runs out.",
				Do:      "Free some space, or set TMPDIR to a folder that has more. In Kubernetes, raise the sizeLimit of the emptyDir.",
			},
			{
				Name: wayTight, Outcome: doctor.Warning,
				When:    "There is less space than the forecast and a quarter more.",
				Matters: "A sync fails if the space runs out. It may just be enough.",
				Do:      "Free some space, or set TMPDIR to a folder that has more. In Kubernetes, raise the sizeLimit of the emptyDir.",
			},
		},
		Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
			free, err := h.space(tempDir(v))
			if err != nil {
				return doctor.Finding{Way: wayNotKnown, Found: "not known", Cause: err.Error()}
			}
			return doctor.Finding{
				Way:   hold(free, v.Disk, tenant.LeastDisk(v)),
				Found: megabytes(free) + " free in " + tempDir(v), Wanted: wanted(v.Disk),
			}
		},
	}
}

func wanted(forecast int64) string {
	if forecast <= 0 {
		return ""
	}
	return megabytes(int64(margin*float64(forecast))) + ", the forecast and a quarter more"
}
