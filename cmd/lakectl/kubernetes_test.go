package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestKubernetesCommands: the command lines in infra/kubernetes are lakectl's, and so are the variables.
func TestKubernetesCommands(t *testing.T) {
	for file, command := range map[string]string{"queries.yaml": "run", "producer.yaml": "produce"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "infra", "kubernetes", file))
		if err != nil {
			t.Fatal(err)
		}
		documents := bytes.Split(text, []byte("\n---\n"))
		var deployment struct {
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Args []string
							Env  []struct{ Name, Value string }
						}
					}
				}
			}
		}
		if err := yaml.Unmarshal(documents[len(documents)-1], &deployment); err != nil {
			t.Fatal(err)
		}
		container := deployment.Spec.Template.Spec.Containers[0]
		if container.Args[0] != command {
			t.Errorf("%s runs %v", file, container.Args)
		}
		flags, known := parsed(t, container.Args).Flags(), variables(t)
		for _, e := range container.Env {
			flag := flags.Lookup(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(e.Name, "LAKECTL_"), "_", "-")))
			switch {
			case flag == nil && !known[e.Name] && e.Name != tokenVariable && e.Name != "LAKECTL_KAFKA_BROKERS": // the target asks for that one
				t.Errorf("%s: nothing reads %s", file, e.Name)
			case flag != nil && e.Value != "" && flag.Value.Set(e.Value) != nil:
				t.Errorf("%s: %s can't be %s", file, e.Name, e.Value)
			}
		}
	}
}
