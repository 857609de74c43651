package tenant

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/conductorone/baton-privx/pkg/privx"
)

// lowerFirst is for a text in the middle of a sentence. An abbreviation stays as it is.
func lowerFirst(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if text == "" || len(first) > 1 && first == strings.ToUpper(first) {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// many is a number of things, in words.
func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// inWords is a duration to the precision that matters to a person.
func inWords(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "less than 1 ms"
	case d < time.Second:
		return strconv.Itoa(int(d.Milliseconds())) + " ms"
	case d < 2*time.Minute:
		return many(int(math.Ceil(d.Seconds())), "second", "seconds")
	case d < 2*time.Hour:
		return strconv.Itoa(int(math.Ceil(d.Minutes()))) + " minutes"
	default:
		return strconv.Itoa(int(math.Ceil(d.Hours()))) + " hours"
	}
}

// megabytes is a number of bytes in words, rounded up.
func megabytes(bytes int64) string {
	const mega = 1_000_000
	return fmt.Sprintf("%d MB", (bytes+mega-1)/mega)
}

// plain are the names of permissions that need no quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,60}$`)

// maxNames is how many permissions are named.
const maxNames = 12

// names lists names of permissions. PrivX's own are plain; any other is quoted, so that it
// cannot do harm to a terminal.
func names(permissions []string) string {
	var shown []string
	for i, name := range permissions {
		if i == maxNames {
			shown = append(shown, strconv.Itoa(len(permissions)-i)+" more")
			break
		}
		if !plain.MatchString(name) {
			name = strconv.QuoteToASCII(privx.CutText(name, 60))
		}
		shown = append(shown, name)
	}
	return strings.Join(shown, ", ")
}
