// Package agefile reads and writes files of age identities that are encrypted
// with a passphrase, as age -p makes them. Such a file is an age file with one
// scrypt stanza, armored or not; inside stand lines,
//
//	# a comment
//	AGE-SECRET-KEY-1…
//
// which are also what an identity file holds in the clear. The texts themselves
// are those of package key.
//
// Source: age-encryption.org/v1 (C2SP), age-keygen(1).
package agefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"kai/internal/key"
	"kai/internal/secret"
)

const (
	magic = "age-encryption.org/v1\n"
	// maxWorkFactor bounds scrypt, N = 2ⁿ with r = 8: 1 GiB. age writes 18, 256
	// MiB, and reads up to 22.
	maxWorkFactor = 20
)

// Is reports whether a file begins like an age file, armored or not.
func Is(data []byte) bool {
	return bytes.HasPrefix(data, []byte(magic)) || bytes.HasPrefix(data, []byte(armor.Header))
}

// Parse reads an encrypted file. data is not kept.
//
// The errors are key.ErrMalformed, and key.ErrType for a file that is sealed to
// recipients, or costs too much.
func Parse(data []byte) (key.Entry, error) {
	if bytes.HasPrefix(data, []byte(armor.Header)) {
		plain, err := io.ReadAll(io.LimitReader(armor.NewReader(bytes.NewReader(data)), key.MaxFile))
		if err != nil {
			return key.Entry{}, fmt.Errorf("age file: %w: armor", key.ErrMalformed)
		}
		data = plain
	}
	logN, err := workFactor(data)
	if err != nil {
		return key.Entry{}, fmt.Errorf("age file: %w", err)
	}
	return key.Entry{Form: key.FormAge, Locked: &lock{data: bytes.Clone(data), logN: logN}}, nil
}

// workFactor reads the first stanza: "-> scrypt SALT LOGN".
func workFactor(data []byte) (int, error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	line, _, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok || !ok2 {
		return 0, key.ErrMalformed
	}
	words := strings.Split(string(line), " ")
	if len(words) < 2 || words[0] != "->" {
		return 0, key.ErrMalformed
	}
	if words[1] != "scrypt" {
		return 0, fmt.Errorf("%w: a file sealed to recipients, no key", key.ErrType)
	}
	if len(words) != 4 {
		return 0, key.ErrMalformed
	}
	n, err := strconv.Atoi(words[3])
	if err != nil || n < 1 || strconv.Itoa(n) != words[3] {
		return 0, key.ErrMalformed
	}
	if n > maxWorkFactor {
		return 0, fmt.Errorf("%w: scrypt of 2^%d, at most 2^%d", key.ErrType, n, maxWorkFactor)
	}
	return n, nil
}

// lock is an encrypted file.
type lock struct {
	data []byte
	logN int
}

// Memory implements key.Lock: 128 × r × N.
func (l *lock) Memory() uint64 { return 1<<(10+l.logN) + 1<<20 }

// Unlock implements key.Lock.
func (l *lock) Unlock(passphrase *secret.Bytes) ([]key.Entry, error) {
	identity, err := age.NewScryptIdentity(string(passphrase.Expose()))
	if err != nil { // an empty passphrase
		return nil, fmt.Errorf("age file: %w", key.ErrPassphrase)
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(l.data), identity)
	if noMatch := (*age.NoIdentityMatchError)(nil); errors.As(err, &noMatch) {
		return nil, fmt.Errorf("age file: %w", key.ErrPassphrase)
	}
	if err != nil {
		return nil, fmt.Errorf("age file: %w", key.ErrMalformed)
	}
	text := make([]byte, len(l.data)) // the content is shorter than the file
	defer secret.Zero(text)
	n, err := io.ReadFull(r, text)
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("age file: %w: payload", key.ErrMalformed)
	}
	return parseLines(text[:n])
}

// parseLines reads the identities inside.
func parseLines(text []byte) ([]key.Entry, error) {
	var entries []key.Entry
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		e, err := ParseLine(line)
		if err != nil {
			for i := range entries {
				entries[i].Wipe()
			}
			return nil, fmt.Errorf("line %d inside the age file: %w", number, err)
		}
		e.Line = number
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("age file: %w: no identity inside", key.ErrType)
	}
	return entries, nil
}

// ParseLine reads a recipient or an identity. line is not kept.
//
// The errors are those of key.ParseAge and key.ParseAgeSecret.
func ParseLine(line []byte) (key.Entry, error) {
	if !key.IsAge(string(line[:min(len(line), 20)])) {
		return key.Entry{}, fmt.Errorf("%w: neither a recipient nor an identity of age", key.ErrMalformed)
	}
	if line[0] == 'a' && bytes.HasPrefix(line, []byte("age1")) {
		p, err := key.ParseAge(string(line))
		return key.Entry{Form: key.FormAge, Public: p}, err
	}
	p, err := key.ParseAgeSecret(line)
	if err != nil {
		return key.Entry{}, err
	}
	return key.Entry{Form: key.FormAge, Public: p.Public(), Private: p}, nil
}

// Marshal writes an identity file as age-keygen does, less the date. With a
// passphrase it is encrypted and armored.
//
// The errors are key.ErrType for keys that are not age's, and key.ErrPassphrase
// for an empty passphrase.
func Marshal(p *key.Private, passphrase *secret.Bytes) (*secret.Bytes, error) {
	identity, err := p.AgeText()
	if err != nil {
		return nil, err
	}
	defer identity.Wipe()
	recipient, err := p.Public().AgeText()
	if err != nil {
		return nil, err
	}
	const before = "# public key: "
	text := make([]byte, 0, len(before)+len(recipient)+identity.Len()+2)
	text = append(append(text, before+recipient+"\n"...), identity.Expose()...)
	content := secret.Take(append(text, '\n'))
	if passphrase == nil {
		return content, nil
	}
	defer content.Wipe()
	return encrypt(content, passphrase)
}

func encrypt(content, passphrase *secret.Bytes) (*secret.Bytes, error) {
	recipient, err := age.NewScryptRecipient(string(passphrase.Expose()))
	if err != nil {
		return nil, fmt.Errorf("age file: %w: empty", key.ErrPassphrase)
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	sealed, err := age.Encrypt(armored, recipient)
	if err != nil {
		return nil, fmt.Errorf("age file: %w", err)
	}
	if _, err := sealed.Write(content.Expose()); err != nil {
		return nil, fmt.Errorf("age file: %w", err)
	}
	if err := errors.Join(sealed.Close(), armored.Close()); err != nil {
		return nil, fmt.Errorf("age file: %w", err)
	}
	return secret.Take(out.Bytes()), nil
}

// MarshalMemory is what Marshal allocates when it encrypts, in bytes, rounded
// up: scrypt of 2¹⁸.
const MarshalMemory = 1<<28 + 1<<20
