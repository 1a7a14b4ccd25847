package transfer

import "kai/internal/vault/reference"

const (
	// MaxItems bounds the items of one source, as the vault's design says.
	MaxItems = 1_000_000

	// MaxInput bounds the bytes of one file or directory, decrypted. They are in memory as
	// a whole, because nothing is used before all is checked.
	MaxInput = 1 << 30

	// MaxFields and MaxFieldName bound the fields of an item, MaxValues the bytes of all
	// values of one version. They are the vault's, like the limits of paths in package
	// reference.
	MaxFields    = 64
	MaxFieldName = reference.MaxField
	MaxValues    = 16 << 20

	// MaxVersions bounds the history of an item; KeePass keeps ten unless it is told
	// otherwise, and each is a record in the vault.
	MaxVersions = 1024

	// MaxTags and MaxTag bound the number and bytes of tags: a record's meta data, path and
	// names of fields included, have 64 KiB.
	MaxTags = 64
	MaxTag  = 128

	// blockSize is how many items a Store holds in one piece.
	blockSize = 1024

	// maxNotes bounds what is kept to be reported. A million renamed items need no
	// million lines.
	maxNotes = 10_000

	// firstCopied is the size of the first buffer that copied values share; each next one
	// is twice as large, up to copied. All pages of a locked buffer are in memory at once.
	firstCopied = 16 << 10
	copied      = 1 << 20
)
