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
	noHaste = " PrivX limits failed logins, by default to one a minute. Wait a minute before you run the doctor again."
	fromUI  = "Copy them again from the Credentials page of the API client in PrivX (Administration > Deployment > Integrate with PrivX using API clients)."
)

var tokenIsGiven = doctor.Check{
	ID:      LoggedIn,
	Promise: "PrivX gives the API client a token",
	How: "A token is asked for as the connector does it. Credentials that are refused are not tried again. " +
		"As in the connector's own check, PrivX has 30 seconds for this and for the checks of the permissions together. " +
		"The session is ended when the doctor has finished.",
	Needs: append([]string{Configured}, reached...),
	Ways: []doctor.Way{
		{
			Name: "invalid-client", Outcome: doctor.Failed,
			When:    "PrivX answers invalid_client. By OAuth that means that the client which asks is not known, or that its secret is wrong.",
			Matters: noLogin + " It is most likely the client whose settings the doctor names. But a PrivX may say so of the other client, too.",
			Do:      "Check first the two settings that the doctor names, and then the others. " + fromUI + noHaste,
		},
		{
			Name: "invalid-grant", Outcome: doctor.Failed,
			When:    "PrivX answers invalid_grant. It knows the OAuth client, but it does not know the API client, or the API client's secret is wrong.",
			Matters: noLogin,
			Do:      "Check that the API client still exists, and check api-client-id and api-client-secret. " + fromUI + noHaste,
		},
		{
			Name: "way-not-allowed", Outcome: doctor.Failed,
			When:    "PrivX answers unauthorized_client or unsupported_grant_type. It does not allow this way to authenticate.",
			Matters: noLogin + " The credentials may be right, but not enough of them.",
			Do: "Set all four credentials: oauth-client-id, oauth-client-secret, api-client-id and api-client-secret. Every PrivX allows this way. " +
				"The API client alone is enough only where PrivX has privx-external as a public client." + noHaste,
		},
		{
			Name: "bad-request", Outcome: doctor.Failed,
			When:    "PrivX refuses the request (status 400), and does not say that it is because of the credentials.",
			Matters: noLogin + " The connector treats the credentials as refused.",
			Do:      "Check base-url, and then the credentials. " + fromUI + noHaste,
		},
		{
			Name: "unauthorized", Outcome: doctor.Failed,
			When:    "PrivX refuses the credentials (status 401), and does not say which.",
			Matters: noLogin,
			Do:      "Check all credentials that are set. " + fromUI + noHaste,
		},
		{
			Name: "forbidden", Outcome: doctor.Failed,
			When:    "PrivX, or what is in front of it, forbids the login (status 403).",
			Matters: noLogin + " The API client may be disabled, or may not be allowed to log in from this address. Or a gateway in front of PrivX refuses the request.",
			Do:      "Check the API client in PrivX. Check whether a gateway in front of PrivX has a rule against requests from this machine." + noHaste,
		},
		{
			Name: "no-endpoint", Outcome: doctor.Failed,
			When:    "The address of the login is not there (status 404), or does not take this request (status 405).",
			Matters: noLogin + " Either base-url does not lead to PrivX, or this PrivX does not have this way to authenticate.",
			Do:      "Check base-url. It must have the path in front of PrivX's own paths if there is one. If it is right, set all four credentials.",
		},
		{
			Name: "throttled", Outcome: doctor.Failed,
			When:    "There were too many requests (status 429).",
			Matters: "PrivX limits failed logins for each client and address. A gateway in front of PrivX may limit requests, too.",
			Do:      "Find out what else logs in with wrong credentials, and stop it. Wait a few minutes, and run the doctor again.",
		},
		{
			Name: "not-well", Outcome: doctor.Failed,
			When:    "PrivX, or what is in front of it, is not able to answer (status 408 or 5xx).",
			Matters: noLogin + " It may be over soon, for example if PrivX is restarting.",
			Do:      "Run the doctor again in a few minutes. If it still fails, look at PrivX's service auth, and at what is in front of PrivX.",
		},
		{
			Name: wayForeign, Outcome: doctor.Failed,
			When:    "The answer is not PrivX's: it is an HTML page, a redirect, or something else without a token.",
			Matters: noLogin + " base-url may lead to a login page, a proxy or another product.",
			Do:      "Check base-url. It must be PrivX's own address. If there is a gateway in front of PrivX, let it pass the connector's requests on without a login page of its own.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Failed,
			When:    "The login got no complete answer in time.",
			Matters: noLogin,
			Do:      "Run the doctor again. If it still fails, look at PrivX's service auth, at what is in front of PrivX, and at the setting http-timeout-seconds.",
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
		return doctor.Pass("a token by "+way+", "+life(login.Life), "")
	},
}

// life says how long a token holds.
func life(life time.Duration) string {
	if life == 0 {
		return "valid for a time that PrivX does not tell, so that the connector gets a new one each minute"
	}
	return fmt.Sprintf("valid for %s", life)
}

// refusal is the finding where no token came.
func refusal(credentials privx.Credentials, err error) doctor.Finding {
	f := doctor.Finding{Way: wayNoAnswer, Found: "no answer", Wanted: "a token by " + wayOf(credentials), Cause: err.Error()}
	var e *api.Error
	if !errors.As(err, &e) || e.Status == 0 {
		return f
	}
	f.Way = refusalWay(e)
	f.Found = fmt.Sprintf("an answer with status %d", e.Status)
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
	How:     "GET /users/current is read. The connector does so before its first grant or revoke, because it never changes the roles of its own API client.",
	Needs:   []string{LoggedIn},
	Ways: []doctor.Way{
		{
			Name: "as-named", Outcome: doctor.Skipped,
			When: "PrivX does not tell. The connector does not change the roles of the user whose id is api-client-id.",
		},
		{
			Name: wayUnknown, Outcome: doctor.Warning,
			When:    "PrivX does not tell, and api-client-id is not set.",
			Matters: "The connector makes no grant and no revoke, because it could change the roles of its own API client. Syncs work.",
			Do:      "Set api-client-id and api-client-secret, too.",
		},
		{
			Name: wayNoAnswer, Outcome: doctor.Warning,
			When:    "PrivX does not answer, or not with a user or a refusal.",
			Matters: "As long as that is so, the connector makes no grant and no revoke. Syncs work.",
			Do:      "Run the doctor again. If it still happens, look at PrivX's role store, and at what is in front of PrivX.",
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
