package target

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/cryptostream/lakectl/internal/specfile"
)

// check returns the mistakes that the schema can't see: what does not go together.
func (t Target) check(d *specfile.Document, name string) (errs specfile.Errors) {
	add := func(path, format string, args ...any) { errs = append(errs, d.At(path, format, args...)) }
	if t.Name != name {
		add("/name", "the file is called %s.yaml, so the name must be %s", name, name)
	}
	if t.Spark.Remote == "" && t.Databricks == nil {
		add("", "a target needs spark.remote or databricks")
	}
	if strings.Contains(t.Spark.Remote, ";token=") || strings.Contains(t.Spark.Remote, "/token=") {
		add("/spark/remote", "a token does not belong into a file; put it into SPARK_CONNECT_AUTHENTICATE_TOKEN")
	}
	t.Kafka.check(add)
	if t.Databricks != nil {
		t.checkDatabricks(add)
	}
	return errs
}

func (k Kafka) check(add func(path, format string, args ...any)) {
	if (len(k.Brokers) == 0) == (k.Files == "") {
		add("/kafka", "kafka takes exactly one of brokers and files")
	}
	if k.LogsIn() != (k.Mechanism != "") {
		add("/kafka/mechanism", "a mechanism belongs to SASL_PLAINTEXT and SASL_SSL, and they need one")
	}
	for _, broker := range k.Brokers {
		host, port, err := net.SplitHostPort(broker)
		if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 {
			add("/kafka/brokers", "%q is not host:port", broker)
		}
	}
}

func (t Target) checkDatabricks(add func(path, format string, args ...any)) {
	d := t.Databricks
	if t.Catalog == "" {
		add("/catalog", "a workspace needs a catalog")
	}
	if d.Volume != "" && !strings.HasPrefix(t.Checkpoints, fmt.Sprintf("/Volumes/%s/%s/%s/", t.Catalog, t.Schema, d.Volume)) {
		add("/checkpoints", "the checkpoints are not in the volume, /Volumes/%s/%s/%s", t.Catalog, t.Schema, d.Volume)
	}
	d.Compute.check(add)
	d.Streaming.check(add, d.Compute)
	if d.Maintenance != nil {
		d.Maintenance.Schedule.check(add, "/databricks/maintenance/schedule")
	}
	if w := d.Warehouse; w != nil {
		if (w.ID == "") == (w.Name == "") {
			add("/databricks/warehouse", "a warehouse takes exactly one of id and name")
		}
		if time.Duration(w.AutoStop)%time.Minute != 0 {
			add("/databricks/warehouse/auto_stop", "auto_stop must be whole minutes")
		}
	}
	if t.Kafka.LogsIn() {
		if d.Secrets.Scope == "" {
			add("/databricks/secrets", "%s needs a secret scope with kafka-username and kafka-password", t.Kafka.Security)
		}
		for _, key := range []string{"kafka-username", "kafka-password"} {
			if _, found := d.Secrets.Values[key]; !found && d.Secrets.Scope != "" {
				add("/databricks/secrets/values", "%s needs the secret %s", t.Kafka.Security, key)
			}
		}
	}
	if d.Streaming.MaxBacklog > 0 && len(d.Notify.OnFailure) == 0 {
		add("/databricks/streaming/max_backlog", "max_backlog tells those in notify.on_failure, and there is nobody")
	}
}

func (c Compute) check(add func(path, format string, args ...any)) {
	if c.Serverless && (c.ExistingCluster != "" || c.SparkVersion != "" || c.NodeType != "" || c.Workers > 0 || c.Policy != "" || len(c.Conf) > 0) {
		add("/databricks/compute", "serverless compute takes no cluster's settings")
	}
	if !c.Serverless && c.ExistingCluster == "" && c.SparkVersion == "" {
		add("/databricks/compute", "say serverless: true, or give a spark_version or an existing_cluster")
	}
	if c.ExistingCluster != "" && (c.SparkVersion != "" || c.NodeType != "" || c.Workers > 0 || c.Policy != "" || len(c.Conf) > 0) {
		add("/databricks/compute", "an existing cluster has its own settings")
	}
}

func (s Streaming) check(add func(path, format string, args ...any), c Compute) {
	const at = "/databricks/streaming"
	switch s.Shape {
	case ShapeContinuous:
		if c.Serverless {
			add(at+"/shape", "serverless compute runs no continuous queries; choose scheduled, or a cluster")
		}
		if s.Schedule != (Schedule{}) {
			add(at+"/schedule", "a continuous job has no schedule")
		}
		if s.Trigger <= 0 {
			add(at+"/trigger", "a continuous job needs a trigger, such as 10s")
		}
	case ShapeScheduled:
		s.Schedule.check(add, at+"/schedule")
	}
	if s.Shape != ShapeContinuous && s.Trigger != 0 {
		add(at+"/trigger", "only a continuous job has a trigger; the others process what is there")
	}
	if s.Shape != ShapeScheduled && s.Timeout != 0 {
		add(at+"/timeout", "only a scheduled run has a timeout")
	}
}

var quartzField = regexp.MustCompile(`^[0-9A-Za-z*?,/#LW-]+$`)

// check looks at the form of a Quartz expression: seconds, minutes, hours, day, month, weekday and perhaps
// year, of which day or weekday is "?".
func (s Schedule) check(add func(path, format string, args ...any), at string) {
	fields := strings.Fields(s.Cron)
	switch {
	case len(fields) != 6 && len(fields) != 7:
		add(at+"/cron", "%q is not a Quartz expression: it has six or seven fields, beginning with seconds", s.Cron)
	case slices.ContainsFunc(fields, func(f string) bool { return !quartzField.MatchString(f) }):
		add(at+"/cron", "%q is not a Quartz expression", s.Cron)
	case (fields[3] == "?") == (fields[5] == "?"):
		add(at+"/cron", "%q: exactly one of day of month and day of week must be ?", s.Cron)
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "" || s.Timezone == "Local" {
		add(at+"/timezone", "%q is not an IANA time zone, such as UTC", s.Timezone)
	}
}

// nearest returns the name that is at most two typing mistakes away, or "".
func nearest(name string, names []string) string {
	best, least := "", 3
	for _, n := range names {
		if d := levenshtein.ComputeDistance(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}
