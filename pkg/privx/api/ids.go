package api

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
)

// SameID tells whether two of PrivX's ids are the same. They are UUIDs, so case does not
// matter.
func SameID(a, b string) bool { return CanonicalID(a) == CanonicalID(b) }

// CanonicalID is the form that an id has in common with all ids that are the same.
func CanonicalID(id string) string { return strings.ToLower(id) }

// IDs is a set of ids, in which case does not matter. It holds a hash of each id. With what
// the map adds, a hash takes at most 23 bytes, so that a large tenant's ids fit into
// memory. The zero value is an empty set. It is not safe for concurrent use.
//
// Two ids with the same hash would count as one. Among a million ids there are two such with
// a probability of 1 to 40 million, and in the next process they would be other ones.
type IDs struct{ hashes map[idHash]struct{} }

// idHash is made of bytes. With a uint64 as its key, a map's slot would be twice as large,
// because the empty value behind the key would be aligned like the key.
type idHash [8]byte

var idSeed = maphash.MakeSeed()

func hashID(id string) idHash {
	var hash idHash
	binary.NativeEndian.PutUint64(hash[:], maphash.String(idSeed, CanonicalID(id)))
	return hash
}

// Add puts an id into the set and tells whether it is new.
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

// Len is how many ids are in the set.
func (s *IDs) Len() int { return len(s.hashes) }
