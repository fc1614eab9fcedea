package main

import (
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/producer"
)

func (a *app) eventSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "event-schema",
		Short: "Print the JSON schema of an event",
		Long:  `Prints the JSON schema (draft 2020-12) of a message's value in the topic crypto-prices.`,
		Args:  arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(producer.EventSchema)
			return err
		},
	}
}
