package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// gitRepo is a repository made for a test: git stores the objects, the test makes them.
type gitRepo struct {
	t         testing.TB
	program   string
	dir, home string
	header    string // of signatures
	tree      string
}

// gitTime is when the first commit of a test is made, an hour before newWorld's clock.
const gitTime = 1795320000

func newGitRepo(t testing.TB, format string) *gitRepo {
	t.Helper()
	r := &gitRepo{t: t, program: peer(t, "git"), dir: t.TempDir(), home: t.TempDir(), header: "gpgsig"}
	if format == "sha256" {
		r.header = "gpgsig-sha256"
	}
	r.git("init", "-q", "--object-format="+format, "-b", "main")
	r.tree = r.object("tree", "")
	return r
}

// world returns a world that stands in the repository.
func (r *gitRepo) world(t *testing.T) *world {
	w := newWorld(t, "")
	w.workDir, w.environ = r.dir, r.environ()
	return w
}

func (r *gitRepo) environ() []string {
	return []string{"HOME=" + r.home, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1"}
}

func (r *gitRepo) git(args ...string) string {
	r.t.Helper()
	return r.pipe("", args...)
}

func (r *gitRepo) pipe(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(r.program, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, r.environ(), strings.NewReader(stdin)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, complaints.Bytes())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func (r *gitRepo) object(kind, content string) string {
	r.t.Helper()
	return r.pipe(content, "hash-object", "-t", kind, "-w", "--stdin", "--literally")
}

// gitCommit is a commit to be made; the zero value is unsigned and by Ada.
type gitCommit struct {
	signer    *sig.Signer
	namespace string // "" for git
	committer string // "" for Ada
	time      int64  // after gitTime
	parents   []string
	message   string
	signature string // in place of one by signer
	change    func(content string) string
}

func (r *gitRepo) commit(c gitCommit) string {
	r.t.Helper()
	return r.object("commit", r.commitText(c))
}

func (r *gitRepo) commitText(c gitCommit) string {
	r.t.Helper()
	head := "tree " + r.tree + "\n"
	for _, p := range c.parents {
		head += "parent " + p + "\n"
	}
	if c.committer == "" {
		c.committer = "Ada <ada@example.org>"
	}
	who := fmt.Sprintf("%s %d +0000\n", c.committer, gitTime+c.time)
	head += "author " + who + "committer " + who
	if c.message == "" {
		c.message = "message\n"
	}
	if c.signer != nil {
		c.signature = signGit(r.t, *c.signer, c.namespace, head+"\n"+c.message)
	}
	if c.signature != "" {
		head += r.header + " " + strings.ReplaceAll(strings.TrimSuffix(c.signature, "\n"), "\n", "\n ") + "\n"
	}
	content := head + "\n" + c.message
	if c.change != nil {
		content = c.change(content)
	}
	return content
}

// chain makes commits by the signers, one after the other, and returns their ids.
func (r *gitRepo) chain(parent string, signers ...*sig.Signer) []string {
	r.t.Helper()
	var ids []string
	for i, s := range signers {
		c := gitCommit{signer: s, time: int64(i), message: fmt.Sprintf("commit %d\n", i)}
		if parent != "" {
			c.parents = []string{parent}
		}
		parent = r.commit(c)
		ids = append(ids, parent)
	}
	return ids
}

// tag makes a tag object and a reference to it.
func (r *gitRepo) tag(name, ref, target, kind string, signer *sig.Signer) string {
	r.t.Helper()
	content := fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger Ada <ada@example.org> %d +0000\n\nmessage\n", target, kind, name, gitTime)
	if signer != nil {
		content += signGit(r.t, *signer, "", content)
	}
	id := r.object("tag", content)
	r.git("update-ref", "refs/tags/"+ref, id)
	return id
}

func signGit(t testing.TB, signer sig.Signer, namespace, payload string) string {
	t.Helper()
	if namespace == "" {
		namespace = "git"
	}
	sum := sha512.Sum512([]byte(payload))
	file, err := sshsig.Sign(rand.Reader, signer, namespace, "sha512", sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return string(file)
}

func newGitSigner(t testing.TB) *sig.Signer {
	t.Helper()
	private, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := private.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return &sig.Signer{Public: private.Public(), Signer: signer}
}

// gitKeyLine is the key as ssh-keygen writes it.
func gitKeyLine(s *sig.Signer) string {
	return s.Public.Type().SSHName() + " " + base64.StdEncoding.EncodeToString(s.Public.Wire())
}

// file writes a file outside the repository and returns its path.
func (r *gitRepo) file(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}
