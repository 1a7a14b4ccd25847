package sshsig

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"kai/internal/key"
	"kai/internal/sig"
)

// Sign writes an SSH block and, if the signer has a post-quantum companion, the
// KAI block behind it. hash is "sha256" or "sha512", sum the message's hash by
// it. rand is crypto/rand.Reader, except in tests.
//
// The errors are sig.ErrNamespace, sig.ErrUnsupported (hash), sig.ErrScheme (a
// key that does not sign in this format), sig.ErrSelfCheck and the signer's.
func Sign(rand io.Reader, signer sig.Signer, namespace, hash string, sum []byte) ([]byte, error) {
	return sign(rand, signer, signer.Public.Wire(), namespace, hash, sum)
}

// SignCertified is Sign with an OpenSSH certificate of the signer's key in
// place of the key itself. The certificate's own signature, times and names are
// for the verifier to judge.
func SignCertified(rand io.Reader, signer sig.Signer, certificate []byte, namespace, hash string, sum []byte) ([]byte, error) {
	var c sig.Claim
	if err := (&block{key: certificate}).readKey(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", key.ErrMalformed, err)
	}
	if c.Certificate == nil || c.Key != signer.Public {
		return nil, fmt.Errorf("%w: certificate is of another key", key.ErrWeak)
	}
	return sign(rand, signer, certificate, namespace, hash, sum)
}

func sign(rand io.Reader, signer sig.Signer, blob []byte, namespace, hash string, sum []byte) ([]byte, error) {
	if err := sig.CheckNamespace(namespace); err != nil {
		return nil, err
	}
	h, err := hashOf(hash)
	if err != nil {
		return nil, err
	}
	if want := h.Size(); len(sum) != want {
		return nil, fmt.Errorf("%w: %s of %d bytes, want %d", sig.ErrUnsupported, hash, len(sum), want)
	}
	b := &block{key: blob, namespace: namespace, hash: hash}
	format, err := formatOf(signer.Public.Type())
	if err != nil {
		return nil, err
	}
	r, _ := ruleOf(format)
	value, err := r.scheme.Sign(rand, signer.Public, signer.Signer, signed(namespace, hash, sum))
	if err != nil {
		return nil, err
	}
	if b.value, err = appendValue(nil, format, value); err != nil {
		return nil, err
	}
	raw := b.marshal()
	file := armor(sshLabel, raw)
	if signer.PQ == nil {
		return file, nil
	}
	companion, err := signHybrid(rand, *signer.PQ, raw, b, sum)
	if err != nil {
		return nil, err
	}
	return append(file, armor(kaiLabel, companion)...), nil
}

func signHybrid(rand io.Reader, signer sig.Signer, first []byte, b *block, sum []byte) ([]byte, error) {
	bound := sha256.Sum256(first)
	h := &hybrid{
		algorithm: string(key.MLDSA65), key: signer.Public.Raw(),
		namespace: b.namespace, hash: b.hash, bound: bound[:],
	}
	var err error
	h.signature, err = sig.MLDSA65SSHSig.Sign(rand, signer.Public, signer.Signer, h.signed(sum))
	return h.marshal(), err
}

// Append adds the blocks of more to a signature file, both as Parse reads them.
//
// The errors are those of Parse, for either.
func Append(file, more []byte, limits sig.Limits) ([]byte, error) {
	for _, part := range [][]byte{file, more} {
		if _, err := Parse(part, limits); err != nil {
			return nil, err
		}
	}
	joined := slices.Concat(bytes.TrimRight(file, "\r\n"), []byte("\n"), more)
	if int64(len(joined)) > limits.FileSize {
		return nil, fmt.Errorf("%w: more than %d bytes", sig.ErrTooLarge, limits.FileSize)
	}
	_, err := Parse(joined, limits)
	return joined, err
}
