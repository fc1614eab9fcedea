package chaos_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/cryptostream/lakectl/internal/chaos"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// event is a message of the producer as Silver has to show it.
type event struct {
	ID     string              `json:"event_id"`
	Pair   string              `json:"pair"`
	Price  decimal.Decimal     `json:"price"`
	Volume decimal.NullDecimal `json:"volume_24h"`
	Quoted time.Time           `json:"quoted_at"`
	At     time.Time           `json:"collected_at"`
	position
}

func (e event) equal(other event) bool {
	return e.ID == other.ID && e.Pair == other.Pair && e.Price.Equal(other.Price) && e.Volume.Valid == other.Volume.Valid &&
		e.Volume.Decimal.Equal(other.Volume.Decimal) && e.Quoted.Equal(other.Quoted) && e.At.Equal(other.At)
}

// outcome is what a check has counted.
type outcome struct {
	taken      int // events that the producer took
	unanswered int // quotes that the exchange served and no kill let the producer take
	late       int64
}

func (o outcome) String() string {
	return fmt.Sprintf("%d events taken, each once in Silver; verify held, %d late before a reconcile", o.taken, o.late)
}

// check drains the run and expects: verify holds, if need be after a reconcile; each event that the producer has taken
// is in Silver once, value for value, and nothing else is; of what the exchange has served no more is missing than a
// poll for each kill and stop of the producer, and those that it gave up since the answer took too long.
func (l *lake) check() outcome {
	l.t.Helper()
	l.stop()
	return l.checkStopped()
}

func (l *lake) checkStopped() (o outcome) {
	l.t.Helper()
	late := l.verify()
	o, missing := l.compare()
	for _, e := range missing {
		l.t.Errorf("taken, and not in Silver: %+v", e)
	}
	o.late = late
	return o
}

// compare expects each event that the producer has taken, or that was published by hand, in Silver once, and returns those that are not there.
func (l *lake) compare() (o outcome, missing []event) {
	l.t.Helper()
	silver := l.silver()
	taken := l.events(l.taken)
	l.addSent(taken)
	if len(taken) == 0 {
		l.t.Error("the producer has taken nothing: the test has tested nothing")
	}
	o.taken = len(taken)
	for id, want := range taken {
		switch got := silver[id]; {
		case len(got) == 0:
			missing = append(missing, want[0])
		case len(got) > 1 || !slices.ContainsFunc(want, got[0].equal) && !l.unsure(got):
			l.t.Errorf("in Silver: %+v, want %+v", got, want)
		}
	}
	maps.Copy(taken, l.events(l.elsewhere))
	for id := range silver {
		if _, ok := taken[id]; !ok && !l.unsure(silver[id]) {
			l.t.Errorf("in Silver, and never taken: %+v", silver[id])
		}
	}
	l.kept = silver
	l.checkSent(silver)
	o.unanswered = l.unanswered(taken)
	givenUp := l.logged("kind=timeout")
	if most := 10 * (l.cuts + givenUp); o.unanswered > most {
		l.t.Errorf("%d quotes were served and not taken, more than the %d of %d polls that a kill or stop cut off, and %d that took too long",
			o.unanswered, most, l.cuts, givenUp)
	}
	l.races()
	return o, missing
}

// verify runs lakectl verify until it holds, after a reconcile where events are only late, and returns how many were.
func (l *lake) verify() (late int64) {
	l.t.Helper()
	var found struct {
		Held       bool
		Invariants []struct {
			ID       string
			Offences []struct {
				Check       string
				Count, Late int64
			}
		}
	}
	for _, reconciled := range []bool{false, true} {
		r := l.try("verify", "-o", "json")
		if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
			l.t.Fatalf("verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
		if found.Held != (r.code == 0) {
			l.t.Errorf("verify: held is %v, exit code %d", found.Held, r.code)
		}
		if found.Held {
			return late
		}
		for _, i := range found.Invariants {
			for _, o := range i.Offences {
				if late += o.Late; o.Late < o.Count || reconciled {
					l.t.Fatalf("verify: %s", r.stdout)
				}
			}
		}
		l.must("reconcile")
	}
	return late
}

// silver is what Silver has, by id, once for each row.
func (l *lake) silver() map[string][]event {
	l.t.Helper()
	var rows []struct { // times in microseconds: JSON ends with the year 9999
		event
		Quoted *int64 `json:"quoted"`
		At     int64  `json:"at"`
	}
	text := l.must("query", "-o", "json", `select event_id, pair, price, volume_24h, unix_micros(quoted_at) as quoted, unix_micros(event_time) as at,
		kafka_partition, kafka_offset from silver_prices`)
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		l.t.Fatal(err)
	}
	all := map[string][]event{}
	for _, row := range rows {
		e := row.event
		if e.At = time.UnixMicro(row.At); row.Quoted != nil {
			e.Quoted = time.UnixMicro(*row.Quoted)
		}
		all[e.ID] = append(all[e.ID], e)
	}
	return all
}

// events are those of a spool, by id: what Silver may have of one, the first of which it must where there is no second.
func (l *lake) events(taken chaos.Spooled) map[string][]event {
	l.t.Helper()
	all := map[string][]event{}
	for _, value := range taken {
		var e event
		if err := json.Unmarshal([]byte(value), &e); err != nil {
			l.t.Fatalf("%q: %v", value, err)
		}
		all[e.ID] = []event{e}
	}
	return all
}

// unanswered counts the quotes that the exchange has served and that are none of the events.
func (l *lake) unanswered(events map[string][]event) (missing int) {
	type quote struct{ pair, price, at string }
	took := map[quote]bool{}
	for _, e := range events {
		took[quote{e[0].Pair, e[0].Price.String(), e[0].Quoted.UTC().Format(time.RFC3339Nano)}] = true
	}
	pairs := map[string]string{}
	for _, a := range exchange.DefaultSymbols().Assets {
		pairs[a.Binance] = a.BinancePair()
	}
	for _, served := range l.exchange.Journal() {
		price, err := decimal.NewFromString(served.Price)
		if err != nil {
			l.t.Fatal(err)
		}
		if !took[quote{pairs[served.Symbol], price.String(), served.QuotedAt.UTC().Format(time.RFC3339Nano)}] {
			missing++
		}
	}
	return missing
}

// logs are what lakectl has said in the background, in every data dir, by file.
func (l *lake) logs() map[string]string {
	l.t.Helper()
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(l.dir), "*", "logs", "lakectl*"))
	said := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			l.t.Fatal(err)
		}
		said[file] = string(text)
	}
	return said
}

// logged counts a word in the logs.
func (l *lake) logged(word string) (n int) {
	l.t.Helper()
	for _, text := range l.logs() {
		n += strings.Count(text, word)
	}
	return n
}

// races looks for what the race detector and the runtime have said in the logs.
func (l *lake) races() {
	l.t.Helper()
	for file, text := range l.logs() {
		for _, word := range []string{"DATA RACE", "panic:", "fatal error:"} {
			if at := strings.Index(text, word); at >= 0 {
				l.t.Errorf("%s: %.3000s", file, text[at:])
			}
		}
	}
}
