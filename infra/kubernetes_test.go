package infra_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/cryptostream/lakectl/internal/target"
)

var kubernetes = filepath.Join(root, "infra", "kubernetes")

// kustomization is what of the file's format is used.
type kustomization struct {
	metav1.TypeMeta    `json:",inline"`
	Namespace          string   `json:"namespace"`
	Resources          []string `json:"resources"`
	ConfigMapGenerator []struct {
		Name     string   `json:"name"`
		Files    []string `json:"files"`
		Literals []string `json:"literals"`
	} `json:"configMapGenerator"`
	Images []struct{ Name, NewName, NewTag string } `json:"images"`
}

// kinds are those that may be in the files, each by its Go type.
var kinds = map[string]func() runtime.Object{
	"v1/ServiceAccount": func() runtime.Object { return &corev1.ServiceAccount{} },
	"v1/Service":        func() runtime.Object { return &corev1.Service{} },
	"v1/PersistentVolumeClaim": func() runtime.Object {
		return &corev1.PersistentVolumeClaim{}
	},
	"v1/Pod":             func() runtime.Object { return &corev1.Pod{} },
	"apps/v1/Deployment": func() runtime.Object { return &appsv1.Deployment{} },
	"rbac.authorization.k8s.io/v1/Role": func() runtime.Object {
		return &rbacv1.Role{}
	},
	"rbac.authorization.k8s.io/v1/RoleBinding": func() runtime.Object { return &rbacv1.RoleBinding{} },
	"networking.k8s.io/v1/NetworkPolicy":       func() runtime.Object { return &networkingv1.NetworkPolicy{} },
}

func readKubernetes(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(kubernetes, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readKustomization(t *testing.T) kustomization {
	t.Helper()
	var k kustomization
	if err := yaml.UnmarshalStrict(readKubernetes(t, "kustomization.yaml"), &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// objects reads files strictly, as Kubernetes' own types: an unknown key is a mistake.
func objects(t *testing.T, files ...string) (all []runtime.Object) {
	t.Helper()
	for _, file := range files {
		documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(readKubernetes(t, file))))
		for {
			text, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var kind metav1.TypeMeta
			if err := yaml.Unmarshal(text, &kind); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			known := kinds[kind.APIVersion+"/"+kind.Kind]
			if known == nil {
				t.Fatalf("%s: %s of %s is not expected", file, kind.Kind, kind.APIVersion)
			}
			object := known()
			if err := yaml.UnmarshalStrict(text, object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			all = append(all, object)
		}
	}
	return all
}

// of picks the objects of one type, by name.
func of[T interface {
	runtime.Object
	GetName() string
}](all []runtime.Object) map[string]T {
	found := map[string]T{}
	for _, object := range all {
		if o, ok := object.(T); ok {
			found[o.GetName()] = o
		}
	}
	return found
}

// TestKubernetesReferences: what an object names is there.
func TestKubernetesReferences(t *testing.T) {
	k := readKustomization(t)
	all := objects(t, k.Resources...)
	claims, accounts := of[*corev1.PersistentVolumeClaim](all), of[*corev1.ServiceAccount](all)
	configs := map[string]bool{}
	for _, c := range k.ConfigMapGenerator {
		configs[c.Name] = true
		for _, file := range c.Files {
			_, path, renamed := strings.Cut(file, "=")
			if !renamed {
				path = file
			}
			readKubernetes(t, path)
		}
	}
	for name, d := range of[*appsv1.Deployment](all) {
		pod := d.Spec.Template
		if diff := cmp.Diff(d.Spec.Selector.MatchLabels["app.kubernetes.io/name"], pod.Labels["app.kubernetes.io/name"]); diff != "" {
			t.Errorf("%s does not select its own pods: %s", name, diff)
		}
		if a := pod.Spec.ServiceAccountName; a != "" && accounts[a] == nil {
			t.Errorf("%s: there is no service account %s", name, a)
		}
		volumes := map[string]bool{}
		for _, v := range pod.Spec.Volumes {
			volumes[v.Name] = true
			if c := v.PersistentVolumeClaim; c != nil && claims[c.ClaimName] == nil {
				t.Errorf("%s: there is no claim %s", name, c.ClaimName)
			}
			if c := v.ConfigMap; c != nil && !configs[c.Name] {
				t.Errorf("%s: there is no config map %s", name, c.Name)
			}
		}
		for _, c := range pod.Spec.Containers {
			for _, m := range c.VolumeMounts {
				if !volumes[m.Name] {
					t.Errorf("%s: there is no volume %s", name, m.Name)
				}
			}
			if !slices.ContainsFunc(k.Images, func(i struct{ Name, NewName, NewTag string }) bool { return i.Name == c.Image && i.NewTag != "" }) {
				t.Errorf("%s: image %s has no version in kustomization.yaml", name, c.Image)
			}
		}
	}
}

// TestKubernetesConfined: each container runs with as little as it needs, the executors' too.
func TestKubernetesConfined(t *testing.T) {
	specs := map[string]corev1.PodSpec{}
	for name, d := range of[*appsv1.Deployment](objects(t, readKustomization(t).Resources...)) {
		specs[name] = d.Spec.Template.Spec
		if *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
			t.Errorf("%s: two at once would write over each other", name)
		}
		if memory := d.Spec.Template.Spec.Containers[0].Resources.Limits.Memory(); memory.Cmp(resource.MustParse("1Mi")) < 0 {
			t.Errorf("%s has no memory limit", name)
		}
	}
	specs["executor"] = objects(t, "executor.yaml")[0].(*corev1.Pod).Spec
	for name, spec := range specs {
		s, c := spec.SecurityContext, spec.Containers[0].SecurityContext
		switch {
		case !*s.RunAsNonRoot || *s.RunAsUser == 0 || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
			t.Errorf("%s has rights that it does not need", name)
		case *c.AllowPrivilegeEscalation || !slices.Contains(c.Capabilities.Drop, "ALL"):
			t.Errorf("%s is not confined", name)
		case name != "spark" && (spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken):
			t.Errorf("%s has a token for the API, which it does not use", name)
		}
	}
}

// TestKubernetesNetwork: each pod's ports are closed but for those who need them, and none is public.
func TestKubernetesNetwork(t *testing.T) {
	all := objects(t, readKustomization(t).Resources...)
	policies := of[*networkingv1.NetworkPolicy](all)
	if p := policies["nobody"]; p == nil || len(p.Spec.Ingress) != 0 || p.Spec.PodSelector.MatchLabels["app.kubernetes.io/part-of"] != "lakectl" {
		t.Error("not everything is closed to begin with")
	}
	for name, d := range of[*appsv1.Deployment](all) {
		if d.Spec.Template.Labels["app.kubernetes.io/part-of"] != "lakectl" {
			t.Errorf("%s is not under that policy", name)
		}
		open := map[int32]bool{}
		if p := policies[name]; p != nil {
			for _, rule := range p.Spec.Ingress {
				if len(rule.From) == 0 || len(rule.Ports) == 0 {
					t.Errorf("%s: a rule lets everybody in, or to every port", name)
				}
				for _, port := range rule.Ports {
					open[port.Port.IntVal] = true
				}
			}
		}
		listens := map[int32]bool{}
		for _, port := range d.Spec.Template.Spec.Containers[0].Ports {
			listens[port.ContainerPort] = true
		}
		if diff := cmp.Diff(listens, open); diff != "" {
			t.Errorf("%s listens, and is reached: %s", name, diff)
		}
	}
	for name, s := range of[*corev1.Service](all) {
		if s.Spec.Type != "" && s.Spec.Type != corev1.ServiceTypeClusterIP {
			t.Errorf("service %s is reached from outside", name)
		}
	}
}

// TestKubernetesSecrets: nothing secret is written down, and every key that is asked for is in the command
// that makes the secret.
func TestKubernetesSecrets(t *testing.T) {
	k := readKustomization(t)
	comment := string(readKubernetes(t, "kustomization.yaml"))
	all := append(objects(t, k.Resources...), objects(t, "executor.yaml")...)
	secret := regexp.MustCompile(`TOKEN|PASSWORD|SECRET|ACCESS_KEY|USERNAME`)
	check := func(name string, c corev1.Container) {
		for _, e := range c.Env {
			if ref := e.ValueFrom; ref != nil && ref.SecretKeyRef != nil {
				if ref.SecretKeyRef.Name != "lakectl" || !strings.Contains(comment, "--from-literal="+ref.SecretKeyRef.Key+"=") {
					t.Errorf("%s: %s is from a secret that nobody makes", name, e.Name)
				}
			} else if secret.MatchString(e.Name) {
				t.Errorf("%s: %s is not from the secret", name, e.Name)
			}
		}
	}
	for _, object := range all {
		switch o := object.(type) {
		case *appsv1.Deployment:
			check(o.Name, o.Spec.Template.Spec.Containers[0])
		case *corev1.Pod:
			check("executor", o.Spec.Containers[0])
		}
	}
}

// TestKubernetesTarget: the target is one, and agrees with what is around it.
func TestKubernetesTarget(t *testing.T) {
	set, err := target.Load(os.DirFS(filepath.Join(kubernetes, "targets")))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	k := readKustomization(t)
	all := objects(t, k.Resources...)
	queries := of[*appsv1.Deployment](all)["queries"].Spec.Template.Spec.Containers[0]
	for _, e := range queries.Env {
		if env[e.Name] = e.Value; e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
			for _, c := range k.ConfigMapGenerator {
				if c.Name == e.ValueFrom.ConfigMapKeyRef.Name {
					_, env[e.Name], _ = strings.Cut(c.Literals[0], "=")
				}
			}
		}
	}
	found, err := set.Resolve("kubernetes", target.Variables{Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Kafka.Brokers) != 3 || !found.Kafka.LogsIn() || env["LAKECTL_KAFKA_USERNAME"] != "" {
		t.Errorf("%+v", found.Kafka)
	}
	service := of[*corev1.Service](all)["spark"]
	if !strings.HasPrefix(found.Spark.Remote, "sc://"+service.Name+":15002/") {
		t.Errorf("%s is not the service", found.Spark.Remote)
	}
	properties := map[string]string{}
	for line := range strings.Lines(string(readKubernetes(t, "spark.properties"))) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(key, "#") {
			properties[key] = value
		}
	}
	for _, port := range service.Spec.Ports {
		key := map[string]string{"connect": "spark.connect.grpc.binding.port", "driver": "spark.driver.port", "blocks": "spark.driver.blockManager.port"}[port.Name]
		if properties[key] != fmt.Sprint(port.Port) {
			t.Errorf("%s is %s, and the service's port %d", key, properties[key], port.Port)
		}
	}
	if properties["spark.kubernetes.authenticate.executor.serviceAccountName"] != "spark-executor" || properties["spark.sql.session.timeZone"] != "UTC" {
		t.Error("spark.properties")
	}
}
