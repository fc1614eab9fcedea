package notebook

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cryptostream/lakectl/jobs"
)

// python3 returns what a Python program prints as JSON.
func python3(t *testing.T, program string, result any) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil && testing.Short() {
		t.Skip("needs python3")
	}
	cmd := exec.Command("python3", "-c", "import json\n"+program)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, program)
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatal(err)
	}
}

// TestLiterals has Python read what is written for it.
func TestLiterals(t *testing.T) {
	texts := []string{
		"select 1", `regex r'\z'`, `"""`, `ends in "`, `ends in \`, `a \""" b`, `{braces} {{twice}} {`, "two\nlines", `'it''s'`, `\`, "…\u2028é", `\"""\`,
		"control \a\x01\x7f",
	}
	var program strings.Builder
	program.WriteString("lakehouse = '`main`.`{x}`'\nprint(json.dumps([")
	var want []string
	for _, text := range texts {
		program.WriteString(pyString(text) + ", " + pyBlock(text) + ", " + inLakehouse(text+somewhere.Table("t")) + ",\n")
		want = append(want, text, "\n"+text+"\n", "\n"+text+"`main`.`{x}`.`t`\n")
	}
	program.WriteString("]))")
	var got []string
	python3(t, program.String(), &got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNotebooksAreSound has Python compile every notebook, cell by cell, also of a lakehouse that is odd.
func TestNotebooksAreSound(t *testing.T) {
	for name, text := range Files(odd(), Defaults(odd())) {
		if !strings.HasSuffix(name, ".py") {
			continue
		}
		var cells int
		python3(t, "cells = "+pyString(string(text))+".split('# COMMAND ----------')\nfor c in cells: compile(c, "+pyString(name)+", 'exec')\nprint(len(cells))", &cells)
		if cells < 10 || !strings.HasPrefix(string(text), "# Databricks notebook source\n") {
			t.Errorf("%s has %d cells and begins with %.40q", name, cells, text)
		}
	}
}

// odd is the lakehouse with a job, a column and a view more, and everything that hurts a notebook.
func odd() *jobs.Lakehouse {
	l := jobs.Default()
	hurtful := "it's \"\"\"quoted\"\"\" {braced} \\z | a pipe\nand a line"
	silver, _ := l.Job("silver_prices")
	silver.Name, silver.Sink.Table, silver.Table.Name = "more", "more", "more"
	silver.Steps = slices.Clone(silver.Steps)
	silver.Steps[0].SQL += " -- " + strings.ReplaceAll(hurtful, "\n", " ")
	silver.Table.Columns = append(slices.Clone(silver.Table.Columns), jobs.Column{Name: "added", Type: "STRING", Comment: hurtful})
	silver.Source.MaxBytesPerTrigger = "64m"
	l.Jobs = append(l.Jobs, silver)
	l.Views = append(l.Views, jobs.View{Name: "v_more", Comment: hurtful, SQL: "select '{x}' as x, \"\"\"\" as y from more", Columns: []jobs.Column{{Name: "x", Comment: hurtful}}})
	return l
}

func TestWhatIsNewShows(t *testing.T) {
	files := Files(odd(), Defaults(odd()))
	for name, texts := range map[string][]string{
		"02_Silver_Transformation.py": {`.queryName("more")`, "`added` STRING", `.option("maxBytesPerTrigger", "64m")`, `check_restart("more", "more")`},
		"03_Gold_Analytics.py":        {`await_tables("silver_prices", "more")`, "{lakehouse}.`v_more`"},
		"04_Maintenance.py":           {`table("more")`, "insert_late_more"},
		"tables.sql":                  {"CREATE TABLE IF NOT EXISTS `more`"},
		"views.sql":                   {"CREATE OR REPLACE VIEW `v_more`"},
	} {
		for _, text := range texts {
			if !strings.Contains(string(files[name]), text) {
				t.Errorf("%s lacks %s", name, text)
			}
		}
	}
}

// TestSharedSteps checks that a step which two queries have is made once, and again where its source differs.
func TestSharedSteps(t *testing.T) {
	count := func(l *jobs.Lakehouse) int {
		return strings.Count(string(Files(l, Defaults(l))["02_Silver_Transformation.py"]), `createOrReplaceTempView("checked_prices")`)
	}
	if n := count(jobs.Default()); n != 1 {
		t.Errorf("checked_prices is made %d times, want once", n)
	}
	l := jobs.Default()
	i := slices.IndexFunc(l.Jobs, func(j jobs.Job) bool { return j.Quarantine != "" })
	l.Jobs[i].Source.MaxBytesPerTrigger = "1m"
	if n := count(l); n != 2 {
		t.Errorf("with two sources checked_prices is made %d times, want twice", n)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24 hours", 30 * time.Second: "30 seconds", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 0: "0 seconds",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// TestKafkaLogin runs the notebooks' Python that logs in, on Databricks and elsewhere.
func TestKafkaLogin(t *testing.T) {
	program := `
import os
from types import SimpleNamespace
def connection(runtime, protocol, mechanism):
    os.environ.pop("DATABRICKS_RUNTIME_VERSION", None)
    if runtime:
        os.environ["DATABRICKS_RUNTIME_VERSION"] = runtime
    asked = []
    def get(scope, key):
        asked.append(scope + "/" + key)
        return {"kafka-username": "me", "kafka-password": 'p"\\'}[key]
    names = {"brokers": "b:1", "kafka_security_protocol": protocol, "kafka_mechanism": mechanism, "secret_scope": "s",
        "dbutils": SimpleNamespace(secrets=SimpleNamespace(get=get))}
    exec(` + pyString(kafkaPython) + `, names)
    options = names["kafka_connection"]()
    return [options["kafka.security.protocol"], options.get("kafka.sasl.mechanism", ""), options.get("kafka.sasl.jaas.config", ""), " ".join(asked)]
print(json.dumps([connection("16.4", "SASL_SSL", "SCRAM-SHA-512"), connection("", "SASL_PLAINTEXT", "PLAIN"), connection("16.4", "SSL", "PLAIN")]))`
	var got [][]string
	python3(t, program, &got)
	login := `required username="me" password="p\"\\";`
	if diff := cmp.Diff([][]string{
		{"SASL_SSL", "SCRAM-SHA-512", "kafkashaded.org.apache.kafka.common.security.scram.ScramLoginModule " + login, "s/kafka-username s/kafka-password"},
		{"SASL_PLAINTEXT", "PLAIN", "org.apache.kafka.common.security.plain.PlainLoginModule " + login, "s/kafka-username s/kafka-password"},
		{"SSL", "", "", ""},
	}, got); diff != "" {
		t.Error(diff)
	}
}
