package fakeworkspace

import (
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/databricks/databricks-sdk-go/service/workspace"
)

// Limits of a Databricks-backed scope.
const (
	maxSecret  = 128 << 10 // bytes of a value
	maxSecrets = 1000      // in a scope
)

var secretName = regexp.MustCompile(`^[\w.@-]{1,128}$`)

type scope struct {
	secrets map[string]secret
	acls    map[string]workspace.AclPermission // by principal
}

type secret struct {
	value   []byte
	updated int64 // ms
}

func (w *Workspace) secretRoutes() {
	const at = "/api/2.0/secrets"
	w.handle("POST "+at+"/scopes/create", w.createScope)
	w.handle("GET "+at+"/scopes/list", w.listScopes)
	w.handle("POST "+at+"/scopes/delete", w.deleteScope)
	w.handle("POST "+at+"/put", w.putSecret)
	w.handle("GET "+at+"/get", w.getSecret)
	w.handle("GET "+at+"/list", w.listSecrets)
	w.handle("POST "+at+"/delete", w.deleteSecret)
	w.handle("POST "+at+"/acls/put", w.putSecretACL)
	w.handle("GET "+at+"/acls/get", w.getSecretACL)
	w.handle("GET "+at+"/acls/list", w.listSecretACLs)
	w.handle("POST "+at+"/acls/delete", w.deleteSecretACL)
}

// Secrets returns the values of a scope by key; nil if there is no such scope.
func (w *Workspace) Secrets(name string) map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.scopes[name] == nil {
		return nil
	}
	all := map[string]string{}
	for key, s := range w.scopes[name].secrets {
		all[key] = string(s.value)
	}
	return all
}

// scope finds a scope on which the caller has one of these rights.
func (w *Workspace) scope(c *call, name string, rights ...workspace.AclPermission) (*scope, *Error) {
	s := w.scopes[name]
	if s == nil {
		return nil, missing("Scope %s does not exist!", name)
	}
	if c.user.admin() || slices.Contains(rights, s.acls[c.user.Name]) {
		return s, nil
	}
	for _, group := range append([]string{"users"}, c.user.Groups...) {
		if slices.Contains(rights, s.acls[group]) {
			return s, nil
		}
	}
	return nil, denied("User %s does not have %s permission on scope %s", c.user.Name, rights[len(rights)-1], name)
}

func (w *Workspace) createScope(c *call) (any, *Error) {
	_, request, failed := read[workspace.CreateScope](c)
	if failed != nil {
		return nil, failed
	}
	if !secretName.MatchString(request.Scope) {
		return nil, invalid("Scope name %q must be of 1 to 128 letters, digits, -, _, @ and .", request.Scope)
	}
	if w.scopes[request.Scope] != nil {
		return nil, exists("Scope %s already exists!", request.Scope)
	}
	if p := request.InitialManagePrincipal; p != "" && p != "users" {
		return nil, invalid("The initial_manage_principal can only be users")
	}
	manager := c.user.Name
	if request.InitialManagePrincipal != "" {
		manager = request.InitialManagePrincipal
	}
	w.scopes[request.Scope] = &scope{map[string]secret{}, map[string]workspace.AclPermission{manager: workspace.AclPermissionManage}}
	return nil, nil
}

func (w *Workspace) listScopes(*call) (any, *Error) {
	all := []object{}
	for _, name := range slices.Sorted(maps.Keys(w.scopes)) {
		all = append(all, object{"name": name, "backend_type": "DATABRICKS"})
	}
	if len(all) == 0 {
		return nil, nil
	}
	return object{"scopes": all}, nil
}

func (w *Workspace) deleteScope(c *call) (any, *Error) {
	_, request, failed := read[workspace.DeleteScope](c)
	if failed != nil {
		return nil, failed
	}
	if _, failed := w.scope(c, request.Scope, workspace.AclPermissionManage); failed != nil {
		return nil, failed
	}
	delete(w.scopes, request.Scope)
	return nil, nil
}

func (w *Workspace) putSecret(c *call) (any, *Error) {
	o, request, failed := read[workspace.PutSecret](c)
	if failed != nil {
		return nil, failed
	}
	s, failed := w.scope(c, request.Scope, workspace.AclPermissionManage, workspace.AclPermissionWrite)
	if failed != nil {
		return nil, failed
	}
	if !secretName.MatchString(request.Key) {
		return nil, invalid("Secret key %q must be of 1 to 128 letters, digits, -, _, @ and .", request.Key)
	}
	if (o["string_value"] == nil) == (o["bytes_value"] == nil) {
		return nil, malformed("Exactly one of string_value and bytes_value must be given")
	}
	value := []byte(request.StringValue)
	if o["bytes_value"] != nil {
		var err error
		if value, err = base64.StdEncoding.DecodeString(request.BytesValue); err != nil {
			return nil, malformed("bytes_value is not base64")
		}
	}
	if len(value) > maxSecret {
		return nil, refusal(http.StatusBadRequest, "MAX_SECRET_SIZE_EXCEEDED", "The secret has %d bytes, more than %d", len(value), maxSecret)
	}
	if _, old := s.secrets[request.Key]; !old && len(s.secrets) == maxSecrets {
		return nil, refusal(http.StatusBadRequest, "RESOURCE_LIMIT_EXCEEDED", "Scope %s has %d secrets already", request.Scope, maxSecrets)
	}
	s.secrets[request.Key] = secret{value, w.millis()}
	return nil, nil
}

func (w *Workspace) getSecret(c *call) (any, *Error) {
	s, failed := w.scope(c, c.query("scope"), workspace.AclPermissionManage, workspace.AclPermissionWrite, workspace.AclPermissionRead)
	if failed != nil {
		return nil, failed
	}
	key := c.query("key")
	one, ok := s.secrets[key]
	if !ok {
		return nil, missing("Secret does not exist with scope: %s and key: %s", c.query("scope"), key)
	}
	return object{"key": key, "value": base64.StdEncoding.EncodeToString(one.value)}, nil
}

func (w *Workspace) listSecrets(c *call) (any, *Error) {
	s, failed := w.scope(c, c.query("scope"), workspace.AclPermissionManage, workspace.AclPermissionWrite, workspace.AclPermissionRead)
	if failed != nil {
		return nil, failed
	}
	all := []object{}
	for _, key := range slices.Sorted(maps.Keys(s.secrets)) {
		all = append(all, object{"key": key, "last_updated_timestamp": s.secrets[key].updated})
	}
	if len(all) == 0 {
		return nil, nil
	}
	return object{"secrets": all}, nil
}

func (w *Workspace) deleteSecret(c *call) (any, *Error) {
	_, request, failed := read[workspace.DeleteSecret](c)
	if failed != nil {
		return nil, failed
	}
	s, failed := w.scope(c, request.Scope, workspace.AclPermissionManage, workspace.AclPermissionWrite)
	if failed != nil {
		return nil, failed
	}
	if _, ok := s.secrets[request.Key]; !ok {
		return nil, missing("Secret %s does not exist.", request.Key)
	}
	delete(s.secrets, request.Key)
	return nil, nil
}
