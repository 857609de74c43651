package machine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/tenant"
)

func (h host) memoryEnough() doctor.Check {
	return doctor.Check{
		ID:      "PX-HOST-03",
		Promise: "there is memory for a sync",
		How: "The memory limit of the container (cgroup version 1 or 2), or the memory of the machine if that is less, is compared with the forecast and a quarter more. " +
			"It is also compared with the least that the connector needs. GOMEMLIMIT is shown if it is set. It is no limit, but makes the connector use less where it can.",
		Needs: []string{tenant.Fits},
		Ways: []doctor.Way{
			noForecast,
			{Name: wayNotKnown, Outcome: doctor.Skipped, When: "This system does not say how much memory there is."},
			{
				Name: wayTooLittle, Outcome: doctor.Failed,
				When:    "There is less memory than one idle process of the connector needs.",
				Matters: "A sync is killed when the memory runs out.",
				Do:      "Raise the memory limit of the container, or use a machine with more memory.",
			},
			{
				Name: wayTight, Outcome: doctor.Warning,
				When:    "There is less memory than the forecast and a quarter more.",
				Matters: "A sync may be killed when the memory runs out. With GOMEMLIMIT, less may be enough.",
				Do:      "Raise the memory limit. Set GOMEMLIMIT to two fifths of it, because each of two processes may use so much.",
			},
		},
		Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
			limit, of, err := memoryLimit(h.files)
			if err != nil {
				return doctor.Finding{Way: wayNotKnown, Found: "not known", Cause: err.Error()}
			}
			found := megabytes(limit) + ", " + of
			if h.goLimit != "" {
				found += ", with GOMEMLIMIT=" + strconv.Quote(h.goLimit)
			}
			return doctor.Finding{Way: hold(limit, v.Memory, tenant.LeastMemory), Found: found, Wanted: wanted(v.Memory)}
		},
	}
}

// memoryLimit is how much memory there is, in bytes, and what says so.
func memoryLimit(files fs.FS) (int64, string, error) {
	limit, err := memTotal(files)
	if err != nil {
		return 0, "", err
	}
	of := "the memory of the machine"
	for _, file := range limitFiles(files) {
		text, err := fs.ReadFile(files, file)
		if err != nil {
			continue // The group may be out of sight, as in a container.
		}
		// "max" is no limit, and so is a number that is larger than the machine's memory.
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < limit {
			limit, of = n, "the limit of the container"
		}
	}
	return limit, of, nil
}

// memTotal is the memory of the machine in bytes.
func memTotal(files fs.FS) (int64, error) {
	text, err := fs.ReadFile(files, "proc/meminfo")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var kib int64
		if n, _ := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &kib); n == 1 && kib > 0 && kib < 1<<50 {
			return kib << 10, nil
		}
	}
	return 0, errors.New("/proc/meminfo has no MemTotal")
}

// limitFiles are the files that may limit the memory of this process: those of its own
// control group, and of all that it is in.
func limitFiles(files fs.FS) []string {
	text, err := fs.ReadFile(files, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var found []string
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		// A line is the hierarchy's number, its controllers, and the path.
		parts := strings.SplitN(lines.Text(), ":", 3)
		switch {
		case len(parts) < 3:
		case parts[0] == "0" && parts[1] == "":
			found = append(found, upwards("sys/fs/cgroup", parts[2], "memory.max")...)
		case strings.Contains(","+parts[1]+",", ",memory,"):
			found = append(found, upwards("sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes")...)
		}
	}
	return found
}

// upwards are the files of a name in a group and in all groups that it is in.
func upwards(root, group, name string) []string {
	var found []string
	for at := path.Join("/", group); ; at = path.Dir(at) {
		found = append(found, path.Join(root, at, name))
		if at == "/" {
			return found
		}
	}
}
