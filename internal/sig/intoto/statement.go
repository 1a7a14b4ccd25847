package intoto

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"kai/internal/canon"
	"kai/internal/sig"
)

// PayloadType is the payload type of an envelope that holds a statement.
const PayloadType = "application/vnd.in-toto+json"

// The types of statements: the first is written, both are read.
const (
	statementV1  = "https://in-toto.io/Statement/v1"
	statementV01 = "https://in-toto.io/Statement/v0.1"
)

// Statement is a claim about files.
type Statement struct {
	Subjects      []Subject
	PredicateType string
	// Predicate is a JSON object, nil if there is none.
	Predicate json.RawMessage
}

// Subject is a file that a statement is about.
type Subject struct {
	Name   string            `json:"name,omitempty"`
	Digest map[string]string `json:"digest"` // hex by algorithm
}

// Marshal returns the statement in canonical form. The errors are ErrInput and
// ErrPredicate.
func (s *Statement) Marshal() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(struct {
		Type          string          `json:"_type"`
		Subjects      []Subject       `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate,omitempty"`
	}{statementV1, s.Subjects, s.PredicateType, s.Predicate})
	if err != nil {
		return nil, fmt.Errorf("%w: not JSON", ErrPredicate)
	}
	data, err = canon.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPredicate, err)
	}
	return data, nil
}

func (s *Statement) check() error {
	if len(s.Subjects) == 0 || len(s.Subjects) > maxSubjects {
		return fmt.Errorf("%w: %d subjects, want 1 to %d", ErrInput, len(s.Subjects), maxSubjects)
	}
	names := make(map[string]bool, len(s.Subjects))
	for _, subject := range s.Subjects {
		if names[subject.Name] {
			return fmt.Errorf("%w: subject %+q twice", ErrInput, subject.Name)
		}
		names[subject.Name] = true
		if len(subject.Name) > maxName || !utf8.ValidString(subject.Name) {
			return fmt.Errorf("%w: subject name of more than %d bytes, or not UTF-8", ErrInput, maxName)
		}
		if len(subject.Digest) == 0 {
			return fmt.Errorf("%w: subject %+q has no digest", ErrInput, subject.Name)
		}
		for algorithm, digits := range subject.Digest {
			if err := checkDigest(algorithm, digits); err != nil {
				return err
			}
		}
	}
	if err := checkURI("predicate type", s.PredicateType); err != nil {
		return err
	}
	return checkPredicate(s.PredicateType, s.Predicate)
}

// Parse reads the payload of an envelope of type PayloadType. The error is
// sig.ErrMalformed.
func Parse(payload []byte) (*Statement, error) {
	o, err := canon.ParseObject(payload)
	if err != nil {
		return nil, syntaxError(err)
	}
	kind, err := o.String("_type")
	if err != nil {
		return nil, syntaxError(err)
	}
	if kind != statementV1 && kind != statementV01 {
		return nil, malformed("not a statement of a known version")
	}
	s := &Statement{}
	if s.PredicateType, err = o.String("predicateType"); err != nil {
		return nil, syntaxError(err)
	}
	if s.PredicateType == "" {
		return nil, malformed("no predicateType")
	}
	if _, err := o.Object("predicate"); err != nil {
		return nil, syntaxError(err)
	}
	s.Predicate = o["predicate"]
	subjects, err := o.Objects("subject")
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(subjects) == 0 || len(subjects) > maxSubjects {
		return nil, malformed("no subject, or too many")
	}
	for _, subject := range subjects {
		one, err := parseSubject(subject)
		if err != nil {
			return nil, err
		}
		s.Subjects = append(s.Subjects, one)
	}
	return s, nil
}

func parseSubject(o canon.Object) (s Subject, err error) {
	if s.Name, err = o.String("name"); err != nil {
		return s, syntaxError(err)
	}
	digests, err := o.Object("digest")
	if err != nil {
		return s, syntaxError(err)
	}
	if len(digests) == 0 {
		return s, malformed("subject without a digest")
	}
	s.Digest = make(map[string]string, len(digests))
	for algorithm := range digests {
		if s.Digest[algorithm], err = digests.String(algorithm); err != nil {
			return s, syntaxError(err)
		}
	}
	return s, nil
}

// Covers reports whether a file with that SHA-256 is a subject.
func (s *Statement) Covers(sum []byte) bool {
	if len(sum) != sha256.Size {
		return false // an absent digest is no digest
	}
	digits := hex.EncodeToString(sum)
	for _, subject := range s.Subjects {
		if strings.EqualFold(subject.Digest["sha256"], digits) {
			return true
		}
	}
	return false
}

const formatName = "in-toto statement"

func malformed(reason string) error { return &sig.SyntaxError{Format: formatName, Reason: reason} }

func syntaxError(err error) error {
	e := &sig.SyntaxError{Format: formatName, Reason: err.Error()}
	var at *canon.Error
	if errors.As(err, &at) && at.Offset >= 0 {
		e.Offset, e.Reason = int64(at.Offset), "JSON: "+at.Reason()
	}
	return e
}
