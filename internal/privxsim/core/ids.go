package core

import (
	"crypto/sha256"
	"fmt"
)

// IDs makes the ids of a store.
type IDs struct {
	installation string
	made         int
}

// NewIDs returns what makes the ids of a store. They differ from those of a store
// of another installation, as they differ between installations of PrivX.
func NewIDs(installation string) IDs { return IDs{installation: installation} }

// Next makes an id: a UUID that depends on nothing but the installation and how
// many ids it has made.
func (i *IDs) Next() string {
	i.made++
	sum := sha256.Sum256(fmt.Appendf(nil, "privx-%s/%d", i.installation, i.made))
	sum[6] = sum[6]&0x0f | 0x40 // version 4
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// NextOuter makes an id that comes behind all others, in the order in which a
// window shows them, where rows are equal by the sort key.
func (i *IDs) NextOuter(w Window) string {
	i.made++
	if w.descending {
		return fmt.Sprintf("00000000-0000-4000-8000-%012x", 1<<48-i.made)
	}
	return fmt.Sprintf("ffffffff-ffff-4fff-bfff-%012x", i.made)
}
