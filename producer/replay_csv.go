package producer

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// csvHeader is the first line of a file of prices.
const csvHeader = "pair,collected_at,price,volume_24h"

// csvRows makes events of the rows of a CSV file.
type csvRows struct {
	file  string
	rows  *csv.Reader
	after int64
}

func newCSVRows(file string, text *bufio.Reader, after int64) (*csvRows, error) {
	rows := csv.NewReader(text)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, failed("the first line must be "+csvHeader, "%s is empty", file)
	}
	if err != nil {
		return nil, csvError(file, rows, err)
	}
	if got := strings.TrimPrefix(strings.Join(header, ","), "\ufeff"); got != csvHeader {
		return nil, failed("the first line must be "+csvHeader, "%s:1: the header is %q", file, clip(got))
	}
	return &csvRows{file: file, rows: rows, after: after}, nil
}

func (c *csvRows) next() (Message, error) {
	for {
		row, err := c.rows.Read()
		if errors.Is(err, io.EOF) {
			return Message{}, err
		}
		if err != nil {
			return Message{}, csvError(c.file, c.rows, err)
		}
		line, _ := c.rows.FieldPos(0)
		if int64(line) <= c.after {
			continue
		}
		message, err := rowMessage(row)
		if err != nil {
			return Message{}, failed(csvHint, "%s:%d: %w", c.file, line, err)
		}
		message.Line = int64(line)
		return message, nil
	}
}

func rowMessage(row []string) (Message, error) {
	collectedAt, err := time.Parse(time.RFC3339Nano, row[1])
	if err != nil {
		return Message{}, fmt.Errorf("collected_at %q is not an RFC 3339 time such as 2022-01-31T12:00:00Z", clip(row[1]))
	}
	quote := Quote{
		Pair: row[0], Source: ReplaySource, Price: row[2], Volume24h: row[3],
		QuotedAt: collectedAt, CollectedAt: collectedAt,
	}
	return quote.Message()
}

const csvHint = "nothing of this row was published; correct or remove the row, and start again"

// csvError names file and line of what the CSV reader stumbled over.
func csvError(file string, rows *csv.Reader, err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return failed(csvHint, "%s:%d:%d: %w", file, parse.Line, parse.Column, parse.Err)
	}
	return failed("the file may be cut off or damaged", "reading %s at byte %d: %w", file, rows.InputOffset(), err)
}

// clip shortens text for an error message.
func clip(text string) string {
	const most = 120
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
