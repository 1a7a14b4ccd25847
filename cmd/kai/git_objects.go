package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"kai/internal/sig"
	"kai/internal/sig/gitobj"
)

// gitObject is one object to be judged, as git hands it out: nothing is checked.
type gitObject struct {
	id      string
	kind    string
	content []byte
	// name is what the object was asked for by; ref the full name of a tag's reference, if
	// it is known.
	name, ref string
	// walked says that the object was found in a history, and listed the parents that the
	// walk went on to.
	walked bool
	listed []string
	// fault is why there is no content.
	fault error
}

// Objects are judged in batches: a goroutine for each would cost more than most signatures.
const (
	gitBatchObjects = 64
	gitBatchBytes   = 256 << 10
)

// maxGitLine bounds a line of git: an id, and the ids of as many parents as fit.
const maxGitLine = 1 << 20

// gitSource reads the objects that the arguments name.
type gitSource struct {
	git   *gitRunner
	yield func([]gitObject) bool

	batch []gitObject
	bytes int
	// seen are the objects of earlier arguments; nil if there is one argument only.
	seen     *idSet
	warnings []string
}

// errStopped ends a source whose receiver wants no more.
var errStopped = errors.New("stopped")

// read hands out the objects of each argument in turn, of a tag's reference if tags is set.
func (s *gitSource) read(ctx context.Context, args []gitArgument, tags bool) error {
	if len(args) > 1 || tags && len(args) > 0 {
		s.seen = newIDSet()
	}
	if tags {
		if err := s.readTags(ctx); err != nil {
			return err
		}
	}
	for len(args) > 0 {
		if args[0].isRange {
			if err := s.readRange(ctx, args[0].text); err != nil {
				return err
			}
			args = args[1:]
			continue
		}
		n := slices.IndexFunc(args, func(a gitArgument) bool { return a.isRange })
		if n < 0 {
			n = len(args)
		}
		if err := s.readNamed(ctx, args[:n]); err != nil {
			return err
		}
		args = args[n:]
	}
	return s.flush()
}

// readRange hands out the commits of a history: git rev-list prints their ids, and git
// cat-file reads these and echoes the parents that stand behind them.
func (s *gitSource) readRange(ctx context.Context, text string) error {
	p, err := s.git.pipe(ctx, nil,
		[]string{"rev-list", "--parents", "--end-of-options", text, "--"},
		[]string{"cat-file", "--buffer", "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)"})
	if err != nil {
		return err
	}
	defer p.close()
	found, err := s.readBatch(ctx, p.out, func(int) (gitObject, bool) { return gitObject{walked: true}, true })
	if err != nil {
		return err
	}
	if err := s.ended(p); err != nil {
		return err
	}
	if found == 0 {
		s.warnings = append(s.warnings, "no commits in "+text)
	}
	return nil
}

// readNamed hands out the objects that are named, a tag itself and not what it points to.
func (s *gitSource) readNamed(ctx context.Context, args []gitArgument) error {
	var names strings.Builder
	objects := make([]gitObject, len(args))
	for i, a := range args {
		names.WriteString(a.text + "\n")
		objects[i].name = a.text
	}
	return s.readNames(ctx, names.String(), objects)
}

// readTags hands out the tags of the repository. A tag that is no object but only a reference
// to one has no signature, whatever it points to has.
func (s *gitSource) readTags(ctx context.Context) error {
	list, err := s.git.output(ctx, "for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", "refs/tags")
	if err != nil {
		return err
	}
	var names strings.Builder
	var tags []gitObject
	for line := range strings.Lines(list) {
		id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		kind, ref, ok := strings.Cut(rest, " ")
		if !ok {
			return failf(exitFailure, "git", "git for-each-ref: unexpected line")
		}
		o := gitObject{id: id, kind: kind, name: strings.TrimPrefix(ref, tagReferences), ref: ref}
		if kind == string(gitobj.Tag) {
			names.WriteString(id + "\n")
			tags = append(tags, o)
			continue
		}
		o.fault = errLightweight
		if err := s.add(o); err != nil {
			return err
		}
	}
	return s.readNames(ctx, names.String(), tags)
}

// errLightweight: a reference under refs/tags that points to something that is no tag.
var errLightweight = fmt.Errorf("%w: nothing signs the name of a lightweight tag", gitobj.ErrUnsigned)

// readNames hands out an object for each line of names; objects is what is known of them.
func (s *gitSource) readNames(ctx context.Context, names string, objects []gitObject) error {
	if len(objects) == 0 {
		return nil
	}
	p, err := s.git.pipe(ctx, strings.NewReader(names),
		[]string{"cat-file", "--buffer", "--batch=%(objectname) %(objecttype) %(objectsize)"})
	if err != nil {
		return err
	}
	defer p.close()
	found, err := s.readBatch(ctx, p.out, func(i int) (gitObject, bool) {
		if i == len(objects) {
			return gitObject{}, false
		}
		return objects[i], true
	})
	if err != nil {
		return err
	}
	if err := s.ended(p); err != nil {
		return err
	}
	if found != len(objects) {
		return failf(exitFailure, "git", "git cat-file: answers %d of %d names", found, len(objects))
	}
	return nil
}

func (s *gitSource) ended(p *gitPipe) error {
	warnings, err := p.wait()
	if err == nil {
		s.warnings = append(s.warnings, warnings...)
	}
	return err
}

// readBatch reads what git cat-file --batch prints. known says what is known already of the
// object at an index, and whether there can be one.
func (s *gitSource) readBatch(ctx context.Context, out io.Reader, known func(int) (gitObject, bool)) (found int, err error) {
	in := bufio.NewReaderSize(out, 64<<10)
	for ; ; found++ {
		line, err := readGitLine(in)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		o, ok := known(found)
		if !ok {
			return found, failf(exitFailure, "git", "git cat-file: more answers than questions")
		}
		if err := o.read(in, line); err != nil {
			return found, err
		}
		if o.kind == string(gitobj.Tag) && o.ref == "" {
			o.ref = s.tagReference(ctx, o.name)
		}
		if err := s.add(o); err != nil {
			return found, err
		}
	}
}

// tagReference is the full name of the tag that a revision stands for, "" if it is none.
func (s *gitSource) tagReference(ctx context.Context, revision string) string {
	ref, err := s.git.output(ctx, "rev-parse", "--verify", "--quiet", "--symbolic-full-name", "--end-of-options", revision)
	ref = strings.TrimSuffix(ref, "\n")
	if err != nil || !strings.HasPrefix(ref, tagReferences) {
		return ""
	}
	return ref
}

// tagReferences is what the full names of tags begin with.
const tagReferences = "refs/tags/"

// readGitLine reads up to a line feed; io.EOF means that nothing is left.
func readGitLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return string(line[:len(line)-1]), nil
		case len(line) > maxGitLine:
			return "", failf(exitFailure, "git", "git: a line of more than %d bytes", maxGitLine)
		case errors.Is(err, io.EOF) && len(line) > 0:
			return "", failf(exitFailure, "git", "git: output is cut off")
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// read interprets a line "ID TYPE SIZE PARENT…" and reads the content that follows it, or
// "NAME missing", which nothing follows.
func (o *gitObject) read(in *bufio.Reader, line string) error {
	fields := strings.Split(strings.TrimSuffix(line, " "), " ")
	if len(fields) < 3 || !o.walked && len(fields) > 3 || !isObjectType(fields[1]) {
		if o.id == "" {
			o.id, _, _ = strings.Cut(line, " ")
		}
		o.fault = missingObject(line, o.name)
		return nil
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if _, ok := gitobj.HashOf(fields[0]); err != nil || size < 0 || !ok {
		return failf(exitFailure, "git", "git cat-file: unexpected line")
	}
	o.id, o.kind, o.listed = fields[0], fields[1], fields[3:]
	switch {
	case o.kind != string(gitobj.Commit) && o.kind != string(gitobj.Tag):
		o.fault = fmt.Errorf("%w: a %s has no place for a signature", gitobj.ErrUnsigned, o.kind)
	case size > gitobj.MaxObject:
		o.fault = fmt.Errorf("%w: %s of %d bytes", sig.ErrTooLarge, o.kind, size)
	default:
		o.content = make([]byte, size)
		_, err = io.ReadFull(in, o.content)
		size = 0
	}
	if err == nil {
		_, err = io.CopyN(io.Discard, in, size+1) // and the line feed
	}
	if err != nil {
		return fmt.Errorf("git cat-file: output is cut off: %w", err)
	}
	return nil
}

func isObjectType(word string) bool {
	return slices.Contains([]string{"commit", "tree", "blob", "tag"}, word)
}

// missingObject is the fault of a line that is about no object.
func missingObject(line, name string) error {
	word := line[strings.LastIndexByte(line, ' ')+1:]
	if name == "" {
		return failf(exitFailure, "no_object", "object %s", line)
	}
	if word == "ambiguous" {
		return failf(exitNotFound, "ambiguous_revision", "revision %s: ambiguous", name)
	}
	return failf(exitNotFound, "no_such_revision", "revision %s: not found", name)
}

// add hands an object on, with others.
func (s *gitSource) add(o gitObject) error {
	if s.seen != nil && o.ref == "" && o.fault == nil && !s.seen.add(o.id) {
		return nil
	}
	s.batch = append(s.batch, o)
	s.bytes += len(o.content)
	if len(s.batch) < gitBatchObjects && s.bytes < gitBatchBytes {
		return nil
	}
	return s.flush()
}

func (s *gitSource) flush() error {
	if len(s.batch) > 0 && !s.yield(s.batch) {
		return errStopped
	}
	s.batch, s.bytes = nil, 0
	return nil
}
