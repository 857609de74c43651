package manifesttest_test

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	allManifests    = "deploy/"
	folder          = allManifests + "kubernetes/"
	secretFile      = folder + "secret.yaml"
	deploymentFile  = folder + "deployment.yaml"
	kustomizeFile   = folder + "kustomization.yaml"
	exampleFile     = "deploy/kubernetes-example/kustomization.yaml"
	connectorPage   = "docs/connector.mdx"
	readme          = "README.md"
	runningPage     = "docs/running.md"
	dockerfile      = "Dockerfile"
	connectorImage  = "ghcr.io/conductorone/baton-privx"
	secretName      = "baton-privx-secrets"
	configMapName   = "baton-privx-ca"
	nonRoot         = int64(65532)
	longestGrant    = 30   // seconds
	longestOutage   = 3600 // seconds that ConductorOne may be away at the start
	probes          = "96Mi"
	caVariable      = "BATON_CA_CERTIFICATE"
	healthVariable  = "BATON_HEALTH_CHECK"
	memLimitSetting = "GOMEMLIMIT"
)

// secretVariables are those that ConductorOne's guide puts into the Secret.
var secretVariables = []string{
	"BATON_API_CLIENT_ID", "BATON_API_CLIENT_SECRET", "BATON_BASE_URL", "BATON_CLIENT_ID", "BATON_CLIENT_SECRET",
	"BATON_OAUTH_CLIENT_ID", "BATON_OAUTH_CLIENT_SECRET",
}

// beyondHelp are the variables that the binary reads and --help does not list.
// A variable of a hidden flag would belong here too.
var beyondHelp = []string{
	// Read by the SDK itself, without a flag.
	"BATON_CONFIG_PATH", "BATON_HOST_ID", "BATON_TMPDIR",
}

// files are the repository's files that are looked at, by path.
type files map[string]string

// program is what is known of the connector's binary.
type program struct {
	variables map[string]bool   // that it reads
	paths     map[string]string // that its subcommand health-check asks for, by endpoint
}

// strictDecoder decodes the kinds that there are. An unknown field, one that
// comes twice, and one in the wrong case are errors.
func strictDecoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	err := errors.Join(corev1.AddToScheme(scheme), appsv1.AddToScheme(scheme), networkingv1.AddToScheme(scheme))
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), err
}

// decode decodes a manifest of a single object.
func decode[T runtime.Object](manifest string) (T, error) {
	var none T
	decoder, err := strictDecoder()
	if err != nil {
		return none, err
	}
	if strings.Contains(manifest, "\n---") {
		return none, errors.New("more than one document")
	}
	object, _, err := decoder.Decode([]byte(manifest), nil, nil)
	if err != nil {
		return none, err
	}
	typed, ok := object.(T)
	if !ok {
		return none, fmt.Errorf("is a %T, not a %T", object, none)
	}
	return typed, nil
}

// build builds a kustomization as kubectl apply -k does.
func build(f files, dir string) ([]string, error) {
	disk := filesys.MakeFsInMemory()
	for name, content := range f {
		if strings.HasPrefix(name, allManifests) {
			if err := disk.WriteFile("/"+name, []byte(content)); err != nil {
				return nil, err
			}
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/"+dir)
	if err != nil {
		return nil, err
	}
	var manifests []string
	for _, r := range built.Resources() {
		manifest, err := r.AsYAML()
		if err != nil {
			return nil, err
		}
		manifests = append(manifests, string(manifest))
	}
	return manifests, nil
}

// complaints collects what is wrong.
type complaints []error

func (c *complaints) addf(format string, args ...any) { *c = append(*c, fmt.Errorf(format, args...)) }

func (c *complaints) unlessf(holds bool, format string, args ...any) {
	if !holds {
		c.addf(format, args...)
	}
}

// check returns all that is wrong with the manifests and with what the
// documentation shows of them.
func check(f files, p program) error {
	var c complaints
	for name := range f {
		known := []string{secretFile, deploymentFile, kustomizeFile, exampleFile, networkPolicyFile, externalSecretFile}
		c.unlessf(!strings.HasPrefix(name, allManifests) || slices.Contains(known, name), "%s: is not looked at by any test", name)
	}
	if secret, err := decode[*corev1.Secret](f[secretFile]); err != nil {
		c.addf("%s: %w", secretFile, err)
	} else {
		c.secret(secret, p)
		c.externalSecret(f, secret)
	}
	if deployment, err := decode[*appsv1.Deployment](f[deploymentFile]); err != nil {
		c.addf("%s: %w", deploymentFile, err)
	} else {
		c.deployment(deploymentFile, deployment, f, p)
		c.privateCA(deployment)
		c.networkPolicy(f, deployment.Spec.Template.Labels)
	}
	c.kustomization(f, p)
	c.documentation(f)
	return errors.Join(c...)
}

func (c *complaints) secret(s *corev1.Secret, p program) {
	c.unlessf(s.Name == secretName && s.Namespace == "", "%s: is named %s/%s", secretFile, s.Namespace, s.Name)
	c.unlessf(s.Type == corev1.SecretTypeOpaque && len(s.Data) == 0, "%s: is not Opaque, or has data", secretFile)
	names := slices.Sorted(maps.Keys(s.StringData))
	c.unlessf(slices.Equal(names, secretVariables), "%s: has the variables %q", secretFile, names)
	for name, value := range s.StringData {
		c.unlessf(p.variables[name], "%s: %s is no variable of the binary", secretFile, name)
		c.unlessf(strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">"), "%s: %s is not a placeholder", secretFile, name)
	}
}

// deployment checks what holds with every change that an operator may make.
func (c *complaints) deployment(name string, d *appsv1.Deployment, f files, p program) {
	c.unlessf(d.Name == "baton-privx" && d.Labels["app"] == "baton-privx", "%s: is named %s, labels %v", name, d.Name, d.Labels)
	spec := d.Spec
	c.unlessf(spec.Replicas != nil && *spec.Replicas == 1, "%s: not one replica", name)
	c.unlessf(spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType, "%s: the strategy is %q", name, spec.Strategy.Type)
	wanted := map[string]string{"app": "baton-privx", "baton": "true", "baton-app": "privx"}
	c.unlessf(maps.Equal(spec.Template.Labels, wanted), "%s: the pod's labels are %v", name, spec.Template.Labels)
	selector, err := metav1.LabelSelectorAsSelector(spec.Selector)
	c.unlessf(err == nil && selector.Matches(labels.Set(spec.Template.Labels)), "%s: the selector does not select the pod's labels", name)
	c.unlessf(err == nil && selector.String() == "app=baton-privx", "%s: the selector is %v", name, selector)

	pod := spec.Template.Spec
	c.pod(name, pod)
	if len(pod.Containers) != 1 || len(pod.InitContainers) > 0 {
		c.addf("%s: not one container", name)
		return
	}
	container := pod.Containers[0]
	image, _, _ := strings.Cut(container.Image, ":")
	c.unlessf(container.Name == "baton-privx" && image == connectorImage, "%s: container %s of %s", name, container.Name, container.Image)
	c.unlessf(len(container.Command) == 0 && len(container.Args) == 0, "%s: the image's own entry point is not used", name)
	c.variables(name, container, p)
	c.container(name, container)
	c.folders(name, pod)
	c.probes(name, container, f, p)
}

func (c *complaints) pod(name string, pod corev1.PodSpec) {
	isFalse := func(b *bool) bool { return b != nil && !*b }
	c.unlessf(isFalse(pod.AutomountServiceAccountToken), "%s: the service account's token is mounted", name)
	c.unlessf(isFalse(pod.EnableServiceLinks), "%s: services add variables", name)
	c.unlessf(!pod.HostNetwork && !pod.HostPID && !pod.HostIPC, "%s: shares a namespace with the host", name)
	grace := pod.TerminationGracePeriodSeconds
	c.unlessf(grace != nil && *grace > longestGrant, "%s: a grant has no time to end", name)
	security := pod.SecurityContext
	if security == nil {
		c.addf("%s: the pod has no security context", name)
		return
	}
	is := func(id *int64) bool { return id != nil && *id == nonRoot }
	c.unlessf(security.RunAsNonRoot != nil && *security.RunAsNonRoot, "%s: runAsNonRoot is not set", name)
	c.unlessf(is(security.RunAsUser) && is(security.RunAsGroup), "%s: not the image's user and group", name)
	c.unlessf(security.SeccompProfile != nil && security.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault, "%s: no seccomp profile", name)
}

func (c *complaints) container(name string, container corev1.Container) {
	security := container.SecurityContext
	if security == nil {
		c.addf("%s: the container has no security context", name)
		return
	}
	c.unlessf(security.AllowPrivilegeEscalation != nil && !*security.AllowPrivilegeEscalation, "%s: privileges can grow", name)
	c.unlessf(security.ReadOnlyRootFilesystem != nil && *security.ReadOnlyRootFilesystem, "%s: the root file system can be written", name)
	c.unlessf(security.Privileged == nil && security.RunAsUser == nil && security.RunAsNonRoot == nil, "%s: the container overrides the pod", name)
	drops := security.Capabilities != nil && slices.Equal(security.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(security.Capabilities.Add) == 0
	c.unlessf(drops, "%s: keeps capabilities", name)

	resources := container.Resources
	for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		request, requested := resources.Requests[r]
		limit, limited := resources.Limits[r]
		c.unlessf(requested, "%s: requests no %s", name, r)
		c.unlessf(!limited || limit.Cmp(request) >= 0, "%s: the limit of %s is below the request", name, r)
	}
	limit := resources.Limits.Memory()
	for _, v := range container.Env {
		if v.Name != memLimitSetting {
			continue
		}
		soft, err := resource.ParseQuantity(strings.TrimSuffix(v.Value, "B"))
		if err != nil {
			c.addf("%s: %s: %w", name, v.Name, err)
			return
		}
		// It is for each process; the connector has two, and there are the probes.
		soft.Mul(2)
		soft.Add(resource.MustParse(probes))
		c.unlessf(soft.Cmp(*limit) < 0, "%s: %s of %s leaves too little of the memory limit of %s", name, v.Name, v.Value, limit)
		return
	}
	c.addf("%s: no %s", name, memLimitSetting)
}

func (c *complaints) variables(name string, container corev1.Container, p program) {
	seen := map[string]bool{}
	for _, v := range container.Env {
		c.unlessf(!seen[v.Name], "%s: %s is set twice", name, v.Name)
		seen[v.Name] = true
		c.unlessf(v.Name == memLimitSetting || p.variables[v.Name], "%s: %s is no variable of the binary", name, v.Name)
		c.unlessf(!slices.Contains(secretVariables, v.Name), "%s: %s belongs into the Secret", name, v.Name)
		c.unlessf(v.Value != "", "%s: %s is empty", name, v.Name)
		c.unlessf(v.Name != "BATON_PROVISIONING" || v.Value == "false", "%s: provisioning is on though nobody has asked for it", name)
	}
	c.unlessf(seen["BATON_HOST_ID"] && seen["BATON_PROVISIONING"] && seen[healthVariable], "%s: has the variables %v only", name, slices.Sorted(maps.Keys(seen)))
	from := container.EnvFrom
	c.unlessf(len(from) == 1 && from[0].Prefix == "" && from[0].SecretRef != nil && from[0].SecretRef.Name == secretName && from[0].SecretRef.Optional == nil,
		"%s: the Secret's variables are not taken as they are", name)
}

// folders checks that the temporary folder can be written, and that nothing else
// is mounted but the CA.
func (c *complaints) folders(name string, pod corev1.PodSpec) {
	volumes := map[string]corev1.VolumeSource{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	mounted := map[string]bool{}
	for _, m := range pod.Containers[0].VolumeMounts {
		source, ok := volumes[m.Name]
		c.unlessf(ok, "%s: %s is mounted and not there", name, m.Name)
		mounted[m.Name] = true
		switch {
		case m.MountPath == "/tmp":
			dir := source.EmptyDir
			c.unlessf(dir != nil && dir.Medium == corev1.StorageMediumDefault && dir.SizeLimit != nil && !m.ReadOnly,
				"%s: the temporary folder is not a writable emptyDir of limited size on disk", name)
		case source.ConfigMap != nil:
			c.unlessf(m.ReadOnly && source.ConfigMap.Name == configMapName, "%s: %s is not the ConfigMap with the CA", name, m.Name)
		default:
			c.addf("%s: %s is mounted at %s", name, m.Name, m.MountPath)
		}
	}
	c.unlessf(len(mounted) == len(volumes), "%s: there are volumes that are not mounted", name)
	for _, v := range pod.Containers[0].Env {
		inMount := func(m corev1.VolumeMount) bool { return m.MountPath == path.Dir(v.Value) }
		c.unlessf(v.Name != caVariable || slices.ContainsFunc(pod.Containers[0].VolumeMounts, inMount), "%s: %s is not in a mounted folder", name, v.Name)
	}
	c.unlessf(mounted["tmp"], "%s: no temporary folder", name)
}

// privateCA checks that the Deployment as it is mounts the CA.
func (c *complaints) privateCA(d *appsv1.Deployment) {
	for _, container := range d.Spec.Template.Spec.Containers {
		for _, v := range container.Env {
			if v.Name == caVariable {
				return
			}
		}
	}
	c.addf("%s: no %s", deploymentFile, caVariable)
}

func (c *complaints) probes(name string, container corev1.Container, f files, p program) {
	entry := regexp.MustCompile(`(?m)^ENTRYPOINT \["(.+)"\]$`).FindStringSubmatch(f[dockerfile])
	if entry == nil {
		c.addf("%s: no entry point", dockerfile)
		return
	}
	for kind, probe := range map[string]*corev1.Probe{
		"live (startupProbe)": container.StartupProbe, "live (livenessProbe)": container.LivenessProbe, "ready (readinessProbe)": container.ReadinessProbe,
	} {
		endpoint, _, _ := strings.Cut(kind, " ")
		if probe == nil || probe.Exec == nil {
			c.addf("%s: %s: no probe within the container", name, kind)
			continue
		}
		wanted := []string{entry[1], "health-check", "--endpoint", endpoint}
		c.unlessf(slices.Equal(probe.Exec.Command, wanted), "%s: %s: the command is %q", name, kind, probe.Exec.Command)
		c.unlessf(p.paths[endpoint] == "/"+endpoint, "%s: %s: the binary asks for %q", name, kind, p.paths[endpoint])
		// The subcommand gives up after 5 seconds by itself.
		c.unlessf(probe.TimeoutSeconds > 5, "%s: %s: too little time for a busy processor", name, kind)
		c.unlessf(probe.FailureThreshold > 1, "%s: %s: a single failure counts", name, kind)
	}
	if start := container.StartupProbe; start != nil {
		c.unlessf(start.PeriodSeconds*start.FailureThreshold >= longestOutage, "%s: ConductorOne may be away for longer than the start-up probe waits", name)
	}
}

func (c *complaints) kustomization(f files, p program) {
	for _, file := range []string{kustomizeFile, exampleFile} {
		dir := path.Dir(file)
		manifests, err := build(f, dir)
		if err != nil {
			c.addf("%s: %w", file, err)
			continue
		}
		if len(manifests) != 1 {
			c.addf("%s: makes %d objects instead of the Deployment", file, len(manifests))
			continue
		}
		deployment, err := decode[*appsv1.Deployment](manifests[0])
		if err != nil {
			c.addf("%s: %w", file, err)
			continue
		}
		c.deployment(file, deployment, f, p)
		if file == exampleFile {
			c.example(deployment)
		}
	}
}

// example checks that each of the example's changes has an effect.
func (c *complaints) example(d *appsv1.Deployment) {
	pod := d.Spec.Template.Spec
	c.unlessf(d.Namespace == "baton", "%s: the namespace is %q", exampleFile, d.Namespace)
	if len(pod.Containers) != 1 {
		return
	}
	c.unlessf(!strings.HasSuffix(pod.Containers[0].Image, ":latest"), "%s: the version is not set", exampleFile)
	for _, v := range pod.Containers[0].Env {
		c.unlessf(v.Name != caVariable, "%s: %s is still there", exampleFile, v.Name)
	}
	c.unlessf(len(pod.Volumes) == 1 && len(pod.Containers[0].VolumeMounts) == 1, "%s: the CA is still mounted", exampleFile)
}
