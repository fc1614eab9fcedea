package main

import (
	"os"
	"runtime"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const text = "812 (ja) va (x) S 7 812 812 0 -1 4194304 100 200 0 0 150 50 30 20 20 0 64 0 12345 9999999 250 18446744073709551615 1 1\n"
	got, err := parseStat([]byte(text), 4096)
	if err != nil {
		t.Fatal(err)
	}
	want := process{pid: 812, parent: 7, cpu: 2500 * time.Millisecond, rss: 250 * 4096}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, bad := range []string{"", "812", "812 (java", "812 (java) S 7 1"} {
		if _, err := parseStat([]byte(bad), 4096); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestSumTree(t *testing.T) {
	all := []process{
		{pid: 1, rss: 1000, cpu: time.Hour},
		{pid: 30, parent: 20, rss: 4, cpu: 4}, // listed before its parent
		{pid: 10, parent: 1, rss: 1, cpu: 1},
		{pid: 20, parent: 10, rss: 2, cpu: 2},
		{pid: 11, parent: 1, rss: 8, cpu: 8},
	}
	if got, ok := sumTree(all, 10); !ok || got != (usage{RSS: 7, CPU: 7}) {
		t.Errorf("%+v, %v", got, ok)
	}
	if _, ok := sumTree(all, 99); ok {
		t.Error("a process that is not there was found")
	}
}

func TestTreeUsageOfThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	u, err := treeUsage(os.Getpid())
	if err != nil || u.RSS < 1<<20 {
		t.Errorf("%+v, %v", u, err)
	}
}
