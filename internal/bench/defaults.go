package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cryptostream/lakectl/infra"
)

// sparkDefaults are the values that Spark, Delta and Hadoop have by themselves for what our
// configuration changes to be faster, in infra/spark/spark.properties and in the modes of
// internal/pipeline. From the configuration references of Spark 4.0 and Delta 4.0.
var sparkDefaults = map[string]string{
	"spark.sql.codegen.wholeStage":                             "true",
	"spark.sql.codegen.factoryMode":                            "FALLBACK",
	"spark.sql.codegen.cache.maxEntries":                       "100",
	"spark.sql.adaptive.enabled":                               "true",
	"spark.sql.maxConcurrentOutputFileWriters":                 "0",
	"spark.sql.streaming.maxBatchesToRetainInMemory":           "2",
	"spark.databricks.delta.snapshotPartitions":                "50",
	"spark.sql.sources.parallelPartitionDiscovery.parallelism": "10000",
	"spark.hadoop.fs.file.impl":                                "org.apache.hadoop.fs.LocalFileSystem",
	"spark.sql.streaming.checkpointFileManagerClass":           "org.apache.spark.sql.execution.streaming.FileContextBasedCheckpointFileManager",
	"spark.delta.logStore.file.impl":                           "io.delta.storage.HDFSLogStore",
}

// defaultTrigger is the interval of every query in the comparison. Spark's own default, the next batch
// at once, would only make the five queries fight more.
const defaultTrigger = "1s"

// untuned are the keys of spark.properties that stay as they are in the comparison: they say what runs
// where and who gets in, not how fast. Shuffle partitions are among them, because the 200 of Spark's default on two
// cores would make the comparison too easy to win.
var untuned = map[string]bool{
	"spark.master":                                        true,
	"spark.app.name":                                      true,
	"spark.driver.bindAddress":                            true,
	"spark.driver.host":                                   true,
	"spark.connect.grpc.binding.address":                  true,
	"spark.ui.enabled":                                    true,
	"spark.sql.extensions":                                true,
	"spark.sql.catalog.spark_catalog":                     true,
	"spark.sql.session.timeZone":                          true,
	"spark.connect.session.manager.defaultSessionTimeout": true,
	"spark.connect.session.planCache.enabled":             true,
	"spark.sql.shuffle.partitions":                        true,
	"spark.authenticate":                                  true,
	"spark.shuffle.maxChunksBeingTransferred":             true,
	"spark.sql.artifact.isolation.enabled":                true,
	"spark.task.maxDirectResultSize":                      true,
	"spark.rpc.message.maxSize":                           true,
	"spark.sql.variable.substitute":                       true,
	"spark.hadoop.fs.permissions.umask-mode":              true,
}

// defaultSetup is our Spark with its own configuration. It fails where the configuration has a key that
// the comparison knows nothing of: it would measure ours against ours.
func defaultSetup() (setup, error) {
	text, err := infra.Files.ReadFile("spark/spark.properties")
	if err != nil {
		return setup{}, err
	}
	if unknown := unknownKeys(string(text)); len(unknown) > 0 {
		return setup{}, fmt.Errorf("spark.properties sets %s: add Spark's own value to sparkDefaults, or the key to untuned, in internal/bench/defaults.go",
			strings.Join(unknown, ", "))
	}
	s := setup{name: "defaults", args: []string{"--trigger", defaultTrigger}}
	for _, key := range slices.Sorted(maps.Keys(sparkDefaults)) {
		s.args = append(s.args, "--spark-conf", key+"="+sparkDefaults[key])
	}
	return s, nil
}

// unknownKeys are the keys of a properties file that are neither in sparkDefaults nor untuned.
func unknownKeys(properties string) (unknown []string) {
	for line := range strings.Lines(properties) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, _, _ := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if _, ok := sparkDefaults[key]; !ok && !untuned[key] {
			unknown = append(unknown, key)
		}
	}
	return unknown
}
