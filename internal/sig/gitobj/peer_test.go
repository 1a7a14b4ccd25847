package gitobj_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/sig/gitobj"
	"kai/internal/vectortest"
)

// recorder stands in for ssh-keygen and keeps what git hands to it.
const recorder = `#!/bin/sh
here=$(dirname "$0")
while [ $# -gt 0 ]; do
	case $1 in
	find-principals) exit 255 ;;
	-s) cp "$2" "$here/signature"; shift ;;
	esac
	shift
done
cat > "$here/payload"
exit 255
`

// git takes objects apart the same way: payload and signature are what it hands
// to the program that verifies.
func TestSameAsGit(t *testing.T) {
	git := vectortest.Peer(t, "git")
	for _, h := range []gitobj.Hash{gitobj.SHA1, gitobj.SHA256} {
		dir := t.TempDir()
		program := filepath.Join(dir, "recorder")
		if err := os.WriteFile(program, []byte(recorder), 0o700); err != nil {
			t.Fatal(err)
		}
		run := func(stdin string, args ...string) string {
			return strings.TrimSpace(string(vectortest.Run(t, []byte(stdin), git, append([]string{"-C", dir}, args...)...)))
		}
		run("", "init", "-q", "--object-format="+h.String())
		run("", "config", "gpg.ssh.program", program)
		run("", "config", "gpg.ssh.allowedSignersFile", program)
		emptyTree := run("", "hash-object", "-t", "tree", "-w", "/dev/null")

		own, other := "gpgsig", "gpgsig-sha256"
		if h == gitobj.SHA256 {
			own, other = other, own
		}
		const block = "-----BEGIN SSH SIGNATURE-----\nAAAA\n\n  spaces\ttab\n-----END SSH SIGNATURE-----\n"
		line := func(name string) string {
			return name + " " + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n ") + "\n"
		}
		head := "tree " + emptyTree + "\n" + people
		tagHead := "object " + emptyTree + "\ntype tree\ntag x\ntagger A <a@b> 1 +0000\n"
		for i, c := range []struct {
			kind    gitobj.Kind
			content string
		}{
			{gitobj.Commit, head + line(own) + "\nmessage\n"},
			{gitobj.Commit, head + line(own) + "\nno final line feed"},
			{gitobj.Commit, head + line(own)},
			{gitobj.Commit, head + line(own) + "\n"},
			{gitobj.Commit, head + line(other) + line(own) + "\nmessage\n"},
			{gitobj.Commit, head + line(own) + line(other) + "\nmessage\n"},
			{gitobj.Commit, head + line(own) + "encoding x\nmergetag one\n two\n \n three\n\nmessage\n"},
			{gitobj.Commit, head + "mergetag object\n " + strings.TrimSuffix(line(own), "\n") + "\n" + line(own) + "\nm\n"},
			{gitobj.Commit, head + line(own) + "\n" + line(own) + line(other) + "\r\nCR\r\n"},
			{gitobj.Commit, head + own + " " + strings.SplitN(block, "\n", 2)[0] + "\r\n x\r\n \n\n"},
			{gitobj.Tag, tagHead + "\nmessage\n" + block},
			{gitobj.Tag, tagHead + "\n" + block},
			{gitobj.Tag, tagHead + "\nmessage\n" + block + block},
			{gitobj.Tag, tagHead + "\nmessage\n" + block + "text behind"},
			{gitobj.Tag, tagHead + line("gpgsig-sha256") + "\nmessage\r\n" + block},
		} {
			id := run(c.content, "hash-object", "-t", string(c.kind), "-w", "--stdin", "--literally")
			if want := h.ID(c.kind, []byte(c.content)); id != want {
				t.Errorf("%v %d: id %s, git says %s", h, i, want, id)
			}
			verify := "verify-" + string(c.kind)
			if out, err := runFailing(git, "-C", dir, verify, id); err == nil {
				t.Fatalf("git %s succeeded: %s", verify, out)
			}
			o := parse(t, c.kind, []byte(c.content), h)
			for file, ours := range map[string][]byte{"payload": o.Payload(), "signature": o.Signature()} {
				theirs, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatalf("%v %d: %v", h, i, err)
				}
				if string(theirs) != string(ours) {
					t.Errorf("%v %d: %s %q\ngit says %q", h, i, file, ours, theirs)
				}
				if err := os.Remove(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func runFailing(program string, args ...string) (string, error) {
	out, err := exec.Command(program, args...).CombinedOutput()
	return string(out), err
}
