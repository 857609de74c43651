package connection

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/ask"
	"github.com/conductorone/baton-privx/pkg/config"
	"github.com/conductorone/baton-privx/pkg/privx"
)

var settingsFit = doctor.Check{
	ID:      Configured,
	Promise: "the settings are complete and fit together",
	How:     "The settings are read and checked as the connector does it when it starts. Nothing is sent.",
	Ways: []doctor.Way{{
		Name: "mistake", Outcome: doctor.Failed,
		When:    "A setting is missing, is malformed, or does not fit another one.",
		Matters: "The connector does not start with these settings.",
		Do:      "Correct the setting that the error names. To see which settings have arrived, and from where, run the doctor with --only PX-CONF-02.",
	}},
	Run: func(ctx context.Context, v *doctor.Visit) doctor.Finding {
		if err := prepare(ctx, v); err != nil {
			return doctor.Finding{Way: "mistake", Cause: err.Error()}
		}
		return doctor.Pass("PrivX is at "+settings(v).BaseURL.String(), "")
	},
}

// prepare makes the client of the settings, and what asks with it.
func prepare(ctx context.Context, v *doctor.Visit) error {
	if v.Given.Mistake != nil {
		return v.Given.Mistake
	}
	made, err := v.Given.Config.Settings(v.Given.Method)
	if err != nil {
		return err
	}
	if v.Client, err = privx.New(ctx, made); err != nil {
		return err
	}
	v.Ask = ask.New(v.Client)
	return nil
}

var settingsOrigin = doctor.Check{
	ID:      "PX-CONF-02",
	Promise: "no secret is given on the command line",
	How:     "For each setting it is noted whether it comes from a flag, a variable or the file. Values are not shown.",
	Ways: []doctor.Way{{
		Name: "secret-flag", Outcome: doctor.Warning,
		When:    "A secret is given by a flag, such as --api-client-secret.",
		Matters: "Everybody on this machine can read it in the list of processes, and it stays in the history of the shell.",
		Do:      "Give the secret by its variable, such as BATON_API_CLIENT_SECRET, or in the YAML file.",
	}},
	Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
		found, wanted := origins(v.Given.Settings), "secrets by variables or by the file"
		if slices.ContainsFunc(v.Given.Settings, func(s doctor.Setting) bool { return s.From == "flag" && isSecret(s.Name) }) {
			return doctor.Finding{Way: "secret-flag", Found: found, Wanted: wanted}
		}
		return doctor.Pass(found, wanted)
	},
}

// origins says which settings came from where.
func origins(given []doctor.Setting) string {
	var all []string
	for _, from := range []string{"flag", "variable", "file"} {
		var names []string
		for _, s := range given {
			if s.From == from {
				names = append(names, s.Name)
			}
		}
		if len(names) > 0 {
			all = append(all, fmt.Sprintf("by %s: %s", from, strings.Join(names, ", ")))
		}
	}
	if len(all) == 0 {
		return "no setting is given"
	}
	return strings.Join(all, "; ")
}

// isSecret tells whether a setting is a secret: one of the connector's, or baton-sdk's own
// for ConductorOne.
func isSecret(name string) bool {
	if name == "client-secret" {
		return true
	}
	for _, f := range config.Config.Fields {
		if f.FieldName == name {
			return f.Secret
		}
	}
	return false
}

var authentication = doctor.Check{
	ID:      "PX-CONF-03",
	Promise: "the credentials lead to a way to authenticate that PrivX documents",
	How:     "The connector's own choice is made from the credentials and from auth-method. Nothing is sent.",
	Needs:   []string{Configured},
	Ways: []doctor.Way{
		{
			Name: "oauth-alone", Outcome: doctor.Warning,
			When:    "The OAuth client's ID and secret are given alone.",
			Matters: "PrivX documents this way for its own services only, and may refuse it. Grants and revokes fail where PrivX does not tell which user the API client is.",
			Do:      "Set api-client-id and api-client-secret, too. PrivX shows all four credentials on the Credentials page of the API client.",
		},
		{
			Name: "leftovers", Outcome: doctor.Warning,
			When:    "The OAuth client's ID or secret is given and not used, because auth-method is client-secret.",
			Matters: "The API client's ID and secret alone are enough only where PrivX has privx-external as a public client.",
			Do:      "To use all four credentials, set auth-method to oauth, or leave it out. Otherwise leave out oauth-client-id and oauth-client-secret.",
		},
	},
	Run: func(_ context.Context, v *doctor.Visit) doctor.Finding {
		const wanted = "both clients, or the API client alone"
		f := doctor.Finding{Found: wayOf(settings(v).Credentials), Wanted: wanted}
		switch settings(v).Credentials.(type) {
		case privx.OAuthClientCredentials:
			f.Way = "oauth-alone"
		case privx.APIClientCredentials:
			if cfg := v.Given.Config; strings.TrimSpace(cfg.OauthClientId+cfg.OauthClientSecret) != "" {
				f.Way = "leftovers"
			}
		}
		return f
	},
}

// settings are the connector's, once they are known to be good.
func settings(v *doctor.Visit) privx.Config {
	made, _ := v.Given.Config.Settings(v.Given.Method) // They were made before, without an error.
	return made
}

// wayOf says which way of authentication follows from the credentials.
func wayOf(credentials privx.Credentials) string {
	switch credentials.(type) {
	case privx.PasswordGrant:
		return "the OAuth client and the API client together (password grant)"
	case privx.OAuthClientCredentials:
		return "the OAuth client alone (client credentials grant)"
	default:
		return "the API client alone (client credentials of privx-external)"
	}
}
