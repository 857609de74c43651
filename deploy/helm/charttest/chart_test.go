package charttest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// helmLabels are those that the chart adds to an object, by which Helm and people
// find it. The pod has none of them, so that a new chart alone restarts nothing.
var helmLabels = []string{"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/name", "helm.sh/chart"}

// withoutHelmLabels takes Helm's labels away, all of which have to be there.
func withoutHelmLabels(t *testing.T, object metav1.Object) {
	t.Helper()
	labels := object.GetLabels()
	for _, name := range helmLabels {
		if labels[name] == "" {
			t.Errorf("%s: no label %s", object.GetName(), name)
		}
		delete(labels, name)
	}
	object.SetLabels(labels)
}

// TestDefaultIsTheManifest compares what the chart makes by default with the plain
// manifests, field by field.
func TestDefaultIsTheManifest(t *testing.T) {
	t.Parallel()
	o := rendered(t, release, values(t, "networkPolicy: {enabled: true}"))
	for file, object := range map[string]metav1.Object{"deployment.yaml": o.deployment, "networkpolicy.yaml": o.policy} {
		withoutHelmLabels(t, object)
		manifest, err := decode(read(t, "deploy/kubernetes/"+file))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := pretty(t, object), pretty(t, manifest); got != want {
			t.Errorf("%s: the chart makes\n%s\nthe manifest is\n%s", file, got, want)
		}
	}
	if o.secret != nil || o.ca != nil {
		t.Error("a Secret or ConfigMap is made by default")
	}
	if plain := rendered(t, release, nil); plain.policy != nil {
		t.Error("a NetworkPolicy is made by default")
	}
}

// created is what makes the Secret and the ConfigMap of values.
const created = `
existingSecret: ""
credentials: {clientId: one, clientSecret: two, oauthClientId: three, oauthClientSecret: "4", apiClientId: five, apiClientSecret: 'six"'}
config: {baseUrl: "https://privx.example.com"}
ca: {configMap: "", pem: "-----BEGIN CERTIFICATE-----\n"}
`

// TestCreatedSecret holds the Secret that the chart makes to the one of the
// manifests, from which only the address is missing: it is a variable of its own.
func TestCreatedSecret(t *testing.T) {
	t.Parallel()
	o := rendered(t, release, values(t, created))
	withoutHelmLabels(t, o.secret)
	manifest, err := decode(read(t, "deploy/kubernetes/secret.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := rendered(t, release, nil)
	if name := o.secret.Name; name != manifest.(metav1.Object).GetName() || name != o.deployment.Spec.Template.Spec.Containers[0].EnvFrom[0].SecretRef.Name {
		t.Errorf("the Secret is named %s", name)
	}
	for name := range o.secret.StringData {
		if !strings.Contains(pretty(t, manifest), name+":") {
			t.Errorf("%s is not in the plain Secret", name)
		}
	}
	if got := o.secret.StringData; len(got) != 6 || got["BATON_API_CLIENT_SECRET"] != `six"` || got["BATON_OAUTH_CLIENT_SECRET"] != "4" || got["BATON_CLIENT_ID"] != "one" {
		t.Errorf("the Secret has %v", slices.Sorted(maps.Keys(got)))
	}
	if o.environment(t)["BATON_BASE_URL"] != "https://privx.example.com" || wanted.environment(t)["BATON_BASE_URL"] != "" {
		t.Error("the address is not a variable of its own")
	}
	if o.ca.Name != "baton-privx-ca" || o.ca.Data["privx-ca.pem"] != "-----BEGIN CERTIFICATE-----\n" {
		t.Errorf("the ConfigMap %s has %v", o.ca.Name, o.ca.Data)
	}
	annotations := o.deployment.Spec.Template.Annotations
	changed := rendered(t, release, values(t, strings.Replace(strings.Replace(created, "six", "seven", 1), "CERTIFICATE-----", "CERTIFICATE-----x", 1)))
	for _, name := range []string{"checksum/credentials", "checksum/ca"} {
		if annotations[name] == "" || annotations[name] == changed.deployment.Spec.Template.Annotations[name] {
			t.Errorf("%s stays, and with it the pod", name)
		}
	}
	alone := rendered(t, release, values(t, strings.Replace(created, `oauthClientId: three, oauthClientSecret: "4", `, "", 1)))
	if len(alone.secret.StringData) != 4 {
		t.Errorf("the API client's pair alone makes %d variables", len(alone.secret.StringData))
	}
}

// TestWithoutCA leaves out all three parts.
func TestWithoutCA(t *testing.T) {
	t.Parallel()
	o := rendered(t, release, values(t, `ca: {configMap: ""}`))
	pod := o.deployment.Spec.Template.Spec
	if len(pod.Volumes) != 1 || len(pod.Containers[0].VolumeMounts) != 1 || o.environment(t)["BATON_CA_CERTIFICATE"] != "" {
		t.Error("the CA is still there")
	}
}

// TestTwoReleases side by side have nothing in common.
func TestTwoReleases(t *testing.T) {
	t.Parallel()
	one := rendered(t, "baton-privx-eu", values(t, created))
	other := rendered(t, "us", values(t, created+"networkPolicy: {enabled: true}"))
	if one.deployment.Name != "baton-privx-eu" || other.deployment.Name != "us-baton-privx" {
		t.Errorf("are named %s and %s", one.deployment.Name, other.deployment.Name)
	}
	if one.secret.Name == other.secret.Name || one.ca.Name == other.ca.Name {
		t.Error("the Secret or the ConfigMap is of the same name")
	}
	selector, err := metav1.LabelSelectorAsSelector(other.deployment.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	if selector.String() != "app=us-baton-privx" || other.deployment.Spec.Template.Labels["app"] != "us-baton-privx" || other.policy.Spec.PodSelector.MatchLabels["app"] != "us-baton-privx" {
		t.Errorf("the pods are selected by %s", selector)
	}
	if one.environment(t)["BATON_HOST_ID"] != "baton-privx-eu" {
		t.Error("both name themselves alike to ConductorOne")
	}
}

// TestMemory checks for each size that two processes with GOMEMLIMIT and a probe
// fit into the memory limit, which in turn takes what was measured.
func TestMemory(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ measured, gomemlimit string }{
		"size: small":  {"200Mi", "200MiB"},
		"size: medium": {"810Mi", "400MiB"},
		"size: large":  {"982Mi", "810MiB"},
		"resources: {limits: {memory: 1500Mi}, requests: {cpu: 50m}}": {"0", "600MiB"},
		"resources: {limits: {memory: 4Gi, cpu: '2'}}":                {"0", "1630MiB"},
	} {
		o := rendered(t, release, values(t, text))
		if got := o.environment(t)["GOMEMLIMIT"]; got != want.gomemlimit {
			t.Errorf("%s: GOMEMLIMIT is %s", text, got)
		}
		resources := o.deployment.Spec.Template.Spec.Containers[0].Resources
		limit, measured := resources.Limits.Memory(), resource.MustParse(want.measured)
		if limit.Cmp(measured) <= 0 {
			t.Errorf("%s: %s is less than what was measured", text, limit)
		}
		needed := resource.MustParse(strings.TrimSuffix(want.gomemlimit, "B"))
		needed.Mul(2)
		needed.Add(resource.MustParse("96Mi"))
		if needed.Cmp(*limit) >= 0 {
			t.Errorf("%s: %s leaves no room for the probes", text, limit)
		}
	}
}

// TestLint is helm lint --strict, but for its wish for an icon.
func TestLint(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", created, "networkPolicy: {enabled: true}"} {
		result := lint.All(chartDir, values(t, text), namespace, true)
		for _, message := range result.Messages {
			if message.Severity > support.InfoSev {
				t.Errorf("%s", message)
			}
		}
	}
}
