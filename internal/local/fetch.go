package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/cryptostream/lakectl/infra"
)

// Runtime is the Java side, complete: the jars of Kafka and of Spark, apart from one another.
type Runtime struct {
	Dir       string // the folder of this version
	SparkJars string // folder
	KafkaJars string // folder
	Version   string // a hash of the poms
}

// FetchOptions say where to and with what Fetch works.
type FetchOptions struct {
	CacheDir string       // default: DefaultCacheDir
	Java     Java         // from FindJava
	Progress func(string) // is told of what takes long; may be nil
	Log      *slog.Logger // may be nil
}

// DefaultCacheDir is lakectl/runtime in the user's cache folder, or in the temporary one where the user
// has none.
func DefaultCacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "lakectl", "runtime")
}

// Fetch returns the runtime, and has Maven resolve it where it is not there yet or not as it was:
// the jars' names and sizes are compared each time. Of several calls at once, in any processes, one
// works and the others wait. A call that is interrupted leaves nothing that a later one takes for whole.
//
// Once per version of the jars and of Java it also makes an archive of Spark's classes, which takes
// seconds off each start; without one Spark just starts slower.
//
// Errors end with exit code 1 and name the log of Maven.
func Fetch(ctx context.Context, o FetchOptions) (Runtime, error) {
	if o.CacheDir == "" {
		o.CacheDir = DefaultCacheDir()
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	cache, err := filepath.Abs(o.CacheDir)
	if err != nil {
		return Runtime{}, fmt.Errorf("fetch the runtime: %w", err)
	}
	rt := runtimeIn(cache, runtimeVersion())
	if rt.check() == nil && archiveSettled(rt, o.Java) {
		return rt, nil
	}
	if err := fetchAlone(ctx, cache, rt, o); err != nil {
		return Runtime{}, fmt.Errorf("fetch the runtime: %w", err)
	}
	return rt, nil
}

// fetchAlone completes the runtime while no other call does.
func fetchAlone(ctx context.Context, cache string, rt Runtime, o FetchOptions) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fileError(err)
	}
	unlock, err := lockCache(ctx, rt.Dir+".lock", o.Progress)
	if err != nil {
		return err
	}
	defer unlock()
	if err := rt.check(); err != nil { // not so if another call was at it meanwhile
		if !errors.Is(err, fs.ErrNotExist) {
			o.Log.Warn("the runtime is damaged and is fetched again", "dir", rt.Dir, "err", err)
		}
		o.Progress("fetching Spark, Delta and Kafka (once)")
		if err := rt.resolve(ctx, cache, o); err != nil {
			return err
		}
	}
	if archiveSettled(rt, o.Java) {
		return nil
	}
	o.Progress("preparing Spark for quick starts (once)")
	return makeArchive(ctx, rt, o)
}

func lockCache(ctx context.Context, path string, progress func(string)) (unlock func() error, err error) {
	lock := flock.New(path)
	ok, err := lock.TryLock()
	if err == nil && !ok {
		progress("waiting for another lakectl that fetches the runtime")
		_, err = lock.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, fileError(fmt.Errorf("lock %s: %w", path, err))
	}
	return lock.Unlock, nil
}

func runtimeIn(cache, version string) Runtime {
	dir := filepath.Join(cache, version)
	return Runtime{Dir: dir, SparkJars: jarDir(dir, sparkName), KafkaJars: jarDir(dir, kafkaName), Version: version}
}

// check says what is wrong with the runtime; fs.ErrNotExist where it was never fetched.
func (rt Runtime) check() error {
	m, err := readManifest(rt.Dir)
	if err != nil {
		return err
	}
	return m.check(rt.Dir)
}

// resolve runs Maven in a folder beside the runtime's and puts it in place when it is whole.
func (rt Runtime) resolve(ctx context.Context, cache string, o FetchOptions) error {
	leftovers, _ := filepath.Glob(rt.Dir + ".tmp-*")
	for _, dir := range leftovers { // of interrupted calls: this one has the lock
		os.RemoveAll(dir)
	}
	dir, err := os.MkdirTemp(cache, rt.Version+".tmp-")
	if err != nil {
		return fileError(err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, poms()); err != nil {
		return fileError(err)
	}
	if err := runMaven(ctx, dir, rt.Dir+".log", o.Java); err != nil {
		return err
	}
	m, err := scanJars(dir)
	if err != nil {
		return fmt.Errorf("maven ended well but left the folder wrong: %w (log: %s)", err, rt.Dir+".log")
	}
	if err := errors.Join(m.sync(dir), m.write(dir)); err != nil {
		return fileError(err)
	}
	// A run that still reads damaged jars has them open.
	if err := os.RemoveAll(rt.Dir); err != nil {
		return fileError(err)
	}
	if err := os.Rename(dir, rt.Dir); err != nil {
		return fileError(err)
	}
	return syncDir(cache)
}

func poms() fs.FS {
	sub, err := fs.Sub(infra.Files, "runtime")
	if err != nil {
		panic(err) // the path is a constant and valid
	}
	return sub
}

// runtimeVersion is a hash of the poms' paths and contents.
func runtimeVersion() string {
	h := sha256.New()
	err := fs.WalkDir(poms(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(poms(), path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(data), data)
		return err
	})
	if err != nil {
		panic(err) // the files are in the binary
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
