package keepass

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// ReadCSV reads a CSV export. The errors are those of ReadXML.
func ReadCSV(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, true)
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
	columns := make([]string, len(header))
	for i, span := range header {
		columns[i] = string(span.Of(data))
	}
	for _, needed := range []string{"Group", "Title", "Username", "Password"} {
		if !slices.Contains(columns, needed) {
			return nil, b.Malformed(line, fmt.Sprintf("no column %q: not an export of KeePassXC", needed))
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
		r := row{Builder: b, item: transfer.Item{Line: line}}
		for i, span := range record {
			if err := r.cell(columns[i], span.Of(data), b.Arena().At(part, span)); err != nil {
				return nil, err
			}
		}
		if err := b.Add(r.item, r.folders, r.title); err != nil {
			return nil, err
		}
	}
}

// row is one entry while it is read.
type row struct {
	*transfer.Builder
	item    transfer.Item
	folders []string
	title   string
}

func (r *row) cell(column string, text []byte, value transfer.Value) (err error) {
	switch column {
	case "Group":
		r.folders = strings.Split(string(text), "/")[1:]
	case "Title":
		r.title = string(text)
	case "Username":
		r.add("username", value)
	case "Password":
		r.add("password", value)
	case "URL":
		r.add("url", value)
	case "Notes":
		r.add("notes", value)
	case "TOTP":
		r.add("otp", value)
	case "Icon":
	case "Last Modified":
		r.item.Updated, err = r.time(text)
	case "Created":
		r.item.Created, err = r.time(text)
	default:
		if len(text) > 0 {
			r.Left(fmt.Sprintf("column %q", column))
		}
	}
	return err
}

func (r *row) add(name string, value transfer.Value) {
	if value.Len() > 0 {
		r.item.Fields = append(r.item.Fields, transfer.Field{Name: name, Value: value})
	}
}

func (r *row) time(text []byte) (time.Time, error) {
	if len(text) == 0 {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return time.Time{}, r.Malformed(r.item.Line, "malformed time")
	}
	return t, nil
}
