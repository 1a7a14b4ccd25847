package transfer

import (
	"context"
	"fmt"
	"slices"

	"kai/internal/vault/transfer/scan"
)

// Table is a CSV file with a header while it is read.
type Table struct {
	*Builder
	Columns []string
	Data    []byte // the file
	part    int
}

// Value is the content of a cell.
func (t *Table) Value(cell scan.Span) Value { return t.Arena().At(t.part, cell) }

// ReadTable reads a CSV file of some maker, whose header has at least the needed columns, and gives
// each record to row. Errors are those of scan, ErrMalformed, and row's.
func ReadTable(ctx context.Context, source Source, maker string, needed []string, row func(t *Table, record []scan.Span, line int) error) (*Store, error) {
	b := NewBuilder(source.Name, true)
	defer b.Abort()
	data, part, err := b.ReadAll(source.Reader, source.Size)
	if err != nil {
		return nil, err
	}
	s := scan.NewCSV(data)
	header, line, err := s.Record(nil)
	if err != nil {
		return nil, b.Fail(line, err)
	}
	t := &Table{Builder: b, Columns: make([]string, len(header)), Data: data, part: part}
	for i, cell := range header {
		t.Columns[i] = string(cell.Of(data))
	}
	for _, name := range needed {
		if !slices.Contains(t.Columns, name) {
			return nil, b.Malformed(line, fmt.Sprintf("no column %q: not an export of %s", name, maker))
		}
	}
	var record []scan.Span
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if record, line, err = s.Record(record); err != nil {
			return nil, b.Fail(line, err)
		}
		if len(record) == 0 {
			return b.Done(), nil
		}
		if err := row(t, record, line); err != nil {
			return nil, err
		}
	}
}
