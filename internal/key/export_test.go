package key

import "math/big"

// RSABlob is an OpenSSH blob of any two numbers.
func RSABlob(n *big.Int, e int64) []byte {
	b := appendString(nil, []byte("ssh-rsa"))
	b = appendMPInt(b, big.NewInt(e))
	return appendMPInt(b, n)
}

// SecretSize is the length of a type's stored secret, 0 if it varies.
func SecretSize(t Type) int { return types[t].secretSize }
