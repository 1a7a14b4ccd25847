package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"kai/internal/canon"
	"kai/internal/identity"
	"kai/internal/signed"
)

const version = "truststore/1"

// identitiesSection is the name of the one section that is known here.
const identitiesSection = "identities"

// fileJSON is a store as encoding/json sees it, in the order in which it is
// written.
type fileJSON struct {
	Kai              string            `json:"kai"`
	Head             json.RawMessage   `json:"head,omitempty"`
	RootCertificates []json.RawMessage `json:"rootCertificates,omitempty"`
	Identities       []json.RawMessage `json:"identities,omitempty"`
	Statements       []json.RawMessage `json:"statements,omitempty"`
	Revocations      []json.RawMessage `json:"revocations,omitempty"`
	Policies         []json.RawMessage `json:"policies,omitempty"`
	Pins             []json.RawMessage `json:"pins,omitempty"`
}

type entryJSON struct {
	Doc   json.RawMessage `json:"doc"`
	Local json.RawMessage `json:"local,omitempty"`
}

// Store is a trust store whose head is good: signed by its owner, over the entries
// that are there. It does not change; Change makes the next one.
type Store struct {
	head    *signed.Envelope // nil while nothing is sealed
	said    headJSON
	owner   *identity.Identity
	lines   [][]byte // of identities, without white space
	entries []*Entry
}

// Parse reads a store and verifies its head. What is older than something seen
// before is good here: Memory knows.
//
// The errors are ErrMalformed, ErrTooLarge, ErrNewer and ErrTampered.
func Parse(data []byte) (*Store, error) {
	s, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("trust store: %w", err)
	}
	return s, nil
}

func parse(data []byte) (*Store, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxFile)
	}
	var f fileJSON
	if err := signed.Decode(data, &f); err != nil {
		return nil, err
	}
	if f.Kai != version {
		if strings.HasPrefix(f.Kai, "truststore/") {
			return nil, fmt.Errorf("version: %w", ErrNewer)
		}
		return nil, malformed("no member kai with %q", version)
	}
	for name, list := range map[string][]json.RawMessage{
		"rootCertificates": f.RootCertificates, "statements": f.Statements, "revocations": f.Revocations, "policies": f.Policies, "pins": f.Pins,
	} {
		if len(list) > 0 {
			return nil, newerSection(name)
		}
	}
	if len(f.Identities) > maxEntries {
		return nil, fmt.Errorf("%w: more than %d identities", ErrTooLarge, maxEntries)
	}
	s := &Store{}
	for _, raw := range f.Identities {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return nil, malformed("entry")
		}
		s.lines = append(s.lines, b.Bytes())
	}
	sealed := int64(0)
	if f.Head != nil {
		head, said, err := parseHead(f.Head)
		if err != nil {
			return nil, err
		}
		covers := said.Covers[identitiesSection]
		if !covers.holds(s.lines) {
			return nil, tampered("identities are not those that were sealed")
		}
		s.head, s.said, sealed = head, *said, covers.n
	}
	if err := s.readEntries(sealed); err != nil {
		return nil, err
	}
	if !signed.SameTokens(data, s.Bytes()) {
		return nil, malformed("store is not spelt as it is written")
	}
	return s, s.checkHead()
}

func newerSection(name string) error { return fmt.Errorf("section %.40q: %w", name, ErrNewer) }

// readEntries reads the lines, of which the first are sealed.
func (s *Store) readEntries(sealed int64) error {
	byID, names := map[identity.ID]*Entry{}, map[string]bool{}
	for i, line := range s.lines {
		e, err := parseEntry(line)
		if err != nil {
			return fmt.Errorf("identity %d: %w", i, err)
		}
		e.sealed = int64(i) < sealed
		known := byID[e.id]
		switch {
		case known != nil && e.sealed:
			return malformed("identity %d stands there twice", i)
		case known != nil:
			known.docs = append(known.docs, e.docs...)
			continue
		case !e.sealed:
			e.local = Local{Class: External, Name: freeName(names, e.local.Name)}
		case names[e.local.Name]:
			return malformed("identity %d has the name of another", i)
		}
		byID[e.id], names[e.local.Name] = e, true
		s.entries = append(s.entries, e)
	}
	return nil
}

// freeName is a name, or name-2, name-3 and so on if it is taken.
func freeName(taken map[string]bool, name string) string {
	for i := 2; taken[name]; i++ {
		suffix := fmt.Sprintf("-%d", i)
		if next := name[:min(len(name), 64-len(suffix))] + suffix; !taken[next] {
			return next
		}
	}
	return name
}

// parseEntry reads one line. The document is well-formed then, and nothing in it is
// verified.
func parseEntry(line []byte) (*Entry, error) {
	var j entryJSON
	if err := signed.Decode(line, &j); err != nil {
		return nil, err
	}
	u, err := identity.Parse(j.Doc)
	if err != nil {
		return nil, err
	}
	e := &Entry{id: u.ID(), docs: []*identity.Unverified{u}}
	if j.Local == nil {
		return nil, malformed("no member local")
	}
	if err := canon.Unmarshal(j.Local, &e.local); err != nil {
		return nil, signed.Malformed("local", err)
	}
	if err := e.local.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// checkHead verifies the head by its owner's keys.
func (s *Store) checkHead() error {
	if s.head == nil {
		return nil
	}
	owner, ok := s.ByID(s.said.Owner)
	if !ok || !owner.sealed || owner.local.Own == "" {
		return tampered("the owner of the head is no own identity")
	}
	id, err := owner.Identity()
	if err != nil {
		return tampered("the owner of the head: %w", err)
	}
	if _, err := id.Speaks(s.head, s.said.Created.Time()); err != nil {
		return tampered("head: %w", err)
	}
	s.owner = id
	return nil
}

// Owner is the default identity of the home, nil while there is none.
func (s *Store) Owner() *Entry {
	if s == nil || s.head == nil {
		return nil
	}
	e, _ := s.ByID(s.said.Owner)
	return e
}

// Head is the number, digest and time of the head; the number is 0 while there is
// none.
func (s *Store) Head() (number int64, digest signed.Digest, created time.Time) {
	if s == nil || s.head == nil {
		return 0, signed.Digest{}, time.Time{}
	}
	return s.said.Number, s.head.Digest(), s.said.Created.Time()
}

// Entries are the identities, in the order in which they came. A nil store has
// none.
func (s *Store) Entries() []*Entry {
	if s == nil {
		return nil
	}
	return slices.Clone(s.entries)
}

// ByID finds an identity.
func (s *Store) ByID(id identity.ID) (*Entry, bool) {
	return s.find(func(e *Entry) bool { return e.id == id })
}

// ByName finds an identity by what it is called here.
func (s *Store) ByName(name string) (*Entry, bool) {
	return s.find(func(e *Entry) bool { return e.local.Name == name })
}

func (s *Store) find(fits func(*Entry) bool) (*Entry, bool) {
	if s == nil {
		return nil, false
	}
	i := slices.IndexFunc(s.entries, fits)
	if i < 0 {
		return nil, false
	}
	return s.entries[i], true
}

// Bytes is the store as it lies in its file: one entry a line, with a line feed at
// its end.
func (s *Store) Bytes() []byte {
	var b bytes.Buffer
	b.WriteString(`{"kai":"` + version + `"`)
	if s.head != nil {
		b.WriteString(",\n" + `"head":`)
		b.Write(s.head.Bytes())
	}
	if len(s.lines) > 0 {
		b.WriteString(",\n" + `"` + identitiesSection + `":[`)
		for i, line := range s.lines {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
			b.Write(line)
		}
		b.WriteString("\n]")
	}
	b.WriteString("}\n")
	return b.Bytes()
}
