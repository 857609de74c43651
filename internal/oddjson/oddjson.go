// Package oddjson spoils JSON for fuzz tests: what it makes can be parsed, but is
// not what was there. Plain fuzzing of a text hardly ever gets past the parser.
package oddjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// odd are the values that are put in the place of others.
var odd = []string{
	`null`, `true`, `false`, `0`, `-1`, `1.50`, `1e400`, `12345678901234567890`,
	`""`, `" "`, `"x"`, `"\u0000\r\n\u2028"`, `"\ufffd\u202e日本語 😀"`, `"` + strings.Repeat("é", 1500) + `"`, `"` + strings.Repeat("y", 600) + `"`,
	`"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59-23:59"`, `"2026-01-01T00:00:00Z"`, `"TIME_RESTRICTED"`, `"0.0.0.0/0"`,
	`[]`, `{}`, `[null]`, `[[]]`, `{"id":"x","":null}`,
}

// maxEdits bounds how much of a document is spoiled.
const maxEdits = 16

// Kinds is how many ways there are to spoil one place.
var Kinds = len(odd) + 3

// place is a value in a document and how to replace it.
type place struct {
	value  any
	set    func(any)
	remove func()
}

// Spoil makes an edit of a document for each two bytes: which value, and what
// becomes of it. What is not JSON is left alone.
func Spoil(text string, edits []byte) string {
	document, err := parse(text)
	if err != nil {
		return text
	}
	for range min(len(edits)/2, maxEdits) {
		places := appendPlaces(nil, place{document, func(v any) { document = v }, func() { document = nil }})
		places[int(edits[0])%len(places)].spoil(int(edits[1]) % Kinds)
		edits = edits[2:]
	}
	var spoiled bytes.Buffer
	if json.NewEncoder(&spoiled).Encode(document) != nil {
		return text
	}
	return spoiled.String()
}

// parse reads a document, the numbers in their own digits.
func parse(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one document")
	}
	return document, nil
}

func (p place) spoil(kind int) {
	switch kind - len(odd) {
	case 0:
		p.remove()
	case 1:
		p.set([]any{p.value})
	case 2:
		p.set(map[string]any{"items": p.value})
	default:
		// Parsed each time, as a later edit may be of something in it.
		value, _ := parse(odd[kind])
		p.set(value)
	}
}

// appendPlaces adds a place and all below it, in an order that is always the same.
func appendPlaces(places []place, p place) []place {
	places = append(places, p)
	switch v := p.value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			places = appendPlaces(places, place{v[key], func(value any) { v[key] = value }, func() { delete(v, key) }})
		}
	case []any:
		for i := range v {
			places = appendPlaces(places, place{v[i], func(value any) { v[i] = value }, func() { p.set(slices.Delete(slices.Clone(v), i, i+1)) }})
		}
	}
	return places
}
