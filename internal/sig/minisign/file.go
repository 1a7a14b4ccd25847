package minisign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"

	"kai/internal/sig"
)

const (
	untrustedPrefix = "untrusted comment: "
	trustedPrefix   = "trusted comment: "

	prehashed = "ED"
	legacy    = "Ed"

	blockSize = 2 + 8 + ed25519.SignatureSize
)

// block is the first two lines, all that a signify file has.
type block struct {
	untrusted string
	algorithm string // prehashed or legacy
	id        KeyID
	value     []byte // 64 bytes
}

// file is all four lines.
type file struct {
	block
	trusted string
	global  []byte // 64 bytes
}

func (l *lines) block() (block, error) {
	untrusted, err := l.comment("untrusted comment", untrustedPrefix, maxUntrustedLine)
	if err != nil {
		return block{}, err
	}
	raw, err := l.base64("signature line", blockSize)
	if err != nil {
		return block{}, err
	}
	b := block{untrusted: untrusted, algorithm: string(raw[:2]), value: raw[10:]}
	copy(b.id[:], raw[2:])
	if b.algorithm != prehashed && b.algorithm != legacy {
		return block{}, fmt.Errorf("%s: %w: algorithm %q", l.format, sig.ErrUnsupported, b.algorithm)
	}
	return b, nil
}

func (l *lines) file() (file, error) {
	b, err := l.block()
	if err != nil {
		return file{}, err
	}
	f := file{block: b}
	if f.trusted, err = l.comment("trusted comment", trustedPrefix, maxTrustedLine); err != nil {
		return file{}, err
	}
	f.global, err = l.base64("global signature line", ed25519.SignatureSize)
	return f, err
}

// covered is what the global signature is over.
func (f file) covered() []byte {
	return append(bytes.Clone(f.value), f.trusted...)
}

// append adds the lines of the block, in the one form in which they are
// written.
func (b block) append(out []byte) []byte {
	raw := append([]byte(b.algorithm), b.id[:]...)
	raw = append(raw, b.value...)
	out = append(out, untrustedPrefix+b.untrusted+"\n"...)
	return append(base64.StdEncoding.AppendEncode(out, raw), '\n')
}

func (f file) append(out []byte) []byte {
	out = append(f.block.append(out), trustedPrefix+f.trusted+"\n"...)
	return append(base64.StdEncoding.AppendEncode(out, f.global), '\n')
}

// looksLike reports whether head begins with the two lines that both formats
// share, and whether they are minisign's: "ED", or a third line is there.
func looksLike(head []byte) (found, four bool) {
	first, rest, ok := bytes.Cut(head, []byte("\n"))
	if !ok || !bytes.HasPrefix(first, []byte(untrustedPrefix)) {
		return false, false
	}
	second, rest, _ := bytes.Cut(rest, []byte("\n"))
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSuffix(second, []byte("\r"))))
	if err != nil || len(raw) != blockSize {
		return false, false
	}
	return true, string(raw[:2]) == prehashed || bytes.HasPrefix(rest, []byte(trustedPrefix))
}
