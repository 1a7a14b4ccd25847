package intoto

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Provenance is what SLSA provenance v1 says about a build, as far as a command
// line can.
type Provenance struct {
	BuilderID    string // URI of who ran the build
	BuildType    string // URI of how to read the parameters
	Parameters   map[string]string
	Dependencies []Dependency
	Invocation   string    // the run's id, "" if unknown
	Started      time.Time // zero if unknown
	Finished     time.Time // zero if unknown
}

// Dependency is a thing that a build used.
type Dependency struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// ParseDependency reads URI@ALGORITHM:HEX. The error is ErrInput.
func ParseDependency(arg string) (Dependency, error) {
	uri, digest, ok := cutLast(arg, "@")
	algorithm, digits, ok2 := strings.Cut(digest, ":")
	if !ok || !ok2 {
		return Dependency{}, fmt.Errorf("%w: dependency %+q is not URI@ALGORITHM:HEX", ErrInput, arg)
	}
	if err := checkURI("dependency", uri); err != nil {
		return Dependency{}, err
	}
	return Dependency{uri, map[string]string{algorithm: digits}}, checkDigest(algorithm, digits)
}

// ParseParameters reads a list of K=V. The error is ErrInput.
func ParseParameters(args []string) (map[string]string, error) {
	parameters := make(map[string]string, len(args))
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%w: parameter %+q is not NAME=VALUE", ErrInput, arg)
		}
		if !utf8.ValidString(arg) { // encoding/json would repair it
			return nil, fmt.Errorf("%w: parameter %+q is not UTF-8", ErrInput, arg)
		}
		if _, twice := parameters[name]; twice {
			return nil, fmt.Errorf("%w: parameter %+q twice", ErrInput, name)
		}
		parameters[name] = value
	}
	return parameters, nil
}

// Predicate is the predicate of a statement of type SLSAProvenance. The error
// is ErrInput.
func (p *Provenance) Predicate() (json.RawMessage, error) {
	if err := checkURI("builder id", p.BuilderID); err != nil {
		return nil, err
	}
	if err := checkURI("build type", p.BuildType); err != nil {
		return nil, err
	}
	if !utf8.ValidString(p.Invocation) {
		return nil, fmt.Errorf("%w: invocation id is not UTF-8", ErrInput)
	}
	if !p.Started.IsZero() && !p.Finished.IsZero() && p.Finished.Before(p.Started) {
		return nil, fmt.Errorf("%w: build finished before it started", ErrInput)
	}
	type definition struct {
		BuildType    string            `json:"buildType"`
		Parameters   map[string]string `json:"externalParameters"` // required, even if empty
		Dependencies []Dependency      `json:"resolvedDependencies,omitempty"`
	}
	type builder struct {
		ID string `json:"id"`
	}
	type metadata struct {
		Invocation string    `json:"invocationId,omitempty"`
		Started    time.Time `json:"startedOn,omitzero"`
		Finished   time.Time `json:"finishedOn,omitzero"`
	}
	type run struct {
		Builder  builder  `json:"builder"`
		Metadata metadata `json:"metadata,omitzero"`
	}
	parameters := p.Parameters
	if parameters == nil {
		parameters = map[string]string{}
	}
	predicate, err := json.Marshal(struct {
		Definition definition `json:"buildDefinition"`
		Run        run        `json:"runDetails"`
	}{
		definition{p.BuildType, parameters, p.Dependencies},
		run{builder{p.BuilderID}, metadata{p.Invocation, p.Started.UTC(), p.Finished.UTC()}},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return predicate, nil
}
