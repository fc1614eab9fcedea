package fakeworkspace_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	databricks "github.com/databricks/databricks-sdk-go"
	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/service/iam"
	"github.com/databricks/databricks-sdk-go/service/settings"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

func TestMe(t *testing.T) {
	_, c := open(t, fakeworkspace.Options{})
	got := must[*iam.User](t)(c.CurrentUser.Me(t.Context(), iam.MeRequest{}))
	if got.UserName != me || got.Id == "" || len(got.Groups) != 1 || got.Groups[0].Display != "admins" {
		t.Errorf("me is %+v", got)
	}
}

func TestCredentials(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	_, err := dial(t, w, "dapi-wrong").CurrentUser.Me(t.Context(), iam.MeRequest{})
	refused(t, err, 403, "403", "Invalid access token.")
	w.ExpireTokens()
	_, err = c.CurrentUser.Me(t.Context(), iam.MeRequest{})
	refused(t, err, 401, "UNAUTHENTICATED", "expired")
	if !errors.Is(err, apierr.ErrUnauthenticated) {
		t.Error("the SDK does not know it")
	}
}

func TestServicePrincipal(t *testing.T) {
	w, _ := open(t, fakeworkspace.Options{})
	id := "11112222-3333-4444-5555-666677778888"
	c := connect(t, w, &databricks.Config{ClientID: id, ClientSecret: "s3cret", AuthType: "oauth-m2m"})
	if got := must[*iam.User](t)(c.CurrentUser.Me(t.Context(), iam.MeRequest{})); got.UserName != id {
		t.Errorf("me is %+v", got)
	}
	wrong := connect(t, w, &databricks.Config{ClientID: id, ClientSecret: "no", AuthType: "oauth-m2m"})
	if _, err := wrong.CurrentUser.Me(t.Context(), iam.MeRequest{}); err == nil {
		t.Error("a wrong secret is taken")
	}
}

// The SDK asks for a new token when the old one's life is over.
func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	w, _ := open(t, fakeworkspace.Options{TokenLifetime: time.Second})
	c := connect(t, w, &databricks.Config{ClientID: "11112222-3333-4444-5555-666677778888", ClientSecret: "s3cret", AuthType: "oauth-m2m"})
	var asked atomic.Int32
	w.OnRequest(nil, func(_ int, r fakeworkspace.Request) {
		if r.Path == "/oidc/v1/token" {
			asked.Add(1)
		}
	})
	for asked.Load() < 2 && t.Context().Err() == nil {
		must[*iam.User](t)(c.CurrentUser.Me(t.Context(), iam.MeRequest{}))
	}
}

func TestPrincipals(t *testing.T) {
	w, c := open(t, fakeworkspace.Options{})
	ctx := t.Context()
	w.AddAccountGroup("analysts")
	if all := must[[]iam.User](t)(c.UsersV2.ListAll(ctx, iam.ListUsersRequest{Filter: fmt.Sprintf("userName eq %q", you)})); len(all) != 1 || all[0].UserName != you {
		t.Errorf("users are %+v", all)
	}
	if all := must[[]iam.Group](t)(c.GroupsV2.ListAll(ctx, iam.ListGroupsRequest{})); len(all) != 3 {
		t.Errorf("groups are %+v", all)
	}
	if all := must[[]iam.ServicePrincipal](t)(c.ServicePrincipalsV2.ListAll(ctx, iam.ListServicePrincipalsRequest{})); len(all) != 1 || all[0].ApplicationId == "" {
		t.Errorf("principals are %+v", all)
	}
	_, err := c.GroupsV2.ListAll(ctx, iam.ListGroupsRequest{Filter: "displayName co x"})
	refused(t, err, 400, "INVALID_PARAMETER_VALUE", "filters")
	w.AddDestination("d1")
	if all := must[[]settings.ListNotificationDestinationsResult](t)(c.NotificationDestinations.ListAll(ctx, settings.ListNotificationDestinationsRequest{})); len(all) != 1 || all[0].Id != "d1" {
		t.Errorf("destinations are %+v", all)
	}
}

func TestNoCredentials(t *testing.T) {
	w := fakeworkspace.New(fakeworkspace.Options{})
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/2.2/jobs/list", nil))
	if answer.Code != http.StatusUnauthorized || !strings.Contains(answer.Body.String(), "Credential was not sent") {
		t.Errorf("answer is %d %s", answer.Code, answer.Body)
	}
}
