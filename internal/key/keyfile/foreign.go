package keyfile

import (
	"bytes"
	"fmt"

	"kai/internal/key"
)

// foreign are files of keys in forms that are not read, by how they begin, with
// the tool that knows them.
var foreign = []struct{ begin, what, tool string }{
	{"PuTTY-User-Key-File-", "PuTTY key file", "puttygen FILE -O private-openssh"},
	{"---- BEGIN SSH2 ", "RFC 4716 key", "ssh-keygen -i -f FILE"},
	{"-----BEGIN PGP ", "OpenPGP key", "sq or gpg"},
	{"-----BEGIN PKCS7-----", "PKCS#7 file", "openssl pkcs7"},
	{"\x30\x82", "DER without armor", "openssl pkey -inform DER -in FILE"},
	{"\x30\x81", "DER without armor", "openssl pkey -inform DER -in FILE"},
	{"\x30\x2a\x30", "DER without armor", "openssl pkey -pubin -inform DER -in FILE"},
	{"\x30\x2e\x02", "DER without armor", "openssl pkey -inform DER -in FILE"},
	{"\xff\xfe", "UTF-16 text", "an editor that writes UTF-8"},
	{"\xef\xbb\xbf", "text with a byte order mark", "an editor that writes none"},
}

// unread names a form that is not read. The error is nil or key.ErrType.
func unread(data []byte) error {
	for _, f := range foreign {
		if bytes.HasPrefix(data, []byte(f.begin)) {
			return fmt.Errorf("%w: %s is not read, convert it with %s", key.ErrType, f.what, f.tool)
		}
	}
	return nil
}
