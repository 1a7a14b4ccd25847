package intoto

import (
	"fmt"
	"slices"

	"kai/internal/canon"
)

// The predicate types that have a short name.
const (
	SLSAProvenance = "https://slsa.dev/provenance/v1"
	VSA            = "https://slsa.dev/verification_summary/v1"
	TestResult     = "https://in-toto.io/attestation/test-result/v0.1"
)

// PredicateType turns a short name into its URI and accepts any other URI. The
// error is ErrInput.
func PredicateType(word string) (string, error) {
	switch word {
	case "slsa-provenance":
		return SLSAProvenance, nil
	case "vsa":
		return VSA, nil
	case "test-result":
		return TestResult, nil
	}
	return word, checkURI("predicate type", word)
}

// required is a member, by its path, that a predicate must have.
type required struct {
	path   []string
	values []string // what it may be; nil: anything
}

// requirements are the members that the specifications of known predicates
// call required.
func requirements(predicateType string) []required {
	switch predicateType {
	case SLSAProvenance:
		return []required{
			{path: []string{"buildDefinition", "buildType"}},
			{path: []string{"buildDefinition", "externalParameters"}},
			{path: []string{"runDetails", "builder", "id"}},
		}
	case VSA:
		return []required{
			{path: []string{"verifier", "id"}},
			{path: []string{"timeVerified"}},
			{path: []string{"resourceUri"}},
			{path: []string{"policy"}},
			{path: []string{"verificationResult"}, values: []string{`"PASSED"`, `"FAILED"`}},
			{path: []string{"verifiedLevels"}},
		}
	case TestResult:
		return []required{
			{path: []string{"result"}, values: []string{`"PASSED"`, `"WARNED"`, `"FAILED"`}},
			{path: []string{"configuration"}},
		}
	}
	return nil
}

func checkPredicate(predicateType string, predicate []byte) error {
	wanted := requirements(predicateType)
	if predicate == nil && wanted == nil {
		return nil
	}
	o, err := canon.ParseObject(predicate)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPredicate, err)
	}
	for _, r := range wanted {
		if err := r.in(o); err != nil {
			return err
		}
	}
	return nil
}

func (r required) in(o canon.Object) error {
	name := ""
	for i, step := range r.path {
		if i > 0 {
			name += "."
			o, _ = o.Object(r.path[i-1]) // a member of another kind has no members
		}
		name += step
	}
	value, ok := o[r.path[len(r.path)-1]]
	if !ok {
		return fmt.Errorf("%w: no member %s", ErrPredicate, name)
	}
	if r.values != nil && !slices.Contains(r.values, string(value)) {
		return fmt.Errorf("%w: %s is none of %v", ErrPredicate, name, r.values)
	}
	return nil
}
