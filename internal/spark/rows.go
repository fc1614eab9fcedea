package spark

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/spark-connect-go/v35/spark/sql"
)

// Rows is a result, read whole.
type Rows struct {
	Columns []string
	// Values holds one slice per row, in the order of Columns. NULL is nil, and Spark's types are
	//
	//	BOOLEAN                   bool
	//	TINYINT … BIGINT          int64
	//	FLOAT, DOUBLE             float64
	//	DECIMAL                   Decimal
	//	STRING                    string
	//	BINARY                    []byte
	//	DATE                      Date
	//	TIMESTAMP, TIMESTAMP_NTZ  time.Time in UTC
	//	ARRAY                     []any
	//	STRUCT                    Struct
	//	MAP                       []any of Struct{key, value}
	//
	// Any other type is its text, as a string.
	Values [][]any
}

// Decimal is an exact decimal number as text, with as many decimals as its type's scale.
type Decimal string

// Date is a calendar day, "2006-01-02".
type Date string

// Struct is a STRUCT value: its fields in order.
type Struct []Field

// Field is one field of a Struct.
type Field struct {
	Name  string
	Value any
}

// MarshalJSON writes the struct as an object, its fields in order.
func (s Struct) MarshalJSON() ([]byte, error) { return marshalFields(s) }

// MarshalJSON writes an array of row objects, columns in order: decimals as strings, times as
// RFC 3339 (with more digits or a sign outside of the years 0 to 9999), bytes as base64.
func (r Rows) MarshalJSON() ([]byte, error) {
	objects := make([]Struct, len(r.Values))
	for i, row := range r.Values {
		for j, name := range r.Columns {
			objects[i] = append(objects[i], Field{name, row[j]})
		}
	}
	return json.Marshal(objects)
}

func marshalFields(fields []Field) ([]byte, error) {
	out := []byte{'{'}
	for i, f := range fields {
		if i > 0 {
			out = append(out, ',')
		}
		name, err := json.Marshal(f.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(JSONValue(f.Value))
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// JSONValue is a value of Rows as encoding/json takes it: a time outside of the years 0 to 9999 as text. A time zone can lead
// there, and time.Time's own MarshalJSON refuses it.
func JSONValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		if v.Year() < 0 || v.Year() > 9999 {
			return v.Format(time.RFC3339Nano)
		}
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = JSONValue(v[i])
		}
		return all
	}
	return v
}

// Query runs a statement and reads its whole result. A statement without a result gives no columns.
func (s *Session) Query(ctx context.Context, statement string) (Rows, error) {
	frame, err := s.frames.Sql(ctx, statement)
	if err != nil {
		return Rows{}, asError(err)
	}
	return collect(ctx, frame)
}

func collect(ctx context.Context, frame sql.DataFrame) (Rows, error) {
	table, err := frame.ToArrow(ctx)
	if err != nil {
		return Rows{}, asError(err)
	}
	if *table == nil { // spark-connect-go gives no table, and so no names, where there are no rows
		schema, err := frame.Schema(ctx)
		if err != nil {
			return Rows{}, asError(err)
		}
		var rows Rows
		for _, f := range schema.Fields {
			rows.Columns = append(rows.Columns, f.Name)
		}
		return rows, nil
	}
	defer (*table).Release()
	return fromArrow(*table), nil
}

func fromArrow(table arrow.Table) Rows {
	rows := Rows{Values: make([][]any, table.NumRows())}
	for i := range rows.Values {
		rows.Values[i] = make([]any, table.NumCols())
	}
	for j := range int(table.NumCols()) {
		rows.Columns = append(rows.Columns, table.Schema().Field(j).Name)
		i := 0
		for _, chunk := range table.Column(j).Data().Chunks() {
			for k := range chunk.Len() {
				rows.Values[i][j] = value(chunk, k)
				i++
			}
		}
	}
	return rows
}

// value reads element i of an Arrow array as the Go value that Rows promises.
func value(a arrow.Array, i int) any {
	if a.IsNull(i) || a.DataType().ID() == arrow.NULL {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Float32:
		return float64(a.Value(i))
	case *array.Float64:
		return a.Value(i)
	case *array.Decimal128:
		return Decimal(a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale))
	case *array.String:
		return a.Value(i)
	case *array.Binary:
		return append([]byte{}, a.Value(i)...)
	case *array.Date32:
		return Date(a.Value(i).ToTime().Format(time.DateOnly))
	case *array.Timestamp:
		return a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit).UTC()
	case *array.Map:
		return elements(a.ListValues(), a.Offsets(), a.Offset()+i)
	case *array.List:
		return elements(a.ListValues(), a.Offsets(), a.Offset()+i)
	case *array.Struct:
		return structValue(a, i)
	}
	return a.ValueStr(i)
}

func elements(values arrow.Array, offsets []int32, i int) []any {
	list := []any{}
	for k := offsets[i]; k < offsets[i+1]; k++ {
		list = append(list, value(values, int(k)))
	}
	return list
}

func structValue(a *array.Struct, i int) Struct {
	var s Struct
	for j, f := range a.DataType().(*arrow.StructType).Fields() {
		s = append(s, Field{f.Name, value(a.Field(j), i)})
	}
	return s
}
