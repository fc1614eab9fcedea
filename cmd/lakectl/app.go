package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/exit"
)

// app is what the commands share: where they read and write, and the global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	output         string // "text" or "json"
	verbose        bool
}

// run executes one command line and returns the exit code of the contract.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	ctx, stop := interruptible(context.Background())
	defer stop()
	err := root.ExecuteContext(ctx)
	if err != nil && strings.HasPrefix(err.Error(), "unknown command") { // cobra's own, of no type
		err = exit.New(exit.Usage, err, "see lakectl --help")
	}
	a.explain(err)
	return exit.Code(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "lakectl",
		Short: "Crypto prices from Kafka through Spark into Delta tables",
		Long: `lakectl runs a streaming lakehouse of crypto prices: a producer publishes quotes to Kafka,
Spark Structured Streaming, driven over Spark Connect, turns them into Bronze, Silver and Gold
Delta tables.

Every flag can be given as LAKECTL_<FLAG> in the environment or as a key of ./lakectl.yaml.`,
		Example: `  lakectl run --local                       # everything, on this machine
  lakectl status                            # from another terminal
  lakectl query "select * from cryptostream.v_latest_price"
  lakectl stop`,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseSecrets(cmd.Flags()); err != nil {
				return err
			}
			if err := fillFlags(cmd.Flags(), os.LookupEnv, settingsFile); err != nil {
				return err
			}
			if a.output != "text" && a.output != "json" {
				return usagef("-o must be text or json, not %q", a.output)
			}
			return nil
		},
	}
	root.PersistentFlags().StringVarP(&a.output, "output", "o", "text", "text or json")
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log more, to stderr")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.New(exit.Usage, err, "see "+cmd.CommandPath()+" --help")
	})
	root.AddCommand(a.runCommand(), a.produceCommand(), a.statusCommand(), a.stopCommand(),
		a.logsCommand(), a.queryCommand(), a.verifyCommand(), a.reconcileCommand(), a.maintainCommand(), a.tailCommand(), a.dashboardCommand(), a.pairsCommand(),
		a.eventSchemaCommand(), a.exportCommand(), a.planCommand(), a.deployCommand(), a.destroyCommand(),
		a.checkpointCommand(), a.dlqCommand(), a.doctorCommand(), a.healthcheckCommand(), a.versionCommand())
	return root
}

// explain prints an error and its hint.
func (a *app) explain(err error) {
	if err == nil {
		return
	}
	text := err.Error()
	if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	if !a.verbose {
		text, _, _ = strings.Cut(text, "\n") // Spark appends plans and stack traces
	}
	fmt.Fprintln(a.stderr, "error:", text)
	if hint := exit.Hint(err); hint != "" {
		fmt.Fprintln(a.stderr, "hint:", hint)
	}
}

// usagef is an error about how the program was called.
func usagef(format string, args ...any) error {
	return exit.New(exit.Usage, fmt.Errorf(format, args...), "see lakectl --help")
}

// arguments makes a check of positional arguments end with the exit code for wrong usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return exit.New(exit.Usage, err, "see "+cmd.CommandPath()+" --help")
		}
		return nil
	}
}

// json writes a value to stdout as indented JSON.
func (a *app) json(value any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

// interruptible returns a context that ends at the first Ctrl-C or SIGTERM. The second one ends the
// process, with the exit code that shells give it.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		if s, ok := <-signals; ok {
			os.Exit(128 + int(s.(syscall.Signal))) // the children die with us
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}
