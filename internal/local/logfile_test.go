package local

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "x.log")
	line := append(bytes.Repeat([]byte("x"), 1<<16-1), '\n')
	for range 2 { // a second start appends
		log, err := openLog(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 * maxLogSize / len(line) {
			if n, err := log.Write(line); n != len(line) || err != nil {
				t.Fatalf("Write() = %d, %v", n, err)
			}
		}
		log.Close()
		if n, err := log.Write(line); n != len(line) || err != nil {
			t.Errorf("Write() after Close = %d, %v", n, err)
		}
	}
	for _, p := range []string{path, path + ".1"} {
		info, err := os.Stat(p)
		if err != nil || info.Size() > maxLogSize || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %+v, %v", p, info, err)
		}
	}
}

func TestLogFileReason(t *testing.T) {
	for _, tt := range []struct{ name, log, want string }{
		{"nothing", "\n\n", ""},
		{"the last line", "one\ntwo\n\n", "two"},
		{"a line without its end", "one\ntwo", "two"},
		{"an error before it", "x ERROR Broker: cannot start\nbye\n", "x ERROR Broker: cannot start"},
		{"the cause of a trace", "java.lang.RuntimeException: a\n\tat b.Exception\nCaused by: java.net.BindException: Address already in use\n\tat c\n", "Caused by: java.net.BindException: Address already in use"},
		{"a full heap", "Caused by: java.io.IOException: x\nTerminating due to java.lang.OutOfMemoryError: Java heap space\n", "Terminating due to java.lang.OutOfMemoryError: Java heap space"},
		{"a long line", strings.Repeat("é", 400), strings.Repeat("é", maxReason/2) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log, err := openLog(filepath.Join(t.TempDir(), "x.log"))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			for i := range len(tt.log) { // in pieces, as a pipe gives it
				if _, err := log.Write([]byte{tt.log[i]}); err != nil {
					t.Fatal(err)
				}
			}
			if got := log.reason(); strings.TrimSuffix(got, "…") != strings.TrimSuffix(tt.want, "…") {
				t.Errorf("reason() = %q, want %q", got, tt.want)
			}
		})
	}
}
