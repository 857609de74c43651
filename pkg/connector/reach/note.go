package reach

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Note is what a target's row carries for later: the ways to use it, and the user whom it
// belongs to. The entitlements and the grants of the target are made of it, so that nothing
// needs to be kept in memory or asked of PrivX again, and a sync that another process resumes
// has them, too.
type Note struct {
	Owner string `json:"owner,omitempty"`
	Ways  []Way  `json:"ways,omitempty"`
}

// NoteOf makes the note of a target.
func NoteOf(t Target) (string, error) {
	text, err := json.Marshal(Note{Owner: t.Owner, Ways: t.Ways})
	return string(text), err
}

// ReadNote reads a note that NoteOf has made.
func ReadNote(text string) (Note, error) {
	var note Note
	if err := json.Unmarshal([]byte(text), &note); err != nil {
		return Note{}, fmt.Errorf("what the row says of its roles cannot be read: %w", err)
	}
	for _, way := range note.Ways {
		if way.Slug == "" {
			return Note{}, errors.New("the row names a way to use it that has no slug")
		}
	}
	return note, nil
}
