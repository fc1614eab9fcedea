package jobs

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// Two sound jobs and a view, small enough to break one thing at a time.
const (
	bronzeSpec = `apiVersion: lakectl/v1
kind: StreamingJob
name: b
layer: bronze
description: copies
source:
  kafka: {topic: t, maxOffsetsPerTrigger: 10}
sql: b.sql
sink: {table: b, comment: all, partitionBy: [d], outputMode: append}
trigger: {interval: 1s}
columns:
  v: {type: BINARY, comment: value}
  ts: {type: TIMESTAMP, required: true, comment: time}
  d: {type: DATE, required: true, comment: date}
`
	silverSpec = `apiVersion: lakectl/v1
kind: StreamingJob
name: s
layer: silver
description: types
source: {table: b}
parse: parsed_rows.sql
expectations:
  - {name: no_id, check: id is not null, comment: there is an id}
sql: s.sql
watermark: {column: ts, delay: 24h}
deduplicate: [id]
sink: {table: s, comment: good, outputMode: append}
trigger: {interval: 1s}
columns:
  id: {type: STRING, required: true, comment: identity}
  ts: {type: TIMESTAMP, required: true, comment: time}
`
	viewSpec = `apiVersion: lakectl/v1
kind: View
name: v
description: shows
sql: v.sql
columns:
  id: {type: STRING, comment: identity}
`
)

func files() fstest.MapFS {
	return fstest.MapFS{
		"bronze/b.yaml":          {Data: []byte(bronzeSpec)},
		"bronze/b.sql":           {Data: []byte("select value v, timestamp ts, date(timestamp) d from kafka_records\n")},
		"silver/s.yaml":          {Data: []byte(silverSpec)},
		"silver/s.sql":           {Data: []byte("select id, ts from valid_rows")},
		"silver/parsed_rows.sql": {Data: []byte("select cast(v as string) id, ts from b")},
		"views/v.yaml":           {Data: []byte(viewSpec)},
		"views/v.sql":            {Data: []byte("select id from s")},
	}
}

// edited returns the files with one text of one file replaced.
func edited(t *testing.T, file, old, new string) fstest.MapFS {
	t.Helper()
	fsys := files()
	text := string(fsys[file].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %q", file, old)
	}
	fsys[file] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
	return fsys
}

func TestLoadResolves(t *testing.T) {
	lakehouse, err := Load(files())
	if err != nil {
		t.Fatal(err)
	}
	if len(lakehouse.Jobs) != 2 || len(lakehouse.Views) != 1 {
		t.Fatalf("got %d jobs and %d views", len(lakehouse.Jobs), len(lakehouse.Views))
	}
	b, s := lakehouse.Jobs[0], lakehouse.Jobs[1]
	if b.Source.View != KafkaView || b.Source.Kafka.MaxOffsetsPerTrigger != 10 || b.WatermarkOn() != WatermarkNone {
		t.Errorf("the bronze job is %+v", b)
	}
	if s.Watermark.Delay != 24*time.Hour || s.WatermarkOn() != WatermarkResult || s.Aggregates() {
		t.Errorf("the silver job is %+v", s)
	}
	var names []string
	for _, step := range s.Steps {
		names = append(names, step.Name)
	}
	if got := strings.Join(names, " "); got != "parsed_rows checked_rows valid_rows s" {
		t.Errorf("the steps are %s", got)
	}
	if sql := s.Steps[1].SQL; !strings.Contains(sql, "coalesce((id is not null), false) -- no_id\n") {
		t.Errorf("the checks are not null-safe:\n%s", sql)
	}
	if got := s.Table.Columns[0]; got != (Column{"id", "STRING", true, "identity"}) {
		t.Errorf("the first column is %+v", got)
	}
}

// mistakes has one edit each and the one error that it is to give.
var mistakes = []struct{ name, file, old, new, want string }{
	{"unknown key", "bronze/b.yaml", "sql: b.sql", "sql: b.sql\nsqll: x", `bronze/b.yaml:9:1: unknown key "sqll"`},
	{"unknown nested key", "bronze/b.yaml", "topic: t,", "topic: t, group: g,", `bronze/b.yaml:7:21: unknown key "group"`},
	{"unknown key of a column", "bronze/b.yaml", "required: true, comment: time", "requird: true, comment: time", `bronze/b.yaml:13:25: unknown key "requird"`},
	{"key of a job in a view", "views/v.yaml", "sql: v.sql", "sql: v.sql\nlayer: gold", `views/v.yaml:6:1: unknown key "layer"`},
	{"missing key", "bronze/b.yaml", "description: copies\n", "", `bronze/b.yaml:1:1: missing key "description"`},
	{"missing nested key", "bronze/b.yaml", "type: BINARY, ", "", `bronze/b.yaml:12:3: missing key "type"`},
	{"wrong type", "bronze/b.yaml", "description: copies", "description: 5", `bronze/b.yaml:5:1: description must be string, not number`},
	{"kind", "views/v.yaml", "kind: View", "kind: Vue", `views/v.yaml:2:1: kind: value must be one of 'StreamingJob', 'View'`},
	{"version", "bronze/b.yaml", "lakectl/v1", "lakectl/v2", `bronze/b.yaml:1:1: apiVersion: value must be 'lakectl/v1'`},
	{"two sources", "silver/s.yaml", "{table: b}", "{table: b, kafka: {topic: t}}", `silver/s.yaml:6:1: source takes exactly one of kafka and table`},
	{"no source", "silver/s.yaml", "{table: b}", "{}", `silver/s.yaml:6:1: source takes exactly one of kafka and table`},
	{"interval", "bronze/b.yaml", "interval: 1s", "interval: 1 second", `bronze/b.yaml:10:11: trigger.interval: "1 second" must be a duration such as 24h or 30s`},
	{"no interval", "bronze/b.yaml", "interval: 1s", "interval: 0s", `bronze/b.yaml:10:11: "0s" must be a duration above zero, such as 24h or 30s`},
	{"delay", "silver/s.yaml", "delay: 24h", "delay: 99999999999h", `silver/s.yaml:11:25: "99999999999h" must be a duration above zero, such as 24h or 30s`},
	{"negative bound", "bronze/b.yaml", "maxOffsetsPerTrigger: 10", "maxOffsetsPerTrigger: -1", `bronze/b.yaml:7:21: source.kafka.maxOffsetsPerTrigger: minimum: got -1, want 1`},
	{"column name", "bronze/b.yaml", "  v: {type", "  V-1: {type", `bronze/b.yaml:12:3: "V-1" must be a name: small letters, digits and _, not beginning with a digit`},
	{"constraint name", "bronze/b.yaml", "comment: all,", "comment: all, constraints: {Positive: v > 0},", `bronze/b.yaml:9:46: "Positive" must be a name: small letters, digits and _, not beginning with a digit`},
	{"path for a file", "bronze/b.yaml", "sql: b.sql", "sql: ../b.sql", `bronze/b.yaml:8:1: sql: "../b.sql" must be the name of a .sql file in the spec's folder`},
	{"deduplicate without watermark", "silver/s.yaml", "watermark: {column: ts, delay: 24h}\n", "", `silver/s.yaml:11:1: deduplicate needs watermark beside it`},
	{"expectations without parse", "silver/s.yaml", "parse: parsed_rows.sql\n", "", `silver/s.yaml:7:1: expectations needs parse beside it`},

	{"name of the file", "bronze/b.yaml", "name: b", "name: bb", `bronze/b.yaml:3:1: the name "bb" must be the file's, "b"`},
	{"folder", "bronze/b.yaml", "layer: bronze", "layer: gold", `bronze/b.yaml:4:1: the file must be in the folder gold, not bronze`},
	{"table of another", "silver/s.yaml", "sink: {table: s", "sink: {table: b", "silver/s.yaml:6:1: a circle: s depends on itself\n" + `silver/s.yaml:13:8: a table or view "b" is already in bronze/b.yaml`},
	{"unknown source", "silver/s.yaml", "{table: b}", "{table: c}", `silver/s.yaml:6:10: no job writes the table "c"`},
	{"partition column", "bronze/b.yaml", "[d]", "[e]", `bronze/b.yaml:9:46: the column "e" is not under columns`},
	{"key column", "silver/s.yaml", "[id]", "[id, pair]", `silver/s.yaml:12:19: the column "pair" is not under columns`},
	{"watermark column", "silver/s.yaml", "column: ts", "column: t", `silver/s.yaml:11:13: the column "t" is not under columns`},
	{"watermark column of the source", "silver/s.yaml", "watermark: {column: ts, delay: 24h}\ndeduplicate: [id]", "watermark: {column: id, delay: 24h}", `silver/s.yaml:11:13: the column "id" is not in the table b`},
	{"required column of a view", "views/v.yaml", "type: STRING,", "type: STRING, required: true,", `views/v.yaml:7:22: a view's column can't be required; only a table can refuse null`},
	{"circle", "silver/s.yaml", "{table: b}", "{table: s}", `silver/s.yaml:6:1: a circle: s depends on itself`},
	{"check twice", "silver/s.yaml", "expectations:\n", "expectations:\n  - {name: no_id, check: 'true', comment: c}\n", `silver/s.yaml:10:6: the check "no_id" is there twice`},
	{"check of two", "silver/s.yaml", "check: id is not null", "check: id is not null; drop table b", `silver/s.yaml:9:19: a semicolon; a check is one predicate`},
	{"quarantine of nobody", "bronze/b.yaml", "sql: b.sql", "sql: b.sql\nquarantine: x", `bronze/b.yaml:9:1: there is no job "x"`},
	{"quarantine of another source", "bronze/b.yaml", "sql: b.sql", "sql: b.sql\nquarantine: s", "bronze/b.yaml:6:1: a circle: b depends on itself\n" + `bronze/b.yaml:9:1: the job "s" reads another source, b` + "\nsilver/s.yaml:6:1: a circle: s depends on itself"},

	{"SQL with a semicolon", "bronze/b.sql", "from kafka_records", "from\n kafka_records;", `bronze/b.sql:2:15: a semicolon; a file holds one query, without one`},
	{"SQL not UTF-8", "bronze/b.sql", "select", "select '\xff', ", `bronze/b.sql:1:9: not UTF-8`},
	{"SQL with NUL", "bronze/b.sql", "select", "select \x00", `bronze/b.sql:1:8: a NUL character`},
	{"only a comment", "views/v.sql", "select id from s", "-- select id from s", `views/v.sql:1:1: no SQL in the file`},

	{"repeated key", "bronze/b.yaml", "sql: b.sql", "sql: b.sql\nsql: c.sql", `bronze/b.yaml:9:1: key "sql" is already on line 8`},
	{"alias", "bronze/b.yaml", "description: copies", "description: &a copies", `bronze/b.yaml:5:14: anchors and aliases are not taken; write the value out`},
	{"tag", "bronze/b.yaml", "description: copies", "description: !!binary Y29w", `bronze/b.yaml:5:14: the tag !!binary is not taken`},
	{"merge", "bronze/b.yaml", "sql: b.sql", "sql: b.sql\n<<: {a: b}", `bronze/b.yaml:9:1: a key must be a plain word`},
	{"second document", "bronze/b.yaml", "  d: {type: DATE, required: true, comment: date}\n", "  d: {type: DATE, required: true, comment: date}\n---\nname: c\n", `bronze/b.yaml:15:1: a second YAML document begins here; a file holds one`},
	{"tab", "bronze/b.yaml", "  v: {type", "\tv: {type", `bronze/b.yaml:12:1: a tab in the indentation; YAML takes spaces only`},
	{"not YAML", "bronze/b.yaml", "[d]", "[d", `bronze/b.yaml:9:1: not YAML: did not find expected ',' or ']'`},
	{"YAML not UTF-8", "bronze/b.yaml", "copies", "copi\xe9s", `bronze/b.yaml:5:18: not UTF-8`},
	{"empty", "views/v.yaml", viewSpec, "# later\n", `views/v.yaml:1:1: the file is empty; it should begin with apiVersion: lakectl/v1`},
	{"a list", "views/v.yaml", viewSpec, "- View\n", `views/v.yaml:1:1: the file must be object, not array`},
	{"too deep", "views/v.yaml", "description: shows", "description: " + strings.Repeat("[", 40) + strings.Repeat("]", 40), `views/v.yaml:4:46: nested more than 32 deep`},
}

func TestLoadReportsMistakes(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			_, err := Load(edited(t, m.file, m.old, m.new))
			if err == nil {
				t.Fatal("no error")
			}
			if got := err.Error(); got != m.want {
				t.Errorf("got\n%s\nwant\n%s", got, m.want)
			}
		})
	}
}

func TestLoadReportsAllMistakesOfAllFiles(t *testing.T) {
	fsys := edited(t, "bronze/b.yaml", "trigger: {interval: 1s}", "trigger: {interval: soon, every: 1s}")
	fsys["silver/s.yaml"].Data = []byte(strings.NewReplacer("[id]", "[pair]", "column: ts", "column: t").Replace(silverSpec))
	delete(fsys, "views/v.sql")
	fsys["views/w.yml"] = &fstest.MapFile{}
	_, err := Load(fsys)
	var errs Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v", err)
	}
	want := `bronze/b.yaml:10:11: trigger.interval: "soon" must be a duration such as 24h or 30s
bronze/b.yaml:10:27: unknown key "every"
silver/s.yaml:11:13: the column "t" is not under columns
silver/s.yaml:12:15: the column "pair" is not under columns
views/v.yaml:5:1: there is no file views/v.sql
views/w.yml: a spec's name ends in .yaml`
	if errs.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", errs, want)
	}
	if errs.ExitCode() != 2 || errs.Hint() == "" {
		t.Errorf("exit code %d, hint %q", errs.ExitCode(), errs.Hint())
	}
}

func TestLoadReportsFilesNobodyNames(t *testing.T) {
	fsys := files()
	fsys["views/old.sql"] = &fstest.MapFile{Data: []byte("select 1")}
	if _, err := Load(fsys); err == nil || err.Error() != "views/old.sql: no spec names this file" {
		t.Errorf("got %v", err)
	}
	if _, err := Load(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "no spec here") {
		t.Errorf("an empty folder gives %v", err)
	}
}

func TestLoadTakesAFolder(t *testing.T) {
	if _, err := Load(os.DirFS(".")); err != nil {
		t.Error(err)
	}
	if _, err := Load(os.DirFS(filepath.Join(t.TempDir(), "none"))); err == nil {
		t.Error("a folder that is not there gives no error")
	}
}

// FuzzLoad holds the loader to giving a lakehouse or errors with a position, whatever the files.
func FuzzLoad(f *testing.F) {
	for _, m := range mistakes {
		text := strings.Replace(string(files()[m.file].Data), m.old, m.new, 1)
		if strings.HasSuffix(m.file, ".yaml") {
			f.Add(text, "select 1")
		} else {
			f.Add(bronzeSpec, text)
		}
	}
	f.Add("a: &a [*a, *a]\n", "select '")
	f.Add("? {a: b}\n: c\n", "/* /* */")
	f.Add("kind: !!float .nan\n", "r'\\'")
	f.Fuzz(func(t *testing.T, yaml, sql string) {
		fsys := files()
		fsys["silver/s.yaml"].Data, fsys["silver/s.sql"].Data = []byte(yaml), []byte(sql)
		lakehouse, err := Load(fsys)
		if err == nil {
			if len(lakehouse.Jobs)+len(lakehouse.Views) != 3 {
				t.Errorf("lost a spec: %+v", lakehouse)
			}
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs.Errors) == 0 {
			t.Fatalf("not Errors: %v", err)
		}
		for _, e := range errs.Errors {
			if e.File == "" || e.Message == "" || e.Line < 0 || e.Line > 0 && e.Col < 1 {
				t.Errorf("not a place: %+v", e)
			}
			if !slices.Contains(slices.Collect(maps.Keys(fsys)), e.File) {
				t.Errorf("not a file: %+v", e)
			}
		}
	})
}
