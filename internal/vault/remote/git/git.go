// Package git keeps a copy of a vault in a repository of git, by the system's own git.
//
// The objects are the files of the newest commit of a branch, and their tags the ids of their blobs. Put
// writes blobs; Finish makes a tree and a commit of them and pushes it, as one step: when somebody else
// was faster, git refuses, and the caller merges anew. kai never lets git merge or check out anything:
// the work tree is the vault, whose files are written by others.
//
// The repository lies in .git of the vault's directory, so that git log and git status mean the vault.
// local/ is in .git/info/exclude, with what else is not part of the vault. After Finish the index
// is what was committed.
//
// git runs without hooks, fsmonitor, signing, automatic maintenance and the configuration of the
// system. That of the user stays, which knows how to reach the remote. The transport ext, which runs
// programs that an address names, is off.
package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kai/internal/vault/remote"
)

const (
	defaultBranch = "main"
	// trackingRef is what the branch of the remote was when it was fetched.
	trackingRef = "refs/kai/remote"
	indexFile   = "kai-index"
	maxSaid     = 4096
	patience    = 5 * time.Second
)

// settings come before each verb.
var settings = []string{
	"core.hooksPath=" + os.DevNull, "core.fsmonitor=false", "core.untrackedCache=false",
	"commit.gpgSign=false", "push.gpgSign=false", "gc.auto=0", "maintenance.auto=false",
	"core.autocrlf=false", "core.attributesFile=" + os.DevNull, "core.logAllRefUpdates=false",
	"protocol.ext.allow=never", "transfer.fsckObjects=true", "fetch.recurseSubmodules=false", "push.recurseSubmodules=no",
	"push.default=nothing", "core.commitGraph=false",
}

// Options say which repository is meant.
type Options struct {
	Dir string // of the vault
	// Remote is what git fetch takes: an address, a path, or the name of a remote. Empty means origin if
	// there is one, and else that commits stay here.
	Remote string
	Branch string // empty: main
	// Environ is the environment of git.
	Environ []string
	Now     func() time.Time
}

// Repository is a repository that is a remote.Remote.
type Repository struct {
	o      Options
	base   string // commit that List has listed, "" when there is none
	files  map[string]blob
	put    map[string]string // name → id of its new blob, "" when it is removed
	remote string            // "" when commits stay here
}

type blob struct {
	id    string
	size  int64
	plain bool // a plain file; all others are kept as they are
}

var _ remote.Remote = (*Repository)(nil)

// Open opens the repository of a vault's directory, and makes it when there is none. Errors are
// remote.ErrTarget and remote.ErrUnreachable.
func Open(ctx context.Context, o Options) (*Repository, error) {
	if o.Branch == "" {
		o.Branch = defaultBranch
	}
	r := &Repository{o: o, remote: o.Remote}
	switch {
	case strings.HasPrefix(o.Remote, "-") || strings.ContainsFunc(o.Remote, isControl):
		return nil, fmt.Errorf("%w: remote %q", remote.ErrTarget, o.Remote)
	case strings.HasPrefix(o.Branch, "-"):
		return nil, fmt.Errorf("%w: branch %q", remote.ErrTarget, o.Branch)
	}
	if _, err := os.Lstat(r.gitDir()); errors.Is(err, fs.ErrNotExist) {
		if err := r.init(ctx); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	if err := r.binary(); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, nil, "check-ref-format", r.branchRef()); err != nil {
		return nil, fmt.Errorf("%w: branch %q", remote.ErrTarget, o.Branch)
	}
	if r.remote == "" {
		names, err := r.git(ctx, nil, "remote")
		if err != nil {
			return nil, err
		}
		if slices.Contains(strings.Fields(names), "origin") {
			r.remote = "origin"
		}
	}
	return r, nil
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

func (r *Repository) gitDir() string    { return filepath.Join(r.o.Dir, ".git") }
func (r *Repository) branchRef() string { return "refs/heads/" + r.o.Branch }

func (r *Repository) init(ctx context.Context) error {
	if _, err := r.git(ctx, nil, "init", "--quiet", "--template=", "--initial-branch="+r.o.Branch); err != nil {
		return err
	}
	_, err := r.git(ctx, nil, "config", "core.autocrlf", "false")
	return err
}

// binary tells git, also where the user has made the repository, that ciphertext is no text, whatever a
// file in the tree says: else git status shows it as changed, and a checkout changes it.
func (r *Repository) binary() error {
	info := filepath.Join(r.gitDir(), "info")
	if err := os.MkdirAll(info, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(info, "attributes"), []byte("* -text -diff -filter -ident -merge\n"), 0o600)
}

// command prepares git with what it says on stderr.
func (r *Repository) command(ctx context.Context, args ...string) (*exec.Cmd, *said) {
	line := []string{"--git-dir=" + r.gitDir(), "--work-tree=" + r.o.Dir, "--no-optional-locks"}
	for _, s := range settings {
		line = append(line, "-c", s)
	}
	cmd := exec.CommandContext(ctx, "git", append(line, args...)...)
	cmd.Dir = r.o.Dir
	cmd.WaitDelay = patience
	for _, v := range r.o.Environ {
		// What is said of another repository is not said of this one.
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "GIT_") || strings.HasPrefix(name, "GIT_SSH") || name == "GIT_ASKPASS" || name == "GIT_CONFIG_GLOBAL" || name == "GIT_TERMINAL_PROMPT" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1")
	out := &said{}
	cmd.Stderr = out
	return cmd, out
}

// said keeps the beginning of what git complains about.
type said struct{ text bytes.Buffer }

func (s *said) Write(p []byte) (int, error) {
	s.text.Write(p[:min(len(p), maxSaid-s.text.Len())])
	return len(p), nil
}

// failure is why git failed, in its own words.
func (s *said) failure(ctx context.Context, verb string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	why := strings.TrimSpace(s.text.String())
	if lines := strings.Split(why, "\n"); len(lines) > 1 {
		why = lines[0]
		for _, l := range lines {
			if strings.HasPrefix(l, "fatal: ") || strings.HasPrefix(l, "error: ") {
				why = l
				break
			}
		}
	}
	return fmt.Errorf("git %s: %w: %s: %w", verb, remote.ErrUnreachable, why, err)
}

// git runs a verb and returns what it prints.
func (r *Repository) git(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	return r.gitWith(ctx, nil, stdin, args...)
}

func (r *Repository) gitWith(ctx context.Context, environ []string, stdin io.Reader, args ...string) (string, error) {
	cmd, complaints := r.command(ctx, args...)
	cmd.Env = append(cmd.Env, environ...)
	cmd.Stdin = stdin
	out, err := cmd.Output()
	if err != nil {
		return "", complaints.failure(ctx, args[0], err)
	}
	return string(out), nil
}

// List fetches the branch and lists its files.
func (r *Repository) List(ctx context.Context) ([]remote.Object, error) {
	r.base, r.files, r.put = "", map[string]blob{}, map[string]string{}
	if err := r.fetch(ctx); err != nil {
		return nil, err
	}
	if r.base == "" {
		return nil, nil
	}
	cmd, complaints := r.command(ctx, "ls-tree", "-r", "-l", "-z", "--full-tree", r.base)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, complaints.failure(ctx, "ls-tree", err)
	}
	list, err := r.readTree(out)
	if err != nil {
		_ = cmd.Cancel()
	}
	if waitErr := cmd.Wait(); err == nil && waitErr != nil {
		err = complaints.failure(ctx, "ls-tree", waitErr)
	}
	return list, err
}

// readTree reads lines MODE SP TYPE SP ID SP SIZE TAB NAME NUL.
func (r *Repository) readTree(out io.Reader) ([]remote.Object, error) {
	var list []remote.Object
	in := bufio.NewReader(out)
	for {
		line, err := in.ReadString(0)
		if err == io.EOF && line == "" {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("git ls-tree: %w: %w", remote.ErrUnreachable, err)
		}
		head, name, _ := strings.Cut(strings.TrimSuffix(line, "\x00"), "\t")
		words := strings.Fields(head)
		if len(words) != 4 {
			return nil, fmt.Errorf("git ls-tree: %w: line %q", remote.ErrUnreachable, line)
		}
		b := blob{id: words[2], plain: words[0] == "100644" || words[0] == "100755"}
		if b.plain {
			if b.size, err = strconv.ParseInt(words[3], 10, 64); err != nil {
				return nil, fmt.Errorf("git ls-tree: %w: line %q", remote.ErrUnreachable, line)
			}
			list = append(list, remote.Object{Name: name, Size: b.size, Tag: b.id})
		}
		if r.files[name] = b; len(r.files) > remote.MaxObjects {
			return nil, fmt.Errorf("git: %w: more than %d files", remote.ErrUnreachable, remote.MaxObjects)
		}
	}
}

// fetch finds the newest commit of the branch.
func (r *Repository) fetch(ctx context.Context) error {
	ref := r.branchRef()
	if r.remote != "" {
		out, err := r.git(ctx, nil, "ls-remote", "--", r.remote, r.branchRef())
		if err != nil {
			return err
		}
		if strings.TrimSpace(out) == "" {
			return nil // yet to be made
		}
		ref = trackingRef
		if _, err := r.git(ctx, nil, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--", r.remote, "+"+r.branchRef()+":"+trackingRef); err != nil {
			return err
		}
	}
	out, err := r.git(ctx, nil, "for-each-ref", "--format=%(objectname)", ref)
	r.base = strings.TrimSpace(out)
	return err
}

// Get reads a blob.
func (r *Repository) Get(ctx context.Context, name string) (io.ReadCloser, string, error) {
	b, ok := r.files[name]
	if !ok || !b.plain {
		return nil, "", &fs.PathError{Op: "get", Path: name, Err: fs.ErrNotExist}
	}
	ctx, cancel := context.WithCancel(ctx)
	cmd, complaints := r.command(ctx, "cat-file", "blob", b.id)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, "", complaints.failure(ctx, "cat-file", err)
	}
	return &blobReader{out: io.LimitReader(out, b.size), cmd: cmd, cancel: cancel}, b.id, nil
}

// blobReader is a blob that git writes.
type blobReader struct {
	out    io.Reader
	cmd    *exec.Cmd
	cancel context.CancelFunc
}

func (b *blobReader) Read(p []byte) (int, error) { return b.out.Read(p) }

func (b *blobReader) Close() error {
	b.cancel()
	_ = b.cmd.Wait() // stopped, or at its end: what was read is compared with digests
	return nil
}

// Put writes a blob.
func (r *Repository) Put(ctx context.Context, name, tag string, content *io.SectionReader) (string, error) {
	if err := r.match(name, tag); err != nil {
		return "", err
	}
	out, err := r.git(ctx, content, "hash-object", "-w", "--stdin", "--no-filters")
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(out)
	r.put[name] = id
	return id, nil
}

func (r *Repository) match(name, tag string) error {
	if r.files[name].id != tag {
		return fmt.Errorf("%s: %w", name, remote.ErrChanged)
	}
	return nil
}

// Remove leaves a file out of the next commit.
func (r *Repository) Remove(_ context.Context, name, tag string) error {
	if _, ok := r.files[name]; !ok {
		return nil
	}
	if err := r.match(name, tag); err != nil {
		return err
	}
	r.put[name] = ""
	return nil
}

// Finish commits and pushes.
func (r *Repository) Finish(ctx context.Context) error {
	commit := r.base
	if len(r.put) > 0 {
		var err error
		if commit, err = r.commit(ctx); err != nil {
			return err
		}
		if err := r.publish(ctx, commit); err != nil {
			return err
		}
	}
	if commit == "" {
		return nil
	}
	return r.settle(ctx, commit)
}

// commit makes a commit on top of the base.
func (r *Repository) commit(ctx context.Context) (string, error) {
	index := filepath.Join(r.gitDir(), indexFile)
	environ := []string{"GIT_INDEX_FILE=" + index}
	defer func() {
		_ = os.Remove(index)
		_ = os.Remove(index + ".lock")
	}()
	_ = os.Remove(index) // left by a process that died
	_ = os.Remove(index + ".lock")
	read := []string{"read-tree", "--empty"}
	if r.base != "" {
		read = []string{"read-tree", r.base}
	}
	if _, err := r.gitWith(ctx, environ, nil, read...); err != nil {
		return "", err
	}
	var lines bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(r.put)) {
		if id := r.put[name]; id != "" {
			fmt.Fprintf(&lines, "100644 %s\t%s\x00", id, name)
		} else {
			fmt.Fprintf(&lines, "0 %s\t%s\x00", strings.Repeat("0", len(r.files[name].id)), name)
		}
	}
	if _, err := r.gitWith(ctx, environ, &lines, "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	tree, err := r.gitWith(ctx, environ, nil, "write-tree")
	if err != nil {
		return "", err
	}
	// Names and messages say nothing: they are read by whoever has the repository.
	when := fmt.Sprintf("@%d +0000", r.o.Now().Unix())
	author := []string{
		"GIT_AUTHOR_NAME=kai", "GIT_AUTHOR_EMAIL=kai@localhost", "GIT_AUTHOR_DATE=" + when,
		"GIT_COMMITTER_NAME=kai", "GIT_COMMITTER_EMAIL=kai@localhost", "GIT_COMMITTER_DATE=" + when,
	}
	args := []string{"commit-tree", strings.TrimSpace(tree), "-m", "kai vault sync"}
	if r.base != "" {
		args = append(args, "-p", r.base)
	}
	out, err := r.gitWith(ctx, author, nil, args...)
	return strings.TrimSpace(out), err
}

// publish makes a commit the newest of the branch. When it does not follow the newest any more, the
// error is remote.ErrChanged.
func (r *Repository) publish(ctx context.Context, commit string) error {
	if r.remote == "" {
		old := r.base
		if old == "" {
			old = strings.Repeat("0", len(commit))
		}
		if _, err := r.git(ctx, nil, "update-ref", r.branchRef(), commit, old); err != nil {
			return fmt.Errorf("%w: %w", remote.ErrChanged, err)
		}
		return nil
	}
	// The lease is what was fetched: a branch that was put back or replaced meanwhile is not
	// pushed to either.
	_, err := r.git(ctx, nil, "push", "--quiet", "--no-verify", "--porcelain", "--force-with-lease="+r.branchRef()+":"+r.base, "--", r.remote, commit+":"+r.branchRef())
	if err == nil {
		return nil
	}
	out, askErr := r.git(ctx, nil, "ls-remote", "--", r.remote, r.branchRef())
	if now, _, _ := strings.Cut(out, "\t"); askErr == nil && strings.TrimSpace(now) != r.base {
		return fmt.Errorf("git push: %w", remote.ErrChanged)
	}
	return err
}

// settle makes branch and index here what was committed, so that git status says what differs.
func (r *Repository) settle(ctx context.Context, commit string) error {
	if r.remote != "" {
		if _, err := r.git(ctx, nil, "update-ref", r.branchRef(), commit); err != nil {
			return err
		}
	}
	if _, err := r.git(ctx, nil, "symbolic-ref", "HEAD", r.branchRef()); err != nil {
		return err
	}
	if _, err := r.git(ctx, nil, "read-tree", "--reset", commit); err != nil {
		return err
	}
	if err := r.exclude(ctx); err != nil {
		return err
	}
	if err := r.skipForeign(ctx); err != nil {
		return err
	}
	// Fills in sizes and times of files. Exit 1 says that some differ, as when nothing was pushed.
	_, err := r.git(ctx, nil, "update-index", "-q", "--refresh")
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return err
}

// skipForeign keeps git status from missing what is in the repository and somebody else's: it has no file
// here.
func (r *Repository) skipForeign(ctx context.Context) error {
	var foreign bytes.Buffer
	for name := range r.files {
		if id, ok := r.put[name]; ok && id == "" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(r.o.Dir, filepath.FromSlash(name))); err != nil || strings.HasPrefix(name, "local/") {
			fmt.Fprintf(&foreign, "%s\x00", name)
		}
	}
	if foreign.Len() == 0 {
		return nil
	}
	_, err := r.git(ctx, &foreign, "update-index", "-z", "--skip-worktree", "--stdin")
	return err
}

// exclude keeps git status from showing local/, and files that no manifest lists any more.
func (r *Repository) exclude(ctx context.Context) error {
	info := filepath.Join(r.gitDir(), "info")
	if err := os.MkdirAll(info, 0o700); err != nil {
		return err
	}
	if len(r.put) == 0 {
		return nil
	}
	out, err := r.git(ctx, nil, "ls-files", "-z", "--others", "--exclude=/local/", "--exclude=.kai-tmp-*")
	if err != nil {
		return err
	}
	lines := "# written by kai vault sync\n/local/\n.kai-tmp-*\n"
	for name := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-/") == "" {
			lines += "/" + name + "\n"
		}
	}
	return os.WriteFile(filepath.Join(info, "exclude"), []byte(lines), 0o600)
}

// Close does nothing.
func (r *Repository) Close() error { return nil }
