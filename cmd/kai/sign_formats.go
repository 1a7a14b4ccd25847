package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"kai/internal/canon"
	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/dsse"
	"kai/internal/sig/formats"
	"kai/internal/sig/jws"
	"kai/internal/sig/manifest"
	"kai/internal/sig/minisign"
	"kai/internal/sig/note"
	"kai/internal/sig/raw"
	"kai/internal/sig/sshsig"
)

// signFormat is one format that kai sign writes.
type signFormat struct {
	name        string
	suffix      string
	namespace   string   // default, "" if the format has none
	hashes      []string // default first
	keys        []key.Type
	several     bool // more than one signature in a file
	hybrid      bool // holds post-quantum halves
	directories bool // signs trees
	rewrites    bool // the output takes the input's place
	binary      bool
	sign        func(ctx context.Context, j *signJob) error
}

// signFormats is the table of what kai sign writes.
func signFormats() []signFormat {
	plain := []key.Type{key.Ed25519, key.ECDSAP256, key.RSA}
	ssh := append(slices.Clone(plain), key.MLDSA44Ed25519)
	pq := append(slices.Clone(plain), key.MLDSA65)
	return []signFormat{
		{
			name: "sshsig", suffix: ".sig", namespace: "file", hashes: []string{"sha256", "sha512"},
			keys: ssh, several: true, hybrid: true, sign: signSSH,
		},
		{
			name: "manifest", suffix: formats.ManifestSuffix, namespace: manifest.Namespace,
			hashes: []string{"blake3", "sha256", "sha512", "sha3-256", "blake2b"},
			keys:   ssh, several: true, hybrid: true, directories: true, sign: signManifest,
		},
		{name: "minisign", suffix: ".minisig", hashes: []string{"blake2b"}, keys: plain[:1], sign: signMinisign},
		{
			name: "dsse", suffix: ".dsse", keys: append(slices.Clone(pq), key.SLHDSA128s),
			several: true, hybrid: true, sign: signDSSE,
		},
		{name: "jws", suffix: ".jws", keys: pq, several: true, hybrid: true, sign: signJWS},
		{name: "jws-detached", suffix: ".jws", keys: pq, sign: signDetachedJWS},
		{name: "a2a", keys: pq, several: true, rewrites: true, sign: signCard},
		{name: "note", suffix: ".note", keys: plain[:1], several: true, sign: signNote},
		{name: "raw", suffix: ".rawsig", keys: plain, binary: true, sign: signRaw},
	}
}

// sum hashes the input, streaming.
func (j *signJob) sum(ctx context.Context, name string) ([]byte, error) {
	algorithm, err := digest.ByName(name)
	if err != nil {
		return nil, err
	}
	m := &message{env: j.env, name: j.name}
	sums, err := m.Sums(ctx, []digest.Spec{{Algorithm: algorithm}})
	if err != nil {
		return nil, err
	}
	return sums[0], nil
}

// whole reads the input into memory, for formats that carry it.
func (j *signJob) whole(ctx context.Context) ([]byte, error) {
	m := &message{env: j.env, name: j.name}
	return m.Load(ctx, sig.EnvelopeLimits.FileSize)
}

func signSSH(ctx context.Context, j *signJob) error {
	sum, err := j.sum(ctx, j.hash)
	if err != nil {
		return err
	}
	blocks, err := j.sshBlocks(sum)
	if err != nil {
		return err
	}
	if j.before != nil {
		if blocks, err = sshsig.Append(j.before, blocks, sig.DetachedLimits); err != nil {
			return err
		}
	}
	return j.write(ctx, blocks)
}

// sshBlocks are the blocks of all signers over a message's hash by j.hash.
func (j *signJob) sshBlocks(sum []byte) ([]byte, error) {
	var blocks []byte
	for _, s := range j.signers {
		block, err := sshsig.Sign(j.env.random, s, j.namespace, j.hash, sum)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, block...)
	}
	return blocks, nil
}

func signMinisign(ctx context.Context, j *signJob) error {
	sum, err := j.sum(ctx, j.hash)
	if err != nil {
		return err
	}
	s := j.signers[0]
	id := minisign.KeyID(s.Public.KeyID())
	if s.KeyID != nil {
		id = *s.KeyID
	}
	trusted := j.comment
	if trusted == "" {
		trusted = minisign.TrustedComment(j.now, baseName(j.name))
	}
	file, err := minisign.Sign(j.env.random, s, id, sum, "signature from kai "+id.String(), trusted)
	if err != nil {
		return err
	}
	return j.write(ctx, file)
}

func signDSSE(ctx context.Context, j *signJob) error {
	payload, err := j.whole(ctx)
	if err != nil {
		return err
	}
	var file []byte
	if j.before == nil {
		file, err = dsse.Sign(j.env.random, j.payloadType, payload, j.signers...)
	} else {
		file, err = j.addTo(dsse.Format{}, payload, func() ([]byte, error) {
			return dsse.Add(j.env.random, j.before, j.signers...)
		})
	}
	if err != nil {
		return err
	}
	return j.write(ctx, file)
}

// addTo adds to an envelope only if it carries the input: otherwise the new
// signature would be over something that nobody pointed at.
func (j *signJob) addTo(format sig.Format, payload []byte, add func() ([]byte, error)) ([]byte, error) {
	parsed, err := format.Parse(bytes.NewReader(j.before), sig.EnvelopeLimits)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.out, err)
	}
	if !bytes.Equal(parsed.Payload, payload) {
		return nil, failf(exitConflict, "content", "%s carries something else than %s", j.out, j.name)
	}
	return add()
}

func signJWS(ctx context.Context, j *signJob) error {
	payload, err := j.jsonPayload(ctx)
	if err != nil {
		return err
	}
	var file []byte
	if j.before == nil {
		file, err = jws.Sign(j.env.random, payload, j.signers...)
	} else {
		file, err = j.addTo(jws.Format{}, payload, func() ([]byte, error) {
			return jws.Add(j.env.random, j.before, j.signers...)
		})
	}
	if err != nil {
		return err
	}
	return j.write(ctx, file)
}

func signDetachedJWS(ctx context.Context, j *signJob) error {
	payload, err := j.whole(ctx)
	if err != nil {
		return err
	}
	file, err := jws.SignDetached(j.env.random, payload, j.signers[0])
	if err != nil {
		return err
	}
	return j.write(ctx, file)
}

// jsonPayload is the input, with --jcs in the canonical form of RFC 8785.
func (j *signJob) jsonPayload(ctx context.Context) ([]byte, error) {
	payload, err := j.whole(ctx)
	if err != nil || !j.jcs {
		return payload, err
	}
	canonical, err := canon.Transform(payload)
	if err != nil {
		return nil, fail(exitUndecidable, "malformed", fmt.Errorf("JSON, %w", err))
	}
	return canonical, nil
}

// signCard adds signatures to an agent card, which they become part of.
func signCard(ctx context.Context, j *signJob) error {
	card, err := j.whole(ctx)
	if err != nil {
		return err
	}
	if card, err = jws.SignCard(j.env.random, card, j.signers...); err != nil {
		return err
	}
	return j.write(ctx, card)
}

func signNote(ctx context.Context, j *signJob) error {
	if j.noteName == "" {
		return withHint(usagef("a note's signer needs a name"), "--note-name example.org/ada")
	}
	text, err := j.whole(ctx)
	if err != nil {
		return err
	}
	file := j.before
	for _, s := range j.signers {
		if file == nil {
			file, err = note.Sign(j.env.random, s, j.noteName, text)
		} else {
			file, err = j.addTo(note.Format{}, text, func() ([]byte, error) {
				return note.Add(j.env.random, s, j.noteName, file)
			})
		}
		if err != nil {
			return err
		}
	}
	return j.write(ctx, file)
}

func signRaw(ctx context.Context, j *signJob) error {
	in, err := j.env.open(ctx, j.name)
	if err != nil {
		return err
	}
	defer in.Close()
	value, err := raw.Sign(ctx, j.env.random, j.signers[0], in)
	if err != nil {
		return err
	}
	return j.write(ctx, value)
}

// write puts a finished signature in its place.
func (j *signJob) write(ctx context.Context, data []byte) error {
	return j.writeFrom(ctx, bytes.NewReader(data))
}

func (j *signJob) writeFrom(ctx context.Context, content io.WriterTo) error {
	out, err := j.env.create(j.out, outputOptions{
		mode: 0o644, force: j.force || j.add || j.inPlace, flag: j.overwriteFlag(), binary: j.format.binary,
	})
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := content.WriteTo(out); err != nil {
		return err
	}
	if err := j.unchanged(); err != nil {
		return err
	}
	return out.Commit(ctx)
}

// unchanged looks once more at the file that --add extends: somebody else may
// have added a signature, which must not be lost.
func (j *signJob) unchanged() error {
	if j.before == nil {
		return nil
	}
	now, err := readBounded(j.env.path(j.out), sig.EnvelopeLimits.FileSize)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, j.before) {
		return withHint(failf(exitConflict, "changed", "%s: changed meanwhile", j.out), "the same command again")
	}
	return nil
}

// overwriteFlag is the advice where a signature file is in the way.
func (j *signJob) overwriteFlag() string {
	if j.format.several {
		return "--add adds a signature; -f"
	}
	return "-f"
}

// baseName is what a signature calls its file.
func baseName(name string) string {
	if name == "-" {
		return "-"
	}
	return filepath.Base(name)
}
