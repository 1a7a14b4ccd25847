package keepass

import (
	"context"
	"fmt"
	"strings"
	"time"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// ReadCSV reads a CSV export. The errors are those of ReadXML.
func ReadCSV(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	return transfer.ReadTable(ctx, source, "KeePassXC", []string{"Group", "Title", "Username", "Password"},
		func(t *transfer.Table, record []scan.Span, line int) error {
			r := row{Builder: t.Builder, item: transfer.Item{Line: line}}
			for i, cell := range record {
				if err := r.cell(t.Columns[i], cell.Of(t.Data), t.Value(cell)); err != nil {
					return err
				}
			}
			return t.Add(r.item, r.folders, r.title)
		})
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
