// Package local runs Kafka and a Spark Connect server as child processes on this machine: it finds a
// Java, fetches their jars once with Maven, starts both on loopback behind a password and a token,
// says when they answer, and stops them. They die with the process that started them, however it dies.
//
// Everything a run owns is under its data dir:
//
//	lock        held by the living run, see Lock
//	run.json    how to reach it, see RunFile
//	kafka/      Kafka's log segments (data/), password, configuration
//	spark/      Spark's temporary files
//	warehouse/  the tables
//	logs/       kafka.log, spark.log
//
// The jars are shared by all data dirs and live in the user's cache, one folder per version of the
// poms in package infra, see Fetch.
//
// Nothing here restarts a server that died: that is the caller's, who calls StartKafka or StartSpark
// again with the same data dir and port.
package local

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cryptostream/lakectl/internal/exit"
)

// Names of the two servers, in the folders and log files of a data dir.
const (
	kafkaName = "kafka"
	sparkName = "spark"
)

// LogPath is the file that the log of a server, "kafka" or "spark", is written to.
func LogPath(dataDir, server string) string {
	return filepath.Join(dataDir, "logs", server+".log")
}

// WarehouseDir is the folder of the tables.
func WarehouseDir(dataDir string) string { return filepath.Join(dataDir, "warehouse") }

// NewSecret returns 32 random bytes as text that needs no quoting in any file of ours: a password or token.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// MakeDataDir makes a data dir for its owner only, if it is not there.
func MakeDataDir(dir string) error { return makePrivate(dir) }

// makePrivate makes folders that only their owner can enter. It leaves existing ones as they are.
func makePrivate(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fileError(fmt.Errorf("make folder: %w", err))
		}
	}
	return nil
}

// emptyDir makes dir anew: what a killed run left in it is gone.
func emptyDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fileError(fmt.Errorf("clear folder: %w", err))
	}
	return makePrivate(dir)
}

// fileError adds a hint to the failures of a file system that the reader can act on.
func fileError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return exit.New(exit.Failed, err, "the disk is full: free some space, or choose another with --data-dir (the data) or XDG_CACHE_HOME (the runtime)")
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return exit.New(exit.Failed, err, "choose a folder you may write to with --data-dir (the data) or XDG_CACHE_HOME (the runtime)")
	}
	return err
}

// writeFile replaces a file in one step: a reader sees the old or the new one, whole. With durable
// set it survives a power cut too. Its mode is 0600.
func writeFile(path string, data []byte, durable bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return fileError(err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err == nil && durable {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil && durable {
		err = syncDir(filepath.Dir(path))
	}
	return fileError(err)
}

// syncDir makes the renames in a folder survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
