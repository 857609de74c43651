package composetest_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

const (
	composeFile    = "deploy/compose/compose.yaml"
	envFile        = "deploy/compose/baton-privx.env.example"
	deploymentFile = "deploy/kubernetes/deployment.yaml"
	secretFile     = "deploy/kubernetes/secret.yaml"
)

// filledIn is what Compose would take for something else without the quotes.
const filledIn = `a $b ${c} #d "e" \n=`

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

// load loads a Compose file as docker compose does, from a folder with a filled in
// copy of the file of variables.
func load(t *testing.T, compose string) (types.ServiceConfig, error) {
	t.Helper()
	dir := t.TempDir()
	filled := strings.ReplaceAll(read(t, envFile), "=''", "='"+filledIn+"'")
	if err := os.WriteFile(filepath.Join(dir, "baton-privx.env"), []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml"), Content: []byte(compose)}},
		Environment: types.Mapping{},
	})
	if err != nil {
		return types.ServiceConfig{}, err
	}
	return project.GetService("baton-privx")
}

// container is what is looked at of the Deployment's.
type container struct {
	Image string `yaml:"image"`
	Env   []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	ReadinessProbe struct {
		Exec struct {
			Command []string `yaml:"command"`
		} `yaml:"exec"`
	} `yaml:"readinessProbe"`
}

func deployment(t *testing.T) container {
	t.Helper()
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []container `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(read(t, deploymentFile)), &d); err != nil {
		t.Fatal(err)
	}
	return d.Spec.Template.Spec.Containers[0]
}

// secretVariables are those of the manifests' Secret.
func secretVariables(t *testing.T) []string {
	t.Helper()
	var s struct {
		StringData map[string]string `yaml:"stringData"`
	}
	if err := yaml.Unmarshal([]byte(read(t, secretFile)), &s); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(s.StringData))
}

// complaints returns what is wrong with a Compose file.
func complaints(t *testing.T, compose string) []string {
	t.Helper()
	service, err := load(t, compose)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	unless := func(holds bool, complaint string) {
		if !holds {
			found = append(found, complaint)
		}
	}
	wanted := deployment(t)
	unless(service.Image == wanted.Image, "another image than the Deployment's")
	unless(len(service.Command) == 0 && len(service.Entrypoint) == 0, "not the image's entry point")
	environment := map[string]string{}
	for _, v := range wanted.Env {
		environment[v.Name] = v.Value
	}
	for _, name := range secretVariables(t) {
		environment[name] = filledIn
	}
	unless(maps.Equal(map[string]string(service.Environment.ToMapping()), environment), "other variables than the Deployment's and the Secret's")
	unless(service.ReadOnly, "the root file system can be written")
	unless(slices.Equal(service.Tmpfs, []string{"/tmp:size=1g,mode=1777"}), "no temporary folder of limited size")
	unless(int64(service.MemLimit) == 2<<30, "/tmp and both processes do not fit into the memory limit")
	unless(slices.Equal(service.CapDrop, []string{"ALL"}) && len(service.CapAdd) == 0 && !service.Privileged, "keeps capabilities")
	unless(slices.Equal(service.SecurityOpt, []string{"no-new-privileges:true"}), "privileges can grow")
	unless(service.User == "65532:65532", "not the image's user")
	unless(service.GetScale() == 1, "more than one instance")
	unless(service.Restart == types.RestartPolicyUnlessStopped, "is not started again")
	unless(len(service.Ports) == 0 && service.NetworkMode == "", "can be reached from outside")
	unless(service.StopGracePeriod != nil && time.Duration(*service.StopGracePeriod) > 30*time.Second, "a grant has no time to end")
	health := service.HealthCheck
	unless(health != nil && slices.Equal(health.Test, append([]string{"CMD"}, wanted.ReadinessProbe.Exec.Command...)), "not the Deployment's probe")
	unless(health != nil && health.StartPeriod != nil && time.Duration(*health.StartPeriod) >= time.Hour, "ConductorOne may be away for longer at the start")
	mounted := len(service.Volumes) == 1 && service.Volumes[0].ReadOnly && service.Volumes[0].Target == environment["BATON_CA_CERTIFICATE"]
	unless(mounted && !bool(service.Volumes[0].Bind.CreateHostPath), "the CA, and nothing else, is not mounted as a file")
	unless(service.Logging != nil && service.Logging.Options["max-size"] != "", "the log grows without end")
	return found
}

func TestCompose(t *testing.T) {
	t.Parallel()
	for _, complaint := range complaints(t, read(t, composeFile)) {
		t.Error(complaint)
	}
}

// TestPlantedFaults makes one mistake at a time, and expects it to be noticed.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	compose := read(t, composeFile)
	for complaint, fault := range map[string]struct{ old, new string }{
		"services.baton-privx.readonly":                      {"    read_only: true\n    #", "    readonly: true\n    #"},
		"already defined":                                    {"    read_only: true\n    #", "    read_only: true\n    read_only: true\n    #"},
		"another image":                                      {"ghcr.io/conductorone", "docker.io/conductorone"},
		"not the image's entry point":                        {"    scale: 1\n", "    scale: 1\n    command: [--provisioning]\n"},
		"other variables than the Deployment's":              {`BATON_PROVISIONING: "false"`, `BATON_PROVISIONING: "true"`},
		"env file":                                           {"env_file: baton-privx.env", "env_file: other.env"},
		"the root file system can be written":                {"    read_only: true\n    #", "    #"},
		"no temporary folder":                                {"/tmp:size=1g", "/tmp:size=8g"},
		"do not fit into the memory limit":                   {"mem_limit: 2g", "mem_limit: 1g"},
		"keeps capabilities":                                 {"cap_drop: [ALL]", "cap_drop: [NET_RAW]"},
		"privileges can grow":                                {"no-new-privileges:true", "no-new-privileges:false"},
		"not the image's user":                               {"65532:65532", "0:0"},
		"more than one instance":                             {"scale: 1", "scale: 2"},
		"is not started again":                               {"unless-stopped", `"no"`},
		"can be reached from outside":                        {"    scale: 1\n", "    scale: 1\n    ports: ['8081:8081']\n"},
		"a grant has no time to end":                         {"stop_grace_period: 45s", "stop_grace_period: 10s"},
		"not the Deployment's probe":                         {"--endpoint, ready", "--endpoint, health"},
		"ConductorOne may be away":                           {"start_period: 1h", "start_period: 1m"},
		"the CA, and nothing else, is not mounted as a file": {"target: /etc/privx/privx-ca.pem", "target: /etc/privx"},
		"the log grows without end":                          {"        max-size: 10m\n", ""},
	} {
		t.Run(complaint, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(compose, fault.old) {
				t.Fatal("the file does not have what the fault replaces")
			}
			found := complaints(t, strings.Replace(compose, fault.old, fault.new, 1))
			if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, complaint) }) {
				t.Errorf("not noticed; complaints: %q", found)
			}
		})
	}
}
