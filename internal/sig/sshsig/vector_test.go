package sshsig_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strings"
	"testing"

	"filippo.io/mldsa"

	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// deterministic signs with ML-DSA's deterministic variant (FIPS 204 §3.4), which
// no program uses to sign: a test vector must come out the same every time.
type deterministic struct{ *mldsa.PrivateKey }

func (d deterministic) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	return d.SignDeterministic(message, opts)
}

// stored returns the signer of a secret written in hex.
func stored(t *testing.T, kind key.Type, secretHex string) sig.Signer {
	t.Helper()
	raw, err := hex.DecodeString(secretHex)
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.NewPrivate(kind, secret.Take(raw))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return sig.Signer{Public: private.Public(), Signer: signer}
}

// The test vector of kai-signature(5): the page must say what is computed here.
func TestManualVector(t *testing.T) {
	page, err := os.ReadFile("../../../man/kai-signature.5.scd")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "\\", "")
	// RFC 8032 §7.1, test 1, and a seed that counts.
	s := stored(t, key.Ed25519, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	pq := stored(t, key.MLDSA65, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	pq.Signer = deterministic{pq.Signer.(*mldsa.PrivateKey)}
	s.PQ = &pq
	sum := sha256.Sum256([]byte("hello\n"))
	file, err := sshsig.Sign(rand.Reader, s, "file", "sha256", sum[:])
	if err != nil {
		t.Fatal(err)
	}
	blocks := sshsig.Blocks(file)
	digest := func(b []byte) string {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:])
	}
	for what, want := range map[string]string{
		"SSH block":                    string(sshsig.ArmorSSH(blocks[0])),
		"hash of the decoded block":    digest(blocks[0]),
		"hash of the ML-DSA key":       digest(pq.Public.Raw()),
		"hash of the decoded KAI":      digest(blocks[1]),
		"hash of the whole file":       digest(file),
		"hash of the message":          digest([]byte("hello\n")),
		"first bytes of the KAI block": string(bytes.SplitN(sshsig.ArmorKAI(blocks[1]), []byte("\n"), 3)[1]),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks the %s:\n%s", what, want)
		}
	}
}
