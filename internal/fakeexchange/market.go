package fakeexchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// asset is one coin, in the order of the ranking.
type asset struct {
	base, id string
	start    int64 // 1e-8 dollars
	stable   bool
	traded   bool // by Binance, against USDT
}

const unit = 100_000_000

var assets = []asset{
	{"BTC", "bitcoin", 87_250 * unit, false, true},
	{"ETH", "ethereum", 2_930 * unit, false, true},
	{"USDT", "tether", unit, true, false},
	{"XRP", "ripple", 2_085 * unit / 1000, false, true},
	{"BNB", "binancecoin", 861 * unit, false, true},
	{"SOL", "solana", 136 * unit, false, true},
	{"USDC", "usd-coin", unit, true, true},
	{"STETH", "staked-ether", 2_929 * unit, false, false},
	{"DOGE", "dogecoin", 14_620 * unit / 100_000, false, true},
	{"ADA", "cardano", 4_235 * unit / 10_000, false, true},
	{"TRX", "tron", 27_540 * unit / 100_000, false, true},
	{"LINK", "chainlink", 13_125 * unit / 1000, false, true},
	{"AVAX", "avalanche-2", 13_480 * unit / 1000, false, true},
	{"SHIB", "shiba-inu", 812, false, true},
}

// market makes the prices: each quote of an asset moves it.
type market struct {
	seed   int64
	mu     sync.Mutex
	random *rand.Rand
	assets []asset
	prices map[string]int64 // by base
}

func newMarket(seed int64, unknown []string) *market {
	m := &market{seed: seed, random: rand.New(rand.NewPCG(uint64(seed), 1)), prices: map[string]int64{}}
	for _, a := range assets {
		if slices.Contains(unknown, a.base+"USDT") {
			a.traded = false
		}
		if slices.Contains(unknown, a.id) {
			continue
		}
		m.assets = append(m.assets, a)
		m.prices[a.base] = a.start
	}
	return m
}

// bySymbol finds what Binance trades.
func (m *market) bySymbol(symbol string) (asset, bool) {
	i := slices.IndexFunc(m.assets, func(a asset) bool { return a.traded && a.base+"USDT" == symbol })
	if i < 0 {
		return asset{}, false
	}
	return m.assets[i], true
}

// quote moves an asset's price and returns it with its volume, as text with eight decimals, and the
// time in whole milliseconds.
func (m *market) quote(a asset) (price, volume string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.prices[a.base]
	now = max(1, now+m.random.Int64N(now/500+3)-now/1000-1)
	m.prices[a.base] = now
	traded := a.start/unit*1_000_000 + 5_000_000 + m.random.Int64N(1_000_000)
	return eight(now), eight(traded*unit + m.random.Int64N(unit)), time.Now().UTC().Truncate(time.Millisecond)
}

func eight(n int64) string { return fmt.Sprintf("%d.%08d", n/unit, n%unit) }

// short is a number as JSON has it: without zeros at the end.
func short(text string) string { return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") }

// exponent is the same number with an exponent.
func exponent(text string) string {
	digits := strings.TrimLeft(strings.ReplaceAll(text, ".", ""), "0")
	_, fraction, _ := strings.Cut(text, ".")
	return fmt.Sprintf("%s.%se%+d", digits[:1], digits[1:]+"0", len(digits)-1-len(fraction))
}
