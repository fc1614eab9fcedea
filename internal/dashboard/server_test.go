package dashboard

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// answer is a response, read whole.
type answer struct {
	code    int
	header  http.Header
	cookies []*http.Cookie
	url     *url.URL // after redirects
	body    string
}

func get(t *testing.T, client *http.Client, address string, change func(*http.Request)) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, response.Cookies(), response.Request.URL, string(body)}
}

func ownClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestHeaders(t *testing.T) {
	s := serve(t, (&tables{status: running("binance")}).config())
	client := ownClient(t)
	for _, path := range []string{"/", "/static/app.js", "/api/lines?range=1h&bases=BTC", "/nothing"} {
		a := get(t, client, s.URL()+path, nil)
		for name, want := range headers {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s lets other sites read", path)
		}
	}
	if a := get(t, client, s.URL()+"/static/app.js", func(r *http.Request) { r.Header.Set("If-None-Match", pages["app.js"].tag) }); a.code != http.StatusNotModified {
		t.Errorf("a file that the browser has: %d", a.code)
	}
}

// TestRebinding refuses names that another site could have made to mean this machine.
func TestRebinding(t *testing.T) {
	s := serve(t, (&tables{status: running("binance")}).config())
	client := ownClient(t)
	for host, want := range map[string]int{
		"127.0.0.1:8088": 200, "localhost": 200, "LOCALHOST:1": 200, "[::1]:8088": 200,
		"evil.example": 421, "127.0.0.1.evil.example:8088": 421, "192.168.0.1:8088": 421,
	} {
		a := get(t, client, s.URL(), func(r *http.Request) { r.Host = host })
		if a.code != want {
			t.Errorf("Host %s: %d: %.100s", host, a.code, a.body)
		}
	}
}

func TestToken(t *testing.T) {
	config := (&tables{status: running("binance")}).config()
	config.Token = "a token of the test"
	s := serve(t, config)
	client := ownClient(t)
	for _, path := range []string{"/", "/?token=wrong", "/?token=", "/api/events", "/api/lines?range=1h", "/static/app.js"} {
		a := get(t, client, s.URL()+path, nil)
		if a.code != http.StatusUnauthorized || !strings.Contains(a.body, "oken is needed") || len(a.cookies) > 0 {
			t.Errorf("%s without a token: %d: %s", path, a.code, a.body)
		}
	}
	if a := get(t, client, s.URL()+"/api/lines?range=1h", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+config.Token) }); a.code != http.StatusOK {
		t.Errorf("with the token as a header: %d", a.code)
	}

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client.Jar = jar
	a := get(t, client, s.URL()+"/?range=6h&token="+url.QueryEscape(config.Token), nil)
	if a.code != http.StatusOK || !strings.Contains(a.body, "CryptoStream") || a.url.RawQuery != "range=6h" {
		t.Errorf("with the token: %d at %s", a.code, a.url)
	}
	address, _ := url.Parse(s.URL())
	cookies := jar.Cookies(address)
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	if strings.Contains(cookies[0].Value, config.Token) {
		t.Errorf("cookies %v", cookies)
	}
	if a := get(t, ownClient(t), s.URL()+"/", func(r *http.Request) { r.Host = "dashboard.example"; r.AddCookie(cookies[0]) }); a.code != http.StatusOK {
		t.Errorf("by another name, with the cookie: %d", a.code)
	}
	if a = get(t, client, s.URL()+"/api/lines?range=1h", nil); a.code != http.StatusOK {
		t.Errorf("with the cookie: %d", a.code)
	}
}

func TestLines(t *testing.T) {
	f := &tables{status: running("binance")}
	f.walk(time.Now(), 10*time.Minute, 10*time.Second)
	s := serve(t, f.config())
	client := ownClient(t)
	events(t, client, s).until("snapshot", `"price"`)
	for query, want := range map[string]string{
		"bases=BTC&range=1h":                           `"base":"BTC","pairs":["BTC-USDT"]`,
		"bases=NOPE&range=1h":                          `"at":[]`,
		"bases=BTC&from=0&to=9007199254740":            `"at":[`,
		"bases=BTC&from=5&to=1":                        `"error":"range must be`,
		"bases=BTC&from=-9223372036854775808&to=1":     `"error":"range must be`,
		"bases=BTC&from=0&to=9223372036854775807":      `"error":"range must be`,
		"bases=BTC&range=9999y":                        `"error":"range must be`,
		"bases=" + strings.Repeat("A,", 60) + "&range": `"error":"at most 50`,
	} {
		if a := get(t, client, s.URL()+"/api/lines?"+query, nil); !strings.Contains(a.body, want) {
			t.Errorf("%s: %.300s, want %s", query, a.body, want)
		}
	}
	a := get(t, client, s.URL()+"/api/lines?bases=BTC&range=1h", func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("%v: %v", a.header, err)
	}
	var lines linesView
	if err := json.NewDecoder(z).Decode(&lines); err != nil || len(lines.Lines) != 1 || len(lines.Lines[0].At) != 61 {
		t.Errorf("%v, %d points", err, len(lines.Lines[0].At))
	}
}

// stream is an open connection of a viewer.
type eventStream struct {
	t       *testing.T
	answer  *http.Response
	scanner *bufio.Scanner
}

func events(t *testing.T, client *http.Client, s *Server) *eventStream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/api/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	e := &eventStream{t: t, answer: answer, scanner: bufio.NewScanner(answer.Body)}
	e.scanner.Buffer(nil, 8<<20)
	return e
}

// until reads to an event of that name whose data has a part.
func (e *eventStream) until(name, part string) string {
	e.t.Helper()
	event := ""
	for e.scanner.Scan() {
		line := e.scanner.Text()
		if rest, ok := strings.CutPrefix(line, "event: "); ok {
			event = rest
		} else if data, ok := strings.CutPrefix(line, "data: "); ok && event == name && strings.Contains(data, part) {
			return data
		}
	}
	e.t.Fatalf("the stream ended before %s with %s: %v", name, part, e.scanner.Err())
	return ""
}

// TestViewers reads the tables once however many look, not at all when nobody does, and drops who does not
// read without the others noticing.
func TestViewers(t *testing.T) {
	f := &tables{status: running("binance")}
	f.walk(time.Now(), time.Minute, 10*time.Second)
	s := serve(t, f.config())
	client := ownClient(t)
	streams := make([]*eventStream, 100)
	for i := range streams {
		streams[i] = events(t, client, s)
		streams[i].until("snapshot", `"price"`)
	}
	for i := range 5 {
		before := f.asked()
		price := string(rune('1'+i)) + ".5"
		f.change(func() { f.add(time.Now(), "BTC-USDT", "binance", price) })
		for _, e := range streams {
			e.until("ticks", `"price":"`+price+`"`)
		}
		if n := f.asked() - before; n > 8 {
			t.Errorf("%d statements for one change and 100 viewers", n)
		}
	}
	for _, e := range streams {
		e.answer.Body.Close()
	}
	s.unwatched(t)
	before := f.asked()
	f.change(func() { f.add(time.Now(), "BTC-USDT", "binance", "9.5") })
	e := events(t, client, s) // and has everything that was missed
	e.until("ticks", `"price":"9.5"`)
	if n := f.asked() - before; n > 8 {
		t.Errorf("%d statements after nobody looked", n)
	}
}

func (f *tables) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queries
}

func TestSlowViewer(t *testing.T) {
	h := newHub()
	slow, quick := h.join(), h.join()
	for range maxWaiting + 1 {
		h.publish("state", state{})
		<-quick.messages
	}
	select {
	case <-slow.dropped:
	default:
		t.Error("who does not read is not dropped")
	}
	select {
	case <-quick.dropped:
		t.Error("who reads is dropped")
	default:
	}
	for range maxViewers - 1 {
		if h.join() == nil {
			t.Fatal("a viewer is refused too early")
		}
	}
	if h.join() != nil {
		t.Error("there is no limit to the viewers")
	}
	h.close()
	<-quick.dropped
	if h.join() != nil {
		t.Error("a viewer joins a server that has ended")
	}
}

// TestWeight keeps the page under 150 kB, compressed, with all that it loads.
func TestWeight(t *testing.T) {
	total := 0
	for name, p := range pages {
		if name != "denied.html" && !strings.HasPrefix(name, "vendor/uplot/LICENSE") && !strings.HasSuffix(name, ".md") {
			total += len(p.zipped)
		}
	}
	t.Logf("%d bytes compressed", total)
	if total > 150_000 {
		t.Errorf("the page weighs %d bytes compressed", total)
	}
}

// TestVendored compares what is vendored with the hashes that its README names.
func TestVendored(t *testing.T) {
	readme, err := fs.ReadFile(static, "static/vendor/uplot/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uPlot.iife.min.js", "uPlot.min.css"} {
		sum := sha256.Sum256(pages["vendor/uplot/"+name].plain)
		if line := hex.EncodeToString(sum[:]) + "  " + name; !strings.Contains(string(readme), line) {
			t.Errorf("the README has no line %q", line)
		}
	}
	if license := string(pages["vendor/uplot/LICENSE"].plain); !strings.Contains(license, "MIT License") {
		t.Error("uPlot's licence is missing")
	}
}

// TestOwnHost loads nothing from anywhere else, and has nothing inline.
func TestOwnHost(t *testing.T) {
	err := fs.WalkDir(os.DirFS("static"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, "vendor/") {
			return err
		}
		text, err := fs.ReadFile(static, "static/"+name)
		for _, bad := range []string{"https://", "http://", "innerHTML", " style=\"", " onclick"} {
			if strings.Contains(strings.ReplaceAll(string(text), "http://www.w3.org/2000/svg", ""), bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
