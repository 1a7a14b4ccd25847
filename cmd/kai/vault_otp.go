package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // the default of RFC 6238, which is what everybody uses
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kai/internal/vault/fields"
)

// otp is the one-time code (RFC 6238) of the field otp, which is a base32 secret or an otpauth:// URI.
func (f *foundSecret) otp(now time.Time) ([]byte, error) {
	value, ok := fields.Find(f.fields, "otp")
	if !ok {
		return nil, failf(exitNotFound, "no_such_field", "%s/%s has no field otp", f.space.Name(), f.version.Path)
	}
	code, err := timeCode(value, now)
	if err != nil {
		return nil, fail(exitUndecidable, "malformed", fmt.Errorf("%s/%s#otp: %w", f.space.Name(), f.version.Path, err))
	}
	return code, nil
}

// timeCode computes a code. The parameters of a URI are those of Google Authenticator's key URI format.
func timeCode(value []byte, now time.Time) ([]byte, error) {
	value = bytes.TrimSpace(value)
	key, digits, period, newHash := value, 6, int64(30), sha1.New
	if bytes.HasPrefix(value, []byte("otpauth://")) {
		u, err := url.Parse(string(value))
		if err != nil || u.Host != "totp" {
			return nil, fmt.Errorf("not an otpauth://totp/ address")
		}
		q := u.Query()
		key = []byte(q.Get("secret"))
		if d := q.Get("digits"); d != "" {
			if digits, err = strconv.Atoi(d); err != nil || digits < 6 || digits > 10 {
				return nil, fmt.Errorf("digits %q", d)
			}
		}
		if p := q.Get("period"); p != "" {
			if period, err = strconv.ParseInt(p, 10, 32); err != nil || period < 1 {
				return nil, fmt.Errorf("period %q", p)
			}
		}
		switch a := strings.ToUpper(q.Get("algorithm")); a {
		case "", "SHA1":
		case "SHA256":
			newHash = sha256.New
		case "SHA512":
			newHash = sha512.New
		default:
			return nil, fmt.Errorf("algorithm %q", a)
		}
	}
	key = bytes.ToUpper(bytes.Join(bytes.Fields(key), nil)) // people write it in groups
	raw := make([]byte, base32.StdEncoding.DecodedLen(len(key))+8)
	n, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(raw, bytes.TrimRight(key, "="))
	if err != nil || n == 0 {
		return nil, fmt.Errorf("not a secret in base32")
	}
	defer clear(raw)
	return hotp(newHash, raw[:n], uint64(now.Unix()/period), digits), nil
}

// hotp is RFC 4226 §5.3.
func hotp(newHash func() hash.Hash, key []byte, counter uint64, digits int) []byte {
	mac := hmac.New(newHash, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, counter))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := uint64(binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff)
	modulus := uint64(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Appendf(nil, "%0*d", digits, n%modulus)
}
