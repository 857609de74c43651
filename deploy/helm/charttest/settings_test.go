package charttest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// everything gives every setting a value.
const everything = `
existingSecret: ""
credentials: {clientId: a, clientSecret: b, oauthClientId: c, oauthClientSecret: d, apiClientId: e, apiClientSecret: f}
config:
  baseUrl: https://privx.example.com
  authMethod: oauth
  grantMaxHours: 8
  pageSize: 500
  syncHosts: true
  syncSecrets: true
  syncPersonalSecrets: true
  syncNetworkTargets: true
  syncApiTargets: true
  syncAwsRoles: true
  roleSummary: true
  expandReach: "on"
  expandReachLimit: 1000
  provisioning: true
  hostId: privx
  workers: 1
  taskConcurrency: 1
  httpTimeoutSeconds: 60
  logLevel: warn
  logFormat: console
  otelCollectorEndpoint: otel:4317
  healthCheckPort: 18081
`

// TestEverySettingOfTheConnector goes over the fields that the connector itself
// declares. Those of baton-sdk are too many: docs/configuration.md says which matter.
func TestEverySettingOfTheConnector(t *testing.T) {
	t.Parallel()
	var schema struct {
		Fields []struct {
			Name  string `json:"name"`
			IsOps bool   `json:"isOps"`
		} `json:"fields"`
	}
	if err := json.Unmarshal([]byte(read(t, "config_schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	o := rendered(t, release, values(t, everything))
	set := o.environment(t)
	for name, value := range o.secret.StringData {
		set[name] = value
	}
	own := 0
	for _, field := range schema.Fields {
		if field.IsOps {
			continue
		}
		own++
		if name := "BATON_" + strings.ToUpper(strings.ReplaceAll(field.Name, "-", "_")); set[name] == "" {
			t.Errorf("no value sets %s", name)
		}
	}
	if own < 8 {
		t.Errorf("config_schema.json has %d fields", own)
	}
}

// TestExtraEnvIsExtra tries each variable that the chart sets itself.
func TestExtraEnvIsExtra(t *testing.T) {
	t.Parallel()
	for name := range rendered(t, release, values(t, everything)).environment(t) {
		if _, err := render(release, values(t, fmt.Sprintf("extraEnv: [{name: %s, value: x}]", name))); err == nil {
			t.Errorf("%s would be there twice", name)
		}
	}
}
