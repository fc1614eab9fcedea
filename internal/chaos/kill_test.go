package chaos_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// TestKills kills Spark, Kafka and lakectl itself at random moments. It goes on until every table is behind checkpoints of
// Delta's log, which come every ten versions.
func TestKills(t *testing.T) {
	kills, ends := times(t, 20, 1), times(t, 5, 1)
	versions := int64(12)
	if long() {
		versions = 25
	}
	l := newLake(t, "--trigger", "500ms")
	l.start()
	l.flow(20)
	l.refused(3, "in use by process")
	for range kills {
		for _, which := range []server{spark, kafka} {
			l.randomly(5 * time.Second)
			l.killServer(which)
			l.flow(10)
		}
	}
	for range ends {
		l.randomly(5 * time.Second)
		l.killLakectl()
		l.start()
		l.flow(20)
	}
	l.await("enough versions of every table", func() bool {
		for _, job := range jobs.Default().Jobs {
			version, err := tablefiles.Version(filepath.Join(local.WarehouseDir(l.dir), job.Sink.Table))
			if err != nil || version < versions {
				return false
			}
		}
		return true
	})
	o := l.check()
	report(t, "Spark killed", kills, "%s", o)
	report(t, "Kafka killed", kills, "%s", o)
	report(t, "lakectl killed", ends, "%s", o)
}
