package producer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// jsonLines publishes the lines of a file as they are.
type jsonLines struct {
	file  string
	text  *bufio.Reader
	after int64 // lines up to this one are passed over
	line  int64
}

func (j *jsonLines) next() (Message, error) {
	for {
		line, err := j.readLine()
		if err != nil {
			return Message{}, err
		}
		if j.line > j.after {
			message := lineMessage(line)
			message.Line = j.line
			return message, nil
		}
	}
}

// readLine returns the next line in memory of its own, without its "\n". A last line without "\n"
// is a line.
func (j *jsonLines) readLine() ([]byte, error) {
	line := []byte{}
	for {
		part, err := j.text.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, failed("is this file really JSON, one object per line?", "%s:%d: the line has more than %d bytes", j.file, j.line+1, maxLine)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, failed("the file may be cut off or damaged", "reading %s after line %d: %w", j.file, j.line, err)
		}
		if err != nil && len(line) == 0 {
			return nil, io.EOF
		}
		j.line++
		if line[len(line)-1] == '\n' {
			line = line[:len(line)-1]
		}
		return line, nil
	}
}

// lineMessage wraps a line. What can't be read of it is left out: the key, the time, or the CloudEvents
// headers, which need an id and a source.
func lineMessage(line []byte) Message {
	message := Message{Value: line, Headers: []Header{contentTypeHeader}}
	var event struct {
		ID          plainText `json:"event_id"`
		Pair        plainText `json:"pair"`
		Source      plainText `json:"source"`
		CollectedAt plainText `json:"collected_at"`
	}
	if json.Unmarshal(line, &event) != nil {
		return message
	}
	if event.Pair != "" {
		message.Key = []byte(event.Pair)
	}
	collectedAt := string(event.CollectedAt)
	if t, err := time.Parse(time.RFC3339Nano, collectedAt); err == nil {
		message.Timestamp = t
	} else {
		collectedAt = ""
	}
	if event.ID != "" && event.Source != "" {
		message.Headers = cloudEventHeaders(string(event.ID), string(event.Source), collectedAt)
	}
	return message
}

// plainText is a JSON string that can be read without a guess; anything else reads as "": a number,
// null, or bytes that are not UTF-8, which encoding/json would replace.
type plainText string

func (t *plainText) UnmarshalJSON(raw []byte) error {
	*t = ""
	if raw[0] != '"' || !utf8.Valid(raw) {
		return nil
	}
	var read string
	if err := json.Unmarshal(raw, &read); err != nil {
		return fmt.Errorf("reading a string: %w", err)
	}
	if !strings.ContainsRune(read, utf8.RuneError) {
		*t = plainText(read)
	}
	return nil
}
