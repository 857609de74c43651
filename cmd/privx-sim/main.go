// Command privx-sim serves a simulated PrivX with a made-up tenant, for a demo,
// for trying things by hand and for load. Anyone who reaches it can read its
// credentials in its source: it listens on the loopback interface unless told
// otherwise.
package main

import "github.com/conductorone/baton-privx/internal/simcmd"

// command is its name.
const command = "privx-sim"

func main() { simcmd.Main(command, run) }
