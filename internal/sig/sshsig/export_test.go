package sshsig

import (
	"bytes"

	"kai/internal/key/sshwire"
)

// Rewrite takes a file apart and writes it again as Sign and Append would.
// whole reports whether each block came out as the bytes it was parsed from.
func Rewrite(file []byte) (again []byte, whole bool) {
	whole = true
	var out bytes.Buffer
	for pos := 0; pos < len(file) && !isEmptyLines(file[pos:]); {
		s, err := dearmor(file, pos)
		if err != nil {
			return nil, false
		}
		raw := rewriteBlock(s)
		whole = whole && bytes.Equal(raw, s.raw)
		out.Write(armor(s.label, raw))
		pos = s.next
	}
	return out.Bytes(), whole
}

func rewriteBlock(s *section) []byte {
	if s.label == kaiLabel {
		h, err := parseHybrid(s.raw)
		if err != nil {
			return nil
		}
		return h.marshal()
	}
	b, err := parseBlock(s.raw)
	if err != nil {
		return nil
	}
	return b.marshal()
}

// Blocks returns the decoded blocks of a file.
func Blocks(file []byte) [][]byte {
	var raw [][]byte
	for pos := 0; pos < len(file); {
		s, err := dearmor(file, pos)
		if err != nil {
			return nil
		}
		raw = append(raw, s.raw)
		pos = s.next
	}
	return raw
}

// ArmorSSH and ArmorKAI armor any bytes.
func ArmorSSH(raw []byte) []byte { return armor(sshLabel, raw) }
func ArmorKAI(raw []byte) []byte { return armor(kaiLabel, raw) }

// RewriteValue takes the value of a block apart and puts it together again; ok
// is false for formats that are read only.
func RewriteValue(raw []byte) (before, after []byte, ok bool) {
	b, err := parseBlock(raw)
	if err != nil {
		return nil, nil, false
	}
	c, err := b.claim()
	if err != nil || c.Scheme == "" {
		return nil, nil, false
	}
	format, err := formatOf(c.Key.Type())
	if err != nil || !bytes.HasPrefix(b.value, sshwire.AppendString(nil, format)) {
		return nil, nil, false
	}
	after, err = appendValue(nil, format, c.Signature)
	return b.value, after, err == nil
}
