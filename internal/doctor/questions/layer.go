// Package questions asks a running PrivX the questions of the register that can be asked by
// reading: see internal/assumptions.
package questions

import (
	"slices"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// Layer is the layer of questions, one check for each, in the order of the register.
func Layer() doctor.Layer {
	return doctor.Layer{Name: "What this PrivX does", Checks: slices.Concat(
		listQuestions(),
		memberQuestions(),
		userRoleQuestions(),
		writeQuestions(),
		tokenQuestions(),
		selfQuestions(),
		errorQuestions(),
		directoryQuestions(),
		nodeQuestions(),
		targetQuestions(),
	)}
}
