package producer

import (
	"math/rand/v2"
	"time"
)

// SimulatedSource is the source of simulated quotes as the events name it.
const SimulatedSource = "simulated"

// asset is one simulated pair: ten of the largest by market value, stablecoins left out.
type asset struct {
	pair     string
	start    int64 // pico of a dollar
	decimals int
	sigma    int64 // standard deviation of a minute's return, parts per billion
	volume   int64 // traded in 24 hours, dollars
}

var assets = [...]asset{
	{"BTC-USD", 87_250 * picos, 2, 0, 38_000_000_000}, // follows the real month
	{"ETH-USD", 2_930 * picos, 2, 700_000, 19_500_000_000},
	{"XRP-USD", 2_085 * picos / 1000, 4, 900_000, 3_600_000_000},
	{"BNB-USD", 861 * picos, 2, 600_000, 2_100_000_000},
	{"SOL-USD", 136_40 * picos / 100, 2, 950_000, 4_700_000_000},
	{"DOGE-USD", 14_620 * picos / 100_000, 5, 1_100_000, 1_500_000_000},
	{"ADA-USD", 4_235 * picos / 10_000, 4, 1_050_000, 720_000_000},
	{"TRX-USD", 27_540 * picos / 100_000, 5, 450_000, 610_000_000},
	{"LINK-USD", 13_125 * picos / 1000, 3, 1_000_000, 540_000_000},
	{"AVAX-USD", 13_480 * picos / 1000, 3, 1_050_000, 410_000_000},
}

// Volumes are walked in micro dollars, where prices are in pico.
const (
	micros      = 1_000_000
	microDigits = 6
)

// path gives the prices of one pair, step by step, in pico.
type path interface{ next() int64 }

// market is the ten pairs and how an exchange's API would tell of them.
type market struct {
	paths  []path
	volume []*walk
	last   []Quote
	wire   *rand.PCG
}

// newMarket makes a market whose prices move by the time step at each quote of a pair.
func newMarket(seed uint64, step time.Duration) (*market, error) {
	prices, err := monthPrices()
	if err != nil {
		return nil, err
	}
	m := &market{last: make([]Quote, len(assets)), wire: rand.NewPCG(seed, 0)}
	for i, a := range assets {
		random := rand.NewPCG(seed, uint64(i)+1)
		if i == 0 {
			m.paths = append(m.paths, &monthPath{prices: prices, base: a.start, step: step})
		} else {
			m.paths = append(m.paths, newWalk(random, a.start, a.sigma, step))
		}
		m.volume = append(m.volume, newWalk(rand.NewPCG(seed, uint64(i)+101), a.volume*micros, 200_000, step))
	}
	return m, nil
}

// quote moves pair i on by one step and returns what the API says at now. A cached answer is the
// quote before once more: the same quoted_at and price, hence the same event_id.
func (m *market) quote(i int, now time.Time, cached bool) Quote {
	price, volume := m.paths[i].next(), m.volume[i].next()
	quote := m.last[i]
	if !cached || quote.Pair == "" {
		lag := time.Duration(50+m.wire.Uint64()%900) * time.Millisecond
		quote = Quote{
			Pair: assets[i].pair, Source: SimulatedSource,
			Price:     formatFixed(price, picoDigits, assets[i].decimals),
			Volume24h: formatFixed(volume, microDigits, 2),
			QuotedAt:  now.Add(-lag).UTC(),
		}
		if quote.QuotedAt.Before(m.last[i].QuotedAt) {
			quote.QuotedAt = m.last[i].QuotedAt
		}
	}
	quote.CollectedAt = now
	m.last[i] = quote
	return quote
}

// chance is true in so many of a thousand cases.
func (m *market) chance(thousandths uint64) bool { return m.wire.Uint64()%1000 < thousandths }
