package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
)

// machine is where the figures are from.
type machine struct {
	Date     time.Time `json:"date"` // UTC
	Cores    int       `json:"cores"`
	CPU      string    `json:"cpu"`
	MemoryGB float64   `json:"memory_gb"` // 1e9 bytes
	Platform string    `json:"platform"`
	Java     string    `json:"java"`
	Spark    string    `json:"spark"`
	Delta    string    `json:"delta"`
	Kafka    string    `json:"kafka"`
}

func machineHere(java string) machine {
	m := machine{
		Date: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Java: java,
		Platform: runtime.GOOS + "/" + runtime.GOARCH, CPU: procField("/proc/cpuinfo", "model name"),
	}
	m.Spark, m.Delta, m.Kafka = local.Versions()
	if m.CPU == "" {
		m.CPU = "unknown"
	}
	kilobytes, _ := strconv.ParseFloat(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 64) // 0 if unknown
	m.MemoryGB = kilobytes * 1024 / 1e9
	return m
}

// procField is the first value of a "key: value" file, or "".
func procField(file, key string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
