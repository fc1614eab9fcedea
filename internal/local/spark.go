package local

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// sparkHeapMB is the heap that our figures were measured with.
	sparkHeapMB = 2048
	// sparkTokenEnv is where the Connect server takes its token from: unlike an argument or a
	// property, other users cannot read it.
	sparkTokenEnv = "SPARK_CONNECT_AUTHENTICATE_TOKEN"

	// sparkMain compiles a Java file, infra's, and runs the class in it.
	sparkMain   = "org.codehaus.janino.SimpleCompiler"
	sparkSource = "Connect.java"
	sparkClass  = "Connect"
)

// SparkOptions say how Spark is started.
type SparkOptions struct {
	Runtime Runtime
	Java    Java
	DataDir string
	Port    int               // 0: any free one
	HeapMB  int               // -Xmx; 0: 2048
	Conf    map[string]string // over infra/spark/spark.properties
	Token   string            // bearer token; "": a new one
	Log     *slog.Logger
}

// Spark is a running Spark Connect server, with what a client needs to reach it.
type Spark struct {
	*Process
	Remote string // 127.0.0.1:port
	Token  string // bearer token of every call
}

// StartSpark starts a Spark Connect server on the data dir, which the caller has locked, and returns
// when it answers a call with the token. Its tables' folder is WarehouseDir. ctx bounds the start only;
// what is started then ends by Stop, or with this process.
//
// The errors name a port that is taken, or why Spark ended; nothing is left running behind them.
func StartSpark(ctx context.Context, o SparkOptions) (*Spark, error) {
	if o.HeapMB == 0 {
		o.HeapMB = sparkHeapMB
	}
	if o.Token == "" {
		o.Token = NewSecret()
	}
	j, err := newJVM(sparkName, o.DataDir, o.Java, o.Runtime.SparkJars, o.HeapMB)
	if err != nil {
		return nil, fmt.Errorf("start spark: %w", err)
	}
	j.archive = usableArchive(o.Runtime, o.Java)
	// The list of local dirs is split at commas, which a relative path has none of.
	j.env = jvmEnv(sparkTokenEnv+"="+o.Token, "SPARK_LOCAL_DIRS=tmp")
	if err := j.prepare(ctx); err != nil {
		return nil, fmt.Errorf("start spark: %w", err)
	}
	if err := writeFile(j.file(sparkSource), infraFile("spark/"+sparkSource), false); err != nil {
		return nil, fmt.Errorf("start spark: %w", err)
	}
	s, begin := &Spark{Token: o.Token}, time.Now()
	for try := 1; ; try++ {
		err := s.start(ctx, j, o)
		if err == nil {
			j.logStarted(o.Log, s.PID(), s.Remote, begin)
			return s, nil
		}
		if o.Port != 0 || !addressTaken(err) || try == portTries {
			return nil, err
		}
	}
}

// start tries once, on a port that was free a moment ago.
func (s *Spark) start(ctx context.Context, j *jvm, o SparkOptions) error {
	port, err := choosePort(o.Port)
	if err != nil {
		return fmt.Errorf("start spark: %w", err)
	}
	s.Remote = loopback(port)
	if s.Process, err = j.start(sparkProperties(j, port, o.Conf), sparkMain, sparkSource, sparkClass); err != nil {
		return err
	}
	return s.awaitReady(ctx, func(ctx context.Context) error {
		return probeSpark(ctx, s.Remote, s.Token)
	})
}

// sparkProperties are infra's configuration, the caller's over it, and over both what depends on the
// data dir and the port, as -D options in order of their names.
func sparkProperties(j *jvm, port int, over map[string]string) []string {
	conf := map[string]string{}
	for _, line := range infraLines("spark/spark.properties") {
		key, value, _ := strings.Cut(line, "=")
		conf[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	maps.Copy(conf, over)
	maps.Copy(conf, map[string]string{
		"spark.connect.grpc.binding.port": strconv.Itoa(port),
		"spark.sql.warehouse.dir":         WarehouseDir(j.dataDir),
	})
	var options []string
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		options = append(options, "-D"+key+"="+conf[key])
	}
	return options
}
