package producer

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// realMonth is a real month of BTC-USD by the minute; data/README.md names its source.
//
//go:embed data/btc-usd-1m-2022-01.csv.gz
var realMonth []byte

// monthPrices returns the closing prices of the real month's minutes, in pico.
var monthPrices = sync.OnceValues(func() ([]int64, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(realMonth))
	if err != nil {
		return nil, fmt.Errorf("reading the embedded month: %w", err)
	}
	rows, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the embedded month: %w", err)
	}
	if header := strings.Join(rows[0], ","); header != csvHeader {
		return nil, fmt.Errorf("the embedded month has the header %q", header)
	}
	prices := make([]int64, 0, len(rows)-1)
	for _, row := range rows[1:] {
		price, err := decimal.NewFromString(row[2])
		if err != nil {
			return nil, fmt.Errorf("reading a price of the embedded month: %w", err)
		}
		prices = append(prices, price.Shift(picoDigits).IntPart())
	}
	return prices, nil
})

// monthPath moves a price by the real month's returns, from the month's first minute on, with a
// straight line between two minutes. After the last minute it begins again, from the price it has.
type monthPath struct {
	prices []int64 // the month's, pico
	base   int64   // our price at the month's first minute, pico
	at     time.Duration
	step   time.Duration
}

func (m *monthPath) next() int64 {
	month := time.Duration(len(m.prices)-1) * time.Minute
	for m.at >= month {
		m.base = scale(m.base, m.prices[len(m.prices)-1], m.prices[0])
		m.at -= month
	}
	minute, within := m.at/time.Minute, m.at%time.Minute
	from, to := m.prices[minute], m.prices[minute+1]
	real := from + scale(max(to-from, from-to), int64(within), int64(time.Minute))*sign(to-from)
	m.at += m.step
	return scale(m.base, real, m.prices[0])
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}
