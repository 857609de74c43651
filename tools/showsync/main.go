// Command showsync prints what is in the file of a sync: how much of what, the first
// roles, users and grants, and who can be root on a host. The demos show their result
// with it, since it is made of packages that are compiled for the connector anyway.
// Baton's own command line tool shows more, and takes longer to compile.
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
		_, _ = fmt.Fprintln(os.Stderr, "showsync:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string, out io.Writer) error {
	if len(files) != 1 {
		return errors.New("usage: showsync FILE")
	}
	content, err := c1z.Read(ctx, files[0])
	if err != nil {
		return err
	}
	return show(out, content)
}

// show prints all tables, and what roles reach if that was synced.
func show(out io.Writer, content *c1z.Content) error {
	for _, t := range []table{statistics(content), roles(content), users(content), grants(content)} {
		if err := t.print(out); err != nil {
			return err
		}
	}
	return reachOf(content).show(out)
}
