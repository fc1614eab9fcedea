// Command serve runs a fake exchange that speaks Binance's and CoinGecko's public APIs, to try lakectl
// against:
//
//	go run ./internal/fakeexchange/serve --addr 127.0.0.1:8089 --faults "20s-30s 429=5, 40s-50s html"
//	lakectl produce --brokers … --source binance --binance-url http://127.0.0.1:8089 --interval 1s
//
// It prints each quote that it served as a line of JSON, and complaints about the client to stderr.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, args, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8089", "where to listen")
	faults := flags.String("faults", "", `what goes wrong and when: "10s-15s 429=5, 20s- 500 coingecko"`)
	seed := flags.Int64("seed", 1, "same seed, same prices")
	cache := flags.Duration("cache", time.Minute, "how long CoinGecko gives the same answer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o := fakeexchange.Options{Seed: *seed, Cache: *cache}
	if *faults != "" {
		plan, err := fakeexchange.ParseScript(*faults)
		if err != nil {
			return err
		}
		o.Plan = plan
	}
	exchange := fakeexchange.New(o)
	server := &http.Server{Addr: *addr, Handler: exchange, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() {
		exchange.Close()
		_ = server.Close()
	})()
	go report(ctx, exchange, stdout, stderr)
	fmt.Fprintf(stderr, "a fake Binance and CoinGecko on http://%s and ws://%s\n", *addr, *addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// report prints what is new, once a second.
func report(ctx context.Context, exchange *fakeexchange.Exchange, stdout, stderr io.Writer) {
	lines := json.NewEncoder(stdout)
	served, complained := 0, 0
	for ticker := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
		journal, complaints := exchange.Journal(), exchange.Complaints()
		for _, one := range journal[served:] {
			if lines.Encode(one) != nil {
				return
			}
		}
		for _, one := range complaints[complained:] {
			fmt.Fprintln(stderr, "complaint:", one)
		}
		served, complained = len(journal), len(complaints)
	}
}
