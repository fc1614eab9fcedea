package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/producer/exchange"
)

// sourceAuto is the first exchange that answers. A local run that finds none makes prices up.
const sourceAuto = "auto"

// A CoinGecko key comes from the environment only: arguments are seen by others.
const (
	geckoKeyVariable  = "LAKECTL_COINGECKO_KEY"
	geckoKindVariable = "LAKECTL_COINGECKO_KEY_KIND"
)

// exchangeOptions say which exchanges to take quotes from, and how.
type exchangeOptions struct {
	binanceURL, streamURL, geckoURL string
	budget                          int
	pairs                           string // file with the list of pairs; "" is the built-in one

	metrics prometheus.Registerer
	source  *exchange.Source // one that was asked already; nil: none was
}

func (o *exchangeOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.binanceURL, "binance-url", "", "binance: REST API (default "+exchange.BinanceURL+")")
	f.StringVar(&o.streamURL, "binance-stream-url", "", "binance-ws: WebSocket (default "+exchange.BinanceStreamURL+")")
	f.StringVar(&o.geckoURL, "coingecko-url", "", "coingecko: REST API (default "+exchange.CoinGeckoURL+"); a key is in "+geckoKeyVariable)
	f.IntVar(&o.budget, "coingecko-budget", 0, "coingecko: calls per month, spread evenly; 0 is 10000 with a demo key, else no limit")
	f.StringVar(&o.pairs, "pairs", "", "exchanges: file with the list of pairs (see lakectl pairs)")
}

// exchangesOf are the exchanges that a --source names, in order; none for other sources.
func exchangesOf(source string) []string {
	if source == sourceAuto {
		return []string{exchange.Binance, exchange.CoinGecko}
	}
	names := strings.Split(source, ",")
	for _, name := range names {
		if !slices.Contains([]string{exchange.Binance, exchange.BinanceWS, exchange.CoinGecko}, name) {
			return nil
		}
	}
	return names
}

// flagsOf are the flags of each exchange, for the others to refuse.
var flagsOf = map[string]string{
	"binance-url": exchange.Binance, "binance-stream-url": exchange.BinanceWS,
	"coingecko-url": exchange.CoinGecko, "coingecko-budget": exchange.CoinGecko,
}

// check refuses flags that don't go with the source.
func (o *exchangeOptions) check(cmd *cobra.Command, source string, interval time.Duration) error {
	names := exchangesOf(source)
	for flag, name := range flagsOf {
		if cmd.Flags().Changed(flag) && !slices.Contains(names, name) {
			return usagef("--%s is for --source %s, not %s", flag, name, source)
		}
	}
	if len(names) == 0 {
		if cmd.Flags().Changed("pairs") {
			return usagef("--pairs is for exchanges, not --source %s", source)
		}
		return nil
	}
	options, err := o.options(names, interval)
	if err != nil {
		return err
	}
	return options.Check()
}

func (o *exchangeOptions) options(names []string, interval time.Duration) (exchange.Options, error) {
	options := exchange.Options{
		Sources: names, Interval: interval,
		BinanceURL: o.binanceURL, BinanceStreamURL: o.streamURL, CoinGeckoURL: o.geckoURL, CoinGeckoBudget: o.budget,
	}
	if slices.Contains(names, exchange.CoinGecko) {
		options.CoinGeckoKey, options.CoinGeckoKeyKind = os.Getenv(geckoKeyVariable), os.Getenv(geckoKindVariable)
	}
	if o.pairs == "" {
		return options, nil
	}
	var err error
	options.Symbols, err = exchange.ReadSymbols(o.pairs)
	return options, err
}

// open makes the source, unless it was asked already whether an exchange answers.
func (o *exchangeOptions) open(names []string, interval time.Duration, stateDir string, log *slog.Logger) (*exchange.Source, error) {
	if o.source != nil {
		return o.source, o.source.Register(o.metrics)
	}
	options, err := o.options(names, interval)
	if err != nil {
		return nil, err
	}
	options.StateDir, options.Log = stateDir, log
	source, err := exchange.New(options)
	if err != nil {
		return nil, err
	}
	return source, source.Register(o.metrics)
}

// answerWithin is how long a local run waits for an exchange before it makes prices up.
const answerWithin = 5 * time.Second

// settleSource decides what auto is for a local run on its own Kafka: the exchanges if one answers, else
// simulated prices in a data dir of their own. A detached run does as its parent has decided.
func (o *runOptions) settleSource(ctx context.Context, log *slog.Logger) error {
	if o.feed.source != sourceAuto || len(o.delivery.kafka.Brokers) > 0 {
		return nil
	}
	decided := os.Getenv(autoVariable)
	_ = os.Unsetenv(autoVariable)
	if decided == "" {
		var err error
		if decided, err = o.feed.probe(ctx, o.dir, log); err != nil {
			return err
		}
	}
	if decided == string(simulated) {
		o.feed.source, o.feed.standIn = string(simulated), true
		o.dir += simulatedSuffix
	}
	return nil
}

// autoVariable tells a detached run what its parent has found: live or simulated.
const autoVariable = "LAKECTL_AUTO"

// probe asks the exchanges, and keeps the source that did for the run.
func (o *feedOptions) probe(ctx context.Context, stateDir string, log *slog.Logger) (string, error) {
	source, err := o.exchange.open(exchangesOf(o.source), o.interval, stateDir, log)
	if err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if _, err = source.Probe(limited); err == nil {
		o.exchange.source = source
		return string(live), nil
	}
	source.Close()
	if ctx.Err() != nil {
		return "", fmt.Errorf("asking the exchanges: %w", ctx.Err())
	}
	log.Debug("no exchange answers", "error", err)
	return string(simulated), nil
}
