package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/internal/spark"
)

// TestIntruders is another user of the machine, who shares its loopback: no port of a run is open beyond
// that, and none lets in who has no credentials. Those who may enter the data dir can read nothing in it.
func TestIntruders(t *testing.T) {
	localtest.Runtime(t) // skips
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	startRun(t, dir, "--source", "simulated", "--rate", "20", "--port", "0", "--metrics-addr", "127.0.0.1:0", "-v")
	await(t, "rows in Silver", func() bool { return jsonStatus(t, dir).rowsOf("silver_prices") > 0 })
	run := readRun(t, dir)
	secrets := []string{run.Kafka.Password, run.Spark.Token}

	pids := append(descendants(t, run.PID), run.PID)
	if !slices.Contains(pids, run.Kafka.PID) || !slices.Contains(pids, run.Spark.PID) {
		t.Fatalf("the processes are %v, Kafka %d, Spark %d", pids, run.Kafka.PID, run.Spark.PID)
	}
	found := map[int]int{}
	for _, l := range listeners(t, pids...) {
		found[l.pid]++
		if !l.addr.Addr().IsLoopback() {
			t.Errorf("process %d listens on %s", l.pid, l.addr)
		}
		switch address := l.addr.String(); {
		case address == run.Spark.Remote:
			intrudeConnect(t, address)
		case l.pid == run.Spark.PID:
			intrudeSpark(t, l.addr, filepath.Join(dir, "kafka", "password"))
		case l.pid == run.Kafka.PID:
			intrudeKafka(t, address, run.Kafka)
		default:
			intrudeHTTP(t, address, secrets)
		}
	}
	want := map[int]int{run.PID: 2, run.Kafka.PID: 2, run.Spark.PID: 3} // page and metrics; broker and controller; Connect, driver, blocks
	for pid, ports := range want {
		if found[pid] != ports {
			t.Errorf("process %d has %d ports, not %d", pid, found[pid], ports)
		}
	}
	for _, pid := range pids {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			t.Error(err)
		}
		holdsNone(t, fmt.Sprintf("the arguments of %d", pid), line, secrets)
	}
	readableByOwner(t, dir)

	// What Spark would send to itself by one of these ports still arrives.
	const large = 3 << 20
	rows := tables(t, dir)(fmt.Sprintf("select repeat('x', cast(id as int)) from range(%d, %d)", large, large+2))
	if len(rows) != 2 || len(fmt.Sprint(rows[0][0])) != large {
		t.Errorf("%d rows of a large result", len(rows))
	}
}

// intrudeConnect calls Spark Connect without a token and with a wrong one.
func intrudeConnect(t *testing.T, address string) {
	t.Helper()
	for _, token := range []string{"", local.NewSecret()} {
		session, err := spark.Connect(t.Context(), spark.Options{Remote: "sc://" + address, Token: token})
		if err == nil {
			_ = session.Close()
			t.Errorf("Spark Connect takes the token %q", token)
		} else if !strings.Contains(err.Error(), "authentication token") {
			t.Errorf("Spark Connect with the token %q: %v, want a refusal", token, err)
		}
	}
}

// Message types of Spark's own protocol, by which its processes call each other.
const (
	chunkRequest  = 0
	rpcRequest    = 3
	streamRequest = 6
	streamAnswer  = 7
)

// intrudeSpark asks the driver's port and the block manager's for a file, a block, and to unpack a Java object.
func intrudeSpark(t *testing.T, address netip.AddrPort, file string) {
	t.Helper()
	for what, answer := range map[string][]byte{
		"stream": spoken(t, address, streamMessage(streamName(file))), "chunk": spoken(t, address, append([]byte{chunkRequest}, make([]byte, 12)...)),
	} {
		if len(answer) > 0 {
			t.Errorf("%s answers to a %s: %q", address, what, answer)
		}
	}
	object := "\xac\xed\x00\x05"
	message := binary.BigEndian.AppendUint32(append([]byte{rpcRequest}, make([]byte, 8)...), uint32(len(object)))
	if answer := spoken(t, address, append(message, object...)); !strings.Contains(string(answer), "SaslMessage") {
		t.Errorf("%s does not ask who calls: %q", address, answer)
	}
}

// streamName leads from the folder of artifacts, <data dir>/spark/tmp/artifacts-…, to a file anywhere.
func streamName(file string) string { return "/artifacts/" + strings.Repeat("../", 20) + file }

func streamMessage(name string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{streamRequest}, uint32(len(name))), name...)
}

// spoken sends a message in its frame, and returns what is answered before the connection ends or nothing more comes.
func spoken(t *testing.T, address netip.AddrPort, message []byte) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(append(binary.BigEndian.AppendUint64(nil, uint64(len(message)+8)), message...)); err != nil {
		t.Fatal(err)
	}
	var answer []byte
	for wait := 10 * time.Second; ; wait = time.Second { // a file comes behind its header
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 4096)
		n, err := conn.Read(part)
		answer = append(answer, part[:n]...)
		if errors.Is(err, os.ErrDeadlineExceeded) && len(answer) == 0 {
			t.Errorf("%s keeps the connection of a stranger", address)
		}
		if err != nil {
			return answer
		}
	}
}

// intrudeKafka asks for a topic without logging in and with a wrong password, and to see that it could work, with
// the right one.
func intrudeKafka(t *testing.T, address string, with local.KafkaRun) {
	t.Helper()
	for password, right := range map[string]bool{"": false, local.NewSecret(): false, with.Password: true} {
		config := sarama.NewConfig()
		config.Version = sarama.V2_0_0_0
		if password != "" {
			config.Net.SASL.Enable, config.Net.SASL.User, config.Net.SASL.Password = true, with.Username, password
		}
		if err := asksForTopic(address, config); (err == nil) != right {
			t.Errorf("kafka at %s: %v; the password is right: %v", address, err, right)
		}
	}
}

func asksForTopic(address string, config *sarama.Config) error {
	broker := sarama.NewBroker(address)
	if err := broker.Open(config); err != nil {
		return err
	}
	defer broker.Close()
	_, err := broker.CreateTopics(&sarama.CreateTopicsRequest{
		Version: 2, ValidateOnly: true, Timeout: 10 * time.Second,
		TopicDetails: map[string]*sarama.TopicDetail{"intruder": {NumPartitions: 1, ReplicationFactor: 1}},
	})
	return err
}

// intrudeHTTP reads what a page shows to anybody: no secret. Under another name than this machine's it shows nothing
// of the lakehouse, so that no page of the web can read it.
func intrudeHTTP(t *testing.T, address string, secrets []string) {
	t.Helper()
	for _, path := range []string{"/", "/api/events", "/api/lines?bases=BTC&range=15m", "/metrics", "/readyz", "/debug/pprof/"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, text := answered(t, request)
		holdsNone(t, request.URL.String(), text, secrets)
		if strings.HasPrefix(path, "/api/") {
			request.Host = "evil.example"
			if code, text := answered(t, request); code < 400 {
				t.Errorf("%s as evil.example: %d %s", request.URL, code, text)
			}
		}
	}
}

// answered returns an answer's code and the first part of its body, which may have no end.
func answered(t *testing.T, request *http.Request) (int, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(request.Context(), 2*time.Second)
	defer cancel()
	response, err := http.DefaultClient.Do(request.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	return response.StatusCode, text
}

func holdsNone(t *testing.T, what string, text []byte, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if secret == "" {
			t.Fatal("a secret is empty")
		}
		if strings.Contains(string(text), secret) {
			t.Errorf("%s holds a secret", what)
		}
	}
}

// readableByOwner walks all that is below a data dir.
func readableByOwner(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || path == dir {
			return nil // a running query clears up
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		files++
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files, %v", files, err)
	}
}

// TestOpenSpark is what TestIntruders guards against: a Spark without the two settings gives any file to anybody.
func TestOpenSpark(t *testing.T) {
	localtest.Long(t)
	server := localtest.Spark(t, map[string]string{"spark.authenticate": "false", "spark.shuffle.maxChunksBeingTransferred": "1000"})
	file := filepath.Join(t.TempDir(), "private")
	if err := os.WriteFile(file, []byte("for me only"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners(t, server.PID()) {
		if l.addr.String() == server.Remote {
			continue
		}
		answer := string(spoken(t, l.addr, streamMessage(streamName(file))))
		if strings.HasSuffix(answer, "for me only") && answer[8] == streamAnswer {
			return
		}
	}
	t.Error("no port gives the file: the attack is not the one it was")
}
