// Command compare counts the rows of a sync's file; of several files, it fails
// unless all have the same rows as the first.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/conductorone/baton-privx/internal/c1z"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string, out io.Writer) error {
	if len(files) == 0 {
		return errors.New("usage: compare FILE [FILE]")
	}
	others := files[1:]
	if len(others) == 0 {
		others = files
	}
	var counts c1z.Counts
	for _, other := range others {
		var err error
		if counts, err = c1z.Compare(ctx, files[0], other); err != nil {
			return err
		}
	}
	// The same words as privx-sim has for what it simulates.
	_, err := fmt.Fprintf(out, "%d users, %d roles, %d memberships\n", counts.Users, counts.Roles, counts.Grants)
	return err
}
