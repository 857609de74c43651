package core

import "strconv"

// CountMode says what a list claims in "count".
type CountMode int

// What a list claims in "count".
const (
	CountHonest     CountMode = iota // how many there are in all
	CountOmitted                     // nothing
	CountZero                        // 0
	CountPageLength                  // how many the page has
	CountTooLarge                    // more than there are
)

// claim returns the count that a list claims, as an object member.
func (m CountMode) claim(total, page int) string {
	switch m {
	case CountOmitted:
		return ""
	case CountZero:
		total = 0
	case CountPageLength:
		total = page
	case CountTooLarge:
		total += 1000
	case CountHonest:
	}
	return `"count":` + strconv.Itoa(total)
}
