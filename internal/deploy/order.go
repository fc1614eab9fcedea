package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// node is what is put in order: a resource, or what the state knows of one.
type node struct {
	key       string
	kind      Kind
	dependsOn []string
}

var kindOrder = []Kind{
	Folder, Notebook, Schema, Volume, Grants, SecretScope, Secret, SecretACL, Warehouse, Job, Permissions, Dashboard, Alert,
}

// inOrder returns the keys, each after what it depends on. What is not in nodes is not waited for.
func inOrder(nodes []node) ([]string, error) {
	byKey := map[string]node{}
	for _, n := range nodes {
		byKey[n.key] = n
	}
	sorted := slices.SortedFunc(slices.Values(nodes), func(a, b node) int {
		return cmp.Or(cmp.Compare(slices.Index(kindOrder, a.kind), slices.Index(kindOrder, b.kind)), cmp.Compare(a.key, b.key))
	})
	var order, way []string
	done := map[string]bool{}
	var visit func(n node) error
	visit = func(n node) error {
		if done[n.key] {
			return nil
		}
		if slices.Contains(way, n.key) {
			return fmt.Errorf("resources depend on each other in a circle: %s", strings.Join(append(way, n.key), " on "))
		}
		way = append(way, n.key)
		for _, key := range slices.Sorted(slices.Values(n.dependsOn)) {
			if on, ok := byKey[key]; ok {
				if err := visit(on); err != nil {
					return err
				}
			}
		}
		way = way[:len(way)-1]
		done[n.key] = true
		order = append(order, n.key)
		return nil
	}
	for _, n := range sorted {
		if err := visit(n); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// checkResources refuses what can't be planned: two of one key, a kind that is not known, a reference to what is
// not a dependency, a dependency that is not there.
func checkResources(desired []Resource) error {
	keys := map[string]bool{}
	for _, r := range desired {
		if keys[r.Key] {
			return fmt.Errorf("there are two resources with the key %s", r.Key)
		}
		if _, ok := kinds[r.Kind]; !ok {
			return fmt.Errorf("%s: there is no kind %q", r.Key, r.Kind)
		}
		keys[r.Key] = true
	}
	for _, r := range desired {
		fields, err := canonical(r.Fields)
		if err != nil {
			return fmt.Errorf("%s: its fields are no JSON: %w", r.Key, err)
		}
		for _, key := range references(fields) {
			if !slices.Contains(r.DependsOn, key) {
				return fmt.Errorf("%s refers to %s and does not depend on it", r.Key, key)
			}
		}
		for _, key := range append(slices.Clone(r.DependsOn), r.Runs...) {
			if !keys[key] {
				return fmt.Errorf("%s needs %s, which is not there", r.Key, key)
			}
		}
	}
	return nil
}
