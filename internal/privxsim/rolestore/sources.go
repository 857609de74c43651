package rolestore

import (
	"github.com/conductorone/baton-privx/internal/privxsim/core"
)

// listSources shows all directories: there is no paging.
func (s *service) listSources(c *core.Call) core.Answer {
	view := s.view(c)
	defer view.mu.Unlock()
	return core.List(c, view.sourceRecords, func(dst []byte, source *sourceRecord) []byte { return append(dst, source.wire...) })
}
