// Package browsertest drives a headless Chromium for tests of the dashboard, here and in cmd/lakectl: what a
// page shows, what its console complains of, and whether it is accessible.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium with one tab, and what its console has complained of.
type Browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Open starts Chromium. Without one the test fails, unless the tests are to be short: what a page
// does can't be known without a browser.
func Open(t *testing.T) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("NO BROWSER: the dashboard is tested in Chromium; install the package chromium, or run go test -short")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1360, 1000), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US"))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(allocator)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancelTab() })
	b := &Browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil { // starts it
		t.Fatal(err)
	}
	return b
}

func (b *Browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, describeException(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			for _, a := range e.Args {
				b.complaints = append(b.complaints, string(a.Value)+a.Description)
			}
		}
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	}
}

// Quiet expects that the console has had no complaint.
func (b *Browser) Quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaints) > 0 {
		b.t.Errorf("the console says:\n%s", strings.Join(b.complaints, "\n"))
	}
}

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// Run runs actions that have no result.
func (b *Browser) Run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Result runs an action that has one.
func Result[T any](b *Browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// Go navigates to an address.
func (b *Browser) Go(url string) { b.t.Helper(); b.Run(chromedp.Navigate(url)) }

// Script gives the value of an expression.
func Script[T any](b *Browser, expression string) T {
	b.t.Helper()
	return Result(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Await waits until an expression is true, which is looked at with each frame.
func (b *Browser) Await(expression string) { b.t.Helper(); b.AwaitFor(patience, expression) }

// AwaitFor waits so long at most.
func (b *Browser) AwaitFor(limit time.Duration, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(limit))); err != nil {
		b.t.Fatalf("waited in vain for %s: %v; the page shows:\n%.3000s", expression, err, Script[string](b, "document.body.innerText"))
	}
}

// Text awaits that an element has a text.
func (b *Browser) Text(selector, part string) {
	b.t.Helper()
	b.Await(fmt.Sprintf("document.querySelector(%q)?.innerText.includes(%q)", selector, part))
}

// Scheme chooses light or dark, and less motion.
func (b *Browser) Scheme(name string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
}

// Size sets the viewport, CSS pixels.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.Run(chromedp.EmulateViewport(width, height))
}

// Picture writes a screenshot of the whole page.
func (b *Browser) Picture(path string) {
	b.t.Helper()
	b.Run(chromedp.Evaluate[chromedp.Void]("scrollTo(0, 0)"))
	if err := os.WriteFile(path, Result(b, chromedp.FullScreenshot(100)), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func describeException(d *runtime.ExceptionDetails) string {
	if d.Exception != nil {
		return d.Text + " " + d.Exception.Description
	}
	return d.Text
}

// For makes a subtest the one that fails.
func (b *Browser) For(t *testing.T) { b.t = t }

// Metrics are Chromium's own figures of the page, such as JSHeapUsedSize (bytes) and TaskDuration
// (seconds), after a garbage collection.
func (b *Browser) Metrics() map[string]float64 {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	r, err := chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	all := map[string]float64{}
	for _, m := range r.Metrics {
		all[m.Name] = m.Value
	}
	return all
}
