package connection

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
)

// maxApart is how far the clocks may be apart without a warning.
const maxApart = 30 * time.Second

var clocksAgree = doctor.Check{
	ID:      "PX-CLOCK-01",
	Promise: "PrivX's clock and this machine's are at most 30 seconds apart",
	How: howContact + "the Date header of the answer, and at this machine's clock when the request was sent and when the answer began. " +
		"The Date header has whole seconds only, which is taken into account.",
	Needs: reached,
	Ways: []doctor.Way{
		{
			Name: "apart", Outcome: doctor.Warning,
			When: "The clocks are more than 30 seconds apart.",
			Matters: "Certificates and tokens are valid by the clock. A node of PrivX whose clock is behind refuses tokens that another node has just issued. " +
				"Where a grant begins or ends at a time, the connector goes by PrivX's clock.",
			Do: "Let this machine and all nodes of PrivX get the time from the same NTP servers.",
		},
		{
			Name: "no-date", Outcome: doctor.Warning,
			When: "The answer has no Date header.",
			Matters: "PrivX's clock is not known. Where a grant begins or ends at a time, the connector goes by its own clock. " +
				"With grant-max-hours it makes no grant, because a grant could end too late by the wrong clock. Syncs work.",
			Do: "Let the load balancer or proxy in front of PrivX pass on the Date header.",
		},
		{
			Name: "slow", Outcome: doctor.Skipped,
			When: "The answer took so long to begin that it does not tell PrivX's time precisely enough.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Skipped,
			When: "The role store's status was not answered (see PX-PRIVX-01).",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		c := contact(ctx, v)
		const wanted = "30 seconds at most"
		if c.Answer.Status == 0 {
			return doctor.Finding{Way: wayNoAnswer, Cause: cause(c)}
		}
		date, err := http.ParseTime(c.Answer.Header.Get("Date"))
		if err != nil {
			return doctor.Finding{Way: "no-date", Found: noDate(v), Wanted: "a Date header"}
		}
		// PrivX's clock showed a time within that second at some time in between.
		least, most := date.Sub(c.Began), date.Add(time.Second).Sub(c.Sent)
		switch {
		case least > maxApart:
			return doctor.Finding{Way: "apart", Found: fmt.Sprintf("PrivX's clock is ahead by %s", least.Round(time.Second)), Wanted: wanted}
		case most < -maxApart:
			return doctor.Finding{Way: "apart", Found: fmt.Sprintf("PrivX's clock is behind by %s", (-most).Round(time.Second)), Wanted: wanted}
		case max(most, -least) > maxApart:
			return doctor.Finding{Way: "slow", Found: fmt.Sprintf("the answer took %s to begin", rounded(c.Began.Sub(c.Sent))), Wanted: wanted}
		}
		return doctor.Pass(fmt.Sprintf("%s apart at most", max(most, -least).Round(100*time.Millisecond)), wanted)
	},
}

// noDate says that there is no Date, and what that costs with these settings.
func noDate(v *doctor.Visit) string {
	if hours := v.Given.Config.GrantMaxHours; hours > 0 {
		return fmt.Sprintf("no Date header; grant-max-hours is %d, so that no grants are made", hours)
	}
	return "no Date header"
}
