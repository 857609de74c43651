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
	Promise: "PrivX's clock and this machine's agree to 30 seconds",
	How: howContact + "the Date of the answer, against the times of this machine at which the request was sent and the answer began. " +
		"The Date has whole seconds, so that the clocks are known to be apart by more than a second at least before it counts.",
	Needs: reached,
	Ways: []doctor.Way{
		{
			Name: "apart", Outcome: doctor.Warning,
			When: "The clocks are more than 30 seconds apart.",
			Matters: "Certificates and tokens hold by the clock. A node of PrivX whose clock is behind refuses tokens that another one has just issued. " +
				"The connector goes by PrivX's clock where a grant has times.",
			Do: "Let this machine and all nodes of PrivX get the time from the same servers (NTP).",
		},
		{
			Name: "no-date", Outcome: doctor.Warning,
			When: "The answer has no Date.",
			Matters: "PrivX's clock is not known. The connector goes by its own where a grant has times, and with grant-max-hours it makes no grant at all, " +
				"because a grant whose end is reckoned by the wrong clock could end too late. Syncs do not need it.",
			Do: "Let the load balancer in front of PrivX pass the header Date on.",
		},
		{
			Name: "slow", Outcome: doctor.Skipped,
			When: "The answer took so long to begin that it does not tell PrivX's time exactly enough.",
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
			return doctor.Finding{Way: "no-date", Found: noDate(v), Wanted: "a Date"}
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
		return fmt.Sprintf("no Date; grant-max-hours is %d, so that no grants are made", hours)
	}
	return "no Date"
}
