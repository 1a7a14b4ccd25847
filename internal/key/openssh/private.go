package openssh

import (
	"bytes"
	"fmt"
	"io"

	"kai/internal/key"
	"kai/internal/key/armor"
	"kai/internal/key/sshwire"
	"kai/internal/secret"
)

// Label is the armor label of a private key file.
const Label = "OPENSSH PRIVATE KEY"

const magic = "openssh-key-v1\x00"

// container is a private key file before its private section is looked at.
type container struct {
	cipher, kdf string
	kdfOptions  []byte
	public      key.Public
	section     []byte
	tag         []byte // of an authenticated cipher
}

// ParsePrivate reads the decoded content of a private key file. The entry is
// locked if the file is encrypted; its public half is then what the file says
// in the clear, and Unlock checks it.
//
// The errors are key.ErrMalformed, key.ErrType and key.ErrWeak.
func ParsePrivate(data []byte) (key.Entry, error) {
	c, err := parseContainer(data)
	if err != nil {
		return key.Entry{}, err
	}
	if c.public.Type() == key.SKEd25519 || c.public.Type() == key.SKECDSA {
		return key.Entry{Form: key.FormOpenSSH, Public: c.public}, nil
	}
	if c.cipher == "none" {
		if c.kdf != "none" || len(c.kdfOptions) != 0 || len(c.tag) != 0 {
			return key.Entry{}, fmt.Errorf("OpenSSH private key: %w: not encrypted, but as if", key.ErrMalformed)
		}
		return c.open(c.section, 8)
	}
	l, err := newLock(c)
	if err != nil {
		return key.Entry{}, err
	}
	return key.Entry{Form: key.FormOpenSSH, Public: c.public, Locked: l}, nil
}

func parseContainer(data []byte) (*container, error) {
	malformed := fmt.Errorf("OpenSSH private key: %w", key.ErrMalformed)
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, malformed
	}
	var cipher, kdf, options, blob, section []byte
	for _, field := range []*[]byte{&cipher, &kdf, &options} {
		if *field, rest, ok = sshwire.CutString(rest); !ok {
			return nil, malformed
		}
	}
	count, rest, ok := sshwire.CutUint32(rest)
	if !ok || count != 1 { // OpenSSH writes and reads one key as well
		return nil, malformed
	}
	for _, field := range []*[]byte{&blob, &section} {
		if *field, rest, ok = sshwire.CutString(rest); !ok {
			return nil, malformed
		}
	}
	public, err := key.ParseWire(blob)
	if err != nil {
		return nil, fmt.Errorf("OpenSSH private key: %w", err)
	}
	return &container{
		cipher: string(cipher), kdf: string(kdf), kdfOptions: options, public: public,
		section: section, tag: rest,
	}, nil
}

// open reads a private section in the clear.
func (c *container) open(section []byte, blockSize int) (key.Entry, error) {
	malformed := fmt.Errorf("OpenSSH private key: %w", key.ErrMalformed)
	if len(section)%blockSize != 0 {
		return key.Entry{}, malformed
	}
	check1, rest, ok1 := sshwire.CutUint32(section)
	check2, rest, ok2 := sshwire.CutUint32(rest)
	name, rest, ok3 := sshwire.CutString(rest)
	if !ok1 || !ok2 || !ok3 || check1 != check2 {
		return key.Entry{}, malformed
	}
	p, rest, err := parseSecret(string(name), rest)
	if err != nil {
		return key.Entry{}, fmt.Errorf("OpenSSH private key: %w", err)
	}
	comment, padding, ok := sshwire.CutString(rest)
	err = p.Matches(c.public)
	if err == nil && (!ok || !isPadding(padding)) {
		err = malformed
	}
	if err != nil {
		p.Wipe()
		return key.Entry{}, err
	}
	return key.Entry{Form: key.FormOpenSSH, Public: p.Public(), Private: p, Comment: string(comment)}, nil
}

// isPadding reports whether b is 1, 2, 3, …
func isPadding(b []byte) bool {
	for i, c := range b {
		if int(c) != i+1 {
			return false
		}
	}
	return len(b) < maxPadding
}

// MarshalPrivate writes a private key file in its armor, encrypted unless
// passphrase is nil. rand gives the check number, and the salt.
//
// The errors are key.ErrType for types OpenSSH lacks, key.ErrComment, and
// key.ErrPassphrase for an empty passphrase.
func MarshalPrivate(p *key.Private, comment string, passphrase *secret.Bytes, rand io.Reader) (*secret.Bytes, error) {
	if err := key.CheckComment(comment); err != nil {
		return nil, err
	}
	seal := sealing{cipher: "none", kdf: "none", blockSize: 8}
	if passphrase != nil {
		var err error
		if seal, err = newSealing(passphrase, rand); err != nil {
			return nil, err
		}
	}
	section, err := appendSection(p, comment, seal.blockSize, rand)
	if err != nil {
		return nil, err
	}
	if seal.stream != nil {
		seal.stream.XORKeyStream(section, section)
	}
	out := make([]byte, 0, len(section)+len(p.Public().Wire())+256)
	out = append(out, magic...)
	out = sshwire.AppendString(out, seal.cipher)
	out = sshwire.AppendString(out, seal.kdf)
	out = sshwire.AppendString(out, seal.options)
	out = sshwire.AppendUint32(out, 1)
	out = sshwire.AppendString(out, p.Public().Wire())
	out = sshwire.AppendString(out, section)
	text := secret.Take(armor.Encode(Label, out, 70))
	clear(out)
	clear(section)
	return text, nil
}

// appendSection writes a private section in the clear. The buffer is never
// grown, so that one wipe is enough.
func appendSection(p *key.Private, comment string, blockSize int, rand io.Reader) ([]byte, error) {
	var check [4]byte
	if _, err := io.ReadFull(rand, check[:]); err != nil {
		return nil, fmt.Errorf("OpenSSH private key: %w", err)
	}
	b := make([]byte, 0, 16<<10)
	b = append(append(b, check[:]...), check[:]...)
	b = sshwire.AppendString(b, p.Public().Type().SSHName())
	b, err := appendSecret(b, p)
	if err != nil {
		return nil, err
	}
	b = sshwire.AppendString(b, comment)
	for i := byte(1); len(b)%blockSize != 0; i++ {
		b = append(b, i)
	}
	return b, nil
}
