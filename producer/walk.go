package producer

import (
	"math/big"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"time"
)

// Simulated prices are integers, in pico of the quote currency, so that a seed gives the same prices
// on every machine. An int64 holds up to 9.2 million dollars.
const (
	picos       = 1_000_000_000_000
	picoDigits  = 12
	billion     = 1_000_000_000
	highestPico = 8_000_000 * picos
)

// walk is the random path of one price: a geometric walk whose steps are near normal.
type walk struct {
	random *rand.PCG
	price  int64 // pico
	sigma  int64 // standard deviation of one step, parts per billion of the price
	lowest int64 // pico; the price does not fall below
}

// newWalk starts at start (pico). minuteSigma is the standard deviation of a minute's return in parts
// per billion; a step covers the time step.
func newWalk(random *rand.PCG, start, minuteSigma int64, step time.Duration) *walk {
	// sigma of a step = minuteSigma · √(step ÷ 1 minute), in whole numbers
	square := new(big.Int).Mul(big.NewInt(minuteSigma), big.NewInt(minuteSigma))
	square.Mul(square, big.NewInt(int64(step)))
	square.Div(square, big.NewInt(int64(time.Minute)))
	return &walk{random: random, price: start, sigma: square.Sqrt(square).Int64(), lowest: start / 100}
}

func (w *walk) next() int64 {
	move := scale(w.price, nearNormal(w.random, w.sigma), billion)
	w.price = min(max(w.price+move, w.lowest), highestPico)
	return w.price
}

// nearNormal returns a whole number with mean 0 and the standard deviation sigma: the sum of twelve
// uniform numbers of width 1, each of variance 1/12.
func nearNormal(random *rand.PCG, sigma int64) int64 {
	const width = 1 << 16
	sum := int64(-12 * width / 2)
	for range 3 {
		for word, part := random.Uint64(), 0; part < 4; part++ {
			sum += int64(word % width)
			word /= width
		}
	}
	return sigma * sum / width
}

// scale returns value · by ÷ of, rounded towards zero, without overflow in between; value and of
// are positive, and the result must fit.
func scale(value, by, of int64) int64 {
	negative := by < 0
	if negative {
		by = -by
	}
	high, low := bits.Mul64(uint64(value), uint64(by))
	quotient, _ := bits.Div64(high, low, uint64(of))
	if negative {
		return -int64(quotient)
	}
	return int64(quotient)
}

// formatFixed writes value, which counts units of 10^-scale, as decimal text with so many decimals
// (at most scale), rounded half up. The value is not negative.
func formatFixed(value int64, scale, decimals int) string {
	unit := int64(1)
	for range scale - decimals {
		unit *= 10
	}
	text := strconv.FormatInt((value+unit/2)/unit, 10)
	if decimals == 0 {
		return text
	}
	for len(text) <= decimals {
		text = "0" + text
	}
	point := len(text) - decimals
	return text[:point] + "." + text[point:]
}
