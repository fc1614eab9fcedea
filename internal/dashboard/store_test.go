package dashboard

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stream is rows of three pairs that come a little out of order and partly at the same time, with a pause
// of one pair.
func stream(n int) []row {
	random := rand.New(rand.NewPCG(7, 11))
	start := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC).UnixMicro()
	var rows []row
	for i := range n {
		pair := []string{"BTC-USD", "ETH-USD", "PEPE-USD"}[random.IntN(3)]
		minute := i * 150 / n
		if pair == "ETH-USD" && minute > 20 && minute < 95 {
			continue
		}
		r := row{pair: pair, base: pair[:len(pair)-4], quote: "USD"}
		r.at = start + int64(i)*int64(150*time.Minute/time.Microsecond)/int64(n)
		r.at -= random.Int64N(4) * 1_000_000
		r.at -= r.at % 500_000 // so that some share a time
		r.part, r.offset = random.Int64N(2), int64(i)
		r.price = plain(fmt.Sprintf("%d.%018d", random.IntN(90_000), random.Int64N(1e18)))
		r.source, r.processed = "simulated", r.at+2_000_000
		rows = append(rows, r)
	}
	return rows
}

// naive computes what the views do, from all rows, with rationals.
func naive(rows []row) (averages map[string]string, changes map[string]string) {
	var newest int64
	for _, r := range rows {
		newest = max(newest, r.at)
	}
	hour := recent.Microseconds()
	averages, changes = map[string]string{}, map[string]string{}
	now, before := map[string]row{}, map[string]row{}
	byPair := map[string][]row{}
	for _, r := range rows {
		byPair[r.pair] = append(byPair[r.pair], r)
	}
	for _, r := range rows {
		sum, n := new(big.Rat), int64(0)
		for _, other := range byPair[r.pair] {
			if other.at <= r.at && other.at >= r.at-averaged.Microseconds() {
				price, _ := new(big.Rat).SetString(other.price)
				sum.Add(sum, price)
				n++
			}
		}
		if r.at > newest-hour {
			averages[fmt.Sprint(r.pair, r.part, r.offset)] = sum.Quo(sum, new(big.Rat).SetInt64(n)).FloatString(18) // half away from zero
			if last, ok := now[r.pair]; !ok || r.compare(last.tick) > 0 {
				now[r.pair] = r
			}
		} else if last, ok := before[r.pair]; r.at >= newest-2*hour && (!ok || r.compare(last.tick) > 0) {
			before[r.pair] = r
		}
	}
	for pair, r := range now {
		b, ok := before[pair]
		if !ok {
			changes[pair] = ""
			continue
		}
		price, _ := new(big.Rat).SetString(r.price)
		from, _ := new(big.Rat).SetString(b.price)
		six, _ := new(big.Rat).SetString(price.Sub(price, from).Mul(price, big.NewRat(100, 1)).Quo(price, from).FloatString(6))
		changes[pair] = six.FloatString(4)
	}
	return averages, changes
}

func numbers(s *store) (averages, changes map[string]string) {
	averages, changes = map[string]string{}, map[string]string{}
	for pair, series := range s.series {
		for _, t := range series.ticks {
			averages[fmt.Sprint(pair, t.part, t.offset)] = t.ma
		}
		if len(series.ticks) > 0 {
			changes[pair], _ = s.hourly(series)
		}
	}
	return averages, changes
}

// TestNumbers compares averages and changes with a computation of its own, however the rows come.
func TestNumbers(t *testing.T) {
	rows := stream(1200)
	begin := time.UnixMicro(rows[0].at - 10_000_000)
	for _, batch := range []int{1, 7, 400, len(rows)} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			s := newStore(begin.Add(-averaged))
			var seen int
			for chunk := range slices.Chunk(rows, batch) {
				s.add(chunk)
				seen += len(chunk)
				if batch == 400 || seen == len(rows) {
					wantAverages, wantChanges := naive(rows[:seen])
					averages, changes := numbers(s)
					if diff := cmp.Diff(wantAverages, averages); diff != "" {
						t.Fatalf("averages after %d rows: %.1500s", seen, diff)
					}
					if diff := cmp.Diff(wantChanges, changes); diff != "" {
						t.Fatalf("changes after %d rows: %s", seen, diff)
					}
				}
			}
		})
	}
}

// TestOlder fills a store backwards and expects what it would have been from the beginning.
func TestOlder(t *testing.T) {
	rows := stream(1200)
	newest := slices.MaxFunc(rows, func(a, b row) int { return a.compare(b.tick) }).at
	begin := newest - (recent + averaged + time.Minute).Microseconds()
	s := newStore(time.UnixMicro(begin))
	s.add(rowsBetween(rows, begin, newest))
	if _, changes := numbers(s); changes["ETH-USD"] != "" {
		t.Errorf("ETH-USD has a change of %s before its price of an hour ago was read", changes["ETH-USD"])
	}
	for {
		from, to, ok := s.missing()
		if !ok || to < rows[0].at {
			break
		}
		s.older(rowsBetween(rows, from-averaged.Microseconds(), to), from, to)
	}
	wantAverages, wantChanges := naive(rows)
	averages, changes := numbers(s)
	if diff := cmp.Diff([]any{wantAverages, wantChanges}, []any{averages, changes}); diff != "" {
		t.Errorf("numbers: %.1500s", diff)
	}
	straight := newStore(time.UnixMicro(rows[0].at - 1e9))
	straight.add(rows)
	for _, base := range []string{"BTC", "ETH"} {
		_, want := straight.line(base, 0, newest, time.Minute)
		_, got := s.line(base, 0, newest, time.Minute)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(point{}, tick{})); diff != "" {
			t.Errorf("line of %s: %.1500s", base, diff)
		}
	}
}

func rowsBetween(rows []row, from, to int64) (out []row) {
	for _, r := range rows {
		if r.at > from && r.at <= to {
			out = append(out, r)
		}
	}
	return out
}

// TestUnknown leaves out what needs rows that were not read.
func TestUnknown(t *testing.T) {
	s := newStore(time.UnixMicro(0))
	r := row{pair: "BTC-USD", base: "BTC", quote: "USD"}
	r.at, r.price = 60_000_000, "1"
	s.add([]row{r})
	if v := s.view(s.series["BTC-USD"]); v.MA != "" || v.Change != "" {
		t.Errorf("average %q and change %q of a tick without its past", v.MA, v.Change)
	}
	r.at, r.offset, r.price = 400_000_000, 1, "99999999999999999999"
	s.add([]row{r})
	r.at, r.offset, r.price = 400_000_001, 2, "1"
	s.add([]row{r})
	if v := s.view(s.series["BTC-USD"]); v.MA != "" {
		t.Errorf("average %q where the sum is too large for its type", v.MA)
	}
}

// TestBounded holds less than an hour of a stream that is too fast.
func TestBounded(t *testing.T) {
	s := newStore(time.UnixMicro(0))
	rows := make([]row, maxTicks+maxTicks/2)
	for i := range rows {
		rows[i] = row{pair: "BTC-USD", base: "BTC", quote: "USD"}
		rows[i].at, rows[i].offset, rows[i].price = 1_000_000_000+int64(i)*1000, int64(i), "2"
	}
	for chunk := range slices.Chunk(rows, 100_000) {
		s.add(chunk)
	}
	held := s.series["BTC-USD"]
	if n := len(held.ticks); n > maxTicks || n < maxTicks/4 {
		t.Errorf("%d ticks are held, of at most %d", n, maxTicks)
	}
	if v := s.view(held); v.MA != "2.000000000000000000" || v.Change != "" {
		t.Errorf("average %q and change %q", v.MA, v.Change)
	}
}

// TestFailover goes on with another pair of the base when one falls silent, and back.
func TestFailover(t *testing.T) {
	s := newStore(time.UnixMicro(0))
	at := func(pair string, second int, price string) row {
		r := row{pair: pair, base: "BTC", quote: pair[4:]}
		r.at, r.price = 1e9+int64(second)*1e6, price
		return r
	}
	var rows []row
	for second := 0; second <= 600; second += 10 {
		if second < 200 || second > 400 {
			rows = append(rows, at("BTC-USDT", second, "100"))
		}
		if second >= 210 && second <= 420 && second%30 == 0 {
			rows = append(rows, at("BTC-USD", second, "101"))
		}
	}
	for i := range rows {
		rows[i].offset = int64(i)
	}
	var shown []string
	for _, r := range rows {
		s.add([]row{r})
		if now := s.current["BTC"]; len(shown) == 0 || shown[len(shown)-1] != now {
			shown = append(shown, now)
		}
	}
	if diff := cmp.Diff([]string{"BTC-USDT", "BTC-USD", "BTC-USDT"}, shown); diff != "" {
		t.Errorf("pairs on the tile: %s", diff)
	}
	pairs, points := s.line("BTC", 0, s.newest, time.Second)
	var order []string
	last := int64(0)
	for _, p := range points {
		if p.at <= last {
			t.Errorf("a point at %d follows one at %d", p.at, last)
		}
		if last > 0 && p.at-last > 60e6 {
			t.Errorf("the line is torn for %d s", (p.at-last)/1e6)
		}
		last = p.at
		if pair := pairs[p.pair]; len(order) == 0 || order[len(order)-1] != pair {
			order = append(order, pair)
		}
	}
	if diff := cmp.Diff([]string{"BTC-USDT", "BTC-USD", "BTC-USDT"}, order); diff != "" {
		t.Errorf("pairs of the line: %s", diff)
	}
}

func TestChange(t *testing.T) {
	for _, c := range []struct{ now, before, want string }{
		{"101", "100", "1.0000"},
		{"99.5", "100", "-0.5000"},
		{"100", "0", ""},
		{"1.0000004999", "1", "0.0001"}, // 0.00004999 is 0.000050 in DECIMAL(38,6), and then 0.0001
		{"0.9999995001", "1", "-0.0001"},
		{"0.00001231", "0.0000123", "0.0813"},
	} {
		if got := change(c.now, c.before); got != c.want {
			t.Errorf("change from %s to %s is %q, want %q", c.before, c.now, got, c.want)
		}
	}
}

// TestBackfilled brings a tick of the past with an offset of another topic: it is shown once, and the next live ticks are
// still read.
func TestBackfilled(t *testing.T) {
	start := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC)
	tickAt := func(after time.Duration, offset int64) row {
		r := row{pair: "BTC-USD", base: "BTC", quote: "USD"}
		r.at, r.offset, r.price = start.Add(after).UnixMicro(), offset, "1"
		return r
	}
	s := newStore(start.Add(-time.Hour))
	s.add([]row{tickAt(0, 10), tickAt(20*time.Minute, 11)})
	past := tickAt(10*time.Minute, 45_000)
	if got := len(s.add([]row{past})["BTC-USD"]); got != 2 {
		t.Errorf("%d ticks are new or have another average, want the one and the one behind it", got)
	}
	if diff := cmp.Diff(map[int64]end{0: {start.Add(20 * time.Minute).UnixMicro(), 11}}, s.ends, cmp.AllowUnexported(end{})); diff != "" {
		t.Errorf("what is read next: %s", diff)
	}
	if changed := s.add([]row{past, tickAt(20*time.Minute, 11)}); len(changed) != 0 || len(s.series["BTC-USD"].ticks) != 3 {
		t.Errorf("the same once more: %v", changed)
	}
}
