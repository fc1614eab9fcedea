package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/doctor"
	"github.com/cryptostream/lakectl/internal/local"
)

func (a *app) examineMachine(ctx context.Context, o doctorOptions, dir string) []doctor.Finding {
	return []doctor.Finding{
		examineJava(), examineRuntime(), examineMaven(), examineLoopback(), examineMetricsPort(),
		examineDisk(dir), examineMemory(dir != "" && local.Locked(dir)), examineClock(ctx, o.clock),
	}
}

func examineJava() doctor.Finding {
	java, err := local.FindJava(environment)
	if err != nil {
		return failing("java", doctor.Problem, err, "install a JDK 17")
	}
	return doctor.Fine("java", "%s in %s", java.Version, java.Home)
}

func examineRuntime() doctor.Finding {
	rt, err := local.Cached()
	switch {
	case err == nil:
		return doctor.Fine("runtime", "%s in %s", rt.Version, rt.Dir)
	case errors.Is(err, fs.ErrNotExist):
		return doctor.Fine("runtime", "not fetched yet: the first lakectl run fetches about 400 MB to %s", local.DefaultCacheDir())
	}
	return failing("runtime", doctor.Warning, fmt.Errorf("%s is damaged: %w", rt.Dir, err), "nothing: the next lakectl run fetches it again, with Maven")
}

// examineMaven asks for Maven where it is needed: the runtime is not there yet.
func examineMaven() doctor.Finding {
	path, err := exec.LookPath("mvn")
	if err == nil {
		return doctor.Fine("maven", "%s", path)
	}
	if _, err := local.Cached(); err == nil {
		return doctor.Fine("maven", "none, and none is needed: the runtime is there")
	}
	return doctor.Finding{Check: "maven", State: doctor.Problem, Says: "no mvn on the PATH, which the first start needs", Remedy: "install Maven (apt install maven, dnf install maven, brew install maven)"}
}

func examineLoopback() doctor.Finding {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return failing("ports", doctor.Problem, fmt.Errorf("listen on 127.0.0.1: %w", err), "let this user listen on the loopback: Kafka and Spark do")
	}
	defer func() { _ = l.Close() }()
	return doctor.Fine("ports", "127.0.0.1 has free ports")
}

// metricsPort is where produce has its metrics by default.
const metricsPort = "127.0.0.1:9464"

func examineMetricsPort() doctor.Finding {
	const check = "port 9464"
	l, err := net.Listen("tcp4", metricsPort)
	if err != nil {
		return failing(check, doctor.Warning, fmt.Errorf("taken: %w", err), "a lakectl produce that runs has it; else give the next one --metrics-addr")
	}
	defer func() { _ = l.Close() }()
	return doctor.Fine(check, "free, for lakectl produce")
}

// examineDisk looks at the disk of the data dir, or of the current folder.
func examineDisk(dir string) doctor.Finding {
	if dir == "" {
		dir = "."
	}
	free, err := local.FreeDisk(dir)
	if err != nil {
		return failing("disk", doctor.Warning, fmt.Errorf("look at the disk of %s: %w", dir, err), "check that the folder is there")
	}
	return doctor.Disk(free)
}

func examineMemory(running bool) doctor.Finding {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return doctor.Fine("memory", "not known on this system")
	}
	available, ok := memAvailable(text)
	if !ok {
		return doctor.Fine("memory", "not known on this system")
	}
	return doctor.Memory(available, running)
}

// memAvailable reads MemAvailable, which Linux gives in KiB.
func memAvailable(meminfo []byte) (uint64, bool) {
	for lines := bufio.NewScanner(bytes.NewReader(meminfo)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

// clockPatience is how long a web server may take to tell the time.
const clockPatience = 3 * time.Second

// examineClock compares the clock with the Date of a web server's answer, whatever the answer is.
func examineClock(ctx context.Context, url string) doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, clockPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return failing("clock", doctor.Warning, fmt.Errorf("compare the clock: %w", err), "give --clock-url an http:// or https:// address")
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	sent := time.Now()
	answer, err := client.Do(request)
	if err != nil {
		return doctor.Fine("clock", "not compared: %s is out of reach", request.URL.Host)
	}
	took := time.Since(sent)
	_ = answer.Body.Close()
	said, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return doctor.Fine("clock", "not compared: %s does not tell the time", request.URL.Host)
	}
	// A Date is cut to the second, and was taken at some moment while we waited.
	middle, within := sent.Add(took/2), took/2+500*time.Millisecond
	return doctor.Clock(middle.Sub(said.Add(500*time.Millisecond)), within, request.URL.Host)
}
