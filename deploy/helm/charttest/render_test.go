package charttest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/yaml"
)

const (
	release   = "baton-privx"
	namespace = "baton"
)

var (
	root     = filepath.Join("..", "..", "..")
	chartDir = filepath.Join("..", "baton-privx")
)

// read returns the content of a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

// values decodes values as Helm does, with numbers as they are written.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	v, err := chartutil.ReadValues([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// render renders the chart as helm install does, which checks the values against
// the schema first. It returns the files by name, but for the empty ones.
func render(releaseName string, v map[string]any) (map[string]string, error) {
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		return nil, err
	}
	options := chartutil.ReleaseOptions{Name: releaseName, Namespace: namespace, Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, v, options, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	rendered, err := engine.Render(chart, all)
	maps.DeleteFunc(rendered, func(_, text string) bool { return strings.TrimSpace(text) == "" })
	return rendered, err
}

// decode decodes a manifest of a single object. An unknown field, one that comes
// twice, and one in the wrong case are errors.
func decode(manifest string) (runtime.Object, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	if strings.Contains(manifest, "\n---") {
		return nil, fmt.Errorf("more than one document")
	}
	object, _, err := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer().Decode([]byte(manifest), nil, nil)
	return object, err
}

// objects is what is rendered with some values.
type objects struct {
	deployment *appsv1.Deployment
	secret     *corev1.Secret
	ca         *corev1.ConfigMap
	policy     *networkingv1.NetworkPolicy
	notes      string
}

// rendered renders the chart and decodes all of it.
func rendered(t *testing.T, releaseName string, v map[string]any) objects {
	t.Helper()
	files, err := render(releaseName, v)
	if err != nil {
		t.Fatal(err)
	}
	var o objects
	for name, text := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			o.notes = text
			continue
		}
		object, err := decode(text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		switch object := object.(type) {
		case *appsv1.Deployment:
			o.deployment = object
		case *corev1.Secret:
			o.secret = object
		case *corev1.ConfigMap:
			o.ca = object
		case *networkingv1.NetworkPolicy:
			o.policy = object
		default:
			t.Fatalf("%s: a %T", name, object)
		}
	}
	if o.deployment == nil {
		t.Fatal("no Deployment")
	}
	return o
}

// environment returns the container's variables by name.
func (o objects) environment(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, v := range o.deployment.Spec.Template.Spec.Containers[0].Env {
		if _, twice := found[v.Name]; twice {
			t.Errorf("%s is there twice", v.Name)
		}
		found[v.Name] = v.Value
	}
	return found
}

// pretty is an object as text that can be compared line by line.
func pretty(t *testing.T, object any) string {
	t.Helper()
	text, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// leaves returns the paths of all values that are not made of other values.
func leaves(prefix string, v map[string]any) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(v)) {
		path := strings.TrimPrefix(prefix+"."+key, ".")
		if inner, ok := v[key].(map[string]any); ok && len(inner) > 0 {
			found = append(found, leaves(path, inner)...)
		} else {
			found = append(found, path)
		}
	}
	return found
}

// schemaLeaves returns the paths of all values that the schema knows.
func schemaLeaves(t *testing.T) []string {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal([]byte(read(t, "deploy/helm/baton-privx/values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	var walk func(prefix string, node map[string]any) []string
	walk = func(prefix string, node map[string]any) []string {
		properties, ok := node["properties"].(map[string]any)
		if !ok || prefix == ".affinity" {
			return []string{strings.TrimPrefix(prefix, ".")}
		}
		if node["additionalProperties"] != false {
			t.Errorf("%s takes what it does not know", prefix)
		}
		var found []string
		for key, inner := range properties {
			if prefix+key == "global" {
				continue // Helm's own, see the schema
			}
			found = append(found, walk(prefix+"."+key, inner.(map[string]any))...)
		}
		return found
	}
	return slices.Sorted(slices.Values(walk("", schema)))
}
