package privxsim

import (
	"fmt"
	"net/http"
)

// listSources shows all directories: there is no paging.
func (s *Simulator) listSources(c *call) answer {
	view := c.node.view()
	defer view.mu.Unlock()
	n := len(view.sourceRecords)
	l := s.newList(c, n, n)
	for _, source := range view.sourceRecords {
		l.body = append(l.item(), source.wire...)
	}
	return l.answer()
}

// status shows how a service of PrivX is, to anyone. While the simulator is
// read-only it says so, in a place that is an inference from its name.
func (s *Simulator) status(*call) answer {
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"variant":"server","version":"44.0-1 (simulator)","api_version":"v1",`+
		`"status":"RUNNING","status_message":"","app_id":"simulator","server-mode":"normal","status_details":[],`+
		`"start_time":"2024-07-08T17:00:00Z","zdu":{"phase":"idle","ready":false,"details":{"api":{`+
		`"policy_name":"restricted_api_off","restricting":%t},"migration":{"phase":"idle"}}},%s}`, s.isReadOnly(), unknownInStatus))
}
