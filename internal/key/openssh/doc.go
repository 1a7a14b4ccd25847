// Package openssh reads and writes keys as OpenSSH keeps them.
//
// # Public keys
//
// A public key is one line,
//
//	[options ]TYPE BASE64[ comment]
//
// where TYPE is repeated inside the blob and must be the same, and options are
// those of authorized_keys. Types: ssh-ed25519, ecdsa-sha2-nistp256 and
// -nistp384, ssh-rsa, ssh-mldsa44-ed25519 (also under its first name, which
// ends in @openssh.com), sk-ssh-ed25519@openssh.com and
// sk-ecdsa-sha2-nistp256@openssh.com. Certificates are recognised and refused.
//
// # Private keys
//
// A private key file is armored, 70 columns, with the label OPENSSH PRIVATE
// KEY. Inside stands, with the types of RFC 4251 §5,
//
//	"openssh-key-v1" 0x00
//	string  cipher      none, or aes256-ctr as written here
//	string  kdf         none, or bcrypt
//	string  kdf options empty, or: string salt, uint32 rounds
//	uint32  1           number of keys
//	string  public key blob
//	string  private section, encrypted
//
// and the private section is
//
//	uint32  check       random
//	uint32  check       the same again: tells a wrong passphrase
//	string  type
//	…       by type, below
//	string  comment
//	byte    1, 2, 3, …  up to the cipher's block size, 8 for none
//
//	ssh-ed25519           string public (32), string seed ‖ public (64)
//	ecdsa-sha2-nistp256   string "nistp256", string point, mpint scalar
//	ssh-rsa               mpint n, e, d, iqmp, p, q
//	ssh-mldsa44-ed25519   string public (1344), string seeds (64)
//
// Every number is compared with the one computed from the secret. The file of
// a FIDO key holds no secret, only a handle; its public half is read.
//
// golang.org/x/crypto/ssh reads most of this but returns no comment, knows no
// composite key and writes 16 rounds; it is the judge in the tests instead.
//
// Source: OpenSSH PROTOCOL.key, sshd(8).
package openssh
