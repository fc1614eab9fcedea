package backfill

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/jobs"
)

var update = flag.Bool("update", false, "write the golden files")

// TestStatements compares the statements with those in testdata.
func TestStatements(t *testing.T) {
	bronze := jobs.Job{Name: "bronze_prices_backfill", Source: jobs.Source{Kafka: &jobs.KafkaSource{Topic: "crypto-prices-backfill"}}, Sink: jobs.Sink{Table: "bronze_prices"}}
	silver := jobs.Job{
		Name: "silver_prices", Source: jobs.Source{Table: "bronze_prices", View: "bronze_prices"}, Sink: jobs.Sink{Table: "silver_prices"},
		Deduplicate: []string{"event_id"}, Steps: []jobs.Step{{Name: "silver_prices", SQL: "-- good ones\nselect * from bronze_prices"}},
	}
	tables := Tables{ddl.Place{Schema: "cryptostream"}, bronze, silver}
	within := Range{time.Unix(1700000000, 0), time.Unix(1700003600, 5000)}
	for name, statement := range map[string]string{
		"newest": tables.Newest(), "sent": tables.Sent(within), "account": tables.Account(map[int32]int64{1: 7, 0: 12}),
		"overlap": tables.Overlap(map[string][]string{"ETH-USD": {"", "it's"}, "BTC-USD": {"coingecko"}}, within),
	} {
		path := filepath.Join("testdata", name+".sql")
		if *update {
			if err := os.WriteFile(path, []byte(statement+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), statement+"\n"); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestJobsOf(t *testing.T) {
	tables, err := JobsOf(jobs.Default(), ddl.Place{})
	if err != nil || tables.Bronze.Name != "bronze_prices_backfill" || tables.Silver.Name != "silver_prices" || tables.Topic() != "crypto-prices-backfill" {
		t.Errorf("got %s, %s, %v", tables.Bronze.Name, tables.Silver.Name, err)
	}
	if _, err := JobsOf(&jobs.Lakehouse{}, ddl.Place{}); err == nil {
		t.Error("there are none")
	}
}
