package databricks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/databricks/databricks-sdk-go/apierr"
	"github.com/databricks/databricks-sdk-go/config"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
)

// explain makes one of deploy's errors of one of the SDK's.
func explain(err error) error {
	var api *apierr.APIError
	var broken lost
	switch {
	case err == nil:
		return nil
	case errors.As(err, &broken):
		return fmt.Errorf("%w: %s", deploy.ErrUnknown, broken.text)
	case !errors.As(err, &api):
		return err
	case errors.Is(err, apierr.ErrUnauthenticated):
		return exit.New(exit.Failed, fmt.Errorf("the workspace does not take the credentials: %s", api.Message), renew)
	case errors.Is(err, apierr.ErrNotFound), api.StatusCode == 400 && strings.HasSuffix(strings.TrimRight(api.Message, ".!"), "does not exist"):
		return fmt.Errorf("%w: %s", deploy.ErrMissing, api.Message)
	case errors.Is(err, apierr.ErrAlreadyExists), errors.Is(err, apierr.ErrResourceAlreadyExists), strings.Contains(api.Message, "already exists"):
		return fmt.Errorf("%w: %s", deploy.ErrExists, api.Message)
	case api.ErrorCode == "DIRECTORY_NOT_EMPTY":
		return fmt.Errorf("%w: %s", deploy.ErrNotEmpty, api.Message)
	case errors.Is(err, apierr.ErrTooManyRequests), errors.Is(err, apierr.ErrTemporarilyUnavailable):
		return exit.New(exit.Failed, fmt.Errorf("%d: %s", api.StatusCode, api.Message), "the workspace is too busy; run it again later, it goes on where it stopped")
	}
	return fmt.Errorf("%d %s: %s", api.StatusCode, api.ErrorCode, api.Message)
}

// rights are what making, changing and deleting a kind takes.
var rights = map[deploy.Kind]string{
	deploy.Folder:      "CAN EDIT on the folder above it",
	deploy.Notebook:    "CAN EDIT on its folder",
	deploy.Schema:      "USE CATALOG and CREATE SCHEMA on the catalog; to change or delete it, its ownership or MANAGE",
	deploy.Volume:      "USE CATALOG, USE SCHEMA and CREATE VOLUME; to change or delete it, its ownership or MANAGE",
	deploy.Grants:      "ownership of the schema, or MANAGE on it",
	deploy.SecretScope: "the right to make secret scopes; to delete it, MANAGE on it",
	deploy.Secret:      "WRITE on the secret scope",
	deploy.SecretACL:   "MANAGE on the secret scope",
	deploy.Warehouse:   "to be allowed to create SQL warehouses; to change or delete it, CAN MANAGE on it",
	deploy.Job:         "workspace access and, for a cluster of its own, to be allowed to create clusters; to change, restart or delete it, CAN MANAGE on it",
	deploy.Permissions: "CAN MANAGE on what it is about",
	deploy.Dashboard:   "CAN EDIT on its folder, CAN USE on its warehouse",
	deploy.Alert:       "CAN EDIT on its folder, CAN USE on its warehouse",
}

// explainFor adds the right that is missing.
func explainFor(kind deploy.Kind, who string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, apierr.ErrPermissionDenied) {
		return exit.New(exit.Failed, explain(err), fmt.Sprintf("%s needs %s; an admin can give it. Then run it again: it goes on where it stopped", who, rights[kind]))
	}
	return explain(err)
}

const renew = "sign in again with databricks auth login, or give a new token; --profile NAME takes other credentials"

// signIn explains why there is no session.
func signIn(err error, cfg *config.Config) error {
	var away unreachable
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case strings.HasPrefix(text, "resolve:"), strings.HasPrefix(text, "validate:"):
		return exit.New(exit.Usage, fmt.Errorf("the workspace's configuration: %w", err), "look at ~/.databrickscfg, --profile and DATABRICKS_*")
	case errors.As(err, &away):
		return exit.New(exit.Failed, fmt.Errorf("the workspace %s can't be reached: %w", cfg.Host, away.cause), whichHost)
	case errors.Is(err, apierr.ErrUnauthenticated), errors.Is(err, apierr.ErrPermissionDenied):
		return exit.New(exit.Failed, fmt.Errorf("the workspace %s does not take the credentials (%s): %w", cfg.Host, cfg.AuthType, err), renew)
	case errors.Is(err, apierr.ErrNotFound), strings.Contains(text, "HTML"), strings.Contains(text, "unable to parse response"):
		return exit.New(exit.Failed, fmt.Errorf("%s does not answer as a workspace does: %w", cfg.Host, err), whichHost)
	case errors.Is(err, config.ErrCannotConfigureDefault) && cfg.ClientID != "":
		return exit.New(exit.Failed, fmt.Errorf("the workspace %s does not take the credentials of %s", cfg.Host, cfg.ClientID), renew)
	case errors.Is(err, config.ErrCannotConfigureDefault), strings.Contains(text, "not configured"), cfg.Host == "":
		return noCredentials()
	}
	return exit.New(exit.Failed, fmt.Errorf("sign in to %s: %w", cfg.Host, err), "")
}

const whichHost = "is the address right? It is the target's databricks.host, DATABRICKS_HOST or the profile's host"

func noCredentials() error {
	return exit.New(exit.Failed, errors.New("there are no credentials for a Databricks workspace"),
		"databricks auth login makes some; or set DATABRICKS_HOST and DATABRICKS_TOKEN, or name a profile of ~/.databrickscfg with --profile")
}
