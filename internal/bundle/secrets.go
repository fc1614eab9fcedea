package bundle

import (
	"maps"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/deploy"
)

func (b builder) secrets() []deploy.Resource {
	scope := b.Secrets.Scope
	if scope == "" {
		return nil
	}
	all := []deploy.Resource{{
		Key: KeyScope, Kind: deploy.SecretScope, Name: scope,
		Fields: fields(workspace.CreateScope{Scope: scope, ScopeBackendType: workspace.ScopeBackendTypeDatabricks}),
	}}
	for _, key := range sorted(b.Secrets.Values) {
		all = append(all, deploy.Resource{
			Key: "secret." + key, Kind: deploy.Secret, Name: scope + "/" + key,
			Fields:    fields(workspace.PutSecret{Scope: scope, Key: key}),
			DependsOn: []string{KeyScope},
			Variable:  b.Secrets.Values[key],
		})
	}
	if who := b.runAs(); who != "" {
		all = append(all, deploy.Resource{
			Key: KeyScopeReader, Kind: deploy.SecretACL, Name: scope + "/" + who,
			Fields:    fields(workspace.PutAcl{Scope: scope, Principal: who, Permission: workspace.AclPermissionRead}),
			DependsOn: []string{KeyScope},
		})
	}
	return all
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
