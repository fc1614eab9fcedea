package main

import (
	"bufio"
	"fmt"
	"os"

	"golang.org/x/term"

	"github.com/cryptostream/lakectl/internal/deploy"
	"github.com/cryptostream/lakectl/internal/exit"
)

// terminal is stdin, if somebody can type there.
func (a *app) terminal() (*os.File, bool) {
	f, ok := a.stdin.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// typed asks on a terminal, and returns the line that is typed.
func (a *app) typed(question string) (string, bool) {
	in, ok := a.terminal()
	if !ok {
		return "", false
	}
	fmt.Fprint(a.stderr, question)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return "", true
	}
	return line, true
}

// secretValue is from the environment, or typed without being shown.
func (a *app) secretValue(r deploy.Resource) (string, error) {
	if value, ok := os.LookupEnv(r.Variable); ok && value != "" {
		return value, nil
	}
	in, ok := a.terminal()
	if !ok {
		return "", exit.New(exit.Usage, fmt.Errorf("the environment has no %s, the value of %s", r.Variable, r.Key),
			"set it, or run this on a terminal, which asks for it")
	}
	fmt.Fprintf(a.stderr, "%s (%s): ", r.Name, r.Variable)
	value, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(a.stderr)
	if err != nil {
		return "", fmt.Errorf("read the value of %s: %w", r.Key, err)
	}
	if len(value) == 0 {
		return "", exit.New(exit.Usage, fmt.Errorf("the value of %s is empty", r.Key), "")
	}
	return string(value), nil
}
