package fakeworkspace_test

import (
	"strings"
	"testing"

	"github.com/databricks/databricks-sdk-go/service/workspace"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestSecrets(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	put := func(p workspace.PutSecret) error { return c.Secrets.PutSecret(ctx, p) }
	refused(t, put(workspace.PutSecret{Scope: "lake", Key: "password", StringValue: "hunter2"}), 404, "RESOURCE_DOES_NOT_EXIST", "Scope lake does not exist!")
	ok(t, c.Secrets.CreateScope(ctx, workspace.CreateScope{Scope: "lake"}))
	refused(t, c.Secrets.CreateScope(ctx, workspace.CreateScope{Scope: "lake"}), 400, "RESOURCE_ALREADY_EXISTS", "Scope lake already exists!")
	refused(t, c.Secrets.CreateScope(ctx, workspace.CreateScope{Scope: "la ke"}), 400, "INVALID_PARAMETER_VALUE", "letters")
	ok(t, put(workspace.PutSecret{Scope: "lake", Key: "password", StringValue: "hunter2"}))
	refused(t, put(workspace.PutSecret{Scope: "lake", Key: "a b", StringValue: "x"}), 400, "INVALID_PARAMETER_VALUE", "key")
	refused(t, put(workspace.PutSecret{Scope: "lake", Key: "a"}), 400, "MALFORMED_REQUEST", "Exactly one")
	refused(t, put(workspace.PutSecret{Scope: "lake", Key: "a", StringValue: strings.Repeat("x", 128<<10+1)}), 400, "MAX_SECRET_SIZE_EXCEEDED", "bytes")

	all := must[[]workspace.SecretMetadata](t)(c.Secrets.ListSecretsAll(ctx, workspace.ListSecretsRequest{Scope: "lake"}))
	if len(all) != 1 || all[0].Key != "password" || all[0].LastUpdatedTimestamp == 0 {
		t.Errorf("listed %+v", all)
	}
	if got := must[*workspace.GetSecretResponse](t)(c.Secrets.GetSecret(ctx, workspace.GetSecretRequest{Scope: "lake", Key: "password"})); got.Value != "aHVudGVyMg==" {
		t.Errorf("value is %q", got.Value)
	}
	if w.Secrets("lake")["password"] != "hunter2" {
		t.Errorf("secrets are %v", w.Secrets("lake"))
	}
	for _, r := range w.Requests() {
		if strings.Contains(r.String(), "hunter2") {
			t.Errorf("%s shows it", r)
		}
	}
	ok(t, c.Secrets.DeleteSecret(ctx, workspace.DeleteSecret{Scope: "lake", Key: "password"}))
	refused(t, c.Secrets.DeleteSecret(ctx, workspace.DeleteSecret{Scope: "lake", Key: "password"}), 404, "RESOURCE_DOES_NOT_EXIST", "does not exist")
	ok(t, c.Secrets.DeleteScopeByScope(ctx, "lake"))
	if w.Secrets("lake") != nil {
		t.Error("the scope is still there")
	}
}

func TestSecretACLs(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	other := dial(t, w, "dapi-you")
	ok(t, c.Secrets.CreateScope(ctx, workspace.CreateScope{Scope: "lake"}))
	_, err := other.Secrets.ListSecretsAll(ctx, workspace.ListSecretsRequest{Scope: "lake"})
	refused(t, err, 403, "PERMISSION_DENIED", "READ")
	ok(t, c.Secrets.PutAcl(ctx, workspace.PutAcl{Scope: "lake", Principal: you, Permission: workspace.AclPermissionRead}))
	_, err = other.Secrets.ListSecretsAll(ctx, workspace.ListSecretsRequest{Scope: "lake"})
	ok(t, err)
	refused(t, other.Secrets.PutSecret(ctx, workspace.PutSecret{Scope: "lake", Key: "a", StringValue: "b"}), 403, "PERMISSION_DENIED", "WRITE")
	refused(t, c.Secrets.PutAcl(ctx, workspace.PutAcl{Scope: "lake", Principal: "nobody", Permission: workspace.AclPermissionRead}), 404, "RESOURCE_DOES_NOT_EXIST", "nobody")
	if all := must[[]workspace.AclItem](t)(c.Secrets.ListAclsAll(ctx, workspace.ListAclsRequest{Scope: "lake"})); len(all) != 2 || all[0].Permission != workspace.AclPermissionManage {
		t.Errorf("listed %+v", all)
	}
	ok(t, c.Secrets.DeleteAcl(ctx, workspace.DeleteAcl{Scope: "lake", Principal: you}))
	_, err = c.Secrets.GetAcl(ctx, workspace.GetAclRequest{Scope: "lake", Principal: you})
	refused(t, err, 404, "RESOURCE_DOES_NOT_EXIST", "No ACL")
}
