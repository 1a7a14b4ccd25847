package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"kai/internal/key"
	"kai/internal/key/armor"
	"kai/internal/key/openssh"
	"kai/internal/key/pkix"
	"kai/internal/secret"
)

// File is what a file of keys holds, in its order.
type File struct {
	Entries []key.Entry
	Skipped []Skipped
}

// Skipped is a key of a type that is not supported, or a certificate.
type Skipped struct {
	Line int
	Err  error // key.ErrType or key.ErrCertificate
}

// Parse reads a file of keys. There is at least one entry, public, private or
// locked. data is not kept; the caller wipes it, and the entries.
//
// The errors are key.ErrTooLarge, key.ErrMalformed, key.ErrType,
// key.ErrCertificate and key.ErrWeak, with the line.
func Parse(data []byte) (File, error) {
	if len(data) > key.MaxFile {
		return File{}, fmt.Errorf("%w: %d bytes, at most %d", key.ErrTooLarge, len(data), key.MaxFile)
	}
	var f File
	var err error
	if start := bytes.TrimLeft(data, "\r\n"); bytes.HasPrefix(start, []byte("-----BEGIN ")) {
		err = f.parseBlocks(data)
	} else {
		err = f.parseLines(data)
	}
	if err == nil && len(f.Entries) == 0 {
		err = f.nothing()
	}
	if err != nil {
		f.Wipe()
		return File{}, err
	}
	return f, nil
}

// nothing is the error of a file without keys.
func (f *File) nothing() error {
	if len(f.Skipped) > 0 {
		return fmt.Errorf("line %d: %w", f.Skipped[0].Line, f.Skipped[0].Err)
	}
	return fmt.Errorf("%w: no key in the file", key.ErrMalformed)
}

// Wipe destroys the secrets of all entries.
func (f *File) Wipe() {
	for i := range f.Entries {
		f.Entries[i].Wipe()
	}
}

// Publics returns the distinct public keys of a file, for use as the keys of
// one signer or recipient. Lines whose key only signs certificates are refused,
// as is an encrypted key that does not tell its public half.
//
// The errors are those of Parse, and key.ErrCertificate and key.ErrPassphrase
// for these two.
func (f *File) Publics() ([]key.Public, error) {
	seen := make(map[key.Public]bool)
	var list []key.Public
	for _, e := range f.Entries {
		switch {
		case e.Authority:
			return nil, fmt.Errorf("line %d: %w: its key is a certificate authority", e.Line, key.ErrCertificate)
		case e.Public.IsZero():
			return nil, fmt.Errorf("line %d: encrypted private key: %w: needed for its public half", e.Line, key.ErrPassphrase)
		case !seen[e.Public]:
			seen[e.Public] = true
			list = append(list, e.Public)
		}
	}
	return list, nil
}

// add takes the outcome of parsing one key.
func (f *File) add(line int, e key.Entry, err error) error {
	switch {
	case err == nil:
		e.Line = line
		f.Entries = append(f.Entries, e)
		return nil
	case errors.Is(err, key.ErrType), errors.Is(err, key.ErrCertificate):
		f.Skipped = append(f.Skipped, Skipped{line, err})
		return nil
	}
	return fmt.Errorf("line %d: %w", line, err)
}

// parseBlocks reads a file of armored blocks.
func (f *File) parseBlocks(data []byte) error {
	blocks, err := armor.Decode(data)
	for _, b := range blocks {
		defer secret.Zero(b.Bytes)
	}
	if errors.Is(err, armor.ErrHeaders) {
		return fmt.Errorf("%w: PEM encryption of OpenSSL before PKCS#8", key.ErrType)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", key.ErrMalformed, err)
	}
	for _, b := range blocks {
		if b.Label == "EC PARAMETERS" { // openssl ecparam -genkey; the key names its curve itself
			continue
		}
		e, err := parseBlock(b)
		if err := f.add(b.Line, e, err); err != nil {
			return err
		}
	}
	return nil
}

func parseBlock(b armor.Block) (key.Entry, error) {
	switch b.Label {
	case openssh.Label:
		return openssh.ParsePrivate(b.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return pkix.ParseEncrypted(b.Bytes)
	case "PUBLIC KEY":
		return publicEntry(pkix.ParsePublic(b.Bytes))
	case "RSA PUBLIC KEY":
		return publicEntry(pkix.ParsePKCS1Public(b.Bytes))
	case "PRIVATE KEY":
		return privateEntry(pkix.ParsePrivate(b.Bytes))
	case "EC PRIVATE KEY":
		return privateEntry(pkix.ParseEC(b.Bytes))
	case "RSA PRIVATE KEY":
		return privateEntry(pkix.ParsePKCS1(b.Bytes))
	case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE", "CERTIFICATE REQUEST":
		return key.Entry{}, fmt.Errorf("PEM block %q: %w", b.Label, key.ErrCertificate)
	}
	return key.Entry{}, fmt.Errorf("%w: PEM block %q", key.ErrType, b.Label)
}

func publicEntry(p key.Public, err error) (key.Entry, error) {
	return key.Entry{Form: key.FormPEM, Public: p}, err
}

func privateEntry(p *key.Private, err error) (key.Entry, error) {
	if err != nil {
		return key.Entry{}, err
	}
	return key.Entry{Form: key.FormPEM, Public: p.Public(), Private: p}, nil
}

// parseLines reads a file with one key a line.
func (f *File) parseLines(data []byte) error {
	number := 0
	for raw := range bytes.Lines(data) {
		number++
		line := strings.TrimSuffix(string(raw), "\n")
		line = strings.Trim(strings.TrimSuffix(line, "\r"), " \t")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseLine(line)
		if err := f.add(number, e, err); err != nil {
			return err
		}
	}
	return nil
}

func parseLine(line string) (key.Entry, error) {
	if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		return key.Entry{}, fmt.Errorf("%w: control characters", key.ErrMalformed)
	}
	if openssh.IsPublic(line) {
		return openssh.ParsePublic(line)
	}
	if word, _, ok := strings.Cut(line, ":"); ok {
		if _, err := key.ParseType(word); err == nil {
			p, err := key.ParseText(line)
			return key.Entry{Form: key.FormText, Public: p}, err
		}
	}
	return key.Entry{}, fmt.Errorf("%w: not a key in any known form", key.ErrMalformed)
}
