package flatjson

import (
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"kai/internal/vault/transfer"
)

// Write writes items in their order. Each path must appear once; a second one is
// ErrPath. After an error what was written is worth nothing.
func Write(w io.Writer, items iter.Seq2[*transfer.Item, error]) error {
	var line transfer.Buffer
	defer line.Wipe()
	paths := make(map[string]bool)
	for item, err := range items {
		if err != nil {
			return err
		}
		path := transfer.FullPath(item)
		if paths[path] {
			return fmt.Errorf("%w: a second item of the path %q", transfer.ErrPath, path)
		}
		line.Reset()
		line.AppendString(",\n")
		if len(paths) == 0 {
			line.Reset()
			line.AppendString("{\n")
		}
		paths[path] = true
		transfer.AppendJSON(&line, []byte(path))
		line.AppendString(": ")
		appendItem(&line, item)
		if _, err := w.Write(line.Bytes()); err != nil {
			return err
		}
	}
	end := "\n}\n"
	if len(paths) == 0 {
		end = "{}\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

func appendItem(line *transfer.Buffer, item *transfer.Item) {
	if len(item.Fields) == 1 && item.Fields[0].Name == "value" && utf8.Valid(item.Fields[0].Value.Expose()) {
		transfer.AppendJSON(line, item.Fields[0].Value.Expose())
		return
	}
	line.AppendString("{")
	for i, field := range item.Fields {
		if i > 0 {
			line.AppendString(", ")
		}
		transfer.AppendJSON(line, []byte(field.Name))
		line.AppendString(": ")
		value := field.Value.Expose()
		if utf8.Valid(value) {
			transfer.AppendJSON(line, value)
			continue
		}
		line.AppendString(`{"base64": "`)
		line.AppendEncoded(base64.StdEncoding, value)
		line.AppendString(`"}`)
	}
	line.AppendString("}")
}
