package sig

import "io"

// Format is one way to write signatures. Each sub-package offers one.
type Format interface {
	// Name is the word for --format and reports, such as "sshsig".
	Name() string
	// Detect reports whether a file that starts with head is of the format.
	// head is the first 4 KiB or, of a file that starts like a JSON object, the
	// first MiB: what tells those apart may stand behind a long member. name is
	// the file's name; content decides, the name only breaks ties.
	Detect(head []byte, name string) bool
	// Parse reads a whole signature file. The errors are ErrMalformed, mostly
	// as *SyntaxError, ErrTooLarge, ErrUnsupported and the reader's.
	Parse(r io.Reader, limits Limits) (*Unverified, error)
}
