package primitivetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

func aead(t *testing.T, file string, want int, open func(key []byte, nonceSize int) (cipher.AEAD, error)) {
	t.Helper()
	type aeadCase struct {
		common
		Key, Iv, Aad, Msg, Ct, Tag octets
	}
	wycheproof(t, file, want, func(c *aeadCase) common { return c.common }, func(t *testing.T, _ *struct{}, c *aeadCase) bool {
		a, err := open(c.Key, len(c.Iv))
		if err != nil || a.NonceSize() != len(c.Iv) {
			return false
		}
		sealed := append(bytes.Clone(c.Ct), c.Tag...)
		if c.Result == "valid" && !bytes.Equal(a.Seal(nil, c.Iv, c.Msg, c.Aad), sealed) {
			t.Errorf("%s %d: sealed differently", file, c.TcID)
		}
		plain, err := a.Open(nil, c.Iv, sealed, c.Aad)
		return err == nil && bytes.Equal(plain, c.Msg)
	})
}

func TestAEAD(t *testing.T) {
	aead(t, "aes_gcm_test.json", 316, func(key []byte, nonceSize int) (cipher.AEAD, error) {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCMWithNonceSize(block, nonceSize)
	})
	aead(t, "chacha20_poly1305_test.json", 325, func(key []byte, _ int) (cipher.AEAD, error) {
		return chacha20poly1305.New(key)
	})
	aead(t, "xchacha20_poly1305_test.json", 315, func(key []byte, _ int) (cipher.AEAD, error) {
		return chacha20poly1305.NewX(key)
	})
}

func TestHMAC(t *testing.T) {
	type group struct{ TagSize int }
	type macCase struct {
		common
		Key, Msg, Tag octets
	}
	wycheproof(t, "hmac_sha256_test.json", 174, func(c *macCase) common { return c.common }, func(t *testing.T, g *group, c *macCase) bool {
		h := hmac.New(sha256.New, c.Key)
		h.Write(c.Msg)
		return hmac.Equal(h.Sum(nil)[:g.TagSize/8], c.Tag)
	})
}

func TestHKDF(t *testing.T) {
	type kdfCase struct {
		common
		Ikm, Salt, Info, Okm octets
		Size                 int
	}
	for file, f := range map[string]struct {
		hash func() hash.Hash
		want int
	}{
		"hkdf_sha256_test.json": {sha256.New, 86},
		"hkdf_sha512_test.json": {sha512.New, 83},
	} {
		wycheproof(t, file, f.want, func(c *kdfCase) common { return c.common }, func(t *testing.T, _ *struct{}, c *kdfCase) bool {
			okm, err := hkdf.Key(f.hash, c.Ikm, c.Salt, string(c.Info), c.Size)
			return err == nil && bytes.Equal(okm, c.Okm)
		})
	}
}

func TestPBKDF2(t *testing.T) {
	type kdfCase struct {
		common
		Password, Salt, Dk    octets
		IterationCount, DkLen int
	}
	for file, f := range map[string]struct {
		hash func() hash.Hash
		want int
	}{
		"pbkdf2_hmacsha256_test.json": {sha256.New, 60},
		"pbkdf2_hmacsha512_test.json": {sha512.New, 58},
	} {
		wycheproof(t, file, f.want, func(c *kdfCase) common { return c.common }, func(t *testing.T, _ *struct{}, c *kdfCase) bool {
			dk, err := pbkdf2.Key(f.hash, string(c.Password), c.Salt, c.IterationCount, c.DkLen)
			return err == nil && bytes.Equal(dk, c.Dk)
		})
	}
}
