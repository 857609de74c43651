package core

import (
	"fmt"
	"net/http"
	"strings"
)

// Service is a part of PrivX, with a path, a status and endpoints of its own.
type Service struct {
	// Name is what the paths of the service begin with: /Name/api/v1/.
	Name string
	// Endpoints are what it answers, besides its status. The first that fits a
	// request answers it.
	Endpoints []Endpoint
	// Data is what the service shows: the Copies of its store. A node that lags gets
	// a replica of it. Nil is a service without data, or one whose data all nodes
	// show alike.
	Data Data
	// Error is the error that a Fault answers with, by the path below the service's
	// own and by the status. Nil is StatusError, whose shape all errors but OAuth's
	// have.
	Error func(path string, status int) Answer
}

// Endpoint is one method of one path of a service.
type Endpoint struct {
	Method string
	Path   string   // below the service's own; a segment {id} stands for any UUID, and {name} for any text
	Open   bool     // needs no token
	AnyOf  []string // needs one of these permissions, if there are any
	Writes bool     // is refused while read-only
	Shows  Shows
	Handle func(*Call) Answer
}

// Shows says what an endpoint shows, which a node that was just started may not
// have.
type Shows int

// What an endpoint shows.
const (
	ShowsOther Shows = iota
	ShowsList
	ShowsArray // a list that is nothing but its rows
	ShowsObject
)

// root is what the paths of the service begin with.
func (s Service) root() string { return "/" + s.Name + "/api/v1/" }

// routes returns the service's endpoints with their whole paths, its status
// among them.
func (s Service) routes() []route {
	var routes []route
	for _, e := range s.Endpoints {
		routes = append(routes, newRoute(s.root(), e))
	}
	return append(routes, newRoute(s.root(), Endpoint{Method: http.MethodGet, Path: "status", Open: true, Handle: status}))
}

// status shows how a service of PrivX is, to anyone. While the simulator is
// read-only it says so. Guess (PXQ-037): the place where it does is inferred from its name.
func status(c *Call) Answer {
	return JSON(http.StatusOK, fmt.Appendf(nil, `{"variant":"server","version":"44.0-1 (simulator)","api_version":"v1",`+
		`"status":"RUNNING","status_message":"","app_id":"simulator","server-mode":"normal","status_details":[],`+
		`"start_time":"2024-07-08T17:00:00Z","zdu":{"phase":"idle","ready":false,"details":{"api":{`+
		`"policy_name":"restricted_api_off","restricting":%t},"migration":{"phase":"idle"}}},"x_future_status":{}}`, c.sim.isReadOnly()))
}

// errorAnswer returns the error of a status in the shape of the service that a
// path belongs to.
func (s *Simulator) errorAnswer(path string, status int) Answer {
	for _, service := range s.services {
		if below, ok := strings.CutPrefix(path, service.root()); ok && service.Error != nil {
			return service.Error(below, status)
		}
	}
	return StatusError(status)
}
