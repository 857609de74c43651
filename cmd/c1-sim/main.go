// Command c1-sim is a stand-in for ConductorOne, for a demo and for trying
// service mode by hand: a real connector gets its tasks from it and uploads its
// syncs to it.
//
// The file that -ready-file names has what the connector needs in its
// environment, and the address of a control endpoint by which a script queues
// tasks and reads their results, C1_SIM_CONTROL:
//
//	curl -sf "$C1_SIM_CONTROL/hello"                                 waits until a connector has said hello
//	curl -sf -X POST "$C1_SIM_CONTROL/tasks/sync"                    syncs
//	curl -sf -X POST "$C1_SIM_CONTROL/tasks/grant?role=ID&user=ID"   makes a user a member of a role
//	curl -sf -X POST "$C1_SIM_CONTROL/tasks/revoke?role=ID&user=ID"  ends that
//	curl -sf "$C1_SIM_CONTROL/grants"                                lists the ids in the latest sync
//
// All there is to the control endpoint is described at its handlers.
package main

import "github.com/conductorone/baton-privx/internal/simcmd"

// command is its name.
const command = "c1-sim"

func main() { simcmd.Main(command, run) }
