package jobs

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func job(t *testing.T, name string) Job {
	t.Helper()
	j, found := Default().Job(name)
	if !found {
		t.Fatalf("no job %s", name)
	}
	return j
}

func TestFingerprintSurvivesJSON(t *testing.T) {
	for _, j := range Default().Jobs {
		text, err := json.Marshal(j.Fingerprint())
		if err != nil {
			t.Fatal(err)
		}
		var read Fingerprint
		if err := json.Unmarshal(text, &read); err != nil || read != j.Fingerprint() {
			t.Errorf("%s: %s, %v", j.Name, text, err)
		}
		if changes := read.Changes(j.Fingerprint()); len(changes) > 0 {
			t.Errorf("%s: %v", j.Name, changes)
		}
	}
}

func TestFingerprintSaysWhatChanged(t *testing.T) {
	j := job(t, "silver_prices")
	old := j.Fingerprint()
	j.Deduplicate = []string{"event_id", "pair"}
	j.Source = Source{Kafka: &KafkaSource{Topic: "prices"}, View: KafkaView}
	j.Watermark = &Watermark{Column: "quoted_at"}
	j.Sink = Sink{Table: "s", OutputMode: OutputComplete}
	got := old.Changes(j.Fingerprint())
	want := []string{
		"source: table bronze_prices -> kafka prices",
		"watermark column: [event_time] -> [quoted_at]",
		"deduplicate: [event_id] -> [event_id, pair]",
		"sink.table: silver_prices -> s",
		"sink.outputMode: append -> complete",
		"sink.partitionBy: [date] -> []",
	}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestFingerprintOfSQL(t *testing.T) {
	j := job(t, "gold_price_ma_5m")
	old := j.Fingerprint()
	edit := func(sql string) Fingerprint {
		j.Steps = []Step{{Name: j.Name, SQL: sql}}
		return j.Fingerprint()
	}
	sql := j.Steps[0].SQL
	if got := edit("/* why */ " + strings.ReplaceAll(sql, "\n", "\n\n  ") + " -- end"); got != old {
		t.Error("a comment or the layout is a change")
	}
	if changes := old.Changes(edit(strings.Replace(sql, "5 minutes", "5  minutes", 1))); len(changes) != 1 || !strings.HasPrefix(changes[0], "sql: statement ") {
		t.Errorf("a literal's text is no change: %v", changes)
	}
	stateless := job(t, "silver_prices")
	before := stateless.Fingerprint()
	stateless.Steps[0].SQL, stateless.Watermark.Delay = "select 1", 1
	if stateless.Fingerprint() != before {
		t.Error("the SQL or delay of a job that does not aggregate is a change")
	}
}

func TestNormaliseSQL(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"select  a,\n\tb -- c\nfrom t", "select a, b from t"},
		{"select '  -- x' /* y /* z */ */ , `a  b`", "select '  -- x' , `a  b`"},
		{`select 'it\'s  -- x', r'\'  , "a  \" b"`, `select 'it\'s  -- x', r'\' , "a  \" b"`},
		{"select bar'\\'  x'", "select bar'\\'  x'"},
		{"select 'open  ", "select 'open  "},
		{"/* open", ""},
		{"-- only", ""},
		{"a - - b", "a - - b"},
	} {
		if got := normaliseSQL(c.in); got != c.want {
			t.Errorf("%q gives %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzNormaliseSQL(f *testing.F) {
	for _, j := range Default().Jobs {
		f.Add(j.Steps[0].SQL)
	}
	f.Add(`r'\' "a\" /*' -- */`)
	f.Fuzz(func(t *testing.T, sql string) {
		once := normaliseSQL(sql)
		if len(once) > len(sql) {
			t.Errorf("%q grew to %q", sql, once)
		}
		semicolon(sql)
	})
}
