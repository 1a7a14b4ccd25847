package sig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512 are asked for by number
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"

	"filippo.io/mldsa"

	"kai/internal/key"
)

// Scheme is a signature algorithm with all its parameters and the encoding of
// its value.
type Scheme string

// The schemes. What each computes over "message":
const (
	Ed25519       Scheme = "ed25519"                // RFC 8032 pure, 64 bytes
	Ed25519ph     Scheme = "ed25519ph"              // RFC 8032 §5.1, SHA-512, no context, verified only
	ECDSASHA256   Scheme = "ecdsa-p256-sha256"      // ASN.1 DER
	ECDSASHA384   Scheme = "ecdsa-p384-sha384"      // ASN.1 DER, verified only
	P384SHA256    Scheme = "ecdsa-p384-sha256"      // ASN.1 DER, verified only
	ES256         Scheme = "es256"                  // P-256, SHA-256, r‖s, 64 bytes (RFC 7518 §3.4)
	RSASHA256     Scheme = "rsa-pkcs1-sha256"       // RFC 8017 §8.2
	RSASHA512     Scheme = "rsa-pkcs1-sha512"       // RFC 8017 §8.2
	RSAPSSSHA256  Scheme = "rsa-pss-sha256"         // RFC 8017 §8.1, salt of 32 bytes
	MLDSA65       Scheme = "ml-dsa-65"              // FIPS 204, empty context, 3309 bytes
	MLDSA65SSHSig Scheme = "ml-dsa-65-kai-sshsig/1" // FIPS 204, context "kai-sshsig/1"
	Composite     Scheme = "mldsa44-ed25519"        // OpenSSH, 2484 bytes
	SLHDSA128s    Scheme = "slh-dsa-sha2-128s"      // FIPS 205, empty context, 7856 bytes
	SKEd25519     Scheme = "sk-ed25519"             // FIDO: Ed25519 signature ‖ flags ‖ u32 counter
	SKECDSA       Scheme = "sk-ecdsa"               // FIDO: DER signature ‖ flags ‖ u32 counter
)

// SchemeOf is how a key of type t signs bytes that carry their domain themselves, such as DSSE's. The
// error is ErrScheme for types that sign nothing of the kind.
func SchemeOf(t key.Type) (Scheme, error) {
	switch t {
	case key.Ed25519:
		return Ed25519, nil
	case key.ECDSAP256:
		return ECDSASHA256, nil
	case key.RSA:
		return RSAPSSSHA256, nil
	case key.MLDSA65:
		return MLDSA65, nil
	case key.MLDSA44Ed25519:
		return Composite, nil
	case key.SLHDSA128s:
		return SLHDSA128s, nil
	}
	return "", fmt.Errorf("%w: keys of type %s have no scheme of their own", ErrScheme, t)
}

// contextSSHSig separates the post-quantum half of an sshsig from every other
// use of the same ML-DSA key.
const contextSSHSig = "kai-sshsig/1"

// rules of a scheme: the key type that may use it, the hash that a streamed
// message is reduced to (0: the scheme takes whole messages).
type rules struct {
	key  key.Type
	hash crypto.Hash
}

var schemes = map[Scheme]rules{
	Ed25519:       {key.Ed25519, 0},
	Ed25519ph:     {key.Ed25519, crypto.SHA512},
	ECDSASHA256:   {key.ECDSAP256, crypto.SHA256},
	ECDSASHA384:   {key.ECDSAP384, crypto.SHA384},
	P384SHA256:    {key.ECDSAP384, crypto.SHA256},
	ES256:         {key.ECDSAP256, crypto.SHA256},
	RSASHA256:     {key.RSA, crypto.SHA256},
	RSASHA512:     {key.RSA, crypto.SHA512},
	RSAPSSSHA256:  {key.RSA, crypto.SHA256},
	MLDSA65:       {key.MLDSA65, 0},
	MLDSA65SSHSig: {key.MLDSA65, 0},
	Composite:     {key.MLDSA44Ed25519, 0},
	SLHDSA128s:    {key.SLHDSA128s, 0},
	SKEd25519:     {key.SKEd25519, 0},
	SKECDSA:       {key.SKECDSA, 0},
}

// KeyType is the only type of key that can make or check the scheme.
func (s Scheme) KeyType() key.Type { return schemes[s].key }

// Verify reports whether value is the scheme's signature of message under pub.
// A key of another type never verifies.
func (s Scheme) Verify(pub key.Public, message, value []byte) bool {
	r, ok := schemes[s]
	if !ok || pub.Type() != r.key {
		return false
	}
	switch s {
	case Ed25519:
		return ed25519.Verify(pub.Raw(), message, value)
	case MLDSA65:
		return verifyMLDSA(pub, message, value, "")
	case MLDSA65SSHSig:
		return verifyMLDSA(pub, message, value, contextSSHSig)
	case Composite:
		return key.VerifyComposite(pub, message, value)
	case SLHDSA128s:
		return key.VerifyStateless(pub, message, value)
	case SKEd25519, SKECDSA:
		return verifySecurityKey(s, pub, message, value)
	}
	h := r.hash.New()
	h.Write(message)
	return s.verifyDigest(pub, h.Sum(nil), value)
}

// verifyDigest is Verify for the schemes that hash first, given the hash.
func (s Scheme) verifyDigest(pub key.Public, sum, value []byte) bool {
	if pub.Type() != schemes[s].key {
		return false
	}
	k, err := pub.Crypto()
	if err != nil {
		return false
	}
	switch k := k.(type) {
	case ed25519.PublicKey:
		return ed25519.VerifyWithOptions(k, sum, value, &ed25519.Options{Hash: crypto.SHA512}) == nil
	case *ecdsa.PublicKey:
		if s == ES256 {
			der, ok := derOfFixed(value)
			return ok && ecdsa.VerifyASN1(k, sum, der)
		}
		return isStrictDER(value) && ecdsa.VerifyASN1(k, sum, value)
	case *rsa.PublicKey:
		switch s {
		case RSAPSSSHA256:
			return rsa.VerifyPSS(k, crypto.SHA256, sum, value, &rsa.PSSOptions{SaltLength: sha256.Size}) == nil
		case RSASHA256:
			return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum, value) == nil
		case RSASHA512:
			return rsa.VerifyPKCS1v15(k, crypto.SHA512, sum, value) == nil
		}
	}
	return false
}

// Sign makes the scheme's signature of message and verifies it under pub
// before it leaves: a fault or a swapped token must not be published. The
// signer follows the rules of key.Private.Signer.
//
// The errors are ErrScheme (key type), the signer's own, and ErrSelfCheck.
func (s Scheme) Sign(rand io.Reader, pub key.Public, signer crypto.Signer, message []byte) ([]byte, error) {
	opts, err := s.options(pub)
	if err != nil {
		return nil, err
	}
	value, err := crypto.SignMessage(signer, rand, message, opts)
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", pub.Fingerprint(), err)
	}
	if value, err = s.encode(value); err != nil {
		return nil, err
	}
	if !s.Verify(pub, message, value) {
		return nil, fmt.Errorf("signing with %s: %w", pub.Fingerprint(), ErrSelfCheck)
	}
	return value, nil
}

// SignDigest is Sign for a message whose hash is at hand; only schemes of
// ECDSA and RSA have it.
func (s Scheme) SignDigest(rand io.Reader, pub key.Public, signer crypto.Signer, sum []byte) ([]byte, error) {
	opts, err := s.options(pub)
	if err != nil {
		return nil, err
	}
	if opts.HashFunc() == 0 || opts.HashFunc().Size() != len(sum) {
		return nil, fmt.Errorf("%w: %s does not sign a digest of %d bytes", ErrScheme, s, len(sum))
	}
	value, err := signer.Sign(rand, sum, opts)
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", pub.Fingerprint(), err)
	}
	if value, err = s.encode(value); err != nil {
		return nil, err
	}
	if !s.verifyDigest(pub, sum, value) {
		return nil, fmt.Errorf("signing with %s: %w", pub.Fingerprint(), ErrSelfCheck)
	}
	return value, nil
}

func (s Scheme) options(pub key.Public) (crypto.SignerOpts, error) {
	r, ok := schemes[s]
	if !ok || pub.Type() != r.key {
		return nil, fmt.Errorf("%w: %s with a key of type %s", ErrScheme, s, pub.Type())
	}
	switch s {
	case Ed25519ph, ECDSASHA384, P384SHA256, SKEd25519, SKECDSA:
		return nil, fmt.Errorf("%w: %s is verified only", ErrScheme, s)
	case RSAPSSSHA256:
		return &rsa.PSSOptions{SaltLength: sha256.Size, Hash: crypto.SHA256}, nil
	case MLDSA65:
		return &mldsa.Options{}, nil
	case MLDSA65SSHSig:
		return &mldsa.Options{Context: contextSSHSig}, nil
	}
	return r.hash, nil
}

// encode turns the standard library's form of a value into the scheme's.
func (s Scheme) encode(value []byte) ([]byte, error) {
	if s != ES256 {
		return value, nil
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(value, &rs); err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("%w: signer returned no ECDSA signature", ErrSelfCheck)
	}
	for _, n := range []*big.Int{rs.R, rs.S} { // a token may return anything
		if n.Sign() < 0 || n.BitLen() > 256 {
			return nil, fmt.Errorf("%w: signer returned numbers that are not of P-256", ErrSelfCheck)
		}
	}
	out := make([]byte, 64)
	rs.R.FillBytes(out[:32])
	rs.S.FillBytes(out[32:])
	return out, nil
}

func derOfFixed(value []byte) ([]byte, bool) {
	if len(value) != 64 {
		return nil, false
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(value[:32]), new(big.Int).SetBytes(value[32:]),
	})
	return der, err == nil
}

// isStrictDER refuses BER and padding: a value is accepted only as it would be
// written again.
func isStrictDER(value []byte) bool {
	var rs struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(value, &rs)
	if err != nil || len(rest) != 0 || rs.R.Sign() <= 0 || rs.S.Sign() <= 0 {
		return false
	}
	again, err := asn1.Marshal(rs)
	return err == nil && string(again) == string(value)
}

func verifyMLDSA(pub key.Public, message, value []byte, context string) bool {
	k, err := pub.Crypto()
	if err != nil {
		return false
	}
	pk, ok := k.(*mldsa.PublicKey)
	return ok && mldsa.Verify(pk, message, value, &mldsa.Options{Context: context}) == nil
}

// FIDO signatures carry five more bytes than their plain kind.
const (
	fidoTrailer     = 5
	fidoUserPresent = 1
	fidoVerified    = 4
)

// verifySecurityKey checks a FIDO signature (OpenSSH PROTOCOL.u2f): signed are
// SHA-256(application) ‖ flags ‖ counter ‖ SHA-256(message).
func verifySecurityKey(s Scheme, pub key.Public, message, value []byte) bool {
	inner, application, err := pub.SecurityKey()
	if err != nil || len(value) < fidoTrailer {
		return false
	}
	plain, trailer := value[:len(value)-fidoTrailer], value[len(value)-fidoTrailer:]
	app, sum := sha256.Sum256([]byte(application)), sha256.Sum256(message)
	signed := append(append(app[:], trailer...), sum[:]...)
	if s == SKEd25519 {
		return Ed25519.Verify(inner, signed, plain)
	}
	return ECDSASHA256.Verify(inner, signed, plain)
}

// Presence tells what a FIDO signature says about the person at the key: a
// touch, and a PIN or fingerprint. ok is false for other schemes.
func (c *Claim) Presence() (touched, verified bool, counter uint32, ok bool) {
	if c.Scheme != SKEd25519 && c.Scheme != SKECDSA || len(c.Signature) < fidoTrailer {
		return false, false, 0, false
	}
	t := c.Signature[len(c.Signature)-fidoTrailer:]
	return t[0]&fidoUserPresent != 0, t[0]&fidoVerified != 0, binary.BigEndian.Uint32(t[1:]), true
}
