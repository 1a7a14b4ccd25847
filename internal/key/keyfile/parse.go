package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"kai/internal/key"
	"kai/internal/key/agefile"
	"kai/internal/key/armor"
	"kai/internal/key/did"
	"kai/internal/key/jwk"
	"kai/internal/key/minisign"
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
	err := f.parse(data)
	if err == nil && len(f.Entries) == 0 {
		err = f.nothing()
	}
	if err != nil {
		f.Wipe()
		return File{}, err
	}
	return f, nil
}

// parse decides what the file is.
func (f *File) parse(data []byte) error {
	if err := unread(data); err != nil {
		return err
	}
	start := bytes.TrimLeft(data, "\r\n")
	line := 1 + bytes.Count(data[:len(data)-len(start)], []byte("\n"))
	switch {
	case agefile.Is(data):
		e, err := agefile.Parse(data)
		return f.add(1, e, err)
	case bytes.HasPrefix(start, []byte("-----BEGIN ")):
		return f.parseBlocks(data)
	case bytes.HasPrefix(start, []byte("{")):
		return f.parseJSON(line, start)
	case bytes.HasPrefix(data, []byte("untrusted comment:")):
		e, err := minisign.Parse(data)
		return f.add(1, e, err)
	}
	return f.parseLines(data)
}

// parseJSON reads a JWK or JWKS.
func (f *File) parseJSON(line int, data []byte) error {
	set, err := jwk.Parse(data)
	if err != nil {
		return f.add(line, key.Entry{}, err)
	}
	for _, err := range set.Unknown {
		f.Skipped = append(f.Skipped, Skipped{line, err})
	}
	for _, e := range set.Entries {
		if err := f.add(line, e, nil); err != nil {
			return err
		}
	}
	return nil
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

// Unlock replaces the locked entry at an index by what is inside it, and returns
// how many entries that is. The passphrase is not kept.
//
// The errors are those of key.Lock.
func (f *File) Unlock(index int, passphrase *secret.Bytes) (int, error) {
	locked := f.Entries[index]
	opened, err := locked.Locked.Unlock(passphrase)
	if err != nil {
		return 0, fmt.Errorf("line %d: %w", locked.Line, err)
	}
	for i := range opened {
		opened[i].Line, opened[i].Encrypted = locked.Line, true
	}
	f.Entries = slices.Replace(f.Entries, index, index+1, opened...)
	return len(opened), nil
}

// add takes the outcome of parsing one key.
func (f *File) add(line int, e key.Entry, err error) error {
	switch {
	case err == nil:
		e.Line, e.Encrypted = line, e.Locked != nil
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
		return fmt.Errorf("%w: PEM encryption of OpenSSL before PKCS#8 is not read, convert it with ssh-keygen -p -f FILE", key.ErrType)
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
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		line = bytes.Trim(line, " \t")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		e, err := parseLine(line)
		if err := f.add(number, e, err); err != nil {
			return err
		}
	}
	return nil
}

// parseLine reads one key. The forms do not overlap, so their order is that of
// how common they are.
func parseLine(line []byte) (key.Entry, error) {
	if bytes.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
		return key.Entry{}, fmt.Errorf("%w: control characters", key.ErrMalformed)
	}
	if key.IsAge(string(line[:min(len(line), 20)])) { // before a copy that cannot be wiped is made
		return agefile.ParseLine(line)
	}
	text := string(line)
	word, _, _ := strings.Cut(text, ":")
	switch _, err := key.ParseType(word); {
	case openssh.IsPublic(text):
		return openssh.ParsePublic(text)
	case err == nil && len(word) < len(text):
		p, err := key.ParseText(text)
		return key.Entry{Form: key.FormText, Public: p}, err
	case strings.HasPrefix(text, "did:"):
		p, err := did.Parse(text)
		return key.Entry{Form: key.FormDID, Public: p}, err
	case key.IsVKey(text):
		name, p, err := key.ParseVKey(text)
		return key.Entry{Form: key.FormVKey, Public: p, Comment: name}, err
	case minisign.Is(text):
		return minisign.Parse(line)
	}
	return key.Entry{}, fmt.Errorf("%w: not a key in any known form", key.ErrMalformed)
}
