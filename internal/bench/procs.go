package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// usage is what a process and its descendants take at one moment.
type usage struct {
	RSS int64         // bytes in memory; pages that processes share count for each
	CPU time.Duration // since their start, with their children that have ended
}

// clockTick is the unit of CPU times in /proc: USER_HZ, which is 100 wherever Go runs.
const clockTick = time.Second / 100

// process is one line of /proc/<pid>/stat.
type process struct {
	pid, parent int
	cpu         time.Duration // own and of children that were waited for
	rss         int64         // bytes
}

// parseStat reads /proc/<pid>/stat, see proc_pid_stat(5). A program's name may have spaces and
// parentheses, so fields are counted from the last parenthesis.
func parseStat(text []byte, pageSize int64) (process, error) {
	end := bytes.LastIndexByte(text, ')')
	start := bytes.IndexByte(text, ' ')
	if end < 0 || start < 0 {
		return process{}, errors.New("parse /proc stat: not of its form")
	}
	const state, parent, utime, cstime, rss = 3, 4, 14, 17, 24 // numbered as in the manual
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= rss-state {
		return process{}, errors.New("parse /proc stat: too few fields")
	}
	number := func(text []byte) int64 {
		n, _ := strconv.ParseInt(string(text), 10, 64) // the kernel wrote it
		return n
	}
	p := process{pid: int(number(text[:start])), parent: int(number(fields[parent-state])), rss: number(fields[rss-state]) * pageSize}
	for i := utime; i <= cstime; i++ {
		p.cpu += time.Duration(number(fields[i-state])) * clockTick
	}
	return p, nil
}

// treeUsage sums up a process and all its descendants.
func treeUsage(root int) (usage, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return usage{}, err
	}
	var all []process
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		p, err := parseStat(text, int64(os.Getpagesize()))
		if err != nil {
			return usage{}, err
		}
		all = append(all, p)
	}
	u, ok := sumTree(all, root)
	if !ok {
		return u, fmt.Errorf("read the use of process %d: %w", root, fs.ErrNotExist)
	}
	return u, nil
}

func sumTree(all []process, root int) (u usage, ok bool) {
	children := map[int][]process{}
	var queue []process
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
		if p.pid == root {
			queue = append(queue, p)
		}
	}
	ok = len(queue) > 0
	for len(queue) > 0 {
		p := queue[0]
		queue = append(queue[1:], children[p.pid]...)
		u.RSS += p.rss
		u.CPU += p.cpu
	}
	return u, ok
}

// sampleEvery is how often the memory is looked at.
const sampleEvery = 5 * time.Second

// memory watches how much memory a process and its descendants take.
type memory struct {
	stop chan struct{}
	done sync.WaitGroup
	max  int64 // bytes; valid when it has stopped
}

func watchMemory(root int) *memory {
	m := &memory{stop: make(chan struct{})}
	m.done.Go(func() {
		ticker := time.NewTicker(sampleEvery)
		defer ticker.Stop()
		for {
			if u, err := treeUsage(root); err == nil {
				m.max = max(m.max, u.RSS)
			}
			select {
			case <-ticker.C:
			case <-m.stop:
				return
			}
		}
	})
	return m
}

// end stops the watch and returns the most that was seen, bytes.
func (m *memory) end() int64 {
	close(m.stop)
	m.done.Wait()
	return m.max
}
