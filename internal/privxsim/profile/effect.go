package profile

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/conductorone/baton-privx/internal/privxsim"
)

// effect is what makes a simulator behave as a side says.
type effect struct {
	options func(*privxsim.Options)
	faults  []privxsim.Fault
	alter   func(*privxsim.Store) alteration
	store   func(*privxsim.Store)
	// none says why nothing does.
	none string
}

// sides are the effects by the letter of the side. What is assumed, a, needs none.
type sides map[string]effect

// alteration changes a true answer.
type alteration func(privxsim.Request, *privxsim.Answer)

// The ways to make an effect.

func option(set func(*privxsim.Options)) effect { return effect{options: set} }

func fault(faults ...privxsim.Fault) effect { return effect{faults: faults} }

func store(change func(*privxsim.Store)) effect { return effect{store: change} }

func none(why string) effect { return effect{none: why} }

func alter(change alteration) effect {
	return alterBy(func(*privxsim.Store) alteration { return change })
}

// alterBy is for an alteration that depends on the store.
func alterBy(change func(*privxsim.Store) alteration) effect { return effect{alter: change} }

// Paths of requests, as patterns.
const (
	searchPath    = "/role-store/api/v1/users/search"
	userPath      = "/role-store/api/v1/users/*"
	currentPath   = "/role-store/api/v1/users/current"
	userRolesPath = "/role-store/api/v1/users/*/roles"
	rolesPath     = "/role-store/api/v1/roles"
	rolePath      = "/role-store/api/v1/roles/*"
	membersPath   = "/role-store/api/v1/roles/*/members"
	sourcesPath   = "/role-store/api/v1/sources"
	statusPath    = "/role-store/api/v1/status"
	publicPath    = "/auth/api/v1/oauth/clientcredentials/*/token"
	logoutPath    = "/auth/api/v1/logout"

	hostSearchPath = "/host-store/api/v1/hosts/search"
	slashPath      = "/vault/api/v1/metadata/secrets/*%2F*" // of a secret with a slash in its name
)

// roleStorePaths are the endpoints of the role store but for its status.
var roleStorePaths = []string{searchPath, userPath, userRolesPath, rolesPath, rolePath, membersPath, sourcesPath}

// at alters the answers to requests of one method and path; "" is any method.
func at(method, pattern string, change alteration) alteration {
	return func(rq privxsim.Request, a *privxsim.Answer) {
		if rq.Matches(method, pattern) {
			change(rq, a)
		}
	}
}

// failing alters the answers with a status.
func failing(status int, change alteration) alteration {
	return func(rq privxsim.Request, a *privxsim.Answer) {
		if a.Status == status {
			change(rq, a)
		}
	}
}

// each alters every n-th of the answers.
func each(n int64, change alteration) alteration {
	var answers atomic.Int64
	return func(rq privxsim.Request, a *privxsim.Answer) {
		if answers.Add(1)%n == 0 {
			change(rq, a)
		}
	}
}

// answer answers otherwise.
func answer(status int, mediaType, body string) alteration {
	return func(_ privxsim.Request, a *privxsim.Answer) {
		a.Status, a.Body, a.Header = status, []byte(body), http.Header{"Content-Type": {mediaType}}
	}
}

const (
	typeJSON = "application/json"
	typeHTML = "text/html; charset=utf-8"
	page     = "<!DOCTYPE html><html><head><title>nginx</title></head><body><h1>Not here</h1></body></html>\n"
)

// object are the fields of a JSON object.
type object = map[string]json.RawMessage

// fields alters the fields of answers that are a JSON object.
func fields(change func(object)) alteration {
	return func(_ privxsim.Request, a *privxsim.Answer) {
		var fields object
		if json.Unmarshal(a.Body, &fields) == nil && fields != nil {
			change(fields)
			a.Body = encode(fields)
		}
	}
}

// rows alters the rows of answers that are a list.
func rows(change func([]object) []object) alteration {
	return fields(func(list object) {
		var items []object
		if list["items"] == nil || json.Unmarshal(list["items"], &items) != nil {
			return
		}
		list["items"] = encode(change(items))
	})
}

// row alters each row of a list.
func row(change func(object)) alteration {
	return rows(func(items []object) []object {
		for _, item := range items {
			change(item)
		}
		return items
	})
}

// countRows makes a list that counts at all count the rows that it shows.
func countRows(_ privxsim.Request, a *privxsim.Answer) {
	fields(func(list object) {
		var items []json.RawMessage
		if list["count"] != nil && json.Unmarshal(list["items"], &items) == nil {
			list["count"] = encode(len(items))
		}
	})(privxsim.Request{}, a)
}

// all makes several alterations.
func all(changes ...alteration) alteration {
	return func(rq privxsim.Request, a *privxsim.Answer) {
		for _, change := range changes {
			change(rq, a)
		}
	}
}

// encode encodes what was decoded from JSON, or made to be encoded.
func encode(v any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("profile: " + err.Error())
	}
	return bytes.TrimSpace(text.Bytes())
}

// text is a field that is a text; "" if it is none.
func text(o object, name string) string {
	var value string
	_ = json.Unmarshal(o[name], &value)
	return value
}

// isTrue tells whether a field is true.
func isTrue(o object, name string) bool { return string(o[name]) == "true" }

// isPage tells whether an answer is a page.
func isPage(a *privxsim.Answer) bool {
	return strings.HasPrefix(a.Header.Get("Content-Type"), "text/html")
}

// allButLast are all rows but the last one of several.
func allButLast(items []object) []object {
	if len(items) < 2 {
		return items
	}
	return slices.Delete(items, len(items)-1, len(items))
}

// nullIfEmpty writes an empty list as null.
func nullIfEmpty(items []object) []object {
	if len(items) == 0 {
		return nil
	}
	return items
}

// aSecondNode makes the simulator a cluster, if it is none yet, and changes its second
// node.
func aSecondNode(change func(*privxsim.Node)) effect {
	return option(func(o *privxsim.Options) {
		for len(o.Nodes) < 2 {
			o.Nodes = append(o.Nodes, privxsim.Node{})
		}
		change(&o.Nodes[1])
	})
}
