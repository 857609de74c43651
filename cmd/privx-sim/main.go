// Command privx-sim serves a simulated PrivX with a made-up tenant, for a demo,
// for trying things by hand and for load. Anyone who reaches it can read its
// credentials in its source: it listens on the loopback interface unless told
// otherwise.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "privx-sim:", err)
		os.Exit(1)
	}
}
