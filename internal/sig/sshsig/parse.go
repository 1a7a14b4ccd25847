package sshsig

import (
	"bytes"
	"io"

	"kai/internal/sig"
)

const formatName = "sshsig"

// Format is sshsig among the formats.
type Format struct{}

var _ sig.Format = Format{}

// Name is "sshsig".
func (Format) Name() string { return formatName }

// Detect looks for the first line of an SSH SIGNATURE; the name does not count.
func (Format) Detect(head []byte, _ string) bool {
	return bytes.HasPrefix(head, []byte(sshLabel.begin()))
}

// Parse reads a signature file, see the function Parse.
func (Format) Parse(r io.Reader, limits sig.Limits) (*sig.Unverified, error) {
	file, err := limits.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return Parse(file, limits)
}

// Parse reads a file of one or more SSH blocks, each with its KAI block if it
// has one, and returns a claim for each SSH block in file order. The KAI block
// is the claim's PQ.
//
// A well-formed signature that is not judged here, by its key, hash or
// signature format, or whose KAI block belongs to something else, is returned
// as a claim with a Fault, so that the others of the file can be.
//
// The errors are ErrMalformed as *sig.SyntaxError with the place in the file,
// ErrTooLarge, ErrUnsupported (a later version of a block) and ErrNamespace.
func Parse(file []byte, limits sig.Limits) (*sig.Unverified, error) {
	u := &sig.Unverified{}
	var first *section // the last SSH block
	for pos := 0; first == nil || !isEmptyLines(file[pos:]); {
		s, err := dearmor(file, pos)
		if err != nil {
			return nil, err
		}
		switch {
		case s.label == sshLabel:
			if err := limits.Count(len(u.Claims) + 1); err != nil {
				return nil, err
			}
			c, err := s.classical()
			if err != nil {
				return nil, err
			}
			u.Claims = append(u.Claims, *c)
			first = s
		case first == nil:
			return nil, syntaxError(pos, "KAI block without an SSH block before it")
		default:
			c := &u.Claims[len(u.Claims)-1]
			if c.PQ != nil {
				return nil, syntaxError(pos, "second KAI block for one SSH block")
			}
			if c.PQ, err = s.postQuantum(first.raw, c); err != nil {
				return nil, err
			}
		}
		pos = s.next
	}
	return u, nil
}

// isEmptyLines allows what editors and shells put at the end of a text file.
func isEmptyLines(rest []byte) bool {
	rest = bytes.ReplaceAll(rest, []byte("\r\n"), nil)
	return len(bytes.Trim(rest, "\n")) == 0
}

func (s *section) classical() (*sig.Claim, error) {
	b, err := parseBlock(s.raw)
	if err != nil {
		return nil, s.locate(err)
	}
	c, err := b.claim()
	return c, s.locate(err)
}

func (s *section) postQuantum(first []byte, classical *sig.Claim) (*sig.Claim, error) {
	h, err := parseHybrid(s.raw)
	if err != nil {
		return nil, s.locate(err)
	}
	c, err := h.claim(first, classical)
	return c, s.locate(err)
}

// First returns the part of a file that ssh-keygen looks at, up to the first
// END line, and the KAI block if one follows at once. Without an END line it is
// the whole file.
func First(file []byte) []byte {
	s, err := dearmor(file, 0)
	if err != nil {
		return file
	}
	if next, err := dearmor(file, s.next); err == nil && next.label == kaiLabel {
		return file[:next.next]
	}
	return file[:s.next]
}
