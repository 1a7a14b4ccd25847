package gitobj

import (
	"bytes"
	"fmt"

	"kai/internal/sig"
)

// Object is a commit or tag, taken apart. Nothing in it has been checked.
type Object struct {
	Kind Kind
	Hash Hash // of the ids in it
	// Parents are the ids that a commit names, in order.
	Parents []string
	// Target, TargetKind and Name are what a tag points to and what it calls it.
	Target, TargetKind, Name string

	person    string
	hasPerson bool
	lines     []header
	body      []byte // the empty line and the message
	trailer   []byte // of a tag: its signature
}

// Parse reads the content of an object, as in git cat-file, of a repository
// whose ids are made by h. The content is not copied and must not change.
//
// The errors are sig.ErrMalformed as *sig.SyntaxError with the place in the
// content, and sig.ErrTooLarge above MaxObject.
func Parse(kind Kind, content []byte, h Hash) (*Object, error) {
	if len(content) > MaxObject {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", kind, sig.ErrTooLarge, MaxObject)
	}
	lines, body, err := splitHeader(content)
	if err != nil {
		return nil, err
	}
	o := &Object{Kind: kind, Hash: h, lines: lines, body: body}
	s := &scanner{lines, len(content) - len(body)}
	switch kind {
	case Commit:
		return o, o.readCommit(s)
	case Tag:
		o.body, o.trailer = splitTrailer(body)
		return o, o.readTag(s)
	}
	return nil, fmt.Errorf("%w: object of kind %q", sig.ErrUnsupported, string(kind))
}

func (o *Object) readCommit(s *scanner) error {
	if _, err := s.id("tree", o.Hash); err != nil {
		return err
	}
	for len(s.lines) > 0 && s.lines[0].name == "parent" {
		if len(o.Parents) == maxParents {
			return fmt.Errorf("commit: %w: more than %d parents", sig.ErrTooLarge, maxParents)
		}
		parent, err := s.id("parent", o.Hash)
		if err != nil {
			return err
		}
		o.Parents = append(o.Parents, parent)
	}
	if _, err := s.one("author"); err != nil {
		return err
	}
	var err error
	if o.person, err = s.one("committer"); err != nil {
		return err
	}
	o.hasPerson = true
	return s.rest("tree", "parent", "author", "committer")
}

func (o *Object) readTag(s *scanner) (err error) {
	if o.Target, err = s.id("object", o.Hash); err != nil {
		return err
	}
	at := s.at()
	if o.TargetKind, err = s.one("type"); err != nil {
		return err
	}
	switch o.TargetKind {
	case "commit", "tree", "blob", "tag":
	default:
		return syntaxError(at, "tag of an unknown type of object")
	}
	at = s.at()
	if o.Name, err = s.one("tag"); err != nil {
		return err
	}
	if o.Name == "" {
		return syntaxError(at, "tag without a name")
	}
	if len(s.lines) > 0 && s.lines[0].name == "tagger" {
		o.hasPerson = true
		if o.person, err = s.one("tagger"); err != nil {
			return err
		}
	}
	return s.rest("object", "type", "tag", "tagger")
}

// Payload is what the object's signature covers: the object without it.
func (o *Object) Payload() []byte {
	b := make([]byte, 0, len(o.body)+512)
	for _, l := range o.lines {
		if !l.isSignature() {
			b = l.append(b)
		}
	}
	return append(b, o.body...)
}

// Signature is the signature as it was made, with the last line feed; nil if
// the object has none.
func (o *Object) Signature() []byte {
	if o.Kind == Tag {
		return o.trailer
	}
	for _, l := range o.lines {
		if l.name == o.Hash.signatureHeader() {
			return append(bytes.Clone(l.value), '\n')
		}
	}
	return nil
}

// Marshal writes the object as it was.
func (o *Object) Marshal() []byte {
	var b []byte
	for _, l := range o.lines {
		b = l.append(b)
	}
	return append(append(b, o.body...), o.trailer...)
}
