package key

import (
	"math/big"

	"kai/internal/key/sshwire"
)

// RSABlob is an OpenSSH blob of any two numbers.
func RSABlob(n *big.Int, e int64) []byte {
	b := sshwire.AppendString(nil, []byte("ssh-rsa"))
	b = sshwire.AppendMPInt(b, big.NewInt(e))
	return sshwire.AppendMPInt(b, n)
}

// SecretSize is the length of a type's stored secret, 0 if it varies.
func SecretSize(t Type) int { return types[t].secretSize }

// Bech32Words checks a Bech32 text of any data.
func Bech32Words(text string) ([]byte, error) {
	_, data, err := bech32Decode([]byte(text))
	return data, err
}

// Bech32 writes any data.
func Bech32(prefix string, data []byte) string {
	text, err := bech32Encode(prefix, data)
	if err != nil {
		panic(err)
	}
	return string(text)
}
