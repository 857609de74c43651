package rolestore

import (
	"slices"
)

// AddSource adds a directory and returns it with what was filled in.
func (s *Store) AddSource(source Source) Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	if source.ID == "" {
		source.ID = s.ids.Next()
	}
	s.putSource(source)
	return source
}

// SetSourceEnabled switches a directory on or off.
func (s *Store) SetSourceEnabled(id string, enabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if record := s.sources[id]; record != nil {
		source := record.Source
		source.Enabled = enabled
		s.putSource(source)
	}
}

func (s *Store) putSource(source Source) {
	record := s.sources[source.ID]
	if record == nil {
		record = &sourceRecord{}
		s.sources[source.ID] = record
		s.sourceRecords = append(s.sourceRecords, record)
	}
	record.Source = source
	record.wire = encodeSource(source)
	s.sourceChanged(source.ID)
}

// RemoveSource removes a directory. Its users stay, with a source that leads
// nowhere. Guess (PXQ-062): PrivX does not remove them.
func (s *Store) RemoveSource(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeSource(id)
}

func (s *Store) removeSource(id string) {
	record := s.sources[id]
	s.sourceRecords = slices.DeleteFunc(s.sourceRecords, func(r *sourceRecord) bool { return r == record })
	delete(s.sources, id)
	s.sourceChanged(id)
}

// Sources returns all directories in order of addition.
func (s *Store) Sources() []Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	sources := make([]Source, 0, len(s.sourceRecords))
	for _, record := range s.sourceRecords {
		sources = append(sources, record.Source)
	}
	return sources
}
