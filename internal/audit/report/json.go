package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON writes the report as one line of JSON. Characters that Visible would show as escapes
// are escapes of JSON, so that a terminal is safe and a reader gets the string as it was.
func (r *Report) WriteJSON(w io.Writer) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(append(escapeHidden(data), '\n'))
	return err
}

// escapeHidden escapes in JSON what is not ASCII and not to be seen: it can only stand in strings.
func escapeHidden(data []byte) []byte {
	var b bytes.Buffer
	start := 0
	for i := 0; i < len(data); {
		if data[i] < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if hidden(r) {
			b.Write(data[start:i])
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
			start = i + size
		}
		i += size
	}
	b.Write(data[start:])
	return b.Bytes()
}
