package slot

import "kai/internal/secret"

// Marshal writes a slot that was read.
func (s *Slot) Marshal() ([]byte, error) { return s.marshal() }

// Head is the head as it stands in the file.
func (s *Slot) Head() []byte { return s.file.Head }

// PBKDF2Key is what passwords go through, without its limits.
func PBKDF2Key(password *secret.Bytes, salt []byte, iterations, size int) (*secret.Bytes, error) {
	return pbkdf2SHA512(password, salt, iterations, size)
}

// Derive is what a password becomes.
func (k KDF) Derive(password *secret.Bytes, salt []byte) (*secret.Bytes, error) {
	return k.derive(password, salt)
}
