package note

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"kai/internal/sig"
)

// Sign returns a note of the text, which must end in LF, with a signature by an
// Ed25519 key under a name.
//
// The errors are ErrText, ErrName, sig.ErrDomain, and those of sig.Scheme.Sign.
func Sign(rand io.Reader, signer sig.Signer, name string, text []byte) ([]byte, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	return write(rand, signer, name, &note.Note{Text: string(text)})
}

// Add returns the note with one more signature, below those that it has. A line
// of the same key under the same name is replaced.
//
// The errors are those of Sign, and those of Format.Parse for the note. The
// signatures that it has are not checked.
func Add(rand io.Reader, signer sig.Signer, name string, signed []byte) ([]byte, error) {
	n, err := split(signed)
	if err != nil {
		return nil, err
	}
	if err := checkText([]byte(n.Text)); err != nil {
		return nil, err
	}
	return write(rand, signer, name, n)
}

func write(rand io.Reader, signer sig.Signer, name string, n *note.Note) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	hash, err := keyHash(name, signer.Public)
	if err != nil {
		return nil, fmt.Errorf("note: %w: %w", sig.ErrScheme, err)
	}
	out, err := note.Sign(n, &line{rand, signer, name, hash})
	if err != nil {
		return nil, fmt.Errorf("note: %w", err)
	}
	if len(out) > int(Limits.FileSize) {
		return nil, fmt.Errorf("%w: more than %d bytes with its signatures", ErrText, Limits.FileSize)
	}
	// The text must come out as it went in: that is what gets verified.
	u, err := Format{}.Parse(bytes.NewReader(out), Limits)
	if err != nil {
		return nil, err
	}
	if string(u.Payload) != n.Text {
		return nil, fmt.Errorf("%w: it reads back differently", ErrText)
	}
	return out, nil
}

// line makes one signature line; it is the library's Signer.
type line struct {
	rand   io.Reader
	signer sig.Signer
	name   string
	hash   uint32
}

func (l *line) Name() string    { return l.name }
func (l *line) KeyHash() uint32 { return l.hash }

func (l *line) Sign(text []byte) ([]byte, error) {
	return sig.Ed25519.Sign(l.rand, l.signer.Public, l.signer.Signer, text)
}

func checkText(text []byte) error {
	if err := sig.CheckBare(text); err != nil {
		return fmt.Errorf("note: %w", err)
	}
	switch {
	case int64(len(text)) > Limits.FileSize:
		return fmt.Errorf("%w: more than %d bytes", ErrText, Limits.FileSize)
	case !bytes.HasSuffix(text, []byte("\n")):
		return fmt.Errorf("%w: it does not end in a line feed", ErrText)
	case !utf8.Valid(text):
		return fmt.Errorf("%w: it is not UTF-8", ErrText)
	}
	if i := bytes.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }); i >= 0 {
		return fmt.Errorf("%w: control character at byte %d", ErrText, i)
	}
	return nil
}

// checkName accepts what the line and the namespace can hold.
func checkName(name string) error {
	if strings.ContainsFunc(name, unicode.IsSpace) || strings.Contains(name, "+") || name == "" {
		return fmt.Errorf("%w: empty, or with a space or plus sign", ErrName)
	}
	if err := sig.CheckNamespace(Namespace(name)); err != nil {
		return fmt.Errorf("%w: %w", ErrName, err)
	}
	return nil
}
