package reach

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Bounds on a name in an id or a slug, in bytes. baton-sdk takes ids of up to 1024 bytes.
const (
	maxName = 300
	// keptName is how much is left of a longer name. A hash of the whole name follows.
	keptName = 200
)

// escaped is a name as it stands in ids and slugs: percent-encoded outside of
// [A-Za-z0-9._-]. A name that would be too long ends in a ~, which no other name has, and a
// hash of the whole name. That is for ever: ids are a stable API.
func escaped(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._-", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() <= maxName {
		return b.String()
	}
	hash := sha256.Sum256([]byte(name))
	return b.String()[:keptName] + "~" + hex.EncodeToString(hash[:])
}

// caseSafe is an id in which letters of either case differ also where case does not matter.
func caseSafe(id string) string { return hex.EncodeToString([]byte(id)) }
