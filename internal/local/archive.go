package local

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cryptostream/lakectl/infra"
)

// A class archive (class data sharing, CDS) holds a server's classes as the JVM wants them in memory.
// It is made from infra's list of the classes that a run loads, and is valid for one Java and one
// class path; the JVM checks both and goes on without it where they differ.

// archivePath is where a Java's archive for Spark is. An empty file there says that this Java makes none.
func archivePath(rt Runtime, java Java) string {
	sum := sha256.Sum256([]byte(java.Home))
	return filepath.Join(rt.Dir, "cds", fmt.Sprintf("spark-%s-%s.jsa", java.Version, hex.EncodeToString(sum[:4])))
}

// archiveSettled reports whether there is no archive left to make.
func archiveSettled(rt Runtime, java Java) bool {
	_, err := os.Stat(archivePath(rt, java))
	return err == nil
}

// usableArchive is the archive's path, or "".
func usableArchive(rt Runtime, java Java) string {
	path := archivePath(rt, java)
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return ""
	}
	return path
}

// makeArchive makes the archive. Its error is that of an interrupted call or of a full disk; where
// this Java cannot make one, there is none and no error.
func makeArchive(ctx context.Context, rt Runtime, o FetchOptions) error {
	path := archivePath(rt, o.Java)
	dir := filepath.Dir(path)
	if err := emptyDir(dir); err != nil { // with archives of other Javas: they are made again at need
		return err
	}
	list, made := filepath.Join(dir, "classes.lst"), path+".tmp"
	if err := writeClassList(list); err != nil {
		return fileError(err)
	}
	defer os.Remove(list)
	defer os.Remove(made)
	err := dumpArchive(ctx, rt, o.Java, list, made)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		if containsAny(err.Error(), diskFull...) {
			return fileError(err)
		}
		o.Log.Warn("no class archive, so Spark starts some seconds slower", "err", err)
		return fileError(os.WriteFile(path, nil, 0o600))
	}
	return fileError(os.Rename(made, path))
}

// dumpArchive runs the JVM that writes the archive.
func dumpArchive(ctx context.Context, rt Runtime, java Java, list, archive string) error {
	cp, err := classPath(rt.SparkJars)
	if err != nil {
		return err
	}
	args := archive + ".args"
	defer os.Remove(args)
	err = argFile(args, append(infraLines("spark/jvm.options"),
		"-Xshare:dump", "-XX:SharedClassListFile="+list, "-XX:SharedArchiveFile="+archive, "-Xlog:disable", "-cp", cp))
	if err != nil {
		return err
	}
	log := archive + ".log"
	defer os.Remove(log)
	p, err := start(command{name: "java -Xshare:dump", path: java.Path, args: []string{"@" + args}, env: jvmEnv(), dir: filepath.Dir(archive), log: log})
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.kill()
		<-p.Done()
		return context.Cause(ctx)
	}
	if p.cmd.ProcessState.Success() {
		return nil
	}
	return p.Err()
}

func writeClassList(path string) error {
	packed, err := infra.Files.Open("spark/classes.lst.gz")
	if err != nil {
		panic(err) // the file is in the binary
	}
	defer packed.Close()
	in, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
