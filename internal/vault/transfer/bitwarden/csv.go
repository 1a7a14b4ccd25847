package bitwarden

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strings"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// ReadCSV reads a CSV export. The errors are those of ReadJSON.
func ReadCSV(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	return transfer.ReadTable(ctx, source, "Bitwarden", []string{"type", "name", "login_password"},
		func(t *transfer.Table, record []scan.Span, line int) error { return (&table{t}).item(record, line) })
}

type table struct{ *transfer.Table }

func (t *table) item(record []scan.Span, line int) error {
	e := &entry{Item: transfer.Item{Line: line}}
	var folder string
	for i, span := range record {
		value := t.Value(span)
		switch column := t.Columns[i]; column {
		case "folder":
			folder = string(span.Of(t.Data))
		case "collections":
			first, _, more := strings.Cut(string(span.Of(t.Data)), ",")
			folder = first
			if more {
				t.Left("second collection of an item")
			}
		case "name":
			e.name = string(span.Of(t.Data))
		case "type":
		case "notes":
			e.add("notes", value)
		case "login_username":
			e.add("username", value)
		case "login_password":
			e.add("password", value)
		case "login_totp":
			e.add("otp", value)
		case "login_uri":
			t.urls(e, span)
		case "fields":
			t.fields(e, span)
		case "favorite":
			if string(span.Of(t.Data)) == "1" {
				e.Tags = append(e.Tags, "favorite")
			}
		case "reprompt":
			if text := string(span.Of(t.Data)); text != "" && text != "0" {
				t.Left("wish to be asked for the master password again")
			}
		default:
			if span.Len() > 0 {
				t.Left(fmt.Sprintf("column %q", column))
			}
		}
	}
	return t.Add(e.Item, split(folder), e.name)
}

// urls adds the addresses that one column holds.
func (t *table) urls(e *entry, span scan.Span) {
	start := span.Start
	for i := start; i < span.End; i++ {
		if t.Data[i] == ',' && startsURL(t.Data[i+1:span.End]) {
			e.addURL(t.Value(scan.Span{Start: start, End: i}))
			start = i + 1
		}
	}
	e.addURL(t.Value(scan.Span{Start: start, End: span.End}))
}

// startsURL reports whether text begins with a scheme (RFC 3986 §3.1) and "://".
func startsURL(text []byte) bool {
	scheme, _, found := bytes.Cut(text, []byte("://"))
	if !found || len(scheme) == 0 || len(scheme) > 32 {
		return false
	}
	for _, c := range scheme {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// fields adds a person's own fields, which stand on lines.
func (t *table) fields(e *entry, span scan.Span) {
	var name string
	var value scan.Span
	add := func() {
		if name != "" || value.Len() > 0 {
			e.add(cmp.Or(name, "field"), t.Value(value))
		}
	}
	for at := span.Start; at < span.End; {
		line := t.Data[at:span.End]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		end := at + len(line)
		if key, _, found := bytes.Cut(line, []byte(": ")); found {
			add()
			name, value = string(key), scan.Span{Start: at + len(key) + 2, End: end}
		} else if name == "" && value.Len() == 0 {
			value = scan.Span{Start: at, End: end}
		} else {
			value.End = end
		}
		at = end + 1
	}
	add()
}
