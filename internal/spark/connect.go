package spark

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/apache/spark-connect-go/v35/spark/client/channel"
	"github.com/apache/spark-connect-go/v35/spark/sql"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// clientType is how this client names itself to the server.
const clientType = "lakectl"

// Options say which server and session to use.
type Options struct {
	// Remote is a Spark Connect connection string, "sc://host:port/;key=value;…". The keys token,
	// user_id, session_id and use_ssl are read; every other key becomes a header of each call.
	// TLS is used unless the host is a loopback address; use_ssl says otherwise.
	Remote string
	// Token is the bearer token; it wins over the one in Remote.
	Token string
	// TokenSource gives the bearer token of each call, where tokens expire; it wins over Token.
	TokenSource TokenSource
	// CA has the authorities that sign the server's certificate, PEM; the system's where empty.
	CA []byte
	// SessionID is a UUID; it wins over the one in Remote; a random one where both are empty.
	SessionID string
	// UserID, with SessionID, names the session on the server; "lakectl" where empty.
	UserID string
	// RetryFor is how long a call goes on trying to reach a server that is unavailable before it
	// returns the error; 5 s where 0.
	RetryFor time.Duration
	// Log gets a line for each reattached call; nothing is logged where nil.
	Log *slog.Logger
}

// target is Options resolved.
type target struct {
	address, host    string
	token, sessionID string
	userID           string
	headers          map[string]string
	tls              bool
	roots            *x509.CertPool // nil: the system's
}

// ParseRemote reports whether a connection string can be used, without connecting.
func ParseRemote(remote string) error {
	_, err := Options{Remote: remote}.resolve()
	return err
}

// Address is host:port of a connection string, without its parameters, which may be secrets. It is "" where it can't be used.
func Address(remote string) string {
	t, err := Options{Remote: remote}.resolve()
	if err != nil {
		return ""
	}
	return t.address
}

func (o Options) resolve() (target, error) {
	u, err := url.Parse(o.Remote)
	if err != nil || u.Scheme != "sc" || u.Hostname() == "" {
		return target{}, errors.New(`spark remote must look like "sc://host:port/;key=value"`)
	}
	port := u.Port()
	if port == "" {
		port = "15002"
	}
	t := target{
		address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(),
		userID: "lakectl", headers: map[string]string{}, tls: !loopback(u.Hostname()),
	}
	for _, parameter := range strings.Split(strings.TrimPrefix(u.Path, "/"), ";") {
		key, value, found := strings.Cut(parameter, "=")
		if parameter == "" {
			continue
		}
		if !found {
			return target{}, fmt.Errorf("spark remote: parameter %q has no value", key)
		}
		switch key {
		case "token":
			t.token = value
		case "user_id":
			t.userID = value
		case "session_id":
			t.sessionID = value
		case "use_ssl":
			t.tls = value == "true"
		default:
			t.headers[strings.ToLower(key)] = value
		}
	}
	return o.override(t)
}

func (o Options) override(t target) (target, error) {
	if o.Token != "" {
		t.token = o.Token
	}
	if o.UserID != "" {
		t.userID = o.UserID
	}
	if o.SessionID != "" {
		t.sessionID = o.SessionID
	}
	if t.sessionID == "" {
		t.sessionID = uuid.NewString()
	}
	if len(o.CA) > 0 {
		t.roots = x509.NewCertPool()
		if !t.roots.AppendCertsFromPEM(o.CA) {
			return target{}, errors.New("spark: there is no certificate among the authorities, which must be PEM")
		}
	}
	if _, err := uuid.Parse(t.sessionID); err != nil {
		return target{}, fmt.Errorf("spark session id %q is not a UUID", t.sessionID)
	}
	return t, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Connect opens a session. It calls the server once, so a wrong address or token is an error here.
func Connect(ctx context.Context, o Options) (*Session, error) {
	t, err := o.resolve()
	if err != nil {
		return nil, err
	}
	s := &Session{id: t.sessionID, userID: t.userID, headers: t.headers, token: o.TokenSource, retryFor: o.RetryFor, log: o.Log}
	if s.token == nil {
		s.token = func(context.Context, string) (string, error) { return t.token, nil }
	}
	if s.retryFor == 0 {
		s.retryFor = 5 * time.Second
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.dial(ctx, t); err != nil {
		return nil, err
	}
	if _, err := s.ServerVersion(ctx); err != nil {
		_ = s.conn.Close()
		return nil, fmt.Errorf("connect to spark at %s: %w", t.address, err)
	}
	return s, nil
}

func (s *Session) dial(ctx context.Context, t target) error {
	transport := insecure.NewCredentials()
	if t.tls {
		transport = credentials.NewTLS(&tls.Config{ServerName: t.host, RootCAs: t.roots, MinVersion: tls.VersionTLS12})
	}
	conn, err := grpc.NewClient(t.address,
		grpc.WithTransportCredentials(transport),
		grpc.WithUserAgent(clientType),
		grpc.WithUnaryInterceptor(s.interceptUnary),
		grpc.WithStreamInterceptor(s.interceptStream),
		// A result comes in Arrow batches of about 4 MiB, gRPC's own limit for a message.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)),
		// A peer that vanished without a word is noticed by the timeout, which grpc-go makes TCP's too:
		// what is sent must be acknowledged within it. Pings only serve a connection on which nothing is
		// sent; gRPC's Java server hangs up on a client that sends one more often than every 5 minutes.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: 10 * time.Second}),
	)
	if err != nil {
		return fmt.Errorf("connect to spark at %s: %w", t.address, err)
	}
	base, err := channel.NewBuilder("sc://" + t.address + "/;user_id=" + t.userID + ";user_agent=" + clientType)
	if err != nil {
		return fmt.Errorf("connect to spark at %s: %w", t.address, err)
	}
	s.conn = conn
	s.frames, err = sql.NewSessionBuilder().WithChannelBuilder(prebuilt{base, conn}).Build(ctx)
	return err
}

// prebuilt hands spark-connect-go a connection of ours.
type prebuilt struct {
	channel.Builder
	conn *grpc.ClientConn
}

func (p prebuilt) Build(context.Context) (*grpc.ClientConn, error) { return p.conn, nil }
