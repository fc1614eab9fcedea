package notebook

import (
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/jobs"
)

// kafkaCells define how Kafka, and files with its records, are read.
func kafkaCells() []cell {
	return []cell{
		markdown("## Kafka", sentences("The login is read from the secret scope when it is needed, and only where the protocol is SASL.")),
		python("%s", kafkaPython),
		markdown("## Files instead of Kafka", sentences("Where the workspace can't reach a broker, `lakectl tail --from beginning -o json` writes the very records to a file, which is put into a volume. "+
			"The folder is read as a stream too: a new file is read once. Move a file in when it is complete.")),
		python("%s", filesPython),
	}
}

// source is the Python that registers a job's source.
func source(job jobs.Job) string {
	if k := job.Source.Kafka; k != nil {
		return kafkaSource(job, *k)
	}
	reader := "spark.readStream"
	if bytes := job.Source.MaxBytesPerTrigger; bytes != "" {
		reader += fmt.Sprintf(".option(\"maxBytesPerTrigger\", %s)", pyString(bytes))
	}
	return fmt.Sprintf("%s_stream = %s.table(table(%s))%s\n%s", job.Source.Table, reader, pyString(job.Source.Table), sourceWatermark(job), register(job, job.Source.Table))
}

func kafkaSource(job jobs.Job, k jobs.KafkaSource) string {
	options := [][2]string{{"startingOffsets", `"earliest"`}, {"includeHeaders", `"true"`}}
	for _, bound := range []struct {
		option  string
		records int64
	}{{"maxOffsetsPerTrigger", k.MaxOffsetsPerTrigger}, {"maxRecordsPerPartition", k.MaxRecordsPerPartition}} {
		if bound.records > 0 {
			options = append(options, [2]string{bound.option, fmt.Sprint(bound.records)})
		}
	}
	var b strings.Builder
	b.WriteString("def topic_records():\n    \"\"\"The records of the topic, from the first that it has.\"\"\"\n    return (\n" +
		"        spark.readStream.format(\"kafka\")\n        .options(**kafka_connection())\n        .option(\"subscribe\", topic)\n")
	for _, o := range options {
		fmt.Fprintf(&b, "        .option(%s, %s)\n", pyString(o[0]), o[1])
	}
	fmt.Fprintf(&b, "        .load()\n    )\n\n\n%[1]s_stream = file_records() if source_path else topic_records()\n", job.Source.View)
	if job.WatermarkOn() == jobs.WatermarkSource {
		fmt.Fprintf(&b, "%[1]s_stream = %[1]s_stream%[2]s\n", job.Source.View, watermark(job))
	}
	b.WriteString(register(job, job.Source.View))
	return b.String()
}

func sourceWatermark(job jobs.Job) string {
	if job.WatermarkOn() != jobs.WatermarkSource {
		return ""
	}
	return watermark(job)
}

func register(job jobs.Job, stream string) string {
	return fmt.Sprintf("%s_stream.createOrReplaceTempView(%s)", stream, pyString(job.Source.View))
}
