package key

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxFile bounds a file of keys, in bytes: room for 150 RSA keys or 20
// post-quantum ones, and little enough to parse in any order.
const MaxFile = 64 << 10

// MaxComment bounds a comment that is written with a key, in bytes. OpenSSH
// reads lines of up to 8 KiB; a comment is for people.
const MaxComment = 1024

// CheckComment refuses what would break out of the line a comment stands in:
// control characters, invalid UTF-8, and more than MaxComment bytes. The error
// is ErrComment.
func CheckComment(comment string) error {
	if len(comment) > MaxComment {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrComment, len(comment), MaxComment)
	}
	if !utf8.ValidString(comment) {
		return fmt.Errorf("%w: not UTF-8", ErrComment)
	}
	for _, r := range comment {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("%w: control character", ErrComment)
		}
	}
	return nil
}
