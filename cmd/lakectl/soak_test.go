package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
	shopspring "github.com/shopspring/decimal"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer/exchange"
)

// soakVariable is how long TestExchangesToKafka produces, for example 10m (make soak).
const soakVariable = "LAKECTL_TEST_SOAK"

// restFaults come one after the other, each after two good answers.
var restFaults = []string{
	"429=2", "html", "null", "500", "exponent", "missing", "drip", "reset", "429=date:2", "empty", "malformed",
	"cut", "bomb", "418=3", "endless", "redirect", "503=2", "502",
}

// streamFaults last a second each, with three good ones between.
var streamFaults = []string{"reset", "null", "close", "exponent", "stall", "malformed", "shutdown", "missing"}

// TestExchangesToKafka runs produce against fake exchanges that misbehave in every way, and compares
// what Kafka holds with what they served, quote for quote.
func TestExchangesToKafka(t *testing.T) {
	kafka := localtest.Kafka(t)
	soak := 20 * time.Second
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		if soak, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", soakVariable, err)
		}
	}
	var runs []*soakRun
	for _, source := range []string{exchange.Binance, exchange.CoinGecko, exchange.BinanceWS} {
		runs = append(runs, startSoak(t, kafka, source))
	}
	time.Sleep(soak) // what is tested is a stretch of time
	for _, r := range runs {
		r.stop(t)
	}
	held := readQuotes(t, kafka)
	for _, r := range runs {
		t.Run(r.source, func(t *testing.T) {
			held = r.compare(t, held)
			if r.source != exchange.BinanceWS {
				r.lateness(t, soak >= time.Minute)
			}
		})
	}
	for _, q := range held {
		t.Errorf("kafka holds what nobody served, or twice: %v", q)
	}
}

// soakRun is a fake exchange and the producer that asks it.
type soakRun struct {
	source  string
	fake    *fakeexchange.Exchange
	stopped time.Time
	end     func() (log string, err error)
	log     string
}

// soakQuote is a quote as both the fake's journal and Kafka tell it, numbers by their text.
type soakQuote struct{ pair, price, volume, at string }

func startSoak(t *testing.T, kafka *local.Kafka, source string) *soakRun {
	t.Helper()
	r := &soakRun{source: source, fake: fakeexchange.New(fakeexchange.Options{Seed: 7, Cache: 2 * time.Second, Plan: soakPlan(t)})}
	server := httptest.NewServer(r.fake)
	t.Cleanup(func() {
		r.fake.Close()
		server.Close()
	})
	args := []string{"produce", "-v", "--brokers", kafka.Addr, "--kafka-username", kafka.Username, "--source", source, "--interval", "1s", "--metrics-addr", "off"}
	switch source {
	case exchange.BinanceWS:
		args = append(args, "--binance-stream-url", "ws"+strings.TrimPrefix(server.URL, "http"))
	default:
		args = append(args, "--"+source+"-url", server.URL)
	}
	cmd := lakectl(t, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(cmd.Env, "LAKECTL_KAFKA_PASSWORD="+kafka.Password)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.end = func() (string, error) {
		_ = cmd.Process.Signal(syscall.SIGINT)
		err := cmd.Wait()
		return stderr.String(), err
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return r
}

func soakPlan(t *testing.T) fakeexchange.Plan {
	t.Helper()
	parse := func(texts []string) (faults []fakeexchange.Fault) {
		for _, text := range texts {
			f, err := fakeexchange.ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, f)
		}
		return faults
	}
	rest, stream := fakeexchange.Cycle(2, parse(restFaults)...), parse(streamFaults)
	return func(api string, n int, since time.Duration) fakeexchange.Fault {
		if api != fakeexchange.Stream {
			return rest(api, n, since)
		}
		if since%(4*time.Second) < 3*time.Second {
			return fakeexchange.Fault{}
		}
		return stream[int(since/(4*time.Second))%len(stream)]
	}
}

func (r *soakRun) stop(t *testing.T) {
	t.Helper()
	r.stopped = time.Now()
	var err error
	if r.log, err = r.end(); err != nil {
		t.Errorf("produce --source %s: %v\n%s", r.source, err, r.log)
	}
}

// timeouts is how many polls took too long without the fake's doing: an answer to one was served and
// not taken.
func (r *soakRun) timeouts() int {
	return strings.Count(r.log, "kind=timeout") - r.fake.Misbehaved(fakeexchange.Fault{Kind: "drip"})
}

// compare expects in Kafka what was served, as often; what was served to a poll that the end cut short
// may be missing. Of the stream it is one tick per pair and interval. It returns what is not from here.
func (r *soakRun) compare(t *testing.T, held []soakQuote) (others []soakQuote) {
	for _, complaint := range r.fake.Complaints() {
		t.Errorf("the exchange complains: %s", complaint)
	}
	served, last := map[soakQuote]int{}, map[soakQuote]time.Time{}
	journal := r.fake.Journal()
	for _, one := range journal {
		q := soakQuote{pairOf(one), written(t, one.Price), written(t, one.Volume), one.QuotedAt.Format(time.RFC3339Nano)}
		served[q]++
		last[q] = one.ServedAt
	}
	for _, q := range held {
		if served[q] == 0 {
			others = append(others, q)
			continue
		}
		served[q]--
	}
	missing := 0
	for q, times := range served {
		if times > 0 && last[q].Before(r.stopped.Add(-time.Second)) {
			missing += times
		}
	}
	const pairs = 10
	if r.source != exchange.BinanceWS && missing > pairs*max(0, r.timeouts()) {
		t.Errorf("%d quotes were served and are not in Kafka; %d polls took too long\n%s", missing, r.timeouts(), r.log)
	}
	took := len(held) - len(others)
	if took == 0 {
		t.Error("kafka holds none")
	}
	t.Logf("%d quotes served, %d in Kafka, %d missing, %d polls took too long", len(journal), took, missing, r.timeouts())
	return others
}

func pairOf(one fakeexchange.Served) string {
	for _, a := range exchange.DefaultSymbols().Assets {
		switch one.Symbol {
		case a.Binance:
			return a.BinancePair()
		case a.CoinGecko:
			return a.CoinGeckoPair()
		}
	}
	return one.Symbol
}

// written is a number's text, with an exponent written out.
func written(t *testing.T, text string) string {
	t.Helper()
	if !strings.ContainsAny(text, "eE") {
		return text
	}
	n, err := shopspring.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return n.String()
}

// lateness measures from the server's side how far the polls are from their grid of seconds.
func (r *soakRun) lateness(t *testing.T, strict bool) {
	api := fakeexchange.Binance
	if r.source == exchange.CoinGecko {
		api = fakeexchange.CoinGecko
	}
	var late []time.Duration
	arrivals := r.fake.Arrivals(api)
	for i, at := range arrivals {
		if i > 0 && at.Sub(arrivals[i-1]) < 900*time.Millisecond {
			continue // sent again by net/http after a reset
		}
		late = append(late, at.Sub(arrivals[0])%time.Second)
	}
	if len(late) == 0 {
		t.Fatal("nobody polled")
	}
	slices.Sort(late)
	grid := late[len(late)/50] // early, and no poll that was late by half a second or more
	for i, d := range late {
		late[i] = (d - grid + time.Second) % time.Second
		if late[i] > 950*time.Millisecond {
			late[i] = 0 // among the earliest
		}
	}
	slices.Sort(late)
	p := func(share float64) time.Duration { return late[int(share*float64(len(late)-1))] }
	t.Logf("%d polls, after their second: p50 %s, p99 %s, at most %s", len(late), p(.5), p(.99), p(1))
	if strict && p(.99) > 100*time.Millisecond {
		t.Error("polls are late")
	}
}

// readQuotes reads the topic from its beginning to its end.
func readQuotes(t *testing.T, kafka *local.Kafka) (quotes []soakQuote) {
	t.Helper()
	config := sarama.NewConfig()
	config.Net.SASL.Enable = true
	config.Net.SASL.User, config.Net.SASL.Password = kafka.Username, kafka.Password
	client, err := sarama.NewClient([]string{kafka.Addr}, config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	end, err := client.GetOffset(topic, 0, sarama.OffsetNewest)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		t.Fatal(err)
	}
	defer partition.Close()
	for record := range partition.Messages() {
		quotes = append(quotes, quoteOf(t, record))
		if record.Offset == end-1 {
			break
		}
	}
	return quotes
}

func quoteOf(t *testing.T, record *sarama.ConsumerMessage) soakQuote {
	t.Helper()
	var e struct {
		Pair, Price string
		Volume      string    `json:"volume_24h"`
		QuotedAt    time.Time `json:"quoted_at"`
	}
	if err := json.Unmarshal(record.Value, &e); err != nil {
		t.Fatal(err)
	}
	if string(record.Key) != e.Pair {
		t.Errorf("key %q of %s", record.Key, record.Value)
	}
	return soakQuote{e.Pair, e.Price, e.Volume, e.QuotedAt.Format(time.RFC3339Nano)}
}
