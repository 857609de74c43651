// Command release makes what a release has besides the programs: the man page, and
// for each platform an archive and the list of the modules in it (an SBOM). What it
// writes depends on its input alone, not on where and when it runs.
//
//	release man BINARY VERSION DATE >baton-privx.1
//	release archive BINARY VERSION UNIXTIME TARGET FILE... >SBOM
//
// TARGET is the archive to make, .tar.gz or .zip. Each FILE is a path, with
// =NAME if it has another one in the archive.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, w io.Writer) error {
	switch {
	case len(args) == 4 && args[0] == "man":
		return man(ctx, args[1], args[2], args[3], w)
	case len(args) > 5 && args[0] == "archive":
		seconds, err := strconv.ParseInt(args[3], 10, 64)
		if err != nil {
			return err
		}
		when := time.Unix(seconds, 0).UTC()
		if err := archive(args[4], when, args[5:]); err != nil {
			return err
		}
		return sbom(args[1], args[2], when, w)
	default:
		return errors.New("used wrongly: see its source")
	}
}
