package dotenv

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"kai/internal/vault/transfer"
)

// Write writes items as a .env file, in their order.
//
// The errors are ErrNotText for a value, and ErrPath for two variables of one name;
// then, as with errors of items and w, what was written is worth nothing.
func Write(w io.Writer, items iter.Seq2[*transfer.Item, error]) error {
	var line transfer.Buffer
	defer line.Wipe()
	names := make(map[string]string) // variable → path
	for item, err := range items {
		if err != nil {
			return err
		}
		for _, field := range item.Fields {
			name, path := variableName(item, field), transfer.FullPath(item)
			if other, taken := names[name]; taken {
				return fmt.Errorf("%w: %q and %q both become the variable %s", transfer.ErrPath, other, path, name)
			}
			names[name] = path
			value := field.Value.Expose()
			if !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0 {
				return fmt.Errorf("%w: %q field %q: not text", transfer.ErrNotText, path, field.Name)
			}
			line.Reset()
			line.AppendString(name + "=")
			appendQuoted(&line, value)
			line.AppendString("\n")
			if _, err := w.Write(line.Bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}

// variableName names the variable of a field.
func variableName(item *transfer.Item, field transfer.Field) string {
	name := transfer.FullPath(item)
	if len(item.Fields) > 1 && field.Name != "value" {
		name += "_" + field.Name
	}
	made := make([]byte, 0, len(name)+1)
	if name != "" && '0' <= name[0] && name[0] <= '9' {
		made = append(made, '_')
	}
	for _, r := range name {
		switch {
		case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		default:
			r = '_'
		}
		made = append(made, byte(r))
	}
	return string(made)
}

func appendQuoted(line *transfer.Buffer, value []byte) {
	if bytes.IndexByte(value, '\'') < 0 {
		line.Append('\'')
		line.Append(value...)
		line.Append('\'')
		return
	}
	line.Grow(2*len(value) + 2)
	line.Append('"')
	for _, c := range value {
		switch c {
		case '\\', '"', '$', '`':
			line.Append('\\')
		}
		line.Append(c)
	}
	line.Append('"')
}
