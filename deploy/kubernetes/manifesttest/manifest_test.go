package manifesttest_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// root is where the repository is.
var root = filepath.Join("..", "..", "..")

// repository reads the files that are looked at: here, those for Kubernetes.
func repository(t *testing.T) files {
	t.Helper()
	names := []string{connectorPage, readme, runningPage, dockerfile}
	for _, pattern := range []string{"kubernetes*/*.yaml", "kubernetes*/*.yml", "kubernetes*/*/*.yaml", "kubernetes*/*/*.yml"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(allManifests), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			relative, err := filepath.Rel(root, name)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.ToSlash(relative))
		}
	}
	f := files{}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		f[name] = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
	return f
}

// connector builds the connector, once, and asks it what it knows.
var connector = sync.OnceValues(ask)

func ask() (program, error) {
	dir, err := os.MkdirTemp("", "manifesttest-")
	if err != nil {
		return program{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "baton-privx")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	// Built as the other steps of a check build it, which have filled the cache.
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/baton-privx")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("%w\n%s", err, out)
	}
	help, err := exec.CommandContext(ctx, binary, "--help").CombinedOutput()
	if err != nil {
		return program{}, fmt.Errorf("%w\n%s", err, help)
	}
	p := program{variables: map[string]bool{}, paths: map[string]string{}}
	for _, m := range regexp.MustCompile(`\(\$(BATON_[A-Z0-9_]+)\)`).FindAllSubmatch(help, -1) {
		p.variables[string(m[1])] = true
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return program{}, err
	}
	for _, name := range beyondHelp {
		if p.variables[name] || !bytes.Contains(content, []byte(name)) {
			return program{}, fmt.Errorf("%s is in --help, or nowhere in the binary", name)
		}
		p.variables[name] = true
	}
	for _, endpoint := range []string{"live", "ready"} {
		if p.paths[endpoint], err = asked(ctx, binary, endpoint); err != nil {
			return program{}, err
		}
	}
	return p, nil
}

// asked returns the path that a probe asks for.
func asked(ctx context.Context, binary, endpoint string) (string, error) {
	path := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path <- r.URL.Path }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, binary, "health-check", "--endpoint", endpoint)
	cmd.Dir, cmd.Env = filepath.Dir(binary), []string{"BATON_HEALTH_CHECK_PORT=" + port}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return <-path, nil
}

func TestManifests(t *testing.T) {
	t.Parallel()
	p, err := connector()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.variables) < 20 {
		t.Fatalf("--help lists %d variables", len(p.variables))
	}
	if err := check(repository(t), p); err != nil {
		t.Error(err)
	}
}

// TestPlantedFaults makes one mistake at a time, and expects it to be noticed.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	p, err := connector()
	if err != nil {
		t.Fatal(err)
	}
	const (
		livenessCommand = "livenessProbe:\n          exec:\n            command: [/baton-privx, health-check, --endpoint, "
		execReady       = "exec:\n            command: [/baton-privx, health-check, --endpoint, ready]"
		httpGetHealth   = "httpGet:\n            path: /health\n            port: 8081"
	)
	for name, fault := range map[string]struct{ file, old, new, complaint string }{
		"no variable of the binary":     {deploymentFile, "name: BATON_PROVISIONING", "name: BATON_PROVISION", "BATON_PROVISION is no variable"},
		"provisioning unasked":          {deploymentFile, "value: \"false\"", "value: \"true\"", "provisioning is on though nobody has asked for it"},
		"no variable in the Secret":     {secretFile, "BATON_BASE_URL:", "BATON_URL:", "BATON_URL is no variable"},
		"the Secret lacks a variable":   {secretFile, "  BATON_CLIENT_SECRET: \"<C1 client secret>\"\n", "", "has the variables"},
		"a secret in the Secret":        {secretFile, `"<C1 client secret>"`, `"secret"`, "is not a placeholder"},
		"a variable twice":              {secretFile, "  BATON_CLIENT_ID:", "  BATON_CLIENT_SECRET:", "BATON_CLIENT_SECRET"},
		"a secret in the Deployment":    {deploymentFile, "name: BATON_HOST_ID", "name: BATON_CLIENT_ID", "belongs into the Secret"},
		"an unknown field":              {deploymentFile, "readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true", "unknown field"},
		"a field in the wrong case":     {deploymentFile, "  replicas: 1", "  Replicas: 1", "unknown field"},
		"a field twice":                 {deploymentFile, "  replicas: 1\n", "  replicas: 1\n  replicas: 1\n", `key "replicas" already set`},
		"a value of the wrong type":     {deploymentFile, "value: \"true\"", "value: true", "cannot unmarshal"},
		"a second document":             {secretFile, "stringData:", "---\nstringData:", "more than one document"},
		"another kind":                  {deploymentFile, "kind: Deployment", "kind: StatefulSet", "unknown field"},
		"an old API version":            {deploymentFile, "apiVersion: apps/v1", "apiVersion: extensions/v1beta1", "no kind"},
		"a file that nobody looks at":   {folder + "service.yaml", "", "kind: Service", "not looked at"},
		"labels apart from selector":    {deploymentFile, "      labels:\n        app: baton-privx\n", "      labels:\n        app: privx\n", "selector does not select"},
		"a selector of another name":    {deploymentFile, "    matchLabels:\n      app: baton-privx\n", "    matchLabels:\n      baton: \"true\"\n", "selector is"},
		"the label is no string":        {deploymentFile, "baton: \"true\"", "baton: true", "cannot unmarshal"},
		"two replicas":                  {deploymentFile, "  replicas: 1", "  replicas: 2", "not one replica"},
		"rolling update":                {deploymentFile, "type: Recreate", "type: RollingUpdate", "the strategy is"},
		"another image":                 {deploymentFile, "image: ghcr.io/conductorone/baton-privx", "image: conductorone/baton-privx", "container baton-privx of"},
		"the Secret of another name":    {deploymentFile, "name: baton-privx-secrets", "name: privx-secrets", "Secret's variables are not taken"},
		"liveness by /health":           {deploymentFile, livenessCommand + "live]", livenessCommand + "health]", "live (livenessProbe): the command"},
		"/health by default":            {deploymentFile, ", --endpoint, ready]", "]", "ready (readinessProbe): the command"},
		"/health over the network":      {deploymentFile, execReady, httpGetHealth, "ready (readinessProbe): no probe within"},
		"the binary is elsewhere":       {dockerfile, `ENTRYPOINT ["/baton-privx"]`, `ENTRYPOINT ["/usr/bin/baton-privx"]`, "the command is"},
		"a short start":                 {deploymentFile, "failureThreshold: 360", "failureThreshold: 30", "ConductorOne may be away for longer"},
		"a second for a probe":          {deploymentFile, "periodSeconds: 10\n          timeoutSeconds: 10\n", "periodSeconds: 10\n", "too little time"},
		"no probes to answer":           {deploymentFile, "        - name: BATON_HEALTH_CHECK\n          value: \"true\"\n", "", "has the variables"},
		"root":                          {deploymentFile, "runAsUser: 65532", "runAsUser: 0", "not the image's user"},
		"perhaps root":                  {deploymentFile, "        runAsNonRoot: true\n", "", "runAsNonRoot is not set"},
		"no seccomp":                    {deploymentFile, "type: RuntimeDefault", "type: Unconfined", "no seccomp profile"},
		"more privileges":               {deploymentFile, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "privileges can grow"},
		"privileged":                    {deploymentFile, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: true\n          privileged: true", "overrides the pod"},
		"capabilities":                  {deploymentFile, "drop: [ALL]", "drop: [NET_RAW]", "keeps capabilities"},
		"a writable root":               {deploymentFile, "          readOnlyRootFilesystem: true\n", "", "root file system can be written"},
		"a token":                       {deploymentFile, "      automountServiceAccountToken: false\n", "", "token is mounted"},
		"service links":                 {deploymentFile, "      enableServiceLinks: false\n", "", "services add variables"},
		"no time to end":                {deploymentFile, "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 30", "no time to end"},
		"no limit for the folder":       {deploymentFile, "        emptyDir:\n          sizeLimit: 4Gi\n", "        emptyDir: {}\n", "temporary folder is not"},
		"the folder in memory":          {deploymentFile, "sizeLimit: 4Gi", "sizeLimit: 4Gi\n          medium: Memory", "temporary folder is not"},
		"no temporary folder":           {deploymentFile, "        - name: tmp\n          mountPath: /tmp\n", "", "not mounted"},
		"the CA is elsewhere":           {deploymentFile, "value: /etc/privx/privx-ca.pem", "value: /etc/ssl/privx-ca.pem", "not in a mounted folder"},
		"no CA":                         {deploymentFile, "        - name: BATON_CA_CERTIFICATE\n          value: /etc/privx/privx-ca.pem\n", "", "no BATON_CA_CERTIFICATE"},
		"no request":                    {deploymentFile, "            memory: 256Mi\n", "", "requests no memory"},
		"a limit below the request":     {deploymentFile, "            memory: 1Gi", "            memory: 128Mi", "below the request"},
		"the memory limit alone":        {deploymentFile, "            memory: 1Gi", "            memory: 800Mi", "leaves too little"},
		"a policy for another pod":      {networkPolicyFile, "    matchLabels:\n      app: baton-privx\n", "    matchLabels:\n      app: privx\n", "does not select the pod"},
		"a policy for one direction":    {networkPolicyFile, "[Ingress, Egress]", "[Egress]", "is for [Egress]"},
		"a policy that lets all in":     {networkPolicyFile, "ingress: []", "ingress: [{}]", "lets somebody connect"},
		"a policy that lets all out":    {networkPolicyFile, "  egress:\n", "  egress:\n  - {}\n", "not by ports alone"},
		"a policy without DNS":          {networkPolicyFile, "    - {port: 53, protocol: UDP}\n", "", "is for the ports"},
		"a policy of an unknown field":  {networkPolicyFile, "policyTypes", "policyType", "unknown field"},
		"an external secret's name":     {externalSecretFile, "  target:\n    name: baton-privx-secrets", "  target:\n    name: privx-secrets", "makes the Secret privx-secrets"},
		"an external secret too few":    {externalSecretFile, "  - secretKey: BATON_BASE_URL\n    remoteRef: {key: baton-privx, property: BATON_BASE_URL}\n", "", "has the variables"},
		"an external secret crosswise":  {externalSecretFile, "property: BATON_CLIENT_ID}", "property: BATON_API_CLIENT_ID}", "BATON_CLIENT_ID is taken from"},
		"an external secret's version":  {externalSecretFile, "external-secrets.io/v1", "external-secrets.io/v1beta1", "is a ExternalSecret of"},
		"an external secret's field":    {externalSecretFile, "refreshInterval", "refreshinterval", "unknown field"},
		"a field of Kustomize":          {kustomizeFile, "resources:", "resource:", "unknown field"},
		"the placeholders are applied":  {kustomizeFile, "- deployment.yaml", "- deployment.yaml\n- secret.yaml", "makes 2 objects"},
		"a patch of nothing":            {exampleFile, "      name: baton-privx\n", "      name: privx\n", "no matches"},
		"a patch of another container":  {exampleFile, "          - name: baton-privx\n", "          - name: privx\n", "not one container"},
		"a patch with an unknown field": {exampleFile, "          volumes:\n", "          volume:\n", "unknown field"},
		"a version for another image":   {exampleFile, "- name: ghcr.io/", "- name: docker.io/", "the version is not set"},
		"the page's Secret":             {connectorPage, "BATON_BASE_URL: \"<PrivX address", "BATON_BASE_URL: \"<The address", "differs from every file"},
		"the page's Deployment":         {connectorPage, "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 60", "does not show deploy/kubernetes/deployment.yaml"},
		"the page's commands":           {connectorPage, "kubectl -n baton rollout restart", "kubectl rollout restart", "not in docs/running.md"},
		"the running page's example":    {runningPage, "  newTag: 1.0.0", "  newTag: 1.0.1", "does not show deploy/kubernetes-example"},
		"the running page's commands":   {runningPage, "--from-file=privx-ca.pem", "--from-file=ca.pem", "not in docs/running.md"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := repository(t)
			if !strings.Contains(f[fault.file], fault.old) {
				t.Fatalf("%s does not have what the fault replaces", fault.file)
			}
			f[fault.file] = strings.Replace(f[fault.file], fault.old, fault.new, 1)
			err := check(f, p)
			if err == nil || !strings.Contains(err.Error(), fault.complaint) {
				t.Errorf("not noticed; complaints: %v", err)
			}
		})
	}
}
