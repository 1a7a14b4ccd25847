package allowedsigners

import (
	"bytes"
	"encoding/base64"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/key/sshwire"
)

// Entry is one line's statement.
type Entry struct {
	Line       int
	Principals string // patterns, as in the file
	// Key is the key, zero if it is of a type or strength that is not accepted
	// here, or a certificate: then it matches nobody, but the line is well-formed.
	Key     key.Public
	Comment string

	CertAuthority bool
	// Namespaces is the list of patterns, nil without the option.
	Namespaces *string
	// ValidAfter and ValidBefore are zero without the options.
	ValidAfter, ValidBefore         time.Time
	NoTouchRequired, VerifyRequired bool

	blob []byte
}

// line is an entry, or the words of what is wrong with it.
type line struct {
	number     int
	principals *string // nil if not even they could be read
	entry      *Entry
	fault      string
}

const blanks = " \t"

// parseLine reads a line; ok is false for lines that say nothing.
func parseLine(number int, text string, loc *time.Location) (l line, ok bool) {
	text, _, _ = strings.Cut(text, "\x00") // C stops there
	text = strings.TrimLeft(text, " \t\r\n")
	if text == "" || text[0] == '#' {
		return line{}, false
	}
	l.number = number
	principals, rest, ok := cutWord(text)
	if !ok {
		l.fault = "invalid line"
		return l, true
	}
	l.principals = &principals
	e := &Entry{Line: number, Principals: principals}
	if !e.readKey(rest) {
		var options string
		if options, rest, ok = cutOptions(rest); !ok {
			l.fault = "invalid options"
			return l, true
		}
		if rest == "" {
			l.fault = "missing key"
			return l, true
		}
		if !e.readKey(strings.TrimLeft(rest, blanks)) {
			l.fault = "invalid key"
			return l, true
		}
		if fault := e.readOptions(options, loc); fault != "" {
			l.fault = "bad options: " + fault
			return l, true
		}
	}
	l.entry = e
	return l, true
}

// cutWord takes the first word, up to white space or through a quoted part:
// what follows a closing quote is not of the word. ok is false if nothing
// follows, or a quote is not closed.
func cutWord(text string) (word, rest string, ok bool) {
	i := strings.IndexAny(text, " \t\r\n\"")
	if i < 0 {
		return "", "", false
	}
	word, rest = text[:i], text[i+1:]
	if text[i] == '"' {
		var quoted string
		if quoted, rest, ok = strings.Cut(rest, `"`); !ok {
			return "", "", false
		}
		word += quoted
	}
	return word, strings.TrimLeft(rest, " \t\r\n"), true
}

// cutOptions takes all up to the first blank outside quotes. rest is what
// follows that blank, "" if there is none.
func cutOptions(text string) (options, rest string, ok bool) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(blanks, text[i]) >= 0:
			return text[:i], text[i:], true
		}
	}
	return text, "", !quoted
}

// readKey reads "keytype base64 [comment]" and reports whether it is one.
func (e *Entry) readKey(text string) bool {
	name, rest, ok := cutBlank(text)
	if !ok {
		return false
	}
	encoded, comment, _ := cutBlank(rest)
	encoded = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\n\v\f\r", r) {
			return -1
		}
		return r
	}, encoded)
	blob, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || !bytes.HasPrefix(blob, sshwire.AppendString(nil, name)) {
		return false
	}
	pub, err := key.ParseWire(blob)
	if err != nil || pub.Type().SSHName() == "" {
		if _, err := ssh.ParsePublicKey(blob); err != nil {
			return false
		}
		pub = key.Public{}
	}
	e.Key, e.blob, e.Comment = pub, blob, strings.TrimRight(comment, " \t\r\n")
	return true
}

// cutBlank takes the text before the first run of blanks.
func cutBlank(text string) (before, after string, ok bool) {
	i := strings.IndexAny(text, blanks)
	if i < 0 {
		return text, "", false
	}
	return text[:i], strings.TrimLeft(text[i:], blanks), true
}
