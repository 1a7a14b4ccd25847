package pass

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"kai/internal/vault/transfer"
)

// maxKey bounds a line's KEY; longer ones are sentences with a colon.
const maxKey = 64

// parse makes fields of a decrypted file.
func parse(text []byte, arena *transfer.Arena) []transfer.Field {
	if bytes.HasPrefix(text, []byte("-----BEGIN ")) || !utf8.Valid(text) {
		return []transfer.Field{{Name: "value", Value: arena.Copy(text)}}
	}
	password, rest := cutLine(text)
	fields := []transfer.Field{{Name: "password", Value: arena.Copy(password)}}
	var notes transfer.Buffer
	defer notes.Wipe()
	for len(rest) > 0 {
		var line []byte
		line, rest = cutLine(rest)
		key, value, is := keyValue(line)
		// One field is kept for the notes.
		if !is || len(fields) >= transfer.MaxFields-1 {
			notes.Append(line...)
			notes.Append('\n')
			continue
		}
		fields = append(fields, transfer.Field{Name: key, Value: arena.Copy(value)})
	}
	if text := bytes.Trim(notes.Bytes(), "\n"); len(text) > 0 {
		fields = append(fields, transfer.Field{Name: "notes", Value: arena.Copy(text)})
	}
	return fields
}

// cutLine returns the first line without its end, and what follows.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// keyValue splits a line that is a field.
func keyValue(line []byte) (key string, value []byte, is bool) {
	if bytes.HasPrefix(line, []byte("otpauth://")) {
		return "otp", line, true
	}
	name, value, found := bytes.Cut(line, []byte(":"))
	switch {
	case !found, len(name) == 0, len(name) > maxKey, len(value) == 0, value[0] != ' ' && value[0] != '\t':
		return "", nil, false
	}
	if c := name[0]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
		return "", nil, false
	}
	key = strings.TrimRight(string(name), " \t")
	switch lower := strings.ToLower(key); lower {
	case "username", "user", "login":
		key = "username"
	case "url", "otp":
		key = lower
	}
	return key, bytes.Trim(value, " \t"), true
}
