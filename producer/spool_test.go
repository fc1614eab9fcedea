package producer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameMessages = cmp.Options{cmpopts.IgnoreUnexported(Message{})}

func testMessage(n int) Message {
	quote := Quote{
		Pair: "BTC-USD", Source: "binance", Price: fmt.Sprint(60_000 + n), Volume24h: "31234567890.12",
		QuotedAt: time.UnixMilli(1_700_000_000_000 + int64(n)).UTC(), CollectedAt: time.UnixMilli(1_700_000_000_100 + int64(n)),
	}
	m, err := quote.Message()
	if err != nil {
		panic(err)
	}
	return m
}

func mustOpen(t testing.TB, dir string, limit int64) *spool {
	t.Helper()
	s, err := openSpool(dir, limit, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// fill takes the messages from one number to another.
func (s *spool) fill(t testing.TB, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if err := s.append(t.Context(), testMessage(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// expect reads the messages that wait, which are those from one number to another.
func (s *spool) expect(t testing.TB, from, to int) {
	t.Helper()
	if got, want := s.stats().Messages, int64(to-from+1); got != want {
		t.Errorf("%d messages wait, want %d", got, want)
	}
	s.read(t, from, to)
}

func (s *spool) read(t testing.TB, from, to int) {
	t.Helper()
	var reader spoolReader
	defer reader.close()
	for n := from; n <= to; n++ {
		m, err := s.next(t.Context(), &reader, uint64(n))
		if err != nil {
			t.Fatalf("message %d: %v", n, err)
		}
		if diff := cmp.Diff(testMessage(n), m, sameMessages); diff != "" {
			t.Fatalf("message %d: %s", n, diff)
		}
		if m.spooled != uint64(n) || time.Since(m.taken) > time.Hour {
			t.Errorf("message %d: sequence %d, taken %v", n, m.spooled, m.taken)
		}
	}
}

func TestSpoolKeepsOrderAndCursor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "spool")
	s := mustOpen(t, dir, MinSpoolLimit)
	s.fill(t, 1, 500)
	s.expect(t, 1, 500)
	for _, n := range []uint64{2, 1, 3, 400, 5} { // partitions answer in any order
		s.ack(n)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := s.append(t.Context(), testMessage(501)); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	s = mustOpen(t, dir, MinSpoolLimit)
	s.expect(t, 4, 500)
	s.fill(t, 501, 510)
	s.expect(t, 4, 510)

	for path, want := range map[string]os.FileMode{dir: 0o700, "lock": 0o600, "acked": 0o600, filepath.Base(segmentPath(dir, 1)): 0o600} {
		if path != dir {
			path = filepath.Join(dir, path)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// TestSpoolOfAKilledProcess copies the folder at a moment, as a kill leaves it.
func TestSpoolOfAKilledProcess(t *testing.T) {
	s := mustOpen(t, t.TempDir(), MinSpoolLimit)
	s.fill(t, 1, 700) // several segments
	for n := uint64(1); n <= 300; n++ {
		s.ack(n)
	}
	killed := t.TempDir()
	if err := os.CopyFS(killed, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, killed, MinSpoolLimit)
	again.expect(t, 301, 700)

	if err := os.Remove(filepath.Join(killed, "acked")); err != nil {
		t.Fatal(err)
	}
	_ = again.close()
	again = mustOpen(t, killed, MinSpoolLimit)
	if waiting := again.stats().Messages; waiting < 400 || waiting > 600 {
		t.Errorf("without its cursor %d messages are sent again", waiting)
	}
}

func TestSpoolDeletesWhatKafkaHas(t *testing.T) {
	s := mustOpen(t, t.TempDir(), MinSpoolLimit)
	var reader spoolReader
	defer reader.close()
	for n := 1; n <= 1000; n++ {
		s.fill(t, n, n)
		if _, err := s.next(t.Context(), &reader, uint64(n)); err != nil {
			t.Fatal(err)
		}
		s.ack(uint64(n))
	}
	if stats := s.stats(); stats.Messages != 0 || stats.Bytes > 2*s.segmentSize || stats.Blocked != nil {
		t.Errorf("stats: %+v", stats)
	}
	files, err := listSegments(s.dir)
	if err != nil || len(files) > 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestSpoolIsForOneProcess(t *testing.T) {
	s := mustOpen(t, t.TempDir(), MinSpoolLimit)
	_, err := openSpool(s.dir, MinSpoolLimit, nil)
	var coded *Error
	if !errors.As(err, &coded) || coded.ExitCode() != exitRefused || !strings.Contains(err.Error(), fmt.Sprintf("in use by process %d", os.Getpid())) {
		t.Errorf("second spool: %v", err)
	}
	if _, err := openSpool(t.TempDir(), 5, nil); !errors.As(err, &coded) || coded.ExitCode() != exitUsage {
		t.Errorf("small spool: %v", err)
	}
}

// TestSpoolFull fills a spool. The source waits; what it had given is there, and with room it goes on.
func TestSpoolFull(t *testing.T) {
	log := &bytes.Buffer{}
	s, err := openSpool(t.TempDir(), MinSpoolLimit, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	ctx, cancel := context.WithCancel(t.Context())
	taken := make(chan int)
	go func() {
		n := 1
		for ; s.append(ctx, testMessage(n)) == nil; n++ {
		}
		taken <- n - 1
	}()
	s.mu.Lock()
	_ = s.wait(t.Context(), func() bool { return s.full })
	full := int(s.last)
	s.mu.Unlock()
	if stats := s.stats(); stats.Blocked == nil || stats.Bytes > stats.Limit || stats.Bytes < stats.Limit*9/10 {
		t.Errorf("stats: %+v", stats)
	}
	s.read(t, 1, min(full, spoolInFlight))
	for n := uint64(1); n <= 500; n++ {
		s.ack(n)
	}
	s.mu.Lock()
	_ = s.wait(t.Context(), func() bool { return int(s.last) > full && s.full })
	s.mu.Unlock()
	cancel()
	if last := <-taken; uint64(last) != s.last || last <= full {
		t.Errorf("%d taken, then %d, %d in the spool", full, last, s.last)
	}
	if text := log.String(); strings.Count(text, "the spool is full") != 2 || strings.Count(text, "has room again") != 1 {
		t.Errorf("log:\n%s", text)
	}
}

// TestSpoolTorn cuts the last segment at each byte: the records before the cut are there, the one that
// was cut is not, and the spool takes more.
func TestSpoolTorn(t *testing.T) {
	var content []byte
	var ends []int
	for n := range 3 {
		record := encodeRecord(Message{Key: []byte("k"), Value: strconv.AppendInt(nil, int64(n+1), 10)}, time.Now())
		seal(record, uint64(n+1))
		content = append(content, record...)
		ends = append(ends, len(content))
	}
	for cut := range content {
		whole := 0
		for ends[whole] <= cut {
			whole++
		}
		dir := t.TempDir()
		if err := os.WriteFile(segmentPath(dir, 1), content[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, dir, MinSpoolLimit)
		if err := s.append(t.Context(), Message{Value: []byte("more")}); err != nil {
			t.Fatal(err)
		}
		var got []string
		var reader spoolReader
		for n := range whole + 1 {
			m, err := s.next(t.Context(), &reader, uint64(n+1))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(m.Value))
		}
		reader.close()
		want := slices.Concat([]string{"1", "2", "3"}[:whole], []string{"more"})
		if diff := cmp.Diff(want, got); diff != "" || s.stats().Messages != int64(len(want)) {
			t.Errorf("cut at %d: %s %+v", cut, diff, s.stats())
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSpoolDamaged changes a byte of a segment that was finished: that is no kill, and not passed over.
func TestSpoolDamaged(t *testing.T) {
	s := mustOpen(t, t.TempDir(), MinSpoolLimit)
	s.fill(t, 1, 500)
	first := s.segments[0].path
	_ = s.close()
	content, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(first, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = openSpool(s.dir, MinSpoolLimit, nil)
	var coded *Error
	if !errors.As(err, &coded) || coded.ExitCode() != exitRefused || !strings.Contains(coded.Hint(), first) {
		t.Fatalf("damaged segment: %v", err)
	}
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	next := int(s.segments[1].first)
	mustOpen(t, s.dir, MinSpoolLimit).expect(t, next, 500)
}

// TestSpoolPowerCut loses what was not fsynced of the messages, but not of the cursor.
func TestSpoolPowerCut(t *testing.T) {
	s := mustOpen(t, t.TempDir(), MinSpoolLimit)
	s.fill(t, 1, 9)
	for n := uint64(1); n <= 9; n++ {
		s.ack(n)
	}
	_ = s.close()
	if err := os.Truncate(segmentPath(s.dir, 1), 700); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, s.dir, MinSpoolLimit)
	s.fill(t, 10, 12)
	s.expect(t, 10, 12)
}

// TestSpoolOnAFullDisk takes place on a file system of its own, of 256 KiB. The message that found no
// room is taken when there is some.
func TestSpoolOnAFullDisk(t *testing.T) {
	mount := t.TempDir()
	if runtime.GOOS != "linux" || syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=256k,mode=0700") != nil {
		t.Skip("needs the right to mount a small file system")
	}
	t.Cleanup(func() { _ = syscall.Unmount(mount, 0) })
	ballast := filepath.Join(mount, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 128<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	testFailingDisk(t, filepath.Join(mount, "spool"), func() {}, func() { os.Remove(ballast) })
}

// TestSpoolWithoutItsFolder moves the folder away, so that no file can be begun in it.
func TestSpoolWithoutItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	testFailingDisk(t, dir, func() { _ = os.Rename(dir, dir+".away") }, func() { _ = os.Rename(dir+".away", dir) })
}

func testFailingDisk(t *testing.T, dir string, breakDisk, mendDisk func()) {
	log := &bytes.Buffer{}
	s, err := openSpool(dir, MinSpoolLimit, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	breakDisk()
	const messages = 450 // more than has room, and more than one segment
	taken := make(chan error)
	go func() {
		var err error
		for n := 1; n <= messages && err == nil; n++ {
			err = s.append(t.Context(), testMessage(n))
		}
		taken <- err
	}()
	s.mu.Lock()
	_ = s.wait(t.Context(), func() bool { return s.trouble != nil })
	s.mu.Unlock()
	if blocked := s.stats().Blocked; blocked == nil {
		t.Error("the stats name no trouble")
	}
	mendDisk()
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	s.expect(t, 1, messages)
	if text := log.String(); strings.Count(text, "can't be written") != 1 || strings.Count(text, "can be written again") != 1 {
		t.Errorf("log:\n%s", text)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, MinSpoolLimit).expect(t, 1, messages)
}

// TestSpoolMemory fills a spool and reads it through: what is in memory does not grow with what is on disk.
func TestSpoolMemory(t *testing.T) {
	const limit = 32 << 20
	s := mustOpen(t, t.TempDir(), limit)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	m := testMessage(1)
	m.Value = make([]byte, 4096)
	const messages = 7000
	for range messages {
		if err := s.append(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.awaitSynced(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := heap()
	var reader spoolReader
	defer reader.close()
	highest := int64(0)
	for n := uint64(1); n <= messages; n++ {
		if n > spoolInFlight {
			s.ack(n - spoolInFlight)
		}
		if _, err := s.next(t.Context(), &reader, n); err != nil {
			t.Fatal(err)
		}
		if n%1000 == 0 {
			highest = max(highest, heap()-before)
		}
	}
	t.Logf("heap with %d messages on disk: %d KiB, reading them: %d KiB more", messages, before>>10, highest>>10)
	if before > 24<<20 || highest > 4<<20 {
		t.Error("memory grows with the spool")
	}
}

func (s *spool) awaitSynced(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wait(ctx, func() bool { return s.synced == s.last })
}

// FuzzSpoolRecords reads arbitrary bytes as records, alone and behind a good one. What is read is byte for
// byte what stands there.
func FuzzSpoolRecords(f *testing.F) {
	good := addSeeds(f)
	f.Fuzz(func(t *testing.T, rest []byte) {
		checkRecords(t, rest, 1)
		if read := checkRecords(t, append(bytes.Clone(good), rest...), 1); read < len(good) {
			t.Error("the good record is not read")
		}
	})
}

// FuzzSpoolFolder opens a spool whose last segment has arbitrary bytes behind a good record.
func FuzzSpoolFolder(f *testing.F) {
	good := addSeeds(f)
	f.Fuzz(func(t *testing.T, rest []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(segmentPath(dir, 1), append(bytes.Clone(good), rest...), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSpool(dir, MinSpoolLimit, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.read(t, 1, 1)
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	})
}

// addSeeds returns a good record that stands before what is fuzzed.
func addSeeds(f *testing.F) []byte {
	good := encodeRecord(testMessage(1), time.Now())
	seal(good, 1)
	second := encodeRecord(Message{Headers: []Header{{Key: "k"}, {Value: []byte{}}}}, time.Now())
	seal(second, 2)
	for _, seed := range [][]byte{good, second, append(bytes.Clone(second), make([]byte, 64)...), second[:len(second)-1]} {
		f.Add(seed)
	}
	return good
}

// checkRecords reads content and returns how many bytes of it are records.
func checkRecords(t *testing.T, content []byte, sequence uint64) (read int) {
	records := bufio.NewReader(bytes.NewReader(content))
	for ; ; sequence++ {
		m, size, err := readRecord(records, sequence, int64(len(content)))
		if err != nil {
			return read
		}
		written := encodeRecord(m, m.taken)
		seal(written, sequence)
		if !bytes.Equal(written, content[read:read+int(size)]) {
			t.Fatalf("read %+v from %x", m, content[read:read+int(size)])
		}
		read += int(size)
	}
}
