package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/cryptostream/lakectl/internal/databricks"
	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/local"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/internal/target"
)

// tokenVariable has the token of a target's own Spark Connect server; the server reads it there, too.
const tokenVariable = "SPARK_CONNECT_AUTHENTICATE_TOKEN"

// runTarget is a target as a run reaches it.
type runTarget struct {
	target.Target
	options targetOptions
	ca      []byte // of Spark Connect and of the workspace; the system's where empty
	caFile  string
	remote  string // connection string without a token
	token   spark.TokenSource
	// awaitCluster waits for a workspace's cluster that starts; nil for another server.
	awaitCluster func(ctx context.Context, note func(format string, args ...any)) error
}

// openTarget reads a target and finds out who is let in there. It does not connect.
func openTarget(ctx context.Context, o targetOptions, caFile string) (*runTarget, error) {
	r := &runTarget{options: o}
	var err error
	if caFile != "" {
		if r.ca, err = os.ReadFile(caFile); err == nil {
			r.caFile, err = filepath.Abs(caFile)
		}
		if err != nil {
			return nil, exit.New(exit.Usage, fmt.Errorf("--spark-ca: %w", err), "")
		}
	}
	if r.Target, err = o.resolve("you"); err != nil { // the workspace, which knows the name, is in it
		return nil, err
	}
	if len(r.Kafka.Brokers) == 0 {
		return nil, exit.New(exit.Usage, fmt.Errorf("target %s reads files, which its notebooks do", r.Name), "lakectl deploy puts the notebooks there; run --target needs kafka.brokers")
	}
	if r.Spark.Remote == "" {
		return r, r.openWorkspace(ctx)
	}
	r.remote = r.Spark.Remote
	r.token = func(context.Context, string) (string, error) { return os.Getenv(tokenVariable), nil }
	if err := spark.ParseRemote(r.remote); err != nil {
		return nil, exit.New(exit.Usage, fmt.Errorf("target %s: %w", r.Name, err), "see spark.remote")
	}
	return r, nil
}

// openWorkspace logs in to the target's workspace, whose cluster the server is.
func (r *runTarget) openWorkspace(ctx context.Context) error {
	cluster, err := databricks.OpenCluster(ctx, databricks.ClusterOptions{
		Profile: r.Databricks.Profile, Host: r.Databricks.Host, Cluster: r.Spark.Cluster, CA: r.ca,
	})
	if err != nil {
		return err
	}
	r.remote, r.token, r.awaitCluster = cluster.Remote, cluster.Token, cluster.AwaitRunning
	r.Target, err = r.options.resolve(cluster.User)
	return err
}

// settings of each session. Those that only cost speed may be refused; see jobs for the time zone.
const timeZone = "spark.sql.session.timeZone"

func (r *runTarget) settings() map[string]string {
	conf := map[string]string{
		timeZone: "UTC",
		"spark.connect.session.planCache.enabled": "false", // else the same question gets the old answer
		// Pinned in a checkpoint at its first start; docs/scaling.md says how many are enough.
		"spark.sql.shuffle.partitions": "16",
	}
	for key, value := range r.Spark.Conf {
		conf[key] = value
	}
	return conf
}

// connect opens a session of the target.
func (r *runTarget) connect(ctx context.Context, sessionID string, log *slog.Logger) (*spark.Session, error) {
	session, err := spark.Connect(ctx, spark.Options{Remote: r.remote, TokenSource: r.token, CA: r.ca, SessionID: sessionID, Log: log})
	if err != nil {
		return nil, err
	}
	for key, value := range r.settings() {
		err := session.SetConf(ctx, map[string]string{key: value})
		_, asked := r.Spark.Conf[key]
		if err != nil && (asked || key == timeZone) {
			_ = session.Close()
			return nil, err
		}
	}
	return session, nil
}

// reach connects once, so that what is wrong with the way there is said at once; a run goes on trying.
func (r *runTarget) reach(ctx context.Context, steps reporter, log *slog.Logger) error {
	if r.awaitCluster != nil {
		if err := r.awaitCluster(ctx, steps.note); err != nil {
			return err
		}
	}
	session, err := r.connect(ctx, "", log)
	switch {
	case err == nil:
		session.End()
		return nil
	case ctx.Err() != nil:
		return err
	case spark.Refused(err) && r.awaitCluster == nil:
		return exit.New(exit.Failed, err, "the server's token belongs into the environment: "+tokenVariable)
	case spark.Refused(err):
		return exit.New(exit.Failed, err, "the cluster does not take the login, or this user may not attach to it")
	case exit.Hint(err) != "":
		return err
	}
	return exit.New(exit.Failed, err, "is the address right, and the cluster up? --spark-ca trusts other authorities than the system's")
}

// record is what run.json keeps, for status, query and the others to find the way again.
func (r *runTarget) record() *local.TargetRun {
	folder, err := filepath.Abs(r.options.folder)
	if err != nil || r.options.folder == targetsFolder && !isFolder(folder) {
		folder = r.options.folder
	}
	p := r.Place()
	return &local.TargetRun{
		Name: r.Name, Folder: folder, Set: r.options.set, Profile: r.options.profile, CA: r.caFile,
		Catalog: p.Catalog, Schema: p.Schema, Warehouse: p.Warehouse, Checkpoints: p.Checkpoints,
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// reopenTarget is openTarget for the target of a run that was.
func reopenTarget(ctx context.Context, t *local.TargetRun) (*runTarget, error) {
	return openTarget(ctx, targetOptions{name: t.Name, folder: t.Folder, set: t.Set, profile: t.Profile}, t.CA)
}

// placeOfTarget is where the tables of a run on a target are.
func placeOfTarget(t *local.TargetRun) ddl.Place {
	return ddl.Place{Catalog: t.Catalog, Schema: t.Schema, Warehouse: t.Warehouse, Checkpoints: t.Checkpoints}
}

// firstSession is the session's id of a target that has no run.json here: whoever starts there first uses
// the same, and so finds the queries that run.
func (r *runTarget) firstSession() string {
	text, _ := json.Marshal(r.Place())
	return uuid.NewSHA1(uuid.NameSpaceURL, append([]byte("lakectl "), text...)).String()
}
