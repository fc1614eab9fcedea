package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestSteadyClock(t *testing.T) {
	began := time.Now()
	c := steadyClock{wall: began}
	for i, step := range []struct {
		wall, ran time.Duration // since the step before
		steady    bool
	}{
		{time.Hour, time.Hour, true},
		{time.Hour + 30*time.Second, time.Hour, true}, // NTP
		{9 * time.Hour, time.Hour, false},             // it slept
		{time.Hour, time.Hour, true},
		{-time.Hour, time.Hour, false}, // it was set
	} {
		if got := c.steady(c.wall.Add(step.wall), c.ran+step.ran); got != step.steady {
			t.Errorf("step %d: got %v", i, got)
		}
	}
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		var failures int
		one := newOneAtATime()
		slow := startEvery(3*time.Minute, func(ctx context.Context) error {
			return one.do(ctx, func(context.Context) error { time.Sleep(90 * time.Second); return nil })
		}, func(error) { t.Error("nothing has failed") })
		e := startEvery(time.Minute, func(ctx context.Context) error {
			return one.do(ctx, func(context.Context) error {
				at = append(at, time.Since(began))
				return errors.New("in vain")
			})
		}, func(error) { failures++ })
		time.Sleep(5*time.Minute + 30*time.Second)
		e.Stop()
		e.Stop()
		slow.Stop()
		if len(at) < 4 || at[0] != time.Minute || failures != len(at) {
			t.Errorf("done at %v, %d failures", at, failures)
		}
		for _, d := range at { // the slow one works from 3:00 to 4:30
			if d > 3*time.Minute && d < 4*time.Minute+30*time.Second {
				t.Errorf("two at a time, at %v", d)
			}
		}
	})
	startEvery(0, nil, nil).Stop() // never
}

func TestBoundLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lakectl.log")
	if err := boundLog(path); err != nil {
		t.Errorf("no log: %v", err)
	}
	log, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, text := range [][]byte{bytes.Repeat([]byte("x"), maxLog), []byte("one\n")} {
		if _, err := log.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := boundLog(path); err != nil {
		t.Fatal(err)
	}
	if _, err := log.WriteString("two\n"); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(path)
	before, err2 := os.ReadFile(path + ".1")
	if string(now) != "two\n" || len(before) != maxLog+4 || err != nil || err2 != nil {
		t.Errorf("%q and %d bytes, %v, %v", now, len(before), err, err2)
	}
}
