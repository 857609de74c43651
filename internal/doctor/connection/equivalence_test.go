package connection_test

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// failedOf are the ids of the checks that failed, sorted.
func failedOf(results map[string]doctor.Result) []string {
	var failed []string
	for id, result := range results {
		if result.Outcome == doctor.Failed {
			failed = append(failed, id)
		}
	}
	slices.Sort(failed)
	return failed
}
