package core

import (
	"bytes"
	"fmt"
)

// Padding are rows that do not exist, with which lists are made longer. They are
// encoded once, each with a comma before it, and all are of the same length, so
// that some of them are a part of the text.
type Padding struct {
	text    []byte
	rowSize int
}

// NewPadding encodes so many rows, each of so many bytes.
func NewPadding(rows, rowSize int, encode func(n int) []byte) Padding {
	p := Padding{rowSize: rowSize}
	for n := range rows {
		row := encode(n)
		if len(row) != rowSize {
			panic(fmt.Sprintf("privxsim: row %d of a padding has %d bytes, not %d", n, len(row), rowSize))
		}
		p.text = append(append(p.text, ','), row...)
	}
	return p
}

// After returns what makes a list of so many rows one of at least so many.
func (p Padding) After(rows, atLeast int) []byte {
	more := p.text[:max(atLeast-rows, 0)*(1+p.rowSize)]
	if rows == 0 {
		return bytes.TrimPrefix(more, []byte(","))
	}
	return more
}
