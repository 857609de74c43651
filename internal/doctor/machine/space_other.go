//go:build !linux && !darwin

package machine

import "errors"

// spaceIn is not known here.
func spaceIn(string) (int64, error) { return 0, errors.New("this system is not asked") }
