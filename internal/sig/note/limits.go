package note

import "kai/internal/sig"

// Limits bound a note: a file with its text. 64 signatures are fewer than the
// 100 that golang.org/x/mod/sumdb/note reads.
var Limits = sig.DetachedLimits
