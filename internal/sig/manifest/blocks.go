package manifest

import (
	"errors"
	"io"

	"kai/internal/digest"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// Sign adds the signature of one more signer: an sshsig block over Signed, and
// a KAI block behind it if the signer has a post-quantum companion. hash is
// "sha256" or "sha512"; rand is crypto/rand.Reader, except in tests.
//
// The errors are sig.ErrTooLarge (64 signatures) and those of sshsig.Sign.
func (m *Manifest) Sign(rand io.Reader, signer sig.Signer, hash string) error {
	a, err := digest.ByName(hash)
	if err != nil {
		return err
	}
	h := a.New()
	h.Write(m.Signed())
	blocks, err := sshsig.Sign(rand, signer, Namespace, hash, h.Sum(nil))
	if err != nil {
		return err
	}
	if len(m.blocks) > 0 {
		if blocks, err = sshsig.Append(m.blocks, blocks, blockLimits(Limits)); err != nil {
			return err
		}
	}
	claims, err := claimsOver(m.Signed(), formatName, blocks, 0, Limits)
	if err != nil {
		return err
	}
	m.blocks, m.claims = blocks, claims
	return nil
}

// blockLimits are the limits of a file for its blocks.
func blockLimits(file sig.Limits) sig.Limits {
	file.FileSize = maxBlocks
	return file
}

// claimsOver reads signature blocks that stand at an offset of their file, and
// applies them to the bytes that they must be over. No blocks are no claims.
func claimsOver(signed []byte, format string, blocks []byte, offset int64, limits sig.Limits) ([]sig.Claim, error) {
	if len(blocks) == 0 {
		return nil, nil
	}
	u, err := sshsig.Parse(blocks, blockLimits(limits))
	var syntax *sig.SyntaxError
	if errors.As(err, &syntax) {
		return nil, &sig.SyntaxError{Format: format, Offset: offset + syntax.Offset, Reason: syntax.Reason}
	}
	if err != nil {
		return nil, err
	}
	for i := range u.Claims {
		u.Claims[i].Format = format
		u.Claims[i].Over(signed)
	}
	return u.Claims, nil
}
