package minisign

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// TrustedComment is the usual trusted comment of a prehashed signature made at
// a time over a file. Control characters in its base name become \xHH.
func TrustedComment(at time.Time, base string) string {
	return fmt.Sprintf("timestamp:%d\tfile:%s\thashed", at.Unix(), escape(base))
}

func escape(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if isControl(name[i]) {
			fmt.Fprintf(&b, `\x%02x`, name[i])
		} else {
			b.WriteByte(name[i])
		}
	}
	return b.String()
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

// checkComment accepts what fits a line: tab is the only control character,
// since the convention separates fields with it.
func checkComment(which, text string, limit int) error {
	if len(text) > limit {
		return fmt.Errorf("%w: %s comment of %d bytes, at most %d", ErrComment, which, len(text), limit)
	}
	for i := range len(text) {
		if isControl(text[i]) && text[i] != '\t' {
			return fmt.Errorf("%w: control character in the %s comment", ErrComment, which)
		}
	}
	return nil
}

// maxTime is the last second of the year 9999, beyond which times have no text
// form in RFC 3339.
const maxTime = 253402300799

// claimedTime reads the field "timestamp:SECONDS", zero if there is none. The
// first one counts, and only if it is a plain number.
func claimedTime(comment string) time.Time {
	for field := range strings.SplitSeq(comment, "\t") {
		text, ok := strings.CutPrefix(field, "timestamp:")
		if !ok {
			continue
		}
		seconds, err := strconv.ParseUint(text, 10, 63)
		if err != nil || seconds > maxTime {
			return time.Time{}
		}
		return time.Unix(int64(seconds), 0).UTC()
	}
	return time.Time{}
}
