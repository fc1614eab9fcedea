package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// Register makes the schema, the tables and the views of a lakehouse known in a session's catalog,
// and makes the session's current schema the lakehouse's. Tables that exist keep their rows; a column
// that only the spec has is added, any other difference is refused. It may be repeated.
//
// The session must have no temporary view named like a table: a view's SQL would find that first.
func Register(ctx context.Context, session *spark.Session, place ddl.Place, lakehouse *jobs.Lakehouse) error {
	if _, err := registerTables(ctx, session, place, lakehouse); err != nil {
		return err
	}
	return registerViews(ctx, session, place, lakehouse.Views)
}

// registerTables makes the schema and the tables, and returns the names of the tables that were not
// there before.
func registerTables(ctx context.Context, session *spark.Session, place ddl.Place, lakehouse *jobs.Lakehouse) (map[string]bool, error) {
	// Who may only use a schema that is there has no right to create it, even if it would not be.
	if Use(ctx, session, place) != nil {
		if err := session.Exec(ctx, place.CreateSchema()); err != nil {
			return nil, fmt.Errorf("create schema %s: %w", place.QualifiedSchema(), err)
		}
		if err := Use(ctx, session, place); err != nil {
			return nil, err
		}
	}
	made := map[string]bool{}
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	for _, job := range lakehouse.Jobs {
		g.Go(func() error {
			isNew, err := registerTable(gctx, session, place, job.Table)
			mu.Lock()
			defer mu.Unlock()
			made[job.Table.Name] = isNew
			return err
		})
	}
	return made, g.Wait()
}

func registerViews(ctx context.Context, session *spark.Session, place ddl.Place, views []jobs.View) error {
	for _, view := range views {
		if err := session.Exec(ctx, place.CreateView(view)); err != nil {
			return fmt.Errorf("create view %s: %w", view.Name, err)
		}
	}
	return nil
}

// Use makes the lakehouse's schema the session's current one.
func Use(ctx context.Context, session *spark.Session, place ddl.Place) error {
	if err := session.Exec(ctx, place.UseSchema()); err != nil {
		return fmt.Errorf("use schema %s: %w", place.Schema, err)
	}
	return nil
}

// registerTable reports whether it has made the table.
func registerTable(ctx context.Context, session *spark.Session, place ddl.Place, table jobs.Table) (bool, error) {
	columns, err := session.Query(ctx, "DESCRIBE TABLE "+place.Files(table.Name))
	if missing(err) {
		if err := clearUnborn(place, table.Name); err != nil {
			return false, fmt.Errorf("create table %s: %w", table.Name, err)
		}
		if err := session.Exec(ctx, place.CreateTable(table)); err != nil {
			return false, fmt.Errorf("create table %s: %w", table.Name, err)
		}
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe table %s: %w", table.Name, err)
	}
	if place.Warehouse != "" { // described by its files, so the catalog may not know it
		if err := session.Exec(ctx, place.AdoptTable(table)); err != nil {
			return false, fmt.Errorf("register table %s: %w", table.Name, err)
		}
	}
	if err := matchColumns(ctx, session, place, table, columns); err != nil {
		return false, err
	}
	return false, addProperties(ctx, session, place, table)
}

// addProperties gives an existing local table those of its spec that it lacks: an earlier version of lakectl has made
// it. What somebody has set otherwise stays.
func addProperties(ctx context.Context, session *spark.Session, place ddl.Place, table jobs.Table) error {
	if !place.LocalWarehouse() || len(table.Properties) == 0 {
		return nil
	}
	detail, err := session.Query(ctx, "DESCRIBE DETAIL "+place.Files(table.Name))
	if err != nil {
		return fmt.Errorf("read the properties of table %s: %w", table.Name, err)
	}
	lacking := map[string]string{}
	for name, value := range table.Properties {
		if property(detail, name) == "" {
			lacking[name] = value
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	if err := session.Exec(ctx, place.SetProperties(table.Name, lacking)); err != nil {
		return fmt.Errorf("set the properties of table %s: %w", table.Name, err)
	}
	return nil
}

// clearUnborn removes what a start that was killed, or met a full disk, has left of a local table it was
// making: a log without a version, on which Delta would make no table ever after. What has anything
// else in it is left alone.
func clearUnborn(place ddl.Place, table string) error {
	if !place.LocalWarehouse() {
		return nil
	}
	entries, err := os.ReadDir(place.Path(table))
	if errors.Is(err, fs.ErrNotExist) || err == nil && (len(entries) != 1 || entries[0].Name() != "_delta_log") {
		return nil
	}
	if err != nil {
		return err
	}
	log := filepath.Join(place.Path(table), "_delta_log")
	versions, err := filepath.Glob(filepath.Join(log, "*[0-9].*"))
	if err != nil || slices.ContainsFunc(versions, func(path string) bool { return !strings.HasPrefix(filepath.Base(path), ".") }) {
		return err
	}
	return os.RemoveAll(log)
}

// missing reports that there is no such Delta table, or no such file.
func missing(err error) bool {
	var e *spark.Error
	return errors.As(err, &e) && slices.Contains([]string{
		"TABLE_OR_VIEW_NOT_FOUND", "DELTA_TABLE_NOT_FOUND", "DELTA_MISSING_DELTA_TABLE",
		"DELTA_PATH_DOES_NOT_EXIST", "PATH_NOT_FOUND", "DELTA_PATH_BASED_ACCESS_TO_NON_DELTA_TABLE",
	}, e.Class)
}

// matchColumns compares an existing table, as DESCRIBE TABLE shows it, with the spec.
func matchColumns(ctx context.Context, session *spark.Session, place ddl.Place, table jobs.Table, rows spark.Rows) error {
	actual := map[string]string{}
	for _, row := range rows.Values {
		name, _ := row[0].(string)
		kind, _ := row[1].(string)
		if name == "" || strings.HasPrefix(name, "#") {
			break // partitioning follows
		}
		actual[name] = kind
	}
	added, conflicts := compareColumns(table.Columns, actual)
	if len(conflicts) > 0 {
		return exit.New(exit.Refused, fmt.Errorf("table %s differs from its spec: %s", table.Name, strings.Join(conflicts, "; ")),
			"only new, optional columns can be added to a table that has rows; use another data dir, or undo the change in the spec")
	}
	for _, c := range added {
		if err := session.Exec(ctx, place.AddColumn(table.Name, c)); err != nil {
			return fmt.Errorf("add column %s to table %s: %w", c.Name, table.Name, err)
		}
	}
	return nil
}

// compareColumns returns the columns that the table lacks and could get, and what can't be settled.
// Columns that only the table has are left alone.
func compareColumns(spec []jobs.Column, actual map[string]string) (added []jobs.Column, conflicts []string) {
	for _, c := range spec {
		kind, there := actual[c.Name]
		switch {
		case there && !sameType(kind, c.Type):
			conflicts = append(conflicts, fmt.Sprintf("%s is %s, not %s", c.Name, kind, c.Type))
		case !there && c.Required:
			conflicts = append(conflicts, fmt.Sprintf("%s is missing, and NOT NULL", c.Name))
		case !there:
			added = append(added, c)
		}
	}
	return added, conflicts
}

// sameType compares two spellings of a type: case, spaces and INTEGER for INT don't count.
func sameType(a, b string) bool {
	normal := func(t string) string {
		t = strings.ToLower(strings.Join(strings.Fields(t), ""))
		return strings.NewReplacer("integer", "int", "long", "bigint").Replace(t)
	}
	return normal(a) == normal(b)
}
