package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"kai/internal/digest"
	"kai/internal/sig"
	"kai/internal/sig/formats"
	"kai/internal/sig/manifest"
	"kai/internal/verdict"
)

// headSize is how much of a file is looked at to find its format, jsonHeadSize
// how much of an object: what tells JSON formats apart may stand behind a long
// member.
const (
	headSize     = 4 << 10
	jsonHeadSize = 1 << 20
)

// headLength is how much to look at of a file that starts with start.
func headLength(start []byte) int {
	if bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("{")) {
		return jsonHeadSize
	}
	return headSize
}

// The two formats that are about trees.
var (
	manifestName = manifest.Format{}.Name()
	proofName    = manifest.ProofFormat{}.Name()
)

// source is one signature file, parsed or not.
type source struct {
	name   string
	claims []*sig.Claim
	// fault: nothing could be parsed, and why.
	fault error
	// apart: the claims are about their payloads and not about one message.
	apart bool
	// after looks at a good signature: it may find the rest of the file at
	// fault (an error) or name what speaks against trust.
	after func(r sig.Result) ([]verdict.Reason, error)
}

// answer judges one task: in the file itself, by -s, or by the files beside it.
func (v *verifier) answer(ctx context.Context, t task, j *judged) error {
	if t.file == "-" && t.signature == "" {
		return v.stream(ctx, t.file, j)
	}
	if revision, ok := strings.CutPrefix(t.file, gitPrefix); ok && t.signature == "" {
		return v.git(ctx, revision, j)
	}
	var info fs.FileInfo
	if t.file != "-" {
		var err error
		if info, err = os.Stat(v.env.path(t.file)); err != nil {
			return unreadable(err)
		}
	}
	isDir := info != nil && info.IsDir()
	switch {
	case isDir && t.signature != "":
		return v.tree(ctx, t.signature, t.file, j)
	case isDir:
		return v.tree(ctx, v.env.manifestOf(t.file), t.file, j)
	case t.signature != "":
		return v.detached(ctx, &message{env: v.env, name: t.file}, []string{t.signature}, j)
	case !info.Mode().IsRegular():
		return v.stream(ctx, t.file, j)
	}
	return v.regular(ctx, t, j)
}

// regular judges a file by what is in it or beside it.
func (v *verifier) regular(ctx context.Context, t task, j *judged) error {
	f, err := os.Open(v.env.path(t.file))
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head, err := headOf(f, info)
	if err != nil {
		return err
	}
	format, found := v.envelope(head, t.file)
	switch {
	case found && format.Name() == manifestName:
		return v.tree(ctx, t.file, treeOf(t), j)
	case found && format.Name() == proofName:
		return withHint(failf(exitUndecidable, "no_file", "%s: a proof is about a file", t.file), "kai verify FILE -s %s", shellWord(t.file))
	case found:
		return v.selfContained(ctx, format, t, nil, j)
	}
	if reason := formats.Foreign(head); reason != nil {
		return v.conclude(ctx, j, nil, []source{{name: t.file, fault: reason}})
	}
	beside := v.neighbours.beside(v.env, t.file)
	j.signature = len(beside) == 0 && formats.IsSignature(head, t.file)
	return v.detached(ctx, &message{env: v.env, name: t.file, opened: f}, beside, j)
}

// unreadable gives a message that may not be read its exit code: it is no
// denial of what was asked, but there is no answer.
func unreadable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fail(exitFailure, "unreadable", err)
	}
	return err
}

// treeOf is the directory that a manifest describes.
func treeOf(t task) string {
	if t.dir != "" {
		return t.dir
	}
	return strings.TrimSuffix(t.file, formats.ManifestSuffix)
}

// envelope is the format of a file that carries its own signature.
func (v *verifier) envelope(head []byte, name string) (sig.Format, bool) {
	if v.o.format != "" {
		f, ok := formats.ByName(v.o.format)
		return f, ok && formats.IsEnvelope(f) && f.Detect(head, name)
	}
	return formats.Envelope(head, name)
}

// stream judges standard input or a pipe, which must carry its own signature:
// it can be read once, and nothing is beside it.
func (v *verifier) stream(ctx context.Context, name string, j *judged) error {
	in, err := v.env.open(ctx, name)
	if err != nil {
		return unreadable(err)
	}
	defer in.Close()
	data, err := sig.EnvelopeLimits.ReadAll(in)
	if err != nil {
		return fmt.Errorf("%s: %w", inputName(name), err)
	}
	head := data[:min(len(data), headLength(data[:min(len(data), headSize)]))]
	format, found := v.envelope(head, name)
	if !found || format.Name() == manifestName || format.Name() == proofName {
		return withHint(failf(exitUndecidable, "no_signature", "%s carries no signature of its own", inputName(name)),
			"kai verify %s -s SIG", shellWord(name))
	}
	return v.selfContained(ctx, format, task{file: name}, data, j)
}

// inputName is what a person calls an input.
func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// selfContained judges a file that carries message and signatures. data is the
// file if it has been read.
func (v *verifier) selfContained(ctx context.Context, format sig.Format, t task, data []byte, j *judged) error {
	if err := v.provesNothing(t.file); err != nil {
		return err
	}
	if data == nil {
		var err error
		if data, err = readBounded(v.env.path(t.file), sig.EnvelopeLimits.FileSize); err != nil {
			return fmt.Errorf("%s: %w", t.file, err)
		}
	}
	j.size = int64(len(data))
	parsed, err := format.Parse(bytes.NewReader(data), sig.EnvelopeLimits)
	if err != nil {
		return v.conclude(ctx, j, nil, []source{{name: t.file, fault: err}})
	}
	s := source{name: t.file, claims: pointers(parsed.Claims), apart: true}
	s.after = func(r sig.Result) ([]verdict.Reason, error) { return v.inspect(parsed, r, nil, j) }
	if err := v.conclude(ctx, j, nil, []source{s}); err != nil || v.o.output == "" {
		return err
	}
	return v.deliver(ctx, parsed, j)
}

// provesNothing refuses --prove for what is no manifest.
func (v *verifier) provesNothing(name string) error {
	if v.o.prove == "" {
		return nil
	}
	return usagef("--prove %s: %s is no manifest", v.o.prove, name)
}

// detached judges a message by signature files.
func (v *verifier) detached(ctx context.Context, m *message, files []string, j *judged) error {
	if err := v.provesNothing(m.name); err != nil {
		return err
	}
	var sources []source
	for _, f := range files {
		s, err := v.readSource(ctx, f, m, j)
		if err != nil {
			return err
		}
		sources = append(sources, s)
	}
	if v.o.output == "" {
		return v.conclude(ctx, j, m, sources)
	}
	if err := v.env.spares(v.o.output, files...); err != nil {
		return err
	}
	out, err := v.env.createHeld(v.o.output, v.outputOptions())
	if err != nil {
		return err
	}
	defer out.Abort()
	m.copy = out
	if err := v.conclude(ctx, j, m, sources); err != nil || j.exit != exitDone {
		return err
	}
	return out.Commit(ctx)
}

// readSource reads and parses one signature file. What is wrong with the file
// is part of the answer; only failing to read it is an error.
func (v *verifier) readSource(ctx context.Context, name string, m *message, j *judged) (source, error) {
	in, err := v.env.open(ctx, name)
	if err != nil {
		return source{}, err
	}
	defer in.Close()
	head, err := takeHead(in)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", name, err)
	}
	format, err := v.detachedFormat(head, name)
	if err != nil {
		return source{name: name, fault: err}, nil
	}
	whole := io.MultiReader(bytes.NewReader(head), in)
	if format.Name() == proofName {
		return v.proofSource(name, whole, m), nil
	}
	parsed, err := format.Parse(whole, formats.LimitsOf(format))
	if err != nil {
		return source{name: name, fault: err}, nil
	}
	s := source{name: name, claims: pointers(parsed.Claims)}
	for _, c := range s.claims {
		m.embeds = m.embeds || c.Content.Embed != nil
	}
	if carriesPayload(parsed) {
		m.require(digest.SHA256)
	}
	s.after = func(r sig.Result) ([]verdict.Reason, error) {
		if !carriesPayload(parsed) {
			return v.inspectDetached(r.Claim, m)
		}
		sum, err := m.sum(digest.SHA256)
		if err != nil {
			return nil, err
		}
		return v.inspect(parsed, r, []subject{{m.name, sum}}, j)
	}
	return s, nil
}

// takeHead reads the first bytes of a stream.
func takeHead(in io.Reader) ([]byte, error) {
	head, err := readUpTo(in, make([]byte, headSize))
	if err != nil || len(head) < headSize {
		return head, err
	}
	rest := headLength(head) - headSize
	if rest <= 0 {
		return head, nil
	}
	more, err := readUpTo(in, make([]byte, rest))
	return append(head, more...), err
}

// readUpTo fills b, or less of it at the end of the stream.
func readUpTo(in io.Reader, b []byte) ([]byte, error) {
	n, err := io.ReadFull(in, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

func (v *verifier) detachedFormat(head []byte, name string) (sig.Format, error) {
	if v.o.format == "" && (manifest.Format{}).Detect(head, name) {
		return nil, fmt.Errorf("%w: a manifest is about a directory", sig.ErrUnsupported)
	}
	if v.o.format == "" {
		return formats.Detached(head, name)
	}
	f, ok := formats.ByName(v.o.format)
	if !ok {
		return nil, fmt.Errorf("%w: %s", sig.ErrUnsupported, v.o.format)
	}
	return f, nil
}

// conclude checks all claims about one message and judges them.
func (v *verifier) conclude(ctx context.Context, j *judged, m *message, sources []source) error {
	var claims []*sig.Claim
	for _, s := range sources {
		claims = append(claims, s.claims...)
	}
	var digester sig.Digester
	if m != nil {
		digester = m
	}
	results, err := sig.Check(ctx, claims, digester, v.ring)
	if err != nil {
		return err
	}
	if m != nil {
		if err := m.finish(ctx); err != nil {
			return err
		}
		j.size, j.sums = m.size, m.sums
	}
	var inputs []verdict.Input
	for _, s := range sources {
		if s.fault != nil {
			inputs = append(inputs, verdict.Input{Result: sig.Result{Err: s.fault}, Source: s.name})
		}
		inputs = append(inputs, v.inputs(s, results[:len(s.claims)])...)
		results = results[len(s.claims):]
	}
	j.verdict = verdict.Judge(inputs, v.rule, verdict.Requirements{At: v.at, Threshold: v.o.threshold, RequirePQ: v.o.requirePQ})
	j.exit = exitOf(j.verdict.Word)
	return nil
}

// inputs prepares the checked signatures of one file for their judgement.
func (v *verifier) inputs(s source, results []sig.Result) []verdict.Input {
	list := make([]verdict.Input, len(results))
	for i, r := range results {
		list[i] = v.input(s, r)
	}
	excuseOthers(list, results)
	if s.apart {
		for i, n := range payloadNumbers(s.claims) {
			list[i].Message = n
		}
	}
	return list
}

// input prepares one checked signature for its judgement.
func (v *verifier) input(s source, r sig.Result) verdict.Input {
	in := verdict.Input{Result: r, Source: s.name, Namespace: v.o.namespace}
	if in.Namespace == "" {
		in.Namespace = formats.Namespace(r.Claim)
	}
	if r.Err != nil {
		return in
	}
	in.Against = v.lacks(r.Claim)
	if s.after == nil {
		return in
	}
	against, err := s.after(r)
	if err != nil {
		in.Result = sig.Result{Claim: r.Claim, Err: err}
	}
	in.Against = append(in.Against, against...)
	return in
}

// outputOptions of what was verified: a tool, a proof, a payload.
func (v *verifier) outputOptions() outputOptions {
	return outputOptions{mode: 0o644, force: v.o.force, flag: "-f"}
}

func pointers(claims []sig.Claim) []*sig.Claim {
	list := make([]*sig.Claim, len(claims))
	for i := range claims {
		list[i] = &claims[i]
	}
	return list
}

func readHead(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return headOf(f, info)
}

// headOf reads the first bytes of a regular file and leaves its offset alone.
// Of other files nothing is read: it would be gone.
func headOf(f *os.File, info os.FileInfo) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, nil
	}
	return takeHead(io.NewSectionReader(f, 0, info.Size()))
}

// readBounded reads a file of at most limit bytes. The error is sig.ErrTooLarge
// or that of package os.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return sig.Limits{FileSize: limit}.ReadAll(f)
}

// subject is a file that a statement may name.
type subject struct {
	name   string
	sha256 []byte
}
