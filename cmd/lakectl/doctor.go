package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/doctor"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/producer/exchange"
)

type doctorOptions struct {
	kafkaOptions
	dir   string
	clock string // URL whose Date the clock is compared with
}

// Diagnosis is what `doctor -o json` gives.
type Diagnosis struct {
	DataDir  string           `json:"data_dir,omitempty"` // "": the machine alone was looked at
	State    doctor.State     `json:"state"`              // the worst
	Findings []doctor.Finding `json:"findings"`
}

func (a *app) doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with the machine and the lakehouse, and say what to do",
		Long: `Looks at Java, Maven, the runtime cache, ports, disk, memory and the clock; and where there is a
lakehouse, at its versions, the rights of its folder, the broker, whether the topic keeps what Bronze has
still to read, the Spark session, the queries, the checkpoints and the tables' files. Nothing is changed and
nothing is started; lakectl verify looks into the tables.

Each finding is ok, a warning or a problem, with what to do. Exits 1 if there is a problem.`,
		Example: "  lakectl doctor\n  lakectl doctor -o json | jq '.findings[] | select(.state != \"ok\")'",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.checkKafka(cmd); err != nil {
				return err
			}
			var d Diagnosis
			dir, err := o.lakehouse()
			if err != nil {
				return err
			}
			d.DataDir = dir
			d.Findings = a.examine(cmd.Context(), o, dir)
			d.State = doctor.Worst(d.Findings)
			if a.output == "json" {
				err = a.json(d)
			} else {
				writeFindings(a.stdout, d.Findings)
			}
			if err == nil && d.State == doctor.Problem {
				err = troubled(d.Findings)
			}
			return err
		},
	}
	dataDirFlag(cmd, &o.dir, "the lakehouse (default: the one that runs here)")
	o.kafkaFlags(cmd)
	cmd.Flags().StringVar(&o.clock, "clock-url", exchange.BinanceURL, "a web server with a good clock; offline is no problem")
	return cmd
}

// lakehouse is the one that is meant; "" where there is none here and none was named.
func (o doctorOptions) lakehouse() (string, error) {
	found, err := findDataDir(o.dir, true)
	if err != nil {
		if o.dir == "" && exit.Code(err) == exit.Failed {
			return "", nil
		}
		return "", err
	}
	return filepath.Abs(found)
}

// examine looks at the machine, and at the lakehouse in a data dir unless that is "".
func (a *app) examine(ctx context.Context, o doctorOptions, dir string) []doctor.Finding {
	findings := a.examineMachine(ctx, o, dir)
	if dir != "" {
		findings = append(findings, a.examineLakehouse(ctx, o, dir)...)
	}
	return findings
}

// failing is the finding of something that failed, with its own hint or another.
func failing(check string, state doctor.State, err error, remedy string) doctor.Finding {
	if hint := exit.Hint(err); hint != "" {
		remedy = hint
	}
	return doctor.Finding{Check: check, State: state, Says: firstLine(err), Remedy: remedy}
}

func troubled(findings []doctor.Finding) error {
	var names []string
	for _, f := range findings {
		if f.State == doctor.Problem {
			names = append(names, f.Check)
		}
	}
	return exit.New(exit.Failed, errors.New("problems: "+strings.Join(names, ", ")), "each finding above says what to do")
}

func writeFindings(out io.Writer, findings []doctor.Finding) {
	for _, f := range findings {
		fmt.Fprintf(out, "%-7s  %-28s  %s\n", f.State, f.Check, f.Says)
		if f.Remedy != "" {
			fmt.Fprintf(out, "%-7s  %-28s  -> %s\n", "", "", f.Remedy)
		}
	}
}
