package main

import (
	"context"
	"fmt"

	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// largeRows is the size of Bronze from which compiled plans pay.
const largeRows = 500_000

// prepareBatch readies a session for statements over whole tables. Spark's settings here are for small batches:
// interpreted, one task behind a shuffle. Many rows want the contrary.
func prepareBatch(ctx context.Context, session *spark.Session) error {
	settings := map[string]string{"spark.connect.session.planCache.enabled": "false"}
	for _, job := range jobs.Default().Jobs {
		if job.Source.Kafka == nil {
			continue
		}
		rows, err := session.Query(ctx, "SELECT count(*) FROM "+placeOf("/").Table(job.Sink.Table)) // from Delta's log
		if err != nil {
			return fmt.Errorf("count the rows of %s: %w", job.Sink.Table, err)
		}
		if n, _ := rows.Values[0][0].(int64); n > largeRows {
			settings["spark.sql.codegen.wholeStage"] = "true"
			settings["spark.sql.codegen.factoryMode"] = "FALLBACK"
			settings["spark.sql.adaptive.enabled"] = "true"
			settings["spark.sql.shuffle.partitions"] = "32"
		}
	}
	return session.SetConf(ctx, settings)
}
