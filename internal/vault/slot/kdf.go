package slot

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"fmt"
	"unsafe"

	"golang.org/x/crypto/argon2"

	"kai/internal/secret"
)

// The key derivation functions of passwords.
const (
	kdfArgon2id = "argon2id"
	kdfPBKDF2   = "pbkdf2-hmac-sha512"
)

// KDF is how a password becomes a key, and at what cost. The zero value is none.
type KDF struct {
	name       string
	time       uint32 // t, passes
	memory     uint32 // m, KiB
	threads    uint32 // p
	iterations uint32
}

// Argon2id is RFC 9106 with t passes over m KiB by p threads. DefaultKDF has t = 3, m = 65536,
// p = 4.
//
// The error is ErrLimits.
func Argon2id(t, m, p uint32) (KDF, error) {
	k := KDF{name: kdfArgon2id, time: t, memory: m, threads: p}
	return k, k.check()
}

// PBKDF2 is RFC 8018 with HMAC-SHA-512, for where nothing else is allowed. 200,000 iterations
// are the least.
//
// The error is ErrLimits.
func PBKDF2(iterations uint32) (KDF, error) {
	k := KDF{name: kdfPBKDF2, iterations: iterations}
	return k, k.check()
}

// DefaultKDF is Argon2id with t = 3, 64 MiB and p = 4: the second choice of RFC 9106 §4.
func DefaultKDF() KDF { return KDF{name: kdfArgon2id, time: 3, memory: 64 << 10, threads: 4} }

// check holds the cost against its limits. The error is ErrLimits, or ErrNewer for a name that
// is not known.
func (k KDF) check() error {
	switch k.name {
	case kdfArgon2id:
		product := uint64(k.time) * uint64(k.memory)
		if k.iterations != 0 {
			return fmt.Errorf("%w: argon2id has no iterations", ErrMalformed)
		}
		if k.memory < minMemory || k.memory > maxMemory || k.time < 1 || k.time > maxTime ||
			k.threads < 1 || k.threads > maxThreads || product < minTimesMem || product > maxTimesMem {
			return fmt.Errorf("cost of argon2id t=%d m=%d p=%d: %w", k.time, k.memory, k.threads, ErrLimits)
		}
	case kdfPBKDF2:
		if k.time != 0 || k.memory != 0 || k.threads != 0 {
			return fmt.Errorf("%w: pbkdf2 has only iterations", ErrMalformed)
		}
		if k.iterations < minIterations || k.iterations > maxIterations {
			return fmt.Errorf("cost of pbkdf2, %d iterations: %w", k.iterations, ErrLimits)
		}
	default:
		return fmt.Errorf("password hash %q: %w", shorten(k.name), ErrNewer)
	}
	return nil
}

// derive returns FactorSize bytes. It checks the cost once more: no caller gets past the
// limits.
func (k KDF) derive(password *secret.Bytes, salt []byte) (*secret.Bytes, error) {
	if err := k.check(); err != nil {
		return nil, err
	}
	if password.Len() == 0 {
		return nil, fmt.Errorf("empty password: %w", ErrLimits)
	}
	if k.name == kdfArgon2id {
		return secret.Take(argon2.IDKey(password.Expose(), salt, k.time, k.memory, uint8(k.threads), FactorSize)), nil
	}
	return pbkdf2SHA512(password, salt, int(k.iterations), FactorSize)
}

func pbkdf2SHA512(password *secret.Bytes, salt []byte, iterations, size int) (*secret.Bytes, error) {
	// The library wants a string. This one is the secret's own memory, not a copy, and not
	// kept.
	p := password.Expose()
	out, err := pbkdf2.Key(sha512.New, unsafe.String(unsafe.SliceData(p), len(p)), salt, iterations, size)
	if err != nil {
		return nil, fmt.Errorf("pbkdf2: %w", err)
	}
	return secret.Take(out), nil
}
