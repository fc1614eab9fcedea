package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/producer/exchange"
)

func (a *app) pairsCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "pairs",
		Short: "Show which pairs are taken from the exchanges",
		Long: `Shows the list of assets with their symbol at each exchange, and the pair that each quotes: Binance's
BTCUSDT is BTC-USDT, CoinGecko's bitcoin is BTC-USD. The built-in list is fixed; "pairs refresh" makes
another, for --pairs of run and produce.`,
		Example: `  lakectl pairs
  lakectl pairs refresh --file pairs.yaml
  lakectl produce --brokers localhost:9092 --source auto --pairs pairs.yaml`,
		Args: arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			list := exchange.DefaultSymbols()
			if file != "" {
				var err error
				if list, err = exchange.ReadSymbols(file); err != nil {
					return err
				}
			}
			return a.showPairs(list)
		},
	}
	cmd.Flags().StringVar(&file, "pairs", "", "file with the list; default is the built-in one")
	cmd.AddCommand(a.pairsRefreshCommand())
	return cmd
}

func (a *app) showPairs(list exchange.Symbols) error {
	if a.output == "json" {
		return a.json(list)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ASSET\tBINANCE\tPAIR\tCOINGECKO\tPAIR")
	for _, asset := range list.Assets {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", asset.Asset,
			orNone(asset.Binance), orNone(asset.BinancePair()), orNone(asset.CoinGecko), orNone(asset.CoinGeckoPair()))
	}
	return w.Flush()
}

func orNone(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func (a *app) pairsRefreshCommand() *cobra.Command {
	var o exchange.Options
	var file string
	var count int
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Make a new list from the ranking by market value",
		Long: `Asks CoinGecko for the largest assets by market value and takes the first that Binance trades against
USDT. Stablecoins, and what Binance does not trade, are left out: the list says which and why, and so
does stderr. The list goes to stdout, or to --file.`,
		Example: `  lakectl pairs refresh --file pairs.yaml
  lakectl pairs refresh --count 20 -o json`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.CoinGeckoKey, o.CoinGeckoKeyKind = os.Getenv(geckoKeyVariable), os.Getenv(geckoKindVariable)
			list, err := exchange.Refresh(cmd.Context(), o, count)
			if err != nil {
				return err
			}
			for _, l := range list.LeftOut {
				fmt.Fprintf(a.stderr, "left out: %s (rank %d): %s\n", l.Asset, l.Rank, l.Reason)
			}
			return a.writePairs(list, file)
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "where to write the list; default is stdout")
	f.IntVar(&count, "count", 10, "how many assets")
	f.StringVar(&o.BinanceURL, "binance-url", "", "Binance's REST API (default "+exchange.BinanceURL+")")
	f.StringVar(&o.CoinGeckoURL, "coingecko-url", "", "CoinGecko's REST API (default "+exchange.CoinGeckoURL+"); a key is in "+geckoKeyVariable)
	return cmd
}

func (a *app) writePairs(list exchange.Symbols, file string) error {
	if file != "" {
		if err := list.Write(file); err != nil {
			return err
		}
		fmt.Fprintf(a.stderr, "%d pairs in %s; use it with --pairs %s\n", len(list.Assets), file, file)
	}
	if a.output == "json" {
		return a.json(list)
	}
	if file != "" {
		return nil
	}
	text, err := list.YAML()
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(text)
	return err
}
