package core

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault from a line of words: a method, a path, and then what
// goes wrong, each of it optional:
//
//	GET /role-store/api/v1/roles/*/members status=503 count=3 retry-after=2
//	* * kind=slow-header delay=5s skip=10
//	POST /role-store/api/v1/users/search kind=html status=504 min-limit=501
//	* * kind=header content-type=
//
// A method or path of * is any. The keys are kind (a name of FaultKind; the
// default is status), status, count, skip, min-limit, delay, row-delay, and the
// headers retry-after, location and content-type, which are left out of the answer if
// their value is empty.
func ParseFault(line string) (Fault, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return Fault{}, fmt.Errorf("fault %q: a method and a path are needed", line)
	}
	f := Fault{Method: anyIfStar(words[0]), Path: anyIfStar(words[1]), Header: http.Header{}}
	if _, err := path.Match(f.Path, ""); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", line, err)
	}
	for _, word := range words[2:] {
		if err := f.set(word); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", line, err)
		}
	}
	return f, nil
}

func anyIfStar(word string) string {
	if word == "*" {
		return ""
	}
	return word
}

// set takes one key=value.
func (f *Fault) set(word string) error {
	key, value, _ := strings.Cut(word, "=")
	var err error
	switch key {
	case "kind":
		f.Kind, err = parseFaultKind(value)
	case "status":
		if f.Status, err = strconv.Atoi(value); err == nil && (f.Status < 200 || f.Status > 999) {
			err = fmt.Errorf("no such status: %d", f.Status)
		}
	case "count":
		f.Count, err = strconv.Atoi(value)
	case "skip":
		f.Skip, err = strconv.Atoi(value)
	case "min-limit":
		f.MinLimit, err = strconv.Atoi(value)
	case "delay":
		f.Delay, err = time.ParseDuration(value)
	case "row-delay":
		f.RowDelay, err = time.ParseDuration(value)
	case "retry-after", "location", "content-type":
		f.setHeader(key, value)
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

// setHeader takes a header of the answer; an empty one is left out of it.
func (f *Fault) setHeader(name, value string) {
	if value == "" {
		f.Header[http.CanonicalHeaderKey(name)] = nil
		return
	}
	f.Header.Set(name, value)
}

func parseFaultKind(name string) (FaultKind, error) {
	var names []string
	for kind, b := range behaviours {
		if b.name == name {
			return kind, nil
		}
		names = append(names, b.name)
	}
	slices.Sort(names)
	return 0, fmt.Errorf("unknown kind %q, not one of %s", name, strings.Join(names, ", "))
}
