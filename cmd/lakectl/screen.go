package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// screen shows a run on stderr: a line for each step and each event, and on a terminal a table
// below them that is drawn anew in place.
type screen struct {
	out      io.Writer
	terminal bool
	width    func() int
	began    time.Time

	mu    sync.Mutex
	table int // lines of the table that stand below the cursor's line
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, began: time.Now(), width: func() int { return 0 }}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.width = func() int {
			width, _, _ := term.GetSize(int(f.Fd()))
			return width
		}
	}
	return s
}

// standInBanner says that the prices are not those that were asked for.
const standInBanner = "SIMULATED PRICES: no exchange answers; --source binance or coingecko would keep trying"

func (s *screen) title(o runOptions) {
	if o.feed.standIn {
		s.line(standInBanner)
	}
	if o.onTarget != nil {
		s.line("target " + o.onTarget.Name + " at " + o.onTarget.remote + ", what this client knows in " + o.dir)
		return
	}
	s.line("data in " + o.dir)
}

func (s *screen) hint() {
	s.line("")
	s.line("from another terminal:")
	s.line("  lakectl status")
	s.line(`  lakectl query "select * from cryptostream.v_latest_price"`)
	s.line("Ctrl-C drains and stops")
}

// step says what is being done, and later what came of it and how long it took.
func (s *screen) step(what string) func(string) {
	began := time.Now()
	return func(result string) {
		s.line(fmt.Sprintf("  %-10s %s (%.1fs)", what, result, time.Since(began).Seconds()))
	}
}

// note says that something happened, with its time since the start.
func (s *screen) note(format string, args ...any) {
	s.line(fmt.Sprintf("  %s  %s", time.Now().UTC().Format("15:04:05"), fmt.Sprintf(format, args...)))
}

func (s *screen) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintln(s.out, text)
}

// draw replaces the table; without a terminal there is none.
func (s *screen) draw(status Status) {
	if !s.terminal {
		return
	}
	var text bytes.Buffer
	fmt.Fprintln(&text, status.Producer)
	if err := writeQueries(&text, status.Queries); err != nil {
		return
	}
	s.drawText(text.String())
}

// drawText replaces the table by lines; without a terminal there is none.
func (s *screen) drawText(text string) {
	if !s.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	width := s.width()
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n ")
		if width > 0 && len(line) >= width {
			line = line[:width-1] // a line that wraps could not be cleared
		}
		fmt.Fprintln(s.out, line)
		s.table++
	}
}

// clear removes the table: cursor up, erase to the end of the screen.
func (s *screen) clear() {
	if s.table > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.table)
		s.table = 0
	}
}
