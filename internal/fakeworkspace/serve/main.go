// Command serve runs a fake Databricks workspace on loopback, to try lakectl against. Its data is in memory
// and gone when it ends. The token comes from the environment:
//
//	FAKEWORKSPACE_TOKEN=dapi-try go run ./internal/fakeworkspace/serve --addr 127.0.0.1:8090 --latency 20ms \
//		--fault "POST /api/2.2/jobs/create status=429 retry-after=1s times=2"
//	DATABRICKS_HOST=http://127.0.0.1:8090 DATABRICKS_TOKEN=dapi-try lakectl plan --target dev
//
// It prints each request, with the status that it got and without secrets, as a line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cryptostream/lakectl/internal/fakeworkspace"
)

// tokenVar is where the token comes from: an argument could be seen by others.
const tokenVar = "FAKEWORKSPACE_TOKEN"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, args, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	return 0
}

type settings struct {
	addr, addrFile, user string
	catalogs             string
	latency              time.Duration
	faults               []fakeworkspace.Fault
}

func parse(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:0", "where to listen; port 0 is any")
	flags.StringVar(&s.addrFile, "addr-file", "", "a file to write the workspace's URL to, once it answers")
	flags.StringVar(&s.user, "user", "you@example.com", "whose the token is; an admin")
	flags.StringVar(&s.catalogs, "catalogs", "", "catalogs beside main, with commas between")
	flags.DurationVar(&s.latency, "latency", 0, "what each answer takes at least")
	flags.Func("fault", `what goes wrong: "POST /api/2.2/jobs/create status=429 retry-after=1s nth=2 times=1", "GET * delay=3s", "* /api/2.0/* cut=after"; may be repeated`, func(text string) error {
		f, err := fakeworkspace.ParseFault(text)
		s.faults = append(s.faults, f)
		return err
	})
	return s, flags.Parse(args)
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	token := os.Getenv(tokenVar)
	if token == "" {
		return fmt.Errorf("set %s to the token that clients must have", tokenVar)
	}
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.addr, err)
	}
	if ip := listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		_ = listener.Close()
		return fmt.Errorf("%s is not on loopback", s.addr)
	}
	return serveOn(ctx, listener, s.workspace(token, stdout), s.addrFile, stderr)
}

func (s settings) workspace(token string, stdout io.Writer) *fakeworkspace.Workspace {
	w := fakeworkspace.New(fakeworkspace.Options{Latency: s.latency})
	w.AddUser(s.user, token, "admins")
	for name := range strings.SplitSeq(s.catalogs, ",") {
		if name != "" {
			w.AddCatalog(name)
		}
	}
	for _, f := range s.faults {
		w.Fail(f)
	}
	lines := &lines{out: json.NewEncoder(stdout)}
	w.OnRequest(nil, lines.print)
	return w
}

func serveOn(ctx context.Context, listener net.Listener, w http.Handler, addrFile string, stderr io.Writer) error {
	server := &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	url := "http://" + listener.Addr().String()
	if addrFile != "" {
		if err := os.WriteFile(addrFile, []byte(url+"\n"), 0o600); err != nil {
			_ = listener.Close()
			return fmt.Errorf("write the address: %w", err)
		}
	}
	fmt.Fprintf(stderr, "a fake Databricks workspace on %s\n", url)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// lines prints requests one after the other.
type lines struct {
	mu  sync.Mutex
	out *json.Encoder
}

func (l *lines) print(_ int, r fakeworkspace.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Nobody to tell when the pipe is gone.
	_ = l.out.Encode(map[string]any{"n": r.N, "status": r.Status, "request": r.String()})
}
