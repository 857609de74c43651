// Package connection has the checks of the way to PrivX: the configuration, the network,
// TLS, the clocks, PrivX's own state, and the login.
//
// Network, TLS and clock are judged by one request (contact.go) that the connector's own
// client sends, so that what fails here fails for the connector, and nothing else does.
package connection

import (
	"strconv"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

// Ids of checks that others need.
const (
	Configured = "PX-CONF-01" // makes the Visit's Client and Ask
	LoggedIn   = "PX-LOGIN-01"

	proxied   = "PX-NET-01"
	named     = "PX-NET-02"
	connected = "PX-NET-03"
	encrypted = "PX-TLS-01"
	trusted   = "PX-TLS-02"
	madeOut   = "PX-TLS-03"
	inTime    = "PX-TLS-04"
	isPrivX   = "PX-PRIVX-01"
)

// reached are the checks after which requests get through to PrivX.
var reached = []string{trusted, madeOut, inTime}

// Layers are the layers of this package, in their order.
func Layers() []doctor.Layer {
	return []doctor.Layer{
		{Name: "Configuration", Checks: []doctor.Check{settingsFit, settingsOrigin, authentication}},
		{Name: "Network", Checks: []doctor.Check{proxyLetsThrough, nameIsKnown, tcpConnects}},
		{Name: "TLS", Checks: []doctor.Check{tlsIsSpoken, certificateIsTrusted, certificateHasName, certificateIsInTime}},
		{Name: "Clock", Checks: []doctor.Check{clocksAgree}},
		{Name: "PrivX", Checks: []doctor.Check{roleStoreAnswers, versionIsKnown, servicesAreWell, noUpgrade}},
		{Name: "Login", Checks: []doctor.Check{tokenIsGiven, selfIsKnown}},
	}
}

// Names of ways that several checks have.
const (
	wayForeign  = "foreign"
	wayNoAnswer = "no-answer"
	wayNotSaid  = "not-said"
	wayRefused  = "refused"
	wayUnknown  = "unknown"
)

// maxShown bounds what is shown of a text that is not this program's own, in bytes.
const maxShown = 200

// shown is a text that came from outside, short, quoted and fit for one line.
func shown(text string) string { return strconv.Quote(api.CutText(text, maxShown)) }
