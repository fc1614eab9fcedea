package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

const (
	defaultDataDir  = ".lakectl"
	simulatedSuffix = "-simulated"
	schema          = "cryptostream"
	topic           = "crypto-prices"
)

func dataDirFlag(cmd *cobra.Command, dir *string, meaning string) {
	cmd.Flags().StringVar(dir, "data-dir", "", meaning)
}

// findDataDir returns the data dir that a command is about: the one named, else the only one that
// runs here, else, where idle ones will do, the only one that is here.
func findDataDir(named string, idle bool) (string, error) {
	if named != "" {
		if _, err := os.Stat(local.RunFilePath(named)); err != nil && !local.Locked(named) {
			return "", exit.New(exit.Failed, fmt.Errorf("no lakehouse in %s", named), "lakectl run --local --data-dir "+named+" makes one")
		}
		if !idle && !local.Locked(named) {
			return "", exit.New(exit.Failed, fmt.Errorf("the lakehouse in %s does not run", named), "lakectl run --local --data-dir "+named+" starts it")
		}
		return named, nil
	}
	here, err := filepath.Glob(defaultDataDir + "*/run.json")
	if err != nil {
		return "", err
	}
	var running, all []string
	for _, file := range here {
		dir := filepath.Dir(file)
		all = append(all, dir)
		if local.Locked(dir) {
			running = append(running, dir)
		}
	}
	if len(running) == 0 && idle {
		running = all
	}
	switch len(running) {
	case 0:
		return "", exit.New(exit.Failed, errors.New("no lakehouse runs here"), "start one with lakectl run --local, or name its --data-dir")
	case 1:
		return running[0], nil
	}
	return "", exit.New(exit.Usage, fmt.Errorf("there are several lakehouses here: %s", strings.Join(running, ", ")), "choose one with --data-dir")
}

// placeOf returns where the tables and checkpoints of a data dir are; dir must be absolute.
func placeOf(dir string) ddl.Place {
	if run, err := local.ReadRunFile(dir); err == nil && run.Target != nil {
		return placeOfTarget(run.Target)
	}
	return ddl.Place{
		Schema:      schema,
		Warehouse:   local.WarehouseDir(dir),
		Checkpoints: filepath.Join(dir, "checkpoints"),
	}
}

// contents is what a data dir's prices are. One watermark over real and made-up prices, or over the
// past and the present, would call one of them late, so they never share a data dir.
type contents string

const (
	live      contents = "live"
	simulated contents = "simulated"
	replayed  contents = "replay"
	external  contents = "external" // what others publish
)

// claimContents notes what a data dir is for, and refuses another use later.
func claimContents(dir string, now contents) error {
	before, err := readContents(dir)
	switch {
	case err != nil:
		return err
	case before == "":
		text, _ := json.Marshal(map[string]contents{"contents": now})
		return os.WriteFile(contentsPath(dir), append(text, '\n'), 0o600)
	case before != now:
		return exit.New(exit.Refused, fmt.Errorf("data dir %s holds %s prices; %s ones would mix with them", dir, before, now),
			"choose another with --data-dir")
	}
	return nil
}

func contentsPath(dir string) string { return filepath.Join(dir, "contents.json") }

// readContents returns what a data dir is for; "" where nobody has said so yet.
func readContents(dir string) (contents, error) {
	text, err := os.ReadFile(contentsPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var of struct{ Contents contents }
	if err == nil {
		err = json.Unmarshal(text, &of)
	}
	if err != nil {
		return "", fmt.Errorf("read what the data dir is for: %s: %w", contentsPath(dir), err)
	}
	return of.Contents, nil
}
