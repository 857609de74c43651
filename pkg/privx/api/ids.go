package api

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
)

// SameID compares ids of PrivX's as what they are: UUIDs, of which case is no part.
func SameID(a, b string) bool { return CanonicalID(a) == CanonicalID(b) }

// CanonicalID is the form of an id that all that are the same have in common.
func CanonicalID(id string) string { return strings.ToLower(id) }

// IDs is a set of ids, case being no part of them. It holds a hash of each, which takes
// 23 bytes at most with what a map adds to it: a large tenant's fit into memory. Its
// zero value is empty. It is not safe for concurrent use.
//
// Two ids with the same hash would count as one. Among a million there are such with a
// probability of 1 to 40 million, and in the next process other ones.
type IDs struct{ hashes map[idHash]struct{} }

// idHash is made of bytes: a map's place for a uint64 would be twice as large, as what
// is behind it, though nothing, would be aligned as it is.
type idHash [8]byte

var idSeed = maphash.MakeSeed()

func hashID(id string) idHash {
	var hash idHash
	binary.NativeEndian.PutUint64(hash[:], maphash.String(idSeed, CanonicalID(id)))
	return hash
}

// Add puts an id into the set and tells whether it is a new one.
func (s *IDs) Add(id string) bool { return s.add(hashID(id)) }

func (s *IDs) add(hash idHash) bool {
	if _, found := s.hashes[hash]; found {
		return false
	}
	if s.hashes == nil {
		s.hashes = make(map[idHash]struct{})
	}
	s.hashes[hash] = struct{}{}
	return true
}

// Has tells whether an id is in the set.
func (s *IDs) Has(id string) bool {
	_, found := s.hashes[hashID(id)]
	return found
}

// Len is how many ids there are.
func (s *IDs) Len() int { return len(s.hashes) }
