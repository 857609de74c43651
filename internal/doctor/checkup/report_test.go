package checkup_test

import (
	"bytes"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/conductorone/baton-privx/internal/doctor"
	"github.com/conductorone/baton-privx/internal/doctor/checkup"
	"github.com/conductorone/baton-privx/internal/doctor/doctortest"
	"github.com/conductorone/baton-privx/internal/privxsim"
)

// canary is a text of PrivX's that must not get into a report.
const canary = "CANARY"

// texts adds all texts in a value to a set, but those that are too short to be told from
// others.
func texts(into map[string]bool, value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		add(into, value.String())
	case reflect.Slice, reflect.Array:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			add(into, string(value.Bytes()))
			return
		}
		for i := range value.Len() {
			texts(into, value.Index(i))
		}
	case reflect.Struct:
		for i := range value.NumField() {
			texts(into, value.Field(i))
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			texts(into, key)
			texts(into, value.MapIndex(key))
		}
	case reflect.Pointer, reflect.Interface:
		if !value.IsNil() {
			texts(into, value.Elem())
		}
	default:
	}
}

func add(into map[string]bool, text string) {
	if len(text) > 4 {
		into[text] = true
	}
}

// theirs are the texts of a site that its doctor's report must not have: all that PrivX
// shows, where it is, and the credentials.
func theirs(t *testing.T, site *doctortest.Site) map[string]bool {
	t.Helper()
	address, err := url.Parse(site.URL)
	require.NoError(t, err)
	all := map[string]bool{
		address.Host: true, address.Hostname(): true, address.Port(): true, canary: true, strings.ToLower(canary): true,
		privxsim.DefaultAPIClientID: true, privxsim.DefaultAPIClientSecret: true,
		privxsim.DefaultOAuthClientID: true, privxsim.DefaultOAuthClientSecret: true,
		privxsim.CanaryPrefix: true, privxsim.CanaryIPMask: true, "simulator": true, "RUNNING": true,
	}
	for _, rows := range []any{
		site.Store.Users(), site.Store.Roles(), site.Store.Sources(), site.Store.Memberships(), site.Store.Hosts(), site.Store.Secrets(),
		site.Store.NetworkTargets(), site.Store.APITargets(), site.Store.AWSRoles(), site.Store.AccessGroups(),
	} {
		texts(all, reflect.ValueOf(rows))
	}
	delete(all, "address") // A field of a directory, and the name of a way.
	return all
}

// A report has nothing of PrivX's in it, however PrivX answers.
func TestReportHasNoTexts(t *testing.T) {
	t.Parallel()
	const object = `{"error_code":"CANARY","error_message":"CANARY","property":"CANARY","canary":{"CANARY":["CANARY"]},` +
		`"version":"CANARY-44.0-CANARY","status":"CANARY","items":[{"id":"CANARY","name":"CANARY","CANARY":1,"created":"CANARY"}],"count":1,"id":"CANARY"}`
	header := http.Header{"Set-Cookie": {"CANARY=CANARY"}, "Content-Type": {"CANARY/CANARY"}, "Server": {"CANARY"}, "Date": {"CANARY"}}
	for name, faults := range map[string][]privxsim.Fault{
		"as assumed":      nil,
		"odd headers":     {{Kind: privxsim.FaultHeader, Header: header}},
		"odd objects":     {{Path: "/role-store/api/v1/*", Kind: privxsim.FaultStatus, Status: 200, Body: object}},
		"odd errors":      {{Path: "/role-store/api/v1/*", Kind: privxsim.FaultStatus, Status: 400, Body: object}},
		"odd roles":       {{Path: "/role-store/api/v1/*/*/*", Kind: privxsim.FaultStatus, Status: 200, Body: object}},
		"odd targets":     {{Path: "/host-store/*/*/*/*", Status: 200, Body: object}, {Path: "/vault/*/*/*/*", Status: 200, Body: object}, {Path: "/api-proxy/*/*/*", Status: 400, Body: object}},
		"odd refusal":     {{Path: "/auth/*/*/*/*", Kind: privxsim.FaultStatus, Status: 400, Body: `{"error":"CANARY","error_description":"CANARY"}`}},
		"odd everywhere":  {{Kind: privxsim.FaultStatus, Status: 418, Body: object, Header: header}},
		"a page":          {{Kind: privxsim.FaultHTML}},
		"not even a page": {{Kind: privxsim.FaultGarbage}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := doctortest.NewSite(t, privxsim.Seed(privxsim.SeedOptions{Users: 40, Roles: 8, Hosts: 30}), privxsim.Options{AffinityCookie: true, Nodes: []privxsim.Node{{}}})
			for _, fault := range faults {
				site.Sim.Inject(fault)
			}
			v := &doctor.Visit{Given: site.Given(t)}
			v.Given.Provisioning = true
			doctortest.TurnOn(&v.Given, doctortest.TargetSettings...)
			results := checkup.Run(t.Context(), &doctor.Runner{Layers: checkup.Layers(nil)}, v)
			var report bytes.Buffer
			require.NoError(t, doctor.ReportOf(v, results).Write(&report))
			for text := range theirs(t, site) {
				require.NotContains(t, report.String(), text)
			}
			var shown bytes.Buffer
			require.NoError(t, doctor.WriteJSON(&shown, v, results, doctor.Summarize(v, results, time.Second), false))
			doctortest.RequireNoSecrets(t, shown.String())
		})
	}
}
