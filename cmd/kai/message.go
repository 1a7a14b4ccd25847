package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"

	"kai/internal/digest"
	"kai/internal/sig"
)

// message is the data that detached signatures are about: a file or standard
// input. It is read once, and hashed for all signatures in that one pass.
type message struct {
	env  *env
	name string
	// opened is the file, if somebody has opened it already and closes it too.
	opened *os.File
	// copy, if not nil, receives what was hashed.
	copy io.Writer
	// embeds: some signature needs the message in memory (sig.Loader). It is
	// kept as it is read, so that all signatures and the copy are about the same
	// bytes, whatever happens to the file meanwhile.
	embeds bool
	// required are hashes wanted beside those of the signatures.
	required []digest.Spec

	read  bool
	size  int64
	sums  map[string]string // hex, by algorithm; only hashes of the data alone
	head  bytes.Buffer      // the first sig.DomainSize bytes and one more
	kept  *bytes.Buffer     // nil if it was not wanted, or is too long
	bound int64             // if not 0, one byte more than this is all that is read
}

// require asks for a hash of the data in sums.
func (m *message) require(a digest.Algorithm) {
	m.required = append(m.required, digest.Spec{Algorithm: a})
}

// Sums implements sig.Digester.
func (m *message) Sums(ctx context.Context, specs []digest.Spec) ([][]byte, error) {
	all := slices.Concat(specs, m.required)
	sums, err := m.pass(ctx, all)
	if err != nil {
		return nil, err
	}
	m.read, m.sums = true, map[string]string{}
	for i, s := range all {
		if len(s.Prefix) == 0 {
			m.sums[s.Algorithm.String()] = hex.EncodeToString(sums[i])
		}
	}
	return sums[:len(specs)], nil
}

// sum is a hash that was required, after the message has been read.
func (m *message) sum(a digest.Algorithm) ([]byte, error) {
	text, ok := m.sums[a.String()]
	if !ok {
		return nil, fmt.Errorf("%s: %s was not computed", m.name, a)
	}
	return hex.DecodeString(text)
}

// finish reads the message if no signature needed it but something else does.
func (m *message) finish(ctx context.Context) error {
	if m.read || len(m.required) == 0 && m.copy == nil {
		return nil
	}
	_, err := m.Sums(ctx, nil)
	return err
}

// pass reads the data once, to its end, and notices if it changed meanwhile.
func (m *message) pass(ctx context.Context, specs []digest.Spec) ([][]byte, error) {
	in, err := m.open(ctx)
	if err != nil {
		return nil, unreadable(err)
	}
	defer in.Close()
	before, err := statOf(in)
	if err != nil {
		return nil, err
	}
	if before != nil && before.IsDir() {
		return nil, fmt.Errorf("%s: is a directory", m.name)
	}
	size := int64(0)
	if before != nil {
		size = before.Size()
	}
	bar := m.env.progress("reading "+m.name, size)
	defer bar.end()
	counted := &countingReader{r: bar.reader(in)}
	sums, err := digest.Sums(ctx, m.watched(counted, size), specs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	m.size = counted.n
	after, err := statOf(in)
	if err != nil {
		return nil, err
	}
	cut := m.bound > 0 && counted.n > m.bound
	if before != nil && !cut && changed(before, after, counted.n) {
		return nil, fmt.Errorf("%s: %w", m.name, digest.ErrChanged)
	}
	return sums, nil
}

// open opens the data.
func (m *message) open(ctx context.Context) (io.ReadCloser, error) {
	if f := m.opened; f != nil {
		m.opened = nil // its offset is good for one pass
		return unclosed{f}, nil
	}
	return m.env.open(ctx, m.name)
}

// unclosed is a file that somebody else closes.
type unclosed struct{ *os.File }

func (unclosed) Close() error { return nil }

// watched lets the copies of the data be made while it is read.
func (m *message) watched(r io.Reader, size int64) io.Reader {
	if m.bound > 0 {
		r = io.LimitReader(r, m.bound+1)
	}
	r = io.TeeReader(r, &boundedBuffer{&m.head, sig.DomainSize})
	if m.copy != nil {
		r = io.TeeReader(r, m.copy)
	}
	if m.embeds && size <= sig.MaxEmbedded {
		m.kept = &bytes.Buffer{}
		r = io.TeeReader(r, &boundedBuffer{m.kept, sig.MaxEmbedded})
	}
	return r
}

// Load implements sig.Loader: the message as a whole, for the few formats that
// sign an encoding of it.
func (m *message) Load(ctx context.Context, limit int64) ([]byte, error) {
	if !m.read {
		m.embeds = true
		if m.copy == nil && len(m.required) == 0 { // nobody wants more of it than fits
			m.bound = limit
		}
		if _, err := m.Sums(ctx, nil); err != nil {
			return nil, err
		}
	}
	if m.kept == nil || int64(m.kept.Len()) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", sig.ErrTooLarge, limit)
	}
	return m.kept.Bytes(), nil
}

// statOf describes a file; streams that are none give nil.
func statOf(in io.Reader) (os.FileInfo, error) {
	f, ok := in.(interface{ Stat() (os.FileInfo, error) })
	if !ok {
		return nil, nil
	}
	return f.Stat()
}

// changed reports whether a regular file is not what it was, or not as long as
// what was read of it.
func changed(before, after os.FileInfo, read int64) bool {
	return before.Mode().IsRegular() &&
		(after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) || read != after.Size())
}

// countingReader counts what went through.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// boundedBuffer keeps one byte more than its bound, so that it shows that there
// was more, and lets the rest pass.
type boundedBuffer struct {
	buffer *bytes.Buffer
	bound  int64
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	room := b.bound + 1 - int64(b.buffer.Len())
	b.buffer.Write(p[:min(int64(len(p)), max(room, 0))])
	return len(p), nil
}
