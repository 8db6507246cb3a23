package database

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// rowsText bounds the text of the rows in one statement, in bytes, where they are more than one.
const rowsText = 1 << 20

// InsertRows inserts the rows of a GORM model with the columns that are named: with all but the primary key, which the database makes, where none is.
func InsertRows[T any](tx *gorm.DB, rows []T, columns ...string) error {
	parsed, err := modelOf[T](tx)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		columns = slices.DeleteFunc(slices.Clone(parsed.DBNames), func(name string) bool { return slices.Contains(parsed.PrimaryFieldDBNames, name) })
	}
	names := strings.Join(columns, ", ")
	_, err = ExecRows(tx, "INSERT INTO "+parsed.Table+" ("+names+") SELECT "+names+" FROM %s", rows, columns...)
	return err
}

// ExecRows does the statement for all rows. Its %s stands for a table r of their columns that are named, as GORM names the fields of T: whole
// numbers, texts, booleans and bytes. The rows are one parameter, and the statement is the same for one row and for a thousand: SQLite's driver
// parses a statement each time, and binds parameters in time that grows with their square. Many or long rows become several statements.
// In a text, U+FFFD takes the place of what is not UTF-8. It returns how many rows of the database were changed.
func ExecRows[T any](tx *gorm.DB, statement string, rows []T, columns ...string) (changed int64, err error) {
	parsed, err := modelOf[T](tx)
	if err != nil {
		return 0, err
	}
	fields := make([]*schema.Field, len(columns))
	for i, name := range columns {
		if fields[i] = parsed.LookUpField(name); fields[i] == nil {
			return 0, fmt.Errorf("database: %s has no column %s", parsed.Name, name)
		}
	}
	sql := fmt.Sprintf(statement, rowsTable(tx.Name() == "sqlite", fields))
	var text rowsWriter
	for i := range rows {
		if err := text.add(tx, fields, reflect.ValueOf(&rows[i]).Elem()); err != nil {
			return changed, err
		}
		if text.Len() < rowsText && i < len(rows)-1 {
			continue
		}
		result := tx.Exec(sql, text.take())
		changed += result.RowsAffected
		if result.Error != nil {
			return changed, result.Error
		}
	}
	return changed, nil
}

// Listed is the query for the values of a list, which is one parameter of a statement, as in "id IN (" + query + ")".
func Listed[T int64 | string](tx *gorm.DB, values []T) (query, list string) {
	text, _ := json.Marshal(append([]T{}, values...)) // whole numbers and texts always have a JSON form
	if tx.Name() == "sqlite" {
		return "SELECT value FROM json_each(?)", string(text)
	}
	if _, numbers := any(values).([]int64); numbers {
		return "SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb)", string(text)
	}
	return "SELECT value FROM jsonb_array_elements_text(?::jsonb)", string(text)
}

// In is the condition that a column has one of the values, which are one parameter, however many.
func In[T int64 | string](tx *gorm.DB, column string, values []T) clause.Expr {
	query, list := Listed(tx, values)
	return clause.Expr{SQL: column + " IN (" + query + ")", Vars: []any{list}}
}

func modelOf[T any](tx *gorm.DB) (*schema.Schema, error) {
	s := gorm.Statement{DB: tx}
	if err := s.Parse(new(T)); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return s.Schema, nil
}

// rowsTable is the table r of one parameter: a JSON array of rows, each an array of its columns' values.
func rowsTable(sqlite bool, fields []*schema.Field) string {
	columns := make([]string, len(fields))
	for i, f := range fields {
		columns[i] = fmt.Sprintf(columnOf(sqlite, f.IndirectFieldType.Kind())+" AS %s", i, f.DBName)
	}
	source := "jsonb_array_elements(?::jsonb) AS each_row(value)"
	if sqlite {
		source = "json_each(?)"
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM " + source + ") AS r"
}

func columnOf(sqlite bool, kind reflect.Kind) string {
	switch {
	case sqlite && kind == reflect.Slice:
		return "unhex(value ->> %d)"
	case sqlite || kind == reflect.String:
		return "value ->> %d"
	case kind == reflect.Slice:
		return "decode(value ->> %d, 'hex')"
	case kind == reflect.Bool:
		return "(value ->> %d)::boolean"
	default:
		return "(value ->> %d)::bigint"
	}
}

// rowsWriter writes rows as the JSON that rowsTable reads.
type rowsWriter struct {
	bytes.Buffer
	encoder *json.Encoder
}

func (w *rowsWriter) add(tx *gorm.DB, fields []*schema.Field, row reflect.Value) error {
	if w.encoder == nil {
		w.encoder = json.NewEncoder(&w.Buffer)
		w.encoder.SetEscapeHTML(false)
	}
	separator := byte(',')
	if w.Len() == 0 {
		separator = '['
	}
	w.WriteByte(separator)
	values := make([]any, len(fields))
	for i, f := range fields {
		var err error
		if values[i], err = plainValue(f.ReflectValueOf(tx.Statement.Context, row)); err != nil {
			return fmt.Errorf("database: column %s: %w", f.DBName, err)
		}
	}
	return w.encoder.Encode(values)
}

func (w *rowsWriter) take() string {
	w.WriteByte(']')
	text := w.String()
	w.Reset()
	return text
}

// plainValue is the value without its type's own JSON form. Bytes that are nil are NULL.
func plainValue(v reflect.Value) (any, error) {
	switch {
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.CanInt():
		return v.Int(), nil
	case v.Kind() == reflect.Bool:
		return v.Bool(), nil
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		if v.IsNil() {
			return nil, nil
		}
		return hex.EncodeToString(v.Bytes()), nil
	default:
		return nil, errors.New("neither a whole number nor a text, a boolean or bytes")
	}
}

// Undoable runs f in the transaction so that its error undoes what f did and nothing else. It does not nest. GORM's own nested
// transactions leave each savepoint open until the commit, and SQLite's cost of a write grows with the open ones.
func Undoable(tx *gorm.DB, f func(*gorm.DB) error) (err error) {
	if err := tx.Exec("SAVEPOINT undoable").Error; err != nil {
		return err
	}
	if err = f(tx); err != nil {
		err = errors.Join(err, tx.Exec("ROLLBACK TO SAVEPOINT undoable").Error)
	}
	return errors.Join(err, tx.Exec("RELEASE SAVEPOINT undoable").Error)
}

// Analyze lets PostgreSQL plan with what the transaction stored in the tables, which it would do by itself a minute later. SQLite plans by its
// indexes alone.
func Analyze(tx *gorm.DB, tables ...string) error {
	if tx.Name() != "postgres" {
		return nil
	}
	return tx.Exec("ANALYZE " + strings.Join(tables, ", ")).Error
}
