package exchange

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cryptostream/lakectl/producer"
)

// symbolsVersion is the version of the list's form.
const symbolsVersion = 1

// mostAssets is how many one request can ask for.
const mostAssets = 100

//go:embed symbols.yaml
var defaultSymbols []byte

// Symbols says which asset has which symbol at each source.
type Symbols struct {
	Version int     `yaml:"version" json:"version"` // of the list's form, 1
	Made    string  `yaml:"made" json:"made"`       // when and from what, for people
	Assets  []Asset `yaml:"assets" json:"assets"`

	// LeftOut are assets of the ranking that are not asked for, and why.
	LeftOut []LeftOut `yaml:"left_out,omitempty" json:"left_out,omitempty"`
}

// Asset is one asset; a source that does not have it has "".
type Asset struct {
	Asset     string `yaml:"asset" json:"asset"`                             // BTC
	Binance   string `yaml:"binance,omitempty" json:"binance,omitempty"`     // BTCUSDT, the pair BTC-USDT
	CoinGecko string `yaml:"coingecko,omitempty" json:"coingecko,omitempty"` // bitcoin, the pair BTC-USD
}

// LeftOut is an asset that Refresh did not take.
type LeftOut struct {
	Asset     string `yaml:"asset" json:"asset"`
	CoinGecko string `yaml:"coingecko" json:"coingecko"`
	Rank      int    `yaml:"rank" json:"rank"` // by market value, 1 is the largest
	Reason    string `yaml:"reason" json:"reason"`
}

// BinancePair is the pair that Binance quotes for the asset, "" if it has none.
func (a Asset) BinancePair() string {
	if a.Binance == "" {
		return ""
	}
	return a.Asset + "-" + strings.TrimPrefix(a.Binance, a.Asset)
}

// CoinGeckoPair is the pair that CoinGecko quotes for the asset, "" if it has none.
func (a Asset) CoinGeckoPair() string {
	if a.CoinGecko == "" {
		return ""
	}
	return a.Asset + "-USD"
}

func (s Symbols) binance() []listing {
	var list []listing
	for _, a := range s.Assets {
		if a.Binance != "" {
			list = append(list, listing{a.Binance, a.BinancePair()})
		}
	}
	return list
}

func (s Symbols) coinGecko() []listing {
	var list []listing
	for _, a := range s.Assets {
		if a.CoinGecko != "" {
			list = append(list, listing{a.CoinGecko, a.CoinGeckoPair()})
		}
	}
	return list
}

// DefaultSymbols is the list that comes with the program: ten of the largest assets by market value,
// stablecoins left out.
func DefaultSymbols() Symbols {
	s, err := ParseSymbols("symbols.yaml", defaultSymbols)
	if err != nil { // a test reads it
		panic(err)
	}
	return s
}

// ReadSymbols reads a list from a file. Errors: as os.ReadFile's and ParseSymbols'.
func ReadSymbols(file string) (Symbols, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Symbols{}, failed("lakectl pairs refresh --file "+file+" makes one", "reading the list of pairs: %w", err)
	}
	return ParseSymbols(file, text)
}

// ParseSymbols reads a list in YAML, strictly. Its error names every mistake as file:line: message, and
// has the exit code 2.
func ParseSymbols(file string, text []byte) (Symbols, error) {
	var s Symbols
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		return Symbols{}, formError(file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Symbols{}, usage("%s: holds more than one YAML document", file)
	}
	var root struct{ Assets []yaml.Node }
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Symbols{}, formError(file, err)
	}
	mistakes := s.check()
	lines := make([]string, len(mistakes))
	for i, m := range mistakes {
		line := 1
		if m.asset >= 0 {
			line = root.Assets[m.asset].Line
		}
		lines[i] = fmt.Sprintf("%s:%d: %s", file, line, m.text)
	}
	if len(lines) > 0 {
		return Symbols{}, listError(lines)
	}
	return s, nil
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// formError puts the library's errors into the form file:line: message.
func formError(file string, err error) error {
	if errors.Is(err, io.EOF) {
		return usage("%s: is empty", file)
	}
	var lines []string
	for _, found := range yamlLine.FindAllStringSubmatch(err.Error(), -1) {
		lines = append(lines, fmt.Sprintf("%s:%s: %s", file, found[1], strings.TrimSuffix(found[2], " in type exchange.Symbols")))
	}
	if len(lines) == 0 {
		lines = []string{file + ": " + err.Error()}
	}
	return listError(lines)
}

func listError(lines []string) error {
	return producer.NewError(2, "lakectl pairs shows the built-in list in this form", errors.New(strings.Join(lines, "\n")))
}

// mistake is one about an asset, by its place, or about the list, at -1.
type mistake struct {
	asset int
	text  string
}

var (
	assetForm  = regexp.MustCompile(`^[A-Z0-9]{1,20}$`)
	symbolForm = regexp.MustCompile(`^[A-Z0-9]{2,20}$`)
	idForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)
)

func (s Symbols) check() []mistake {
	var found []mistake
	if s.Version != symbolsVersion {
		found = append(found, mistake{-1, fmt.Sprintf("version is %d; this program reads %d", s.Version, symbolsVersion)})
	}
	if n := len(s.Assets); n == 0 || n > mostAssets {
		found = append(found, mistake{-1, fmt.Sprintf("there are %d assets; a list has 1 to %d", n, mostAssets)})
	}
	taken := map[string]bool{}
	for i, a := range s.Assets {
		for _, text := range a.check() {
			found = append(found, mistake{i, text})
		}
		for _, name := range []string{"asset " + a.Asset, "binance " + a.Binance, "coingecko " + a.CoinGecko} {
			if taken[name] && !strings.HasSuffix(name, " ") {
				found = append(found, mistake{i, name + " is in the list twice"})
			}
			taken[name] = true
		}
	}
	return found
}

func (a Asset) check() (texts []string) {
	if !assetForm.MatchString(a.Asset) {
		texts = append(texts, fmt.Sprintf("asset %q is not 1 to 20 capital letters or digits", a.Asset))
	}
	if a.Binance == "" && a.CoinGecko == "" {
		texts = append(texts, fmt.Sprintf("asset %q has no symbol at any source", a.Asset))
	}
	if a.Binance != "" && (!symbolForm.MatchString(a.Binance) || !strings.HasPrefix(a.Binance, a.Asset) || a.Binance == a.Asset) {
		texts = append(texts, fmt.Sprintf("binance %q is not %s with a quote currency, such as %sUSDT", a.Binance, a.Asset, a.Asset))
	}
	if a.CoinGecko != "" && !idForm.MatchString(a.CoinGecko) {
		texts = append(texts, fmt.Sprintf("coingecko %q is not an id, such as bitcoin", a.CoinGecko))
	}
	return texts
}

// YAML is the list as ParseSymbols reads it.
func (s Symbols) YAML() ([]byte, error) {
	var text bytes.Buffer
	text.WriteString("# Which asset is which symbol at each source: Binance's BTCUSDT is the pair BTC-USDT, CoinGecko's\n" +
		"# bitcoin the pair BTC-USD. Made by `lakectl pairs refresh`; use it with --pairs.\n")
	e := yaml.NewEncoder(&text)
	e.SetIndent(2)
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("writing the list of pairs: %w", err)
	}
	return text.Bytes(), e.Close()
}
