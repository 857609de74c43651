package charttest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A change of a value, and what has to be there with it and not by default.
type change struct{ text, effect string }

// changes has one for each value.
var changes = map[string]change{
	"affinity":                      {"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: []}]}}}", "nodeAffinity:"},
	"ca.configMap":                  {"ca: {configMap: other-ca}", "name: other-ca"},
	"ca.key":                        {"ca: {key: other.pem}", "value: /etc/privx/other.pem"},
	"ca.pem":                        {`ca: {configMap: "", pem: "-----BEGIN CERTIFICATE-----\n"}`, "checksum/ca"},
	"config.authMethod":             {"config: {authMethod: client-secret}", variable("AUTH_METHOD", "client-secret")},
	"config.baseUrl":                {"config: {baseUrl: 'https://privx.example.com/path'}", variable("BASE_URL", "https://privx.example.com/path")},
	"config.expandReach":            {`config: {expandReach: "off"}`, variable("EXPAND_REACH", `"off"`)},
	"config.expandReachLimit":       {"config: {expandReachLimit: 1000}", variable("EXPAND_REACH_LIMIT", `"1000"`)},
	"config.grantMaxHours":          {"config: {grantMaxHours: 87840}", variable("GRANT_MAX_HOURS", `"87840"`)},
	"config.healthCheck":            {"config: {healthCheck: false}", ""},
	"config.healthCheckPort":        {"config: {healthCheckPort: 18081}", variable("HEALTH_CHECK_PORT", `"18081"`)},
	"config.hostId":                 {"config: {hostId: other}", variable("HOST_ID", "other")},
	"config.httpTimeoutSeconds":     {"config: {httpTimeoutSeconds: 60}", variable("HTTP_TIMEOUT_SECONDS", `"60"`)},
	"config.logFormat":              {"config: {logFormat: console}", variable("LOG_FORMAT", "console")},
	"config.logLevel":               {"config: {logLevel: debug}", variable("LOG_LEVEL", "debug")},
	"config.otelCollectorEndpoint":  {"config: {otelCollectorEndpoint: 'otel:4317'}", variable("OTEL_COLLECTOR_ENDPOINT", "otel:4317")},
	"config.pageSize":               {"config: {pageSize: 100}", variable("PAGE_SIZE", `"100"`)},
	"config.provisioning":           {"config: {provisioning: true}", variable("PROVISIONING", `"true"`)},
	"config.roleSummary":            {"config: {roleSummary: true}", variable("ROLE_SUMMARY", `"true"`)},
	"config.syncApiTargets":         {"config: {syncApiTargets: true}", variable("SYNC_API_TARGETS", `"true"`)},
	"config.syncAwsRoles":           {"config: {syncAwsRoles: true}", variable("SYNC_AWS_ROLES", `"true"`)},
	"config.syncHosts":              {"config: {syncHosts: true}", variable("SYNC_HOSTS", `"true"`)},
	"config.syncNetworkTargets":     {"config: {syncNetworkTargets: true}", variable("SYNC_NETWORK_TARGETS", `"true"`)},
	"config.syncPersonalSecrets":    {"config: {syncSecrets: true, syncPersonalSecrets: true}", variable("SYNC_PERSONAL_SECRETS", `"true"`)},
	"config.syncSecrets":            {"config: {syncSecrets: true}", variable("SYNC_SECRETS", `"true"`)},
	"config.taskConcurrency":        {"config: {taskConcurrency: 1}", variable("TASK_CONCURRENCY", `"1"`)},
	"config.workers":                {"config: {workers: -1}", variable("WORKERS", `"-1"`)},
	"credentials.apiClientId":       {strings.Replace(created, "five", "changed", 1), "BATON_API_CLIENT_ID: changed"},
	"credentials.apiClientSecret":   {strings.Replace(created, `six"`, "changed", 1), "BATON_API_CLIENT_SECRET: changed"},
	"credentials.clientId":          {strings.Replace(created, "one", "changed", 1), "BATON_CLIENT_ID: changed"},
	"credentials.clientSecret":      {strings.Replace(created, "two", "changed", 1), "BATON_CLIENT_SECRET: changed"},
	"credentials.oauthClientId":     {strings.Replace(created, "three", "changed", 1), "BATON_OAUTH_CLIENT_ID: changed"},
	"credentials.oauthClientSecret": {strings.Replace(created, `"4"`, "changed", 1), "BATON_OAUTH_CLIENT_SECRET: changed"},
	"existingSecret":                {"existingSecret: other", "name: other"},
	"extraEnv":                      {"extraEnv: [{name: HTTPS_PROXY, value: 'http://proxy:3128'}]", "- name: HTTPS_PROXY\n          value: http://proxy:3128"},
	"fullnameOverride":              {"fullnameOverride: other", "app: other"},
	"image.pullPolicy":              {"image: {pullPolicy: Always}", "imagePullPolicy: Always"},
	"image.repository":              {"image: {repository: 'registry:5000/baton-privx'}", "image: registry:5000/baton-privx:latest"},
	"image.tag":                     {"image: {tag: 1.0.0}", "baton-privx:1.0.0"},
	"imagePullSecrets":              {"imagePullSecrets: [{name: registry}]", "imagePullSecrets:\n      - name: registry"},
	"networkPolicy.enabled":         {"networkPolicy: {enabled: true}", "port: 53"},
	"networkPolicy.extraEgress":     {"networkPolicy: {enabled: true, extraEgress: [{ports: [{port: 3128}]}]}", "port: 3128"},
	"networkPolicy.privxPort":       {"networkPolicy: {enabled: true, privxPort: 8443}", "port: 8443"},
	"nodeSelector":                  {"nodeSelector: {kubernetes.io/arch: arm64}", "kubernetes.io/arch: arm64"},
	"podAnnotations":                {"podAnnotations: {example.com/owner: iam}", "example.com/owner: iam"},
	"resources":                     {"resources: {limits: {memory: 3Gi}}", "memory: 3Gi"},
	"size":                          {"size: large", "memory: 2Gi"},
	"tmpSizeLimit":                  {"tmpSizeLimit: 8Gi", "sizeLimit: 8Gi"},
	"tolerations":                   {"tolerations: [{key: dedicated, operator: Exists}]", "key: dedicated"},
}

func variable(name, value string) string {
	return fmt.Sprintf("- name: BATON_%s\n          value: %s", name, value)
}

// all is everything that some values make, as one text.
func all(t *testing.T, text string) string {
	t.Helper()
	o := rendered(t, release, values(t, text))
	var parts []string
	for _, object := range []any{o.deployment, o.secret, o.ca, o.policy} {
		parts = append(parts, pretty(t, object))
	}
	return strings.Join(parts, "---\n")
}

// TestEachValueHasAnEffect goes over values.yaml, and over the schema.
func TestEachValueHasAnEffect(t *testing.T) {
	t.Parallel()
	known := slices.Sorted(maps.Keys(changes))
	if found := leaves("", values(t, read(t, "deploy/helm/baton-privx/values.yaml"))); !slices.Equal(found, known) {
		t.Errorf("values.yaml has\n%q\nand what is tried is\n%q", found, known)
	}
	if found := schemaLeaves(t); !slices.Equal(found, known) {
		t.Errorf("the schema has\n%q\nand what is tried is\n%q", found, known)
	}
	byDefault := all(t, "")
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := all(t, change.text)
			if !strings.Contains(changed, change.effect) || change.effect != "" && strings.Contains(byDefault, change.effect) {
				t.Errorf("%q is by default or not with %s:\n%s", change.effect, change.text, changed)
			}
		})
	}
}

// TestWithoutHealthCheck leaves the variable and all probes out.
func TestWithoutHealthCheck(t *testing.T) {
	t.Parallel()
	o := rendered(t, release, values(t, changes["config.healthCheck"].text))
	container := o.deployment.Spec.Template.Spec.Containers[0]
	if container.StartupProbe != nil || container.LivenessProbe != nil || container.ReadinessProbe != nil || o.environment(t)["BATON_HEALTH_CHECK"] != "" {
		t.Error("there is a probe, or something that answers one")
	}
}

// TestSchemaRefuses makes one mistake at a time. The complaint has to name the
// place where it is.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for text, place := range map[string]string{
		"replicas: 2":                                "'replicas' not allowed",
		"config: {pagesize: 10}":                     "'pagesize' not allowed",
		"config: {pageSize: 9}":                      "at '/config/pageSize'",
		"config: {pageSize: 1001}":                   "at '/config/pageSize'",
		"config: {pageSize: '100'}":                  "at '/config/pageSize'",
		"config: {grantMaxHours: -1}":                "at '/config/grantMaxHours'",
		"config: {grantMaxHours: 1.5}":               "at '/config/grantMaxHours'",
		"config: {grantMaxHours: 87841}":             "at '/config/grantMaxHours'",
		"config: {provisioning: 'true'}":             "at '/config/provisioning'",
		"config: {syncHosts: 'true'}":                "at '/config/syncHosts'",
		"config: {syncPersonalSecrets: true}":        "at '/config/syncSecrets'",
		"config: {expandReach: sometimes}":           "at '/config/expandReach'",
		"config: {expandReach: on}":                  "at '/config/expandReach'", // to YAML it is true
		"config: {expandReachLimit: -1}":             "at '/config/expandReachLimit'",
		"config: {workers: -2}":                      "at '/config/workers'",
		"config: {taskConcurrency: 101}":             "at '/config/taskConcurrency'",
		"config: {httpTimeoutSeconds: 1801}":         "at '/config/httpTimeoutSeconds'",
		"config: {logLevel: trace}":                  "at '/config/logLevel'",
		"config: {logFormat: text}":                  "at '/config/logFormat'",
		"config: {authMethod: password}":             "at '/config/authMethod'",
		"config: {baseUrl: 'http://privx'}":          "at '/config/baseUrl'",
		"config: {baseUrl: privx.example.com}":       "at '/config/baseUrl'",
		"config: {healthCheckPort: 65536}":           "at '/config/healthCheckPort'",
		"config: {healthCheck: 1}":                   "at '/config/healthCheck'",
		"config: {hostId: 'a b'}":                    "at '/config/hostId'",
		"credentials: {clientSecret: secret}":        "at '/credentials/clientSecret'",
		"existingSecret: ''":                         "at '/credentials/apiClientId'",
		"existingSecret: 'Not a name'":               "at '/existingSecret'",
		"ca: {pem: '-----BEGIN CERTIFICATE-----'}":   "at '/ca/configMap'",
		"ca: {configMap: '', pem: privx-ca.pem}":     "at '/ca/pem'",
		"ca: {key: ../other}":                        "at '/ca/key'",
		"size: huge":                                 "at '/size'",
		"resources: {requests: {memory: 1Gi}}":       "at '/resources'",
		"resources: {limits: {memory: 1G}}":          "at '/resources/limits/memory'",
		"resources: {limits: {memory: 64Mi}}":        "at '/resources/limits/memory'",
		"resources: {limits: {memory: 1Gi, cpu: 1}}": "at '/resources/limits/cpu'",
		"resources: {claims: []}":                    "at '/resources'",
		"tmpSizeLimit: 4":                            "at '/tmpSizeLimit'",
		"extraEnv: {HTTPS_PROXY: x}":                 "at '/extraEnv'",
		"extraEnv: [{name: A, value: 1}]":            "at '/extraEnv/0/value'",
		"extraEnv: [{name: BATON_WORKERS}]":          "at '/extraEnv/0/name'",
		"extraEnv: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]": "at '/extraEnv/0'",
		"image: {tag: ''}":                                                    "at '/image/tag'",
		"image: {tag: 1.0}":                                                   "at '/image/tag'",
		"image: {repository: 'a b'}":                                          "at '/image/repository'",
		"image: {pullPolicy: Sometimes}":                                      "at '/image/pullPolicy'",
		"imagePullSecrets: [registry]":                                        "at '/imagePullSecrets/0'",
		"networkPolicy: {privxPort: 0}":                                       "at '/networkPolicy/privxPort'",
		"networkPolicy: {enabled: yes please}":                                "at '/networkPolicy/enabled'",
		"networkPolicy: {extraEgress: [{}]}":                                  "at '/networkPolicy/extraEgress/0'",
		"podAnnotations: {a: 1}":                                              "at '/podAnnotations/a'",
		"nodeSelector: {a: true}":                                             "at '/nodeSelector/a'",
		"tolerations: {}":                                                     "at '/tolerations'",
		"affinity: {node: {}}":                                                "at '/affinity'",
		"fullnameOverride: Baton":                                             "at '/fullnameOverride'",
		strings.Replace(created, "oauthClientId: three, ", "", 1):             "at '/credentials/oauthClientId'",
		strings.Replace(created, "clientSecret: two, ", "", 1):                "at '/credentials/clientSecret'",
		strings.Replace(created, "https://privx.example.com", "", 1):          "at '/config/baseUrl'",
		strings.Replace(created, "BEGIN CERTIFICATE", "BEGIN PRIVATE KEY", 1): "at '/ca/pem'",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			files, err := render(release, values(t, text))
			if err == nil || !strings.Contains(err.Error(), "values don't meet the specifications of the schema") || !strings.Contains(err.Error(), place) {
				t.Errorf("not refused at %s: %v, %d files", place, err, len(files))
			}
		})
	}
}

// TestWithinAnotherChart takes what Helm gives to a chart within another one.
func TestWithinAnotherChart(t *testing.T) {
	t.Parallel()
	if all(t, "global: {domain: example.com}") != all(t, "") {
		t.Error("global has an effect")
	}
}
