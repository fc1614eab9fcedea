package dlq

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Batch is what one replay is about to send.
type Batch struct {
	Number int64           `json:"batch"`
	At     time.Time       `json:"at"`   // UTC
	Ends   map[int32]int64 `json:"ends"` // of the topic, before the first was sent
	About  []Coordinate    `json:"about"`
}

// line is one line of a journal: a batch, or what of one was sent.
type line struct {
	Batch
	Sent *[]Coordinate `json:"sent,omitempty"`
}

// Journal is a file that says what was sent again. One process at a time may have it.
type Journal struct {
	file    *os.File
	sent    map[Coordinate]bool
	doubted []Batch // of which it is not known what was sent
	next    int64
}

// OpenJournal reads a journal and makes it if it is not there. The end of a line that was cut off is passed over: what
// it was about was not sent, or is in doubt.
func OpenJournal(path string) (_ *Journal, err error) {
	j := &Journal{sent: map[Coordinate]bool{}, next: 1}
	j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal of replays: %w", err)
	}
	whole, err := j.read()
	if err == nil && !whole {
		err = j.write([]byte("\n"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the journal of replays %s: %w", path, err), j.Close())
	}
	return j, nil
}

// read reports whether the file ends with a whole line.
func (j *Journal) read() (whole bool, err error) {
	lines := bufio.NewReader(j.file)
	for {
		text, err := lines.ReadBytes('\n')
		if len(text) > 0 {
			j.take(text)
		}
		if errors.Is(err, io.EOF) {
			return len(text) == 0, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// take takes a line into account; one that is not whole is nothing.
func (j *Journal) take(text []byte) {
	var l line
	if json.Unmarshal(text, &l) != nil || l.Number < 1 {
		return
	}
	j.next = max(j.next, l.Number+1)
	if l.Sent == nil {
		j.doubted = append(j.doubted, l.Batch)
		return
	}
	for _, c := range *l.Sent {
		j.sent[c] = true
	}
	j.doubted = slices.DeleteFunc(j.doubted, func(b Batch) bool { return b.Number == l.Number })
}

// Sent reports whether a replay of a record was sent, as far as is known.
func (j *Journal) Sent(c Coordinate) bool { return j.sent[c] }

// Doubted are the batches of which it is not known what was sent: their process was killed, or Kafka went away. What
// was sent is in the topic at or behind their Ends; Settle says what was found.
func (j *Journal) Doubted() []Batch { return slices.Clone(j.doubted) }

// Begin notes, before the first is sent, what is about to be. It is on the disk when Begin returns.
func (j *Journal) Begin(about []Coordinate, ends map[int32]int64) (Batch, error) {
	b := Batch{Number: j.next, At: time.Now().UTC(), Ends: ends, About: about}
	return b, j.add(line{Batch: b})
}

// Settle notes what of a batch was sent; nothing of it is in doubt any more.
func (j *Journal) Settle(b Batch, sent []Coordinate) error {
	if sent == nil {
		sent = []Coordinate{}
	}
	return j.add(line{Batch: Batch{Number: b.Number, At: time.Now().UTC()}, Sent: &sent})
}

func (j *Journal) add(l line) error {
	text, err := json.Marshal(l)
	if err == nil {
		err = j.write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the journal of replays: %w", err)
	}
	j.take(text)
	return nil
}

func (j *Journal) write(text []byte) error {
	_, err := j.file.Write(text)
	return errors.Join(err, j.file.Sync())
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }

// CountSent returns how many records were sent again, by a journal that may not be there.
func CountSent(path string) (int, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read the journal of replays: %w", err)
	}
	j := &Journal{file: file, sent: map[Coordinate]bool{}}
	_, err = j.read()
	return len(j.sent), errors.Join(err, file.Close())
}
