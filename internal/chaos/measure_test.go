package chaos_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/jobs"
)

// sample is what a lakehouse takes at one moment, by the name of what is measured.
type sample map[string]float64

// measuring samples a lakehouse every ten seconds.
type measuring struct {
	cancel  context.CancelFunc
	samples chan []sample
}

func startMeasuring(l *lake, within time.Duration) *measuring {
	ctx, cancel := context.WithTimeout(l.t.Context(), 2*within+time.Hour)
	m := &measuring{cancel: cancel, samples: make(chan []sample, 1)}
	go func() {
		var all []sample
		ticker := time.NewTicker(10 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				m.samples <- all
				return
			case <-ticker.C:
				all = append(all, measure(l.dir))
			}
		}
	}()
	return m
}

func (m *measuring) stop() []sample {
	m.cancel()
	return <-m.samples
}

// measure leaves out what is not there at the moment: it was killed.
func measure(dir string) sample {
	s := sample{}
	if run, err := local.ReadRunFile(dir); err == nil {
		for name, pid := range map[string]int{"lakectl": run.PID, "kafka": run.Kafka.PID, "spark": run.Spark.PID} {
			s.put("MB of memory of "+name, resident(pid))
		}
		if open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", run.PID)); err == nil {
			s.put("open files of lakectl", float64(len(open)))
		}
	}
	for _, q := range statusOf(dir).Queries {
		if q.Healthy {
			s.put("seconds of a batch of "+q.Name, q.BatchSeconds)
		}
	}
	for _, job := range jobs.Default().Jobs {
		files, _ := folder(filepath.Join(dir, "checkpoints", job.Name))
		s.put("files of checkpoint "+job.Name, files)
		table := filepath.Join(local.WarehouseDir(dir), job.Sink.Table)
		log, _ := folder(filepath.Join(table, "_delta_log"))
		s.put("files of the log of "+job.Sink.Table, log)
		all, _ := folder(table)
		s.put("files of "+job.Sink.Table, all-log)
	}
	_, size := folder(filepath.Join(dir, "logs"))
	s.put("MB of logs", size)
	_, size = folder(filepath.Join(dir, "spool"))
	s.put("MB of spool", size)
	return s
}

func (s sample) put(what string, n float64) {
	if n > 0 {
		s[what] = n
	}
}

// resident is a process' memory, MB.
func resident(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("VmRSS:"))
	fields := strings.Fields(string(rest[:min(len(rest), 40)]))
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(fields[0], 64)
	return kb / 1024
}

// folder counts the files below a folder, and their size in MB. Files come and go meanwhile.
func folder(path string) (files, size float64) {
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		if info, err := entry.Info(); err == nil && !entry.IsDir() {
			files++
			size += float64(info.Size()) / 1e6
		}
		return nil
	})
	return files, size
}

func medians(samples []sample) sample {
	values := map[string][]float64{}
	for _, s := range samples {
		for what, n := range s {
			values[what] = append(values[what], n)
		}
	}
	all := sample{}
	for what, of := range values {
		slices.Sort(of)
		all[what] = of[len(of)/2]
	}
	return all
}

func largest(samples []sample, what string) (most float64) {
	for _, s := range samples {
		most = max(most, s[what])
	}
	return most
}
