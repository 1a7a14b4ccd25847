package minisign

import "errors"

// ErrComment: a comment that cannot be written: too long for minisign, or with
// control characters other than tab.
var ErrComment = errors.New("comment does not fit a minisign file")
