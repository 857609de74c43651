package manifesttest_test

import (
	"errors"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// What may be applied beside the Deployment, or in place of the Secret.
const (
	networkPolicyFile  = folder + "networkpolicy.yaml"
	externalSecretFile = folder + "externalsecret.yaml"
)

// networkPolicy checks that the pod is selected, and may connect to DNS and port
// 443 alone.
func (c *complaints) networkPolicy(f files, podLabels map[string]string) {
	policy, err := decode[*networkingv1.NetworkPolicy](f[networkPolicyFile])
	if err != nil {
		c.addf("%s: %w", networkPolicyFile, err)
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	c.unlessf(err == nil && !selector.Empty() && selector.Matches(labels.Set(podLabels)), "%s: does not select the pod", networkPolicyFile)
	both := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	c.unlessf(slices.Equal(policy.Spec.PolicyTypes, both), "%s: is for %v", networkPolicyFile, policy.Spec.PolicyTypes)
	c.unlessf(len(policy.Spec.Ingress) == 0, "%s: lets somebody connect to the pod", networkPolicyFile)
	var ports []string
	for _, rule := range policy.Spec.Egress {
		c.unlessf(len(rule.To) == 0 && len(rule.Ports) > 0, "%s: a rule is not by ports alone", networkPolicyFile)
		for _, p := range rule.Ports {
			if p.Port == nil || p.Protocol == nil || p.EndPort != nil {
				c.addf("%s: a rule is for more than a port", networkPolicyFile)
				continue
			}
			ports = append(ports, string(*p.Protocol)+" "+p.Port.String())
		}
	}
	wanted := []string{"UDP 53", "TCP 53", "TCP 443"}
	c.unlessf(slices.Equal(ports, wanted), "%s: is for the ports %q", networkPolicyFile, ports)
}

// externalSecret has the fields that the example uses, of the resource as the
// External Secrets Operator documents it: its Go module is not taken for one file.
type externalSecret struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Spec            struct {
		RefreshInterval metav1.Duration `json:"refreshInterval"`
		SecretStoreRef  struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"secretStoreRef"`
		Target struct {
			Name           string `json:"name"`
			CreationPolicy string `json:"creationPolicy"`
		} `json:"target"`
		Data []struct {
			SecretKey string `json:"secretKey"`
			RemoteRef struct {
				Key      string `json:"key"`
				Property string `json:"property"`
			} `json:"remoteRef"`
		} `json:"data"`
	} `json:"spec"`
}

// externalSecret checks that the example makes the Secret of secret.yaml.
func (c *complaints) externalSecret(f files, secret *corev1.Secret) {
	var e externalSecret
	content, err := yaml.YAMLToJSONStrict([]byte(f[externalSecretFile]))
	if err != nil {
		c.addf("%s: %w", externalSecretFile, err)
		return
	}
	unknown, err := json.UnmarshalStrict(content, &e)
	if err := errors.Join(append(unknown, err)...); err != nil {
		c.addf("%s: %w", externalSecretFile, err)
		return
	}
	c.unlessf(e.APIVersion == "external-secrets.io/v1" && e.Kind == "ExternalSecret", "%s: is a %s of %s", externalSecretFile, e.Kind, e.APIVersion)
	c.unlessf(e.Metadata.Name == secret.Name && e.Spec.Target.Name == secret.Name, "%s: makes the Secret %s", externalSecretFile, e.Spec.Target.Name)
	c.unlessf(e.Spec.Target.CreationPolicy == "Owner", "%s: makes no Secret: %q", externalSecretFile, e.Spec.Target.CreationPolicy)
	store := e.Spec.SecretStoreRef
	c.unlessf(store.Name != "" && slices.Contains([]string{"SecretStore", "ClusterSecretStore"}, store.Kind), "%s: the store is %v", externalSecretFile, store)
	c.unlessf(e.Spec.RefreshInterval.Duration > 0, "%s: is not refreshed", externalSecretFile)
	var keys []string
	for _, d := range e.Spec.Data {
		keys = append(keys, d.SecretKey)
		c.unlessf(d.RemoteRef.Key != "" && d.RemoteRef.Property == d.SecretKey, "%s: %s is taken from %v", externalSecretFile, d.SecretKey, d.RemoteRef)
	}
	slices.Sort(keys)
	c.unlessf(slices.Equal(keys, slices.Sorted(maps.Keys(secret.StringData))), "%s: has the variables %q", externalSecretFile, keys)
}
