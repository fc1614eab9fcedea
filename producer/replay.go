package producer

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"strings"
	"time"
)

// ReplaySource is the source of replayed CSV rows as their events name it. Replayed JSON lines keep
// the source that they name.
const ReplaySource = "replay"

// ReplayOptions are the settings of a replay.
type ReplayOptions struct {
	File string // .csv, .jsonl, or either with .gz

	// Speed is how much faster than recorded; 1 keeps the gaps between event times as they were,
	// 0 and +Inf leave them out.
	Speed float64

	// JournalFile remembers the last line that Kafka acknowledged, so that another run goes on after
	// it; "" is no journal.
	JournalFile string
	FromStart   bool // forgets the journal

	Log *slog.Logger // nil is no log
}

// Replay is a Source that publishes a file. With a journal the owner calls Ack for each acknowledged
// message, and Close in the end.
//
// A CSV file has the header pair,collected_at,price,volume_24h; each row becomes an event of the
// source "replay" whose quoted_at is its collected_at. Numbers are not judged. A row that can't be an
// event (a wrong number of columns, no RFC 3339 time, not UTF-8) ends the replay with an error that
// names file and line, before anything of that row is published; blank lines are no rows.
//
// Each line of a JSONL file is published as it is, without its "\n", broken ones and empty ones too
// (an empty value, not a tombstone; a file can't express a tombstone). Key, timestamp and CloudEvents
// headers are taken from it where they can be read.
type Replay struct {
	opts    ReplayOptions
	log     *slog.Logger
	journal *journal
}

// maxLine bounds a line, so that a file that is no text does not fill the memory.
const maxLine = 64 << 20

// records gives the messages of a file in order, from the line after a given one on; io.EOF ends them.
type records interface{ next() (Message, error) }

// NewReplay opens the file and the journal. Errors: the file is missing, not readable, of an unknown
// kind, or has another header (exit code 1 or 2); the journal is of another file (exit code 3).
func NewReplay(opts ReplayOptions) (*Replay, error) {
	if opts.Speed < 0 || math.IsNaN(opts.Speed) {
		return nil, usage("a replay speed of %v is not possible: a positive number, or 0 for max", opts.Speed)
	}
	r := &Replay{opts: opts, log: opts.Log}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	_, closeFile, err := r.open(0) // find out now rather than in Run
	if err != nil {
		return nil, err
	}
	closeFile()
	if opts.JournalFile != "" {
		if r.journal, err = openJournal(opts.JournalFile, opts.File, opts.FromStart); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Name is "replay".
func (r *Replay) Name() string { return ReplaySource }

// Run publishes the lines that the journal does not have.
func (r *Replay) Run(ctx context.Context, emit func(context.Context, Message) error) error {
	done := int64(0)
	if r.journal != nil {
		done = r.journal.done()
	}
	lines, closeFile, err := r.open(done)
	if err != nil {
		return err
	}
	defer closeFile()
	if done > 0 {
		r.log.Info("replay goes on after the last acknowledged line", "file", r.opts.File, "line", done)
	}
	pace := newPace(r.opts.Speed)
	defer pace.stop()
	for {
		message, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := pace.wait(ctx, message.Timestamp); err != nil {
			return err
		}
		if r.journal != nil {
			r.journal.begin(message.Line)
		}
		if err := emit(ctx, message); err != nil {
			return err
		}
	}
}

// Ack notes that Kafka has the message of a line; its error is one of writing the journal. It may be
// called out of order and from another goroutine than Run's.
func (r *Replay) Ack(line int64) error {
	if r.journal == nil {
		return nil
	}
	return r.journal.ack(line)
}

// Close writes the journal. It does not end Run.
func (r *Replay) Close() error {
	if r.journal == nil {
		return nil
	}
	return r.journal.save()
}

// open returns the messages after the line, and what closes the file.
func (r *Replay) open(after int64) (records, func(), error) {
	name := strings.TrimSuffix(r.opts.File, ".gz")
	isCSV, isJSONL := strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".jsonl")
	if !isCSV && !isJSONL {
		return nil, nil, usage("replay file %q is neither .csv, .jsonl nor one of them with .gz", r.opts.File)
	}
	file, err := os.Open(r.opts.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, failed("check the path; relative ones start at the current folder", "opening the replay file: %w", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening the replay file: %w", err)
	}
	closeFile := func() { _ = file.Close() }
	text, err := r.reader(file)
	if err != nil {
		closeFile()
		return nil, nil, err
	}
	if isJSONL {
		return &jsonLines{file: r.opts.File, text: text, after: after}, closeFile, nil
	}
	rows, err := newCSVRows(r.opts.File, text, after)
	if err != nil {
		closeFile()
		return nil, nil, err
	}
	return rows, closeFile, nil
}

func (r *Replay) reader(file *os.File) (*bufio.Reader, error) {
	var raw io.Reader = file
	if strings.HasSuffix(r.opts.File, ".gz") {
		unzipped, err := gzip.NewReader(bufio.NewReader(file))
		if err != nil {
			return nil, failed("the file ends in .gz but is not gzip, or is damaged", "unpacking %s: %w", r.opts.File, err)
		}
		raw = unzipped
	}
	text := bufio.NewReaderSize(raw, 256<<10)
	if _, err := text.Peek(1); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the replay file %s: %w", r.opts.File, err)
	}
	return text, nil
}

// pace waits as long as lay between the event times of a recording.
type pace struct {
	speed      float64
	timer      *time.Timer
	eventStart time.Time // of the first message with a time
	start      time.Time // when that one was due
}

func newPace(speed float64) *pace { return &pace{speed: speed, timer: time.NewTimer(0)} }

func (p *pace) stop() { p.timer.Stop() }

// wait returns when a message of the event time is due. One without a time, or older than those
// before it, is due at once.
func (p *pace) wait(ctx context.Context, event time.Time) error {
	if p.speed == 0 || math.IsInf(p.speed, 1) || event.IsZero() {
		return ctx.Err()
	}
	if p.eventStart.IsZero() {
		p.eventStart, p.start = event, time.Now()
	}
	due := p.start.Add(time.Duration(float64(event.Sub(p.eventStart)) / p.speed))
	return sleep(ctx, p.timer, time.Until(due))
}
