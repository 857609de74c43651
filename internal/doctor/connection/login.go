package connection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/privx"
	"github.com/conductorone/baton-privx/pkg/privx/api"
)

const (
	noLogin = "Nothing works without a token."
	// noHaste is what holds for all that may count as a failed login.
	noHaste = " PrivX limits failed logins, by default to one a minute: wait a minute between two tries."
	fromUI  = "Copy them anew from the Credentials page of the API client in PrivX (Administration > Deployment > Integrate with PrivX using API clients)."
)

var tokenIsGiven = doctor.Check{
	ID:      LoggedIn,
	Promise: "PrivX gives the API client a token",
	How: "A token is asked for in the connector's own way, once: refused credentials are not tried again. " +
		"As in the connector's own check of its settings, PrivX has 30 seconds, for this and for the checks of what a sync may see together. The session is ended when the doctor has finished.",
	Needs: append([]string{Configured}, reached...),
	Ways: []doctor.Way{
		{
			Name: "invalid-client", Outcome: doctor.Failed,
			When: "PrivX answers invalid_client: the client that asks is not known, or its secret is wrong.",
			Matters: noLogin + " In OAuth this means the OAuth client, or the API client where that asks alone. " +
				"It is not known whether every PrivX keeps to that: some may say so of the API client, too.",
			Do: "Check the pair that is named first. " + fromUI + noHaste,
		},
		{
			Name: "invalid-grant", Outcome: doctor.Failed,
			When:    "PrivX answers invalid_grant: the OAuth client is known, and the API client is not, or its secret is wrong.",
			Matters: noLogin,
			Do:      "Check api-client-id and api-client-secret, and whether the API client still exists. " + fromUI + noHaste,
		},
		{
			Name: "way-not-allowed", Outcome: doctor.Failed,
			When:    "PrivX answers unauthorized_client or unsupported_grant_type: it does not allow this way to authenticate.",
			Matters: noLogin + " The credentials may be right, and too few.",
			Do: "Give all four credentials: the way with the OAuth client and the API client together is the one that every PrivX has. " +
				"The API client alone is enough only where PrivX has privx-external as a public client." + noHaste,
		},
		{
			Name: "bad-request", Outcome: doctor.Failed,
			When:    "PrivX refuses the request (400) without saying that it is the credentials.",
			Matters: noLogin + " The connector takes it for refused credentials.",
			Do:      "Check base-url, and then the credentials. " + fromUI + noHaste,
		},
		{
			Name: "unauthorized", Outcome: doctor.Failed,
			When:    "PrivX refuses the credentials (401) without saying which.",
			Matters: noLogin,
			Do:      "Check all that are given. " + fromUI + noHaste,
		},
		{
			Name: "forbidden", Outcome: doctor.Failed,
			When:    "PrivX forbids the login (403).",
			Matters: noLogin + " The API client may be disabled, or may not log in from this address, or what is in front of PrivX does not let the request through.",
			Do:      "Check the API client in PrivX, and what is in front of PrivX for a rule against requests from here." + noHaste,
		},
		{
			Name: "no-endpoint", Outcome: doctor.Failed,
			When:    "There is no such address (404), or it does not take this request (405).",
			Matters: noLogin + " Either base-url does not lead to PrivX, or this PrivX does not have this way to authenticate.",
			Do:      "Check base-url, with the path in front of PrivX's own paths if there is one. If it is right, give all four credentials.",
		},
		{
			Name: "throttled", Outcome: doctor.Failed,
			When:    "There were too many requests (429).",
			Matters: "PrivX limits failed logins for each client and address, and what is in front of it may limit requests.",
			Do:      "Stop whatever logs in with wrong credentials, wait a few minutes, and run the doctor again.",
		},
		{
			Name: "not-well", Outcome: doctor.Failed,
			When:    "PrivX, or what is in front of it, is not able to answer (408 or 5xx).",
			Matters: noLogin + " It may be over in a moment, such as while PrivX restarts.",
			Do:      "Run the doctor again in some minutes. If it stays so, look at PrivX's service auth, and at what is in front of PrivX.",
		},
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "What answers is not PrivX: a page in HTML, a redirect, or something else that has no token.",
			Matters: noLogin + " base-url may lead to a login page, a proxy or another product.",
			Do:      "Check base-url: it is PrivX's own address. What is in front of PrivX must let the connector's requests through without a login page.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Failed,
			When:    "There is no whole answer to the login, or none in time.",
			Matters: noLogin,
			Do:      "Run the doctor again. If it stays so, look at PrivX's service auth, at what is in front of PrivX, and at http-timeout-seconds.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		way := wayOf(settings(v).Credentials)
		var login *api.Login
		began := time.Now()
		err := privx.Within(ctx, func(ctx context.Context) error {
			var err error
			login, err = v.Client.API().Login(ctx)
			return err
		})
		v.Checked += time.Since(began) // The connector's own check begins with the login.
		if err != nil {
			return refusal(settings(v).Credentials, err)
		}
		return doctor.Pass("a token by "+way+", "+life(login.Life), "a token")
	},
}

// life says how long a token holds.
func life(life time.Duration) string {
	if life == 0 {
		return "for a time that PrivX does not tell, so that the connector gets a new one each minute"
	}
	return fmt.Sprintf("for %s", life)
}

// refusal is the finding where no token came.
func refusal(credentials privx.Credentials, err error) doctor.Finding {
	f := doctor.Finding{Way: wayNoAnswer, Found: "no answer", Wanted: "a token by " + wayOf(credentials), Cause: err.Error()}
	var e *api.Error
	if !errors.As(err, &e) || e.Status == 0 {
		return f
	}
	f.Way = refusalWay(e)
	f.Found = fmt.Sprintf("an answer %d", e.Status)
	if slices.Contains([]string{"invalid-client", "invalid-grant", "way-not-allowed"}, f.Way) {
		f.Found += " " + e.Code + " to " + accused(credentials, f.Way)
	}
	return f
}

// refusalWay is what an answer without a token means.
func refusalWay(e *api.Error) string {
	if e.Kind == api.Unauthenticated && e.Code != "" {
		switch e.Code { // RFC 6749, section 5.2
		case "invalid_client":
			return "invalid-client"
		case "invalid_grant":
			return "invalid-grant"
		case "unauthorized_client", "unsupported_grant_type":
			return "way-not-allowed"
		}
	}
	// These are the connector's own words: it is not PrivX's answer.
	foreign := e.Code == "" && e.Message != ""
	switch {
	case e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed:
		return "no-endpoint"
	case e.Status == http.StatusTooManyRequests:
		return "throttled"
	case e.Status == http.StatusRequestTimeout || e.Status >= 500 && e.Status <= 599:
		return "not-well"
	case foreign:
		return wayForeign
	case e.Status == http.StatusBadRequest:
		return "bad-request"
	case e.Status == http.StatusUnauthorized:
		return "unauthorized"
	case e.Status == http.StatusForbidden:
		return "forbidden"
	default:
		return wayForeign
	}
}

// accused are the settings that a refusal is about.
func accused(credentials privx.Credentials, way string) string {
	const oauthPair, apiPair = "oauth-client-id and oauth-client-secret", "api-client-id and api-client-secret"
	switch credentials.(type) {
	case privx.PasswordGrant:
		if way == "invalid-grant" {
			return apiPair
		}
		return oauthPair
	case privx.OAuthClientCredentials:
		return oauthPair
	default:
		return apiPair
	}
}

var selfIsKnown = doctor.Check{
	ID:      "PX-LOGIN-02",
	Promise: "PrivX tells which user the API client is",
	How:     "GET /users/current is read. The connector asks the same before its first grant, because it never changes the roles of its own API client.",
	Needs:   []string{LoggedIn},
	Ways: []doctor.Way{
		{
			Name: "as-named", Outcome: doctor.Skipped,
			When: "PrivX does not tell, and so the connector protects the roles of the API client that api-client-id names.",
		},
		{
			Name: wayUnknown, Outcome: doctor.Warning,
			When:    "PrivX does not tell, and the credentials do not name the API client either.",
			Matters: "The connector makes no grant and no revoke, because it could be one of its own API client's roles. Syncs do not need it.",
			Do:      "Give api-client-id and api-client-secret, too.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Warning,
			When:    "The question is not answered as PrivX would.",
			Matters: "As long as that is so, the connector makes no grant and no revoke. Syncs do not need it.",
			Do:      "Run the doctor again. If it stays so, look at PrivX's role store, and at what is in front of PrivX.",
		},
	},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		answer := v.Ask.Get(ctx, privx.Endpoints.CurrentUser.Request())
		user := answer.Object()
		id, principal, name := field[string](user, "id"), field[string](user, "principal"), field[string](user, "full_name")
		if answer.Good() && id != nil && *id != "" {
			v.Self = *id
			return doctor.Pass(calledThere(principal, name), "a user")
		}
		v.Self = v.Client.API().Principal()
		f := doctor.Finding{Way: selfFailure(answer, v.Self), Found: answered(answer), Wanted: "a user with an id"}
		if answer.Err != nil {
			f.Cause = answer.Err.Error()
		}
		return f
	},
}

// calledThere says how the API client is called in PrivX.
func calledThere(principal, name *string) string {
	switch {
	case principal == nil && name == nil:
		return "a user without a name"
	case name == nil || *name == "":
		return shown(*principal)
	case principal == nil:
		return shown(*name)
	default:
		return shown(*principal) + ", " + shown(*name)
	}
}

// selfFailure is the way in which PrivX does not tell. What counts as its own refusal is
// what does in the connector.
func selfFailure(answer *ask.Answer, named string) string {
	var e *api.Error
	refused := errors.As(answer.Err, &e) && e.Endpoint == privx.Endpoints.CurrentUser.String() &&
		slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound}, e.Status)
	switch {
	case !refused:
		return wayNoAnswer
	case named == "":
		return wayUnknown
	default:
		return "as-named"
	}
}
