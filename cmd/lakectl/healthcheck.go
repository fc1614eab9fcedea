package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
)

// healthTimeout is how long a health check waits for the answer.
const healthTimeout = 5 * time.Second

// healthcheckCommand is for container images, which have no other program to ask with.
func (a *app) healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "healthcheck URL",
		Short:   "Exit 0 if a URL answers with 200",
		Long:    `Asks a URL once, for the health checks of containers: exit code 0 if it answers with 200.`,
		Example: "  lakectl healthcheck http://127.0.0.1:9464/readyz",
		Hidden:  true,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return healthcheck(cmd.Context(), args[0])
		},
	}
}

func healthcheck(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return exit.New(exit.Usage, fmt.Errorf("health check: %w", err), "")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1000)) // only to say more
	return fmt.Errorf("health check: %s answers %s: %s", url, response.Status, strings.TrimSpace(string(text)))
}
