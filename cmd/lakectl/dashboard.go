package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cryptostream/lakectl/internal/dashboard"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
)

const (
	// defaultDashboardPort is taken where it is free, so that a bookmark stays good.
	defaultDashboardPort = 8088
	// dashboardToken names the variable with the token of a dashboard that is not on loopback.
	dashboardToken = "LAKECTL_DASHBOARD_TOKEN"
	shortestToken  = 16 // characters
)

func (a *app) dashboardCommand() *cobra.Command {
	var dir, addr string
	cmd := &cobra.Command{
		Use:   "dashboard",
		Short: "Serve the live page of a running lakehouse",
		Long: `Serves the live page of a lakehouse that runs, until Ctrl-C. "run --local" serves one by itself; this is
for another address, or another process.

It listens on loopback. On any other address it asks for a token: that of ` + dashboardToken + `, or one that
is made up and printed with the address. It goes over plain HTTP: put a proxy with TLS in front of it where
others share the network.`,
		Example: `  lakectl dashboard
  lakectl dashboard --data-dir .lakectl-replay
  lakectl dashboard --addr 0.0.0.0:8088`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := findDataDir(dir, false)
			if err != nil {
				return err
			}
			if found, err = filepath.Abs(found); err != nil {
				return err
			}
			return a.serveDashboard(cmd.Context(), found, addr)
		},
	}
	dataDirFlag(cmd, &dir, "the lakehouse (default: the one that runs here)")
	cmd.Flags().StringVar(&addr, "addr", "", fmt.Sprintf("host:port to listen on (default 127.0.0.1:%d, or a free port)", defaultDashboardPort))
	return cmd
}

func (a *app) serveDashboard(ctx context.Context, dir, addr string) error {
	token, made, err := tokenFor(addr, os.Getenv(dashboardToken))
	if err != nil {
		return err
	}
	listener, err := listenDashboard(addr)
	if err != nil {
		return err
	}
	tables := &sparkTables{run: func() (local.RunFile, error) { return local.ReadRunFile(dir) }}
	versions := &tableVersions{dir: dir}
	server := dashboard.Start(listener, dashboard.Config{
		Query: tables.query, Version: versions.of, Token: token, Log: a.logger(),
		Status: func() dashboard.Status { return statusFromFile(dir) },
	})
	url := shownURL(listener.Addr())
	if made {
		url += "?token=" + token
	}
	if a.output == "json" {
		if err := a.json(map[string]string{"url": url, "data_dir": dir}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.stderr, "dashboard  %s\n", url)
		if token != "" && !made {
			fmt.Fprintf(a.stderr, "it asks for the token of %s: add ?token=… the first time\n", dashboardToken)
		}
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err = server.Stop(stop)
	tables.close()
	return err
}

// tokenFor returns the token that a dashboard on an address asks for, "" for none, and whether it was made
// up here.
func tokenFor(addr, given string) (token string, made bool, err error) {
	host := "127.0.0.1"
	if addr != "" {
		if host, _, err = net.SplitHostPort(addr); err != nil {
			return "", false, usagef("--addr must be host:port, not %q", addr)
		}
	}
	ip := net.ParseIP(host)
	switch {
	case given != "" && len(given) < shortestToken:
		return "", false, exit.New(exit.Usage, fmt.Errorf("the token in %s is too short", dashboardToken), fmt.Sprintf("at least %d characters, such as of openssl rand -hex 16", shortestToken))
	case given != "":
		return given, false, nil
	case host == "localhost" || ip != nil && ip.IsLoopback():
		return "", false, nil
	}
	return local.NewSecret(), true, nil
}

// listenDashboard listens on an address, or where that is "" on the default port of loopback, and if
// others have it on any.
func listenDashboard(addr string) (net.Listener, error) {
	if addr != "" {
		l, err := net.Listen("tcp", addr)
		return l, listenError(err, "--addr")
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(defaultDashboardPort)))
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	return l, listenError(err, "--addr")
}

func listenError(err error, flag string) error {
	if err == nil {
		return nil
	}
	hint := ""
	if errors.Is(err, syscall.EADDRINUSE) {
		hint = "end what listens there, or choose another with " + flag
	}
	return exit.New(exit.Failed, fmt.Errorf("serve the dashboard: %w", err), hint)
}

// shownURL is an address as a browser can open it.
func shownURL(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return "http://" + addr.String() + "/"
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/"
}

// dashboardOptions are those of a run's own dashboard.
type dashboardOptions struct {
	off  bool
	port int // 0: the default one, or where others have that, any
}

func (o *dashboardOptions) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&o.port, "port", 0, fmt.Sprintf("port of the dashboard on loopback; 0 takes %d, or a free one", defaultDashboardPort))
	cmd.Flags().BoolVar(&o.off, "no-dashboard", false, "serve no dashboard")
}

func (o *dashboardOptions) check(cmd *cobra.Command) error {
	if o.off && cmd.Flags().Changed("port") {
		return usagef("--port makes no sense with --no-dashboard")
	}
	if o.port < 0 || o.port > 65535 {
		return usagef("--port must be 0 to 65535, not %d", o.port)
	}
	return nil
}

// startDashboard serves the page of this run, from its first moment, so that the start can be watched.
func (l *lakehouse) startDashboard() error {
	if l.page.off {
		return nil
	}
	addr := ""
	if l.page.port != 0 {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(l.page.port))
	}
	listener, err := listenDashboard(addr)
	if err != nil {
		return exit.New(exit.Failed, err, "end what listens there, choose another with --port, or none with --no-dashboard")
	}
	l.tables = &sparkTables{run: func() (local.RunFile, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.run, nil
	}}
	versions := &tableVersions{dir: l.dir}
	l.dashboard = dashboard.Start(listener, dashboard.Config{
		Query: l.tables.query, Version: versions.of, Status: l.dashboardStatus, Log: l.log,
	})
	l.steps.step("dashboard")(l.dashboardURL())
	return nil
}

// dashboardURL is where this run's page is; "" if there is none.
func (l *lakehouse) dashboardURL() string {
	if l.dashboard == nil {
		return ""
	}
	return l.dashboard.URL()
}

// stopDashboard closes it before the servers that it reads from.
func (l *lakehouse) stopDashboard(ctx context.Context) error {
	if l.dashboard == nil {
		return nil
	}
	err := l.dashboard.Stop(ctx)
	l.tables.close()
	return err
}

func (l *lakehouse) dashboardStatus() dashboard.Status {
	l.mu.Lock()
	state := l.state
	l.mu.Unlock()
	if state == "" {
		return dashboard.Status{State: dashboard.Starting, Source: dashboard.Source{Name: l.feedOptions().source, StandIn: l.feedOptions().standIn}}
	}
	return pageStatus(l.status())
}

// statusFromFile is what a run of another process last said of itself.
func statusFromFile(dir string) dashboard.Status {
	run, err := local.ReadRunFile(dir)
	if err != nil || !local.Locked(dir) {
		return dashboard.Status{State: dashboard.Stopped}
	}
	s, err := readStatus(dir)
	if err != nil || s.PID != run.PID { // of the run before
		return dashboard.Status{State: dashboard.Starting, Source: dashboard.Source{Name: run.Source}}
	}
	return pageStatus(s)
}

// pageStatus is a status as the page shows it.
func pageStatus(s Status) dashboard.Status {
	p := dashboard.Status{
		State: dashboard.RunState(s.State),
		Source: dashboard.Source{
			Name: s.Producer.Source, StandIn: s.Producer.StandIn, Ended: s.Producer.Ended, KafkaUp: s.Producer.KafkaUp,
			Waiting: max(s.Producer.Spooled, s.Producer.InFlight), Error: s.Producer.LastError,
			Pace: time.Duration(s.Producer.PaceSeconds * float64(time.Second)),
		},
	}
	if s.Producer.TakenAt != nil {
		p.Source.TakenAt = *s.Producer.TakenAt
	}
	for _, q := range s.Queries {
		unit := "bytes"
		if q.Name == "bronze_prices" {
			unit = "records"
		}
		p.Queries = append(p.Queries, dashboard.Query{
			Name: q.Name, State: string(q.State), Healthy: q.Healthy, CatchingUp: stateText(q) == "catching up",
			Rows: q.Rows, RowsPerSecond: q.RowsPerSecond, BatchSeconds: q.BatchSeconds, Lag: q.Lag, LagUnit: unit,
			LatencySeconds: q.LatencySeconds, Restarts: q.Restarts, Late: q.Late, Duplicates: q.Duplicates, LastError: q.LastError,
		})
	}
	return p
}
