package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cryptostream/lakectl/internal/local"
)

func TestTableVersions(t *testing.T) {
	dir := t.TempDir()
	v := &tableVersions{dir: dir}
	expect := func(want string) {
		t.Helper()
		if got, err := v.of("silver_prices"); got != want || err != nil {
			t.Errorf("version %q, %v, want %q", got, err, want)
		}
	}
	expect("")
	log := filepath.Join(local.WarehouseDir(dir), "silver_prices", "_delta_log")
	if err := os.MkdirAll(log, 0o700); err != nil {
		t.Fatal(err)
	}
	expect("")
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(log, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf("%020d.json", 41))
	write(fmt.Sprintf("%020d.checkpoint.parquet", 50))
	write(fmt.Sprintf("%020d.crc", 60))
	expect("41")
	expect("41")
	write(fmt.Sprintf("%020d.json", 42))
	write(fmt.Sprintf("%020d.json", 43))
	expect("43")
	if got, err := v.of("dead_letter"); got != "" || err != nil {
		t.Errorf("a table that is not there: %q, %v", got, err)
	}
}
