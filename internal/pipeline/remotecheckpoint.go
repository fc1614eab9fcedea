package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cryptostream/lakectl/internal/ddl"
	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/internal/spark"
	"github.com/cryptostream/lakectl/jobs"
)

// remoteCheckpoints are in a store that only the server can read, which it does as text. What a checkpoint
// was made by is a property of its job's sink table.
type remoteCheckpoints struct {
	place   ddl.Place
	session *spark.Session
}

func (r remoteCheckpoints) exists(ctx context.Context, job jobs.Job) (bool, error) {
	_, err := r.session.Query(ctx, "SELECT value FROM text."+ddl.Ident(r.place.Checkpoint(job.Name)+"/metadata"))
	if missing(err) {
		return false, nil
	}
	return err == nil, err
}

// originProperty has the job's name in it: nothing forbids two jobs to write one table.
func originProperty(job jobs.Job) string { return "lakectl.checkpoint." + job.Name }

func (r remoteCheckpoints) origin(ctx context.Context, job jobs.Job) (*Origin, error) {
	// SHOW TBLPROPERTIES would blacken what has "url" or "token" in it, and gold_price_hourly has.
	rows, err := r.session.Query(ctx, "DESCRIBE DETAIL "+r.place.Table(job.Sink.Table))
	if err != nil {
		return nil, fmt.Errorf("read the properties of table %s: %w", job.Sink.Table, err)
	}
	text := property(rows, originProperty(job))
	if text == "" {
		return nil, nil
	}
	var o Origin
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, exit.New(exit.Refused, fmt.Errorf("property %s of table %s: %w", originProperty(job), job.Sink.Table, err),
			"it says what the checkpoint was made by; unset it if no job's SQL has changed since")
	}
	return &o, nil
}

// property finds a table's property in what DESCRIBE DETAIL says; "" where there is none.
func property(detail spark.Rows, name string) string {
	column := slices.Index(detail.Columns, "properties")
	if column < 0 || len(detail.Values) != 1 {
		return ""
	}
	pairs, _ := detail.Values[0][column].([]any)
	for _, pair := range pairs {
		if p, ok := pair.(spark.Struct); ok && len(p) == 2 && p[0].Value == name {
			text, _ := p[1].Value.(string)
			return text
		}
	}
	return ""
}

// record changes the table's metadata, which an append under way would not survive; but it is done once,
// before the query's first start.
func (r remoteCheckpoints) record(ctx context.Context, job jobs.Job, o Origin) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	err = r.session.Exec(ctx, "ALTER TABLE "+r.place.Table(job.Sink.Table)+" SET TBLPROPERTIES ("+
		ddl.Literal(originProperty(job))+" = "+ddl.Literal(string(text))+")")
	if err != nil {
		return fmt.Errorf("record what the checkpoint of %s is made by: %w", job.Name, err)
	}
	return nil
}
