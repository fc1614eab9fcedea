package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cryptostream/lakectl/internal/checkpoint"
	"github.com/cryptostream/lakectl/internal/doctor"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/pipeline"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/tablefiles"
	"github.com/cryptostream/lakectl/jobs"
)

// doctorPatience is how long a server may take to answer.
const doctorPatience = 15 * time.Second

func (a *app) examineLakehouse(ctx context.Context, o doctorOptions, dir string) []doctor.Finding {
	run, err := local.ReadRunFile(dir)
	if err != nil {
		return []doctor.Finding{failing("lakehouse", doctor.Problem, err, "lakectl run writes the file anew")}
	}
	running := local.Locked(dir)
	findings := []doctor.Finding{examineRun(run, running), examineVersions(run, running), examineRights(dir)}
	findings = append(findings, examineKafka(ctx, o, dir, running)...)
	if running {
		findings = append(findings, examineSession(ctx, run), examineQueries(dir))
	}
	findings = append(findings, examineCheckpoints(dir)...)
	findings = append(findings, examineTables(dir)...)
	return append(findings, examineAside(dir))
}

func examineRun(run local.RunFile, running bool) doctor.Finding {
	if running {
		return doctor.Fine("lakehouse", "runs since %s, process %d", run.StartedAt.Format(time.RFC3339), run.PID)
	}
	return doctor.Fine("lakehouse", "does not run")
}

func examineVersions(run local.RunFile, running bool) doctor.Finding {
	v := currentVersions()
	f := doctor.Fine("versions", "lakectl %s (%s, %s), Spark %s, Delta %s, Kafka %s", v.Lakectl, v.Go, v.Platform, v.Spark, v.Delta, v.Kafka)
	if running && run.Version != v.Lakectl {
		f.State, f.Says, f.Remedy = doctor.Warning, fmt.Sprintf("lakectl %s runs there, and this is %s", run.Version, v.Lakectl), "lakectl stop, and run it with this one"
	}
	return f
}

// examineRights looks whether others can see the data, or read the credentials of run.json.
func examineRights(dir string) doctor.Finding {
	for _, path := range []string{dir, local.RunFilePath(dir)} {
		info, err := os.Stat(path)
		if err != nil {
			return failing("rights", doctor.Warning, err, "check who owns the folder")
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return doctor.Finding{Check: "rights", State: doctor.Warning, Says: fmt.Sprintf("%s has the mode %#o: others can look into it", path, mode), Remedy: "chmod go= " + path}
		}
	}
	return doctor.Fine("rights", "%s is its owner's alone", dir)
}

// examineKafka asks the broker, and whether the topic keeps what Bronze has still to read.
func examineKafka(ctx context.Context, o doctorOptions, dir string, running bool) []doctor.Finding {
	if len(o.kafka.Brokers) == 0 && !running {
		return []doctor.Finding{doctor.Fine("broker", "not asked: the lakehouse does not run, and there are no --brokers")}
	}
	kafka, err := o.cluster(dir)
	if err != nil {
		return []doctor.Finding{failing("broker", doctor.Problem, err, "see lakectl status")}
	}
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	has, err := topicHas(ctx, kafka, topic, time.Time{})
	if err != nil {
		return []doctor.Finding{failing("broker", doctor.Problem, err, "see lakectl logs kafka")}
	}
	findings := []doctor.Finding{doctor.Fine("broker", "%s answers", joinBrokers(kafka.Brokers))}
	return append(findings, examineRetention(dir, has)...)
}

func examineRetention(dir string, has checkpoint.Topic) []doctor.Finding {
	for _, job := range jobs.Default().Jobs {
		if job.Source.Kafka == nil {
			continue
		}
		read, err := pipeline.CommittedOffsets(placeOf(dir).Checkpoint(job.Name), topic)
		switch {
		case err != nil: // said of the checkpoint
		case read == nil:
			return []doctor.Finding{doctor.Fine("retention", "Bronze has read nothing yet")}
		default:
			return []doctor.Finding{doctor.Retention(has.Oldest, has.Next, read)}
		}
	}
	return nil
}

func examineSession(ctx context.Context, run local.RunFile) doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	const remedy = "see lakectl logs spark; lakectl run starts a Spark that died again"
	session, err := spark.Connect(ctx, spark.Options{Remote: remoteOf(run.Spark.Remote), Token: run.Spark.Token})
	if err != nil {
		return failing("session", doctor.Problem, err, remedy)
	}
	defer session.End()
	began := time.Now()
	if _, err := session.Query(ctx, "SELECT 1"); err != nil {
		return failing("session", doctor.Problem, err, remedy)
	}
	return doctor.Fine("session", "Spark answers in %s", time.Since(began).Round(time.Millisecond))
}

func examineQueries(dir string) doctor.Finding {
	s, err := readStatus(dir)
	if err != nil {
		return failing("queries", doctor.Warning, err, "try again in a moment")
	}
	var troubles []string
	restarts := 0
	for _, q := range s.Queries {
		restarts += q.Restarts
		if !q.Healthy {
			troubles = append(troubles, fmt.Sprintf("%s is %s (%s)", q.Name, q.State, errorText(q.LastError)))
		}
	}
	switch {
	case len(troubles) > 0:
		return doctor.Finding{Check: "queries", State: doctor.Problem, Says: strings.Join(troubles, "; "), Remedy: "see lakectl status and lakectl logs spark"}
	case restarts > 0:
		return doctor.Finding{Check: "queries", State: doctor.Warning, Says: fmt.Sprintf("%d run, restarted %d times", len(s.Queries), restarts), Remedy: "lakectl status shows the last error of each"}
	}
	return doctor.Fine("queries", "%d run", len(s.Queries))
}

// staleAfter is how old the last batch of a query that has something to read may be.
const staleAfter = 5 * time.Minute

func examineCheckpoints(dir string) []doctor.Finding {
	all, err := checkpointsOf(dir, func(string) map[int32]int64 { return nil })
	if err != nil {
		return []doctor.Finding{failing("checkpoints", doctor.Problem, err, "check who owns the folder")}
	}
	running := local.Locked(dir)
	var findings []doctor.Finding
	for _, s := range all {
		f := doctor.Fine("checkpoint "+s.Job, "%s: batch %s, %s, %d files", s.State, orDash(s.Batch), sizeText(s.Bytes), s.Files)
		job, _ := jobNamed(s.Job)
		switch {
		case s.State == "changed":
			f.State, f.Says, f.Remedy = doctor.Problem, s.Why, "undo the change, or use another --data-dir"
		case s.Why != "":
			f.State, f.Says, f.Remedy = doctor.Problem, s.Why, "put it back, or "+pipeline.ResetHint(job)
		case running && s.Committed != nil && time.Since(*s.Committed) > staleAfter && s.Lag != nil && *s.Lag > 1:
			f.State, f.Says, f.Remedy = doctor.Warning, fmt.Sprintf("%s behind, and no batch for %s", s.lag(), s.age()), "see lakectl status"
		}
		findings = append(findings, f)
	}
	return findings
}

func examineTables(dir string) []doctor.Finding {
	var findings []doctor.Finding
	for _, job := range jobs.Default().Jobs {
		t, err := tablefiles.Look(placeOf(dir).Path(job.Sink.Table))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			findings = append(findings, failing("table "+job.Sink.Table, doctor.Problem, err, "check who owns the folder"))
			continue
		}
		findings = append(findings, doctor.Table(job.Sink.Table, t))
	}
	return findings
}

// examineAside counts what resets have set aside.
func examineAside(dir string) doctor.Finding {
	const check = "set aside"
	place := placeOf(dir)
	count := 0
	var bytes int64
	for _, root := range []string{place.Warehouse, place.Checkpoints} {
		entries, err := os.ReadDir(root)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failing(check, doctor.Warning, err, "check who owns the folder")
		}
		for _, e := range entries {
			if checkpoint.IsAside(e.Name()) {
				count++
				bytes += sizeOf(filepath.Join(root, e.Name()))
			}
		}
	}
	if count == 0 {
		return doctor.Fine(check, "nothing")
	}
	return doctor.Fine(check, "%d folders and files of resets, %s: nobody reads them, and nobody deletes them but you", count, sizeText(bytes))
}

// sizeOf adds up the files below a path, as far as they can be read.
func sizeOf(path string) (bytes int64) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}
