package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/fakeexchange"
	"github.com/cryptostream/lakectl/internal/local/localtest"
	"github.com/cryptostream/lakectl/producer"
)

// secret is a user's, in the forms in which it might be written somewhere.
type secret struct {
	name  string
	forms []string
}

func newSecret(name, text string) secret {
	quoted, _ := json.Marshal(text)
	inner := string(quoted[1 : len(quoted)-1])
	nested, _ := json.Marshal(inner) // JSON within JSON
	_, login, _ := strings.Cut(jaas(producer.KafkaConfig{Password: text}), `password="`)
	return secret{name, []string{
		text, inner, string(nested[1 : len(nested)-1]), strings.TrimSuffix(login, `";`),
		url.QueryEscape(text), url.PathEscape(text), base64.StdEncoding.EncodeToString([]byte(text)),
	}}
}

// in returns the form in which a text holds the secret, or "".
func (s secret) in(text []byte) string {
	for _, form := range s.forms {
		if len(form) >= 8 && bytes.Contains(text, []byte(form)) {
			return form
		}
	}
	return ""
}

// keySecrets are the lines of a private key, as it is in its file and as Java is given it.
func keySecrets(t *testing.T, file string) secret {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	converted, err := pkcs8(text)
	if err != nil {
		t.Fatal(err)
	}
	s := secret{name: "the key"}
	for line := range strings.Lines(string(text) + converted) {
		if line = strings.TrimSpace(line); len(line) > 40 && !strings.HasPrefix(line, "-") {
			s.forms = append(s.forms, line)
		}
	}
	return s
}

// TestSecrets runs commands that are given secrets, into success and into each kind of failure, as talkative as they can be.
// What they print, the arguments that they and their servers have, and all files that they leave hold none.
func TestSecrets(t *testing.T) {
	localtest.Long(t)
	kafka := localtest.SecureKafka(t)
	gecko := httptest.NewServer(fakeexchange.New(fakeexchange.Options{}))
	t.Cleanup(gecko.Close)
	dir, geckoKey, wrong := t.TempDir(), "CG-s3cr3t-of-coingecko", "wr0ng-s3cr3t-of-kafka"
	secrets := []secret{newSecret("Kafka's password", kafka.Password), newSecret("the wrong password", wrong), newSecret("CoinGecko's key", geckoKey), keySecrets(t, kafka.Key)}
	login := []string{"--brokers", kafka.SCRAM, "--kafka-ca", kafka.CA, "--kafka-username", kafka.Username, "--kafka-mechanism", "SCRAM-SHA-512", "-v"}
	t.Setenv(geckoKeyVariable, geckoKey)
	t.Setenv(passwordVariable, kafka.Password)
	look := looker{t: t, dir: dir, secrets: secrets}

	run := append([]string{"run", "--local", "--data-dir", dir, "--source", "simulated", "--rate", "50", "--no-dashboard"}, login...)
	look.while(run, func() {
		await(t, "rows in Silver", func() bool { return jsonStatus(t, dir).rowsOf("silver_prices") > 0 })
		kafka.Kill() // both clients complain, with what they were given
		await(t, "the producer to notice", func() bool { return !jsonStatus(t, dir).Producer.KafkaUp })
		look.says("status", "--data-dir", dir, "-v")
		look.says("query", "--data-dir", dir, "-v", "select nothing from nowhere")
		look.says("doctor", "--data-dir", dir, "-v", "-o", "json")
		look.says("checkpoint", "show", "bronze_prices", "--data-dir", dir)
		look.says("logs", "--data-dir", dir)
		kafka.Start()
	})
	look.says(append([]string{"tail", "--limit", "1", "--no-follow"}, login...)...)
	look.says("tail", "--limit", "1", "--no-follow", "--brokers", kafka.MutualTLS, "--kafka-ca", kafka.CA, "--kafka-cert", kafka.Cert, "--kafka-key", kafka.Key, "-v")
	look.says("tail", "--limit", "1", "--no-follow", "--brokers", kafka.SCRAM, "--kafka-ca", kafka.CA, "--kafka-cert", kafka.Cert, "--kafka-key", kafka.CA, "-v")
	look.says("produce", "--brokers", kafka.Open, "--source", "coingecko", "--coingecko-url", gecko.URL+"/refused", "--limit", "1", "--interval", "60s",
		"--data-dir", dir+"-gecko", "--metrics-addr", "off", "-v")
	t.Setenv(passwordVariable, wrong)
	look.says(append([]string{"tail", "--limit", "1", "--no-follow"}, login...)...)
	look.says(append([]string{"produce", "--source", "simulated", "--limit", "1", "--data-dir", dir + "-wrong", "--metrics-addr", "off"}, login...)...)

	look.files(dir, dir+"-wrong", dir+"-gecko")
}

type looker struct {
	t       *testing.T
	dir     string
	secrets []secret
}

func (l looker) at(what string, text []byte) {
	l.t.Helper()
	for _, s := range l.secrets {
		if form := s.in(text); form != "" {
			at := bytes.Index(text, []byte(form))
			l.t.Errorf("%s holds %s as %q: …%q…", what, s.name, form, text[max(0, at-80):min(len(text), at+len(form)+20)])
		}
	}
}

// says looks at what a command prints, whether it fails, works, or has to be ended.
func (l looker) says(args ...string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	ready := lakectl(l.t, args...)
	cmd := exec.CommandContext(ctx, ready.Path, args...)
	cmd.Env, cmd.Cancel, cmd.WaitDelay = ready.Env, func() error { return cmd.Process.Signal(os.Interrupt) }, 30*time.Second
	out, err := cmd.CombinedOutput()
	if len(out) == 0 {
		l.t.Errorf("%v says nothing: %v", args, err)
	}
	l.at(strings.Join(args, " "), out)
}

// while looks at what a run prints, and at the arguments of it and its servers, and kills it in the end.
func (l looker) while(args []string, do func()) {
	l.t.Helper()
	cmd := lakectl(l.t, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	end := sync.OnceFunc(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	defer func() {
		end()
		if l.t.Failed() {
			l.t.Logf("the run said:\n%s", out.Bytes()[max(0, out.Len()-4000):])
		}
	}()
	do()
	for _, pid := range append(descendants(l.t, cmd.Process.Pid), cmd.Process.Pid) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			l.t.Error(err)
		}
		l.at("an argument", line)
	}
	end()
	l.at("the run", out.Bytes())
}

func (l looker) files(dirs ...string) {
	l.t.Helper()
	seen := 0
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil // a command that was refused has left no folder
			}
			text, err := os.ReadFile(path)
			l.at(path, text)
			seen++
			return err
		})
		if err != nil {
			l.t.Error(err)
		}
	}
	if seen < 50 {
		l.t.Errorf("only %d files", seen)
	}
}
