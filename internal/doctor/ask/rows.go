package ask

import (
	"bytes"
	"encoding/json"
	"errors"
)

// MaxRows is how many rows of an answer are read at most. No more than some 1,000 are ever
// asked for, and a PrivX that shows more is read as the connector reads it. But an answer of
// 16 MiB may have millions, which would take the memory of this machine.
const MaxRows = 100_000

// Rows is a part of a list as PrivX shows it.
type Rows struct {
	*Answer

	// Count is what the answer counts; nil if it does not.
	Count *int
	// Items are the rows; nil if the list is null or is not there.
	Items []json.RawMessage
	// IDs are the rows' ids, "" for a row without one.
	IDs []string
}

// RowsOf reads an answer that is a list, once. Err is set if it is none. The rows must not be
// changed.
func RowsOf(answer *Answer) *Rows {
	if answer.rows == nil {
		answer.rows = readRows(answer)
	}
	return answer.rows
}

func readRows(answer *Answer) *Rows {
	rows := &Rows{Answer: answer}
	if !answer.Good() {
		return rows
	}
	var list struct {
		Count *int  `json:"count"`
		Items items `json:"items"`
	}
	if err := json.Unmarshal(answer.Body, &list); err != nil {
		given := *answer
		given.Err = errors.New("the answer is not a list in JSON")
		if errors.Is(err, errTooMany) {
			given.Err = errTooMany
		}
		rows.Answer = &given
		return rows
	}
	rows.Count, rows.Items = list.Count, list.Items
	for _, item := range list.Items {
		var row struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(item, &row) // A row without a usable id has none.
		rows.IDs = append(rows.IDs, row.ID)
	}
	return rows
}

// CountOf is how many rows an answer says that the list has; 0 if it does not say.
func CountOf(rows *Rows) int {
	if rows.Count == nil {
		return 0
	}
	return max(*rows.Count, 0)
}

// items are the rows of a list, of which MaxRows are read.
type items []json.RawMessage

func (i *items) UnmarshalJSON(text []byte) error {
	*i = nil
	if isNull(text) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if first, err := decoder.Token(); err != nil || first != json.Delim('[') {
		return errors.New("the items are not a list")
	}
	for *i = (items{}); decoder.More(); {
		if len(*i) == MaxRows {
			return errTooMany
		}
		var item json.RawMessage
		if err := decoder.Decode(&item); err != nil {
			return err
		}
		*i = append(*i, item)
	}
	return nil
}

func isNull(text []byte) bool { return string(bytes.TrimSpace(text)) == "null" }

// rowWeight is what a row takes in memory besides its text, in bytes.
const rowWeight = 64

// weight is how much an answer and its rows take in memory, in bytes.
func weight(answer *Answer) int { return 2*len(answer.Body) + rowWeight*len(RowsOf(answer).Items) }

// maxFields is how many fields are read of an answer. No record of PrivX's has a hundred.
const maxFields = 1000

// Object are the fields of the answer; nil if it is no JSON object, or has too many to be
// one of PrivX's.
func (a *Answer) Object() map[string]json.RawMessage {
	if !isObject(a.Body) {
		return nil
	}
	fields := make(map[string]json.RawMessage)
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	_, _ = decoder.Token() // The text was valid, and so it is to its end.
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if decoder.Decode(&value) != nil || len(fields) == maxFields {
			return nil
		}
		fields[name] = value
	}
	return fields
}

// isObject tells whether a text is a JSON object.
func isObject(text []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) && json.Valid(text)
}
