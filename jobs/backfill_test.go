package jobs

import "testing"

func TestBackfills(t *testing.T) {
	found := Default().Backfills()
	if len(found) != 1 {
		t.Fatalf("got %d", len(found))
	}
	b, live := found[0], Default().Jobs[0]
	if b.Name != "bronze_prices_backfill" || b.Source.Kafka.Topic != "crypto-prices-backfill" || b.Sink.Table != live.Sink.Table {
		t.Errorf("got %+v", b)
	}
	if live.Source.Kafka.Topic != "crypto-prices" {
		t.Errorf("the job itself reads %s now", live.Source.Kafka.Topic)
	}
	if b.Source.Kafka.MaxOffsetsPerTrigger != live.Source.Kafka.MaxOffsetsPerTrigger || b.Fingerprint() == live.Fingerprint() {
		t.Errorf("got %+v", b.Source.Kafka)
	}
}

func TestReaders(t *testing.T) {
	for table, want := range map[string]int{"bronze_prices": 2, "silver_prices": 2, "dead_letter": 0} {
		if got := Default().Readers(table); len(got) != want {
			t.Errorf("%s: got %d, want %d", table, len(got), want)
		}
	}
}
