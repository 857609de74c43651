// Command prettyjson copies one JSON document from stdin to stdout, indented and
// with sorted keys, so that generated files give small diffs.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prettyjson:", err)
		os.Exit(1)
	}
}

func run(r io.Reader, w io.Writer) error {
	decoder := json.NewDecoder(r)
	decoder.UseNumber() // keeps large numbers as they are
	var document any
	if err := decoder.Decode(&document); err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	// Whatever follows would be dropped unseen.
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("reading: something follows the document")
	}

	encoder := json.NewEncoder(w) // sorts the keys of objects
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
