//go:build linux || darwin

package machine

import (
	"math"
	"syscall"
)

// spaceIn is how many bytes a user who is not root may still write to a folder.
func spaceIn(dir string) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	bytes := float64(stat.Bavail) * float64(stat.Bsize)
	return int64(min(bytes, math.MaxInt64/2)), nil
}
