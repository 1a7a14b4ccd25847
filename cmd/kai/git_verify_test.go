package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/sig/gitobj"
)

// gitAnswer is what a test looks at in an object of kai git verify --json.
type gitAnswer struct {
	Object     string
	Type       string
	Name       *string
	Verdict    string
	Exit       int
	Excused    bool
	Incomplete bool
	At         string
	Signer     *string
	Error      *struct{ Code, Message string }
	Summary    *gitCountsJSON
	Signers    []gitCountJSON
}

func (a gitAnswer) code() string {
	if a.Error == nil {
		return ""
	}
	return a.Error.Code
}

// gitVerifyAnswers runs kai git verify --json; the last answer is the summary.
func gitVerifyAnswers(t *testing.T, w *world, args ...string) (int, []gitAnswer) {
	t.Helper()
	exit := w.run(t, append([]string{"git", "verify", "--json"}, args...)...)
	var list []gitAnswer
	for line := range strings.Lines(w.out.String()) {
		var a gitAnswer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, a)
	}
	return exit, list
}

// Each way in which one commit can be good or not.
func TestGitVerifyCommit(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			r := newGitRepo(t, format)
			ada, eve := newGitSigner(t), newGitSigner(t)
			signer := r.file("ada.pub", gitKeyLine(ada)+"\n")
			pgp := "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
			replace := func(old, with string) func(string) string {
				return func(content string) string {
					if !strings.Contains(content, old) {
						t.Fatalf("no %q in %q", old, content)
					}
					return strings.Replace(content, old, with, 1)
				}
			}
			for _, c := range []struct {
				name   string
				commit gitCommit
				exit   int
				code   string
			}{
				{"trusted", gitCommit{signer: ada}, 0, ""},
				{"hostile message, trusted", gitCommit{signer: ada, message: "\x1b[2J\r\ngpgsig x\n\x00\xff"}, 0, ""},
				{"odd committer, trusted", gitCommit{signer: ada, committer: "Ada <<ada>>"}, 0, ""},
				{"tampered", gitCommit{signer: ada, change: replace("message", "Message")}, 3, "signature"},
				{"header injected", gitCommit{signer: ada, change: replace("\n\n", "\nx y\n\n")}, 3, "signature"},
				{"unknown signer", gitCommit{signer: eve}, 4, "not_named"},
				{"other namespace", gitCommit{signer: ada, namespace: "file"}, 4, "namespace"},
				{"unsigned", gitCommit{}, 5, "no_signature"},
				{"OpenPGP", gitCommit{signature: pgp}, 5, "unsupported_format"},
				{"two signatures", gitCommit{signer: ada, change: replace("\n\n", "\n"+r.header+" x\n\n")}, 5, "malformed"},
				{"no SSH signature", gitCommit{signature: "whatever"}, 5, "malformed"},
				{"broken header", gitCommit{signer: ada, change: replace("author", "autor")}, 5, "malformed"},
				{"too large", gitCommit{signer: ada, message: strings.Repeat("x", gitobj.MaxObject)}, 5, "too_large"},
			} {
				id := r.commit(c.commit)
				exit, answers := gitVerifyAnswers(t, r.world(t), id, "--signer", signer)
				if len(answers) != 2 {
					t.Fatalf("%s: %d answers", c.name, len(answers))
				}
				if a := answers[0]; exit != c.exit || a.Exit != c.exit || a.code() != c.code || a.Object != id || a.Type != "commit" {
					t.Errorf("%s: exit %d, %+v, want %d %s", c.name, exit, a, c.exit, c.code)
				}
				w := r.world(t)
				if code := w.run(t, "git", "verify", id, "--signer", signer); code != c.exit || !isPrintable(strings.ReplaceAll(w.out.String(), "\n", "")) || strings.Count(w.out.String(), "\n") != 2 {
					t.Errorf("%s: exit %d, %q", c.name, code, w.out.String())
				}
			}
		})
	}
}

// The worst answer decides, in the order 3, 5, 4, and all are counted.
func TestGitVerifyRange(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ada, eve := newGitSigner(t), newGitSigner(t)
	signer := r.file("ada.pub", gitKeyLine(ada)+"\n")
	ids := r.chain("", nil, ada, eve, ada, nil, ada)
	bad := r.commit(gitCommit{signer: ada, parents: ids[5:], change: func(s string) string { return s + "more\n" }})
	r.git("update-ref", "refs/heads/main", bad)
	for _, c := range []struct {
		args    []string
		exit    int
		objects []string
	}{
		{nil, 3, []string{bad}},
		{[]string{"HEAD^"}, 0, ids[5:6]},
		{[]string{"HEAD~3..HEAD~1"}, 5, ids[4:6]},
		{[]string{"HEAD~5..HEAD~3"}, 4, ids[2:4]},
		{[]string{"HEAD~6..HEAD"}, 3, append(slices.Clone(ids[1:]), bad)},
		{[]string{ids[4] + "^!"}, 5, ids[4:5]},
		{[]string{ids[1] + "..." + ids[3]}, 4, ids[2:4]},
		{[]string{"HEAD~5..HEAD~3", "HEAD~3..HEAD~1"}, 5, ids[2:6]},
		{[]string{"HEAD~5..HEAD~3", "HEAD~5..HEAD~3", ids[3]}, 4, ids[2:4]},
		{[]string{ids[1], ids[3], "--history"}, 5, ids[:4]},
		{[]string{"--", ids[1]}, 0, ids[1:2]},
		{[]string{"HEAD..HEAD"}, 0, nil},
	} {
		w := r.world(t)
		exit, answers := gitVerifyAnswers(t, w, append([]string{"--signer", signer}, c.args...)...)
		if exit != c.exit || len(answers) != len(c.objects)+1 {
			t.Errorf("%q: exit %d and %d answers, want %d and %d: %s", c.args, exit, len(answers), c.exit, len(c.objects)+1, w.err.String())
			continue
		}
		for _, a := range answers[:len(c.objects)] {
			if !slices.Contains(c.objects, a.Object) {
				t.Errorf("%q: unexpected %s", c.args, a.Object)
			}
		}
		if s := answers[len(c.objects)].Summary; s == nil || s.Objects != len(c.objects) || answers[len(c.objects)].Exit != exit {
			t.Errorf("%q: summary %+v", c.args, s)
		}
	}
	_, answers := gitVerifyAnswers(t, r.world(t), "--history", "--signer", signer)
	want := gitCountsJSON{Objects: 7, Trusted: 3, Bad: 1, Untrusted: 1, Undecidable: 2}
	last := answers[len(answers)-1]
	if *last.Summary != want || len(last.Signers) != 2 || *last.Signers[0].Name != "ada.pub" || last.Signers[0].Objects != 3 || last.Signers[1].Name != nil {
		t.Errorf("summary %+v, signers %+v", *last.Summary, last.Signers)
	}
}

func TestGitVerifyTable(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ada := newGitSigner(t)
	ids := r.chain("", ada, nil, ada)
	r.git("update-ref", "refs/heads/main", ids[2])
	w := r.world(t)
	if code := w.run(t, "git", "verify", "HEAD~2..HEAD", "--signer", r.file("ada.pub", gitKeyLine(ada)+"\n")); code != exitUndecidable {
		t.Errorf("exit %d", code)
	}
	want := fmt.Sprintf(`COMMIT                                    VERDICT      SIGNER                        REASON
%s  trusted      ada.pub                       signer_match
%s  undecidable  -                             no_signature: object is not signed

      2  objects
      1  trusted
      1  undecidable
      1  signed by ada.pub  %s
`, ids[2], ids[1], ada.Public.Fingerprint())
	if w.out.String() != want {
		t.Errorf("got\n%swant\n%s", w.out.String(), want)
	}
}

func TestGitVerifyUnsignedBefore(t *testing.T) {
	r := newGitRepo(t, "sha256")
	ada := newGitSigner(t)
	signer := r.file("ada.pub", gitKeyLine(ada)+"\n")
	ids := r.chain("", nil, nil, nil, ada)
	bad := r.commit(gitCommit{signer: ada, parents: ids[:1], change: func(s string) string { return s + "more\n" }})
	merge := r.commit(gitCommit{signer: ada, parents: []string{ids[3], bad}})
	tag := r.tag("start", "start", ids[2], "commit", nil)
	for _, c := range []struct {
		before, args string
		exit         int
		excused      int
	}{
		{ids[3], ids[3], 0, 3},
		{ids[2], ids[3], 5, 2}, // not itself
		{"start", ids[3], 5, 2},
		{ids[0], ids[3], 5, 0},
		{merge, merge, 3, 3}, // what is bad stays bad
	} {
		exit, answers := gitVerifyAnswers(t, r.world(t), "--history", c.args, "--allow-unsigned-before", c.before, "--signer", signer)
		if got := answers[len(answers)-1].Summary.Excused; exit != c.exit || got != c.excused {
			t.Errorf("before %s: exit %d with %d excused, want %d with %d", c.before, exit, got, c.exit, c.excused)
		}
	}
	// A tag is no commit: an unsigned one is not excused, also where its commit is.
	if exit, _ := gitVerifyAnswers(t, r.world(t), tag, "--allow-unsigned-before", ids[3], "--signer", signer); exit != exitUndecidable {
		t.Errorf("tag: exit %d", exit)
	}
	for _, arg := range []string{"HEAD..HEAD", "", "^" + ids[0]} {
		if code := r.world(t).run(t, "git", "verify", "--allow-unsigned-before", arg, ids[3]); code != exitUsage && arg != "" {
			t.Errorf("before %q: exit %d", arg, code)
		}
	}
	if code := r.world(t).run(t, "git", "verify", "--allow-unsigned-before", "nosuch", ids[3]); code != exitNotFound {
		t.Errorf("before a revision that is not there: exit %d", code)
	}
}

func TestGitVerifyTags(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ada, eve := newGitSigner(t), newGitSigner(t)
	signer := r.file("ada.pub", gitKeyLine(ada)+"\n")
	commit := r.commit(gitCommit{})
	r.git("update-ref", "refs/heads/main", commit)
	v1 := r.tag("v1", "v1", commit, "commit", ada)
	nested := r.tag("dir/nested", "dir/nested", v1, "tag", ada)
	of := r.tag("tree", "tree", r.tree, "tree", ada)
	if exit, answers := gitVerifyAnswers(t, r.world(t), "--tags", "--signer", signer); exit != 0 || len(answers) != 4 || *answers[0].Name != "dir/nested" || answers[0].Object != nested {
		t.Errorf("signed tags: exit %d, %+v", exit, answers)
	}
	if exit, answers := gitVerifyAnswers(t, r.world(t), "HEAD", "tree", "--tags", "--signer", signer); exit != exitUndecidable || len(answers) != 6 || answers[4].Object != of {
		t.Errorf("tags and more: exit %d, %+v", exit, answers)
	}
	r.git("update-ref", "refs/tags/light", commit)
	r.git("update-ref", "refs/tags/v2", v1)
	r.tag("strange", "strange", commit, "commit", eve)
	r.tag("bare", "bare", commit, "commit", nil)
	hostile := r.tag("v1\x1b[2J\r"+commit+"  trusted", "hostile", commit, "commit", ada)
	for _, revision := range []string{"hostile", hostile} {
		w := r.world(t)
		code := w.run(t, "git", "verify", revision, "--signer", signer)
		if code != map[bool]int{true: exitDone, false: exitBad}[revision == hostile] || !isPrintable(strings.ReplaceAll(w.out.String(), "\n", "")) || strings.Count(w.out.String(), "\n") != 2 {
			t.Errorf("%s: exit %d, %q", revision, code, w.out.String())
		}
	}
	_, answers := gitVerifyAnswers(t, r.world(t), "--tags", "--signer", signer)
	got := map[string]string{}
	for _, a := range answers[:len(answers)-1] {
		got[*a.Name] += a.code()
	}
	for name, want := range map[string]string{"light": "no_signature", "v1": "tag_name", "strange": "not_named", "bare": "no_signature", "tree": ""} {
		if got[name] != want {
			t.Errorf("tag %s: %s, want %s", name, got[name], want)
		}
	}
	for revision, want := range map[string]int{"v1": 0, "refs/tags/v1": 0, "tags/v1": 0, v1: 0, v1[:10]: 0, "v1^0": 5, "v2": 3, "refs/tags/v2": 3, "light": 5} {
		if exit, _ := gitVerifyAnswers(t, r.world(t), revision, "--signer", signer); exit != want {
			t.Errorf("%s: exit %d, want %d", revision, exit, want)
		}
	}
}

func TestGitVerifyAllowedSigners(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ada, bob, old, next := newGitSigner(t), newGitSigner(t), newGitSigner(t), newGitSigner(t)
	allowed := r.file("allowed", strings.Join([]string{
		`ada@example.org,*@ada.example.org namespaces="git" ` + gitKeyLine(ada),
		`bob@example.org namespaces="file" ` + gitKeyLine(bob),
		`old@example.org valid-after="20261122120000Z",valid-before="20261122130000Z" ` + gitKeyLine(old),
		`next@example.org valid-after="20270101Z" ` + gitKeyLine(next),
	}, "\n")+"\n")
	const noon = 1795348800 - gitTime // 2026-11-22T12:00:00Z
	for _, c := range []struct {
		name   string
		commit gitCommit
		args   string
		exit   int
		code   string
	}{
		{"by Ada", gitCommit{signer: ada}, "", 0, ""},
		{"as Ada", gitCommit{signer: ada}, "--match-committer", 0, ""},
		{"as one of Ada's names", gitCommit{signer: ada, committer: "A <x@ada.example.org>"}, "--match-committer", 0, ""},
		{"as Bob", gitCommit{signer: ada, committer: "Bob <bob@example.org>"}, "--match-committer", 4, "committer"},
		{"as Bob, unasked", gitCommit{signer: ada, committer: "Bob <bob@example.org>"}, "", 0, ""},
		{"as nobody", gitCommit{signer: ada, committer: "Ada <>"}, "--match-committer", 4, "committer"},
		{"as who knows", gitCommit{signer: ada, committer: "Ada <ada@example.org> x"}, "--match-committer", 4, "committer"},
		{"not for git", gitCommit{signer: bob, committer: "Bob <bob@example.org>"}, "", 4, "namespace"},
		{"unknown", gitCommit{signer: newGitSigner(t)}, "--match-committer", 4, "unknown_signer"},
		{"too early", gitCommit{signer: old, time: noon - 1}, "", 4, "not_yet_valid"},
		{"just valid", gitCommit{signer: old, time: noon}, "", 0, ""},
		{"still valid", gitCommit{signer: old, time: noon + 3600}, "", 0, ""},
		{"too late", gitCommit{signer: old, time: noon + 3601}, "", 4, "expired"},
		{"expired today", gitCommit{signer: old, time: noon}, "--at=2026-12-24", 4, "expired"},
		{"expired by now", gitCommit{signer: old, time: noon}, "--at=now", 4, "expired"},
		{"valid at a time", gitCommit{signer: old, time: 9999}, "--at=2026-11-22T12:30:00Z", 0, ""},
		{"from the future", gitCommit{signer: old, time: 1 << 31}, "", 4, "expired"},
		{"not valid before the future", gitCommit{signer: next, time: 1 << 31}, "", 4, "not_yet_valid"},
	} {
		id := r.commit(c.commit)
		w := r.world(t)
		later := w.now().AddDate(0, 0, 2)
		w.now = func() time.Time { return later }
		args := []string{id, "--allowed-signers", allowed}
		if c.args != "" {
			args = append(args, c.args)
		}
		exit, answers := gitVerifyAnswers(t, w, args...)
		if exit != c.exit || answers[0].code() != c.code {
			t.Errorf("%s: exit %d %s, want %d %s", c.name, exit, answers[0].code(), c.exit, c.code)
		}
	}
	hostile := r.commit(gitCommit{signer: ada, committer: "Eve\x1b[2J <\r\x1b[31m@x>"})
	w := r.world(t)
	if code := w.run(t, "git", "verify", hostile, "--allowed-signers", allowed, "--match-committer"); code != exitUntrusted || !isPrintable(strings.ReplaceAll(w.out.String(), "\n", "")) {
		t.Errorf("hostile committer: exit %d, %q", code, w.out.String())
	}
	krl := r.file("revoked", gitKeyLine(ada)+"\n")
	id := r.commit(gitCommit{signer: ada})
	if exit, answers := gitVerifyAnswers(t, r.world(t), id, "--allowed-signers", allowed, "--krl", krl); exit != exitUntrusted || answers[0].code() != "revoked" {
		t.Errorf("revoked: exit %d, %+v", exit, answers[0])
	}
	if code := r.world(t).run(t, "git", "verify", "--match-committer", "--signer", r.file("ada.pub", gitKeyLine(ada))); code != exitUsage {
		t.Errorf("--match-committer without principals: exit %d", code)
	}
}

// What stands in a repository beside its objects does not change the answer.
func TestGitVerifyHostileRepository(t *testing.T) {
	ada := newGitSigner(t)
	prepare := func(t *testing.T) (r *gitRepo, signer string, ids []string) {
		r = newGitRepo(t, "sha1")
		ids = r.chain("", ada, nil, ada)
		r.git("update-ref", "refs/heads/main", ids[2])
		return r, r.file("ada.pub", gitKeyLine(ada)+"\n"), ids
	}
	loose := func(r *gitRepo, id string) string { return filepath.Join(r.dir, ".git", "objects", id[:2], id[2:]) }
	write := func(t *testing.T, path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("another object under the id", func(t *testing.T) {
		r, signer, ids := prepare(t)
		other, err := os.ReadFile(loose(r, ids[0]))
		if err == nil {
			err = os.Chmod(loose(r, ids[2]), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, loose(r, ids[2]), string(other))
		if exit, answers := gitVerifyAnswers(t, r.world(t), "--signer", signer); exit != exitBad || answers[0].code() != "object_id" {
			t.Errorf("exit %d, %+v", exit, answers)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		r, signer, ids := prepare(t)
		r.git("replace", ids[1], ids[0])
		r.git("replace", ids[2], ids[0])
		if exit, answers := gitVerifyAnswers(t, r.world(t), "--history", "--signer", signer); exit != exitUndecidable || len(answers) != 4 {
			t.Errorf("exit %d, %+v", exit, answers)
		}
	})
	t.Run("grafted", func(t *testing.T) {
		r, signer, ids := prepare(t)
		write(t, filepath.Join(r.dir, ".git", "info", "grafts"), ids[2]+" "+ids[0]+"\n")
		w := r.world(t)
		if exit, answers := gitVerifyAnswers(t, w, "--history", "--signer", signer); exit != exitUndecidable || len(answers) != 4 || w.err.Len() > 0 {
			t.Errorf("exit %d, %+v, %s", exit, answers, w.err.String())
		}
	})
	t.Run("shallow", func(t *testing.T) {
		r, signer, ids := prepare(t)
		write(t, filepath.Join(r.dir, ".git", "shallow"), ids[2]+"\n")
		w := r.world(t)
		exit, answers := gitVerifyAnswers(t, w, "--history", "--signer", signer)
		if exit != exitUndecidable || len(answers) != 2 || !answers[0].Incomplete || answers[0].Verdict != "trusted" || answers[1].Summary.Incomplete != 1 {
			t.Errorf("history: exit %d, %+v", exit, answers)
		}
		if exit, _ := gitVerifyAnswers(t, r.world(t), "HEAD", "--history", ids[2], "--signer", signer); exit != exitUndecidable {
			t.Errorf("history after the commit: exit %d", exit)
		}
		if exit, _ := gitVerifyAnswers(t, r.world(t), "--signer", signer); exit != exitDone {
			t.Errorf("the commit alone: exit %d", exit)
		}
		if code := w.run(t, "git", "verify", "--history", "--signer", signer); code != exitUndecidable || !strings.Contains(w.out.String(), "history is cut off here") || !strings.Contains(w.err.String(), "git fetch --unshallow") {
			t.Errorf("exit %d, %s%s", code, w.out.String(), w.err.String())
		}
	})
	t.Run("commit graph", func(t *testing.T) {
		r, signer, ids := prepare(t)
		r.git("commit-graph", "write", "--reachable")
		graph := filepath.Join(r.dir, ".git", "objects", "info", "commit-graph")
		data, err := os.ReadFile(graph)
		if err == nil {
			err = os.Chmod(graph, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		// A row for each commit, sorted by id: its tree, the rows of two parents, two more
		// numbers. The last commit gets the first for its parent.
		sorted := slices.Sorted(slices.Values(ids))
		row := strings.Index(string(data), rawID(r.tree)) + slices.Index(sorted, ids[2])*36
		binary.BigEndian.PutUint32(data[row+20:], uint32(slices.Index(sorted, ids[0])))
		write(t, graph, string(data))
		if n := r.git("rev-list", "--count", ids[2]); n != "2" {
			t.Fatalf("git sees %s commits: the file was not changed as it should", n)
		}
		if exit, answers := gitVerifyAnswers(t, r.world(t), ids[2], "--history", "--signer", signer); exit != exitUndecidable || len(answers) != 4 {
			t.Errorf("exit %d, %+v", exit, answers)
		}
	})
	t.Run("missing parent", func(t *testing.T) {
		r, signer, ids := prepare(t)
		if err := os.Remove(loose(r, ids[1])); err != nil {
			t.Fatal(err)
		}
		w := r.world(t)
		if code := w.run(t, "git", "verify", "--history", "--signer", signer); code == exitDone || w.err.Len() == 0 {
			t.Errorf("exit %d, %s", code, w.err.String())
		}
	})
	t.Run("promised parent", func(t *testing.T) {
		r, signer, ids := prepare(t)
		remote := t.TempDir()
		r.git("clone", "-q", "--bare", ".", remote)
		r.git("-C", remote, "config", "uploadpack.allowAnySHA1InWant", "true")
		r.git("remote", "add", "origin", "file://"+remote)
		r.git("config", "remote.origin.promisor", "true")
		r.git("config", "extensions.partialClone", "origin")
		r.git("config", "core.repositoryFormatVersion", "1")
		if err := os.Remove(loose(r, ids[0])); err != nil {
			t.Fatal(err)
		}
		if code := r.world(t).run(t, "git", "verify", ids[0], "--signer", signer); code != exitNotFound {
			t.Errorf("exit %d", code)
		}
		if code := r.world(t).run(t, "git", "verify", "--history", "--signer", signer); code == exitDone {
			t.Error("exit 0")
		}
		if r.git("cat-file", "-t", ids[0]) != "commit" { // git fetches it, so it could have been
			t.Error("nothing to fetch")
		}
	})
}

// rawID is an id as it stands in git's binary files.
func rawID(id string) string {
	raw, err := hex.DecodeString(id)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestGitVerifyArguments(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ids := r.chain("", nil)
	r.git("update-ref", "refs/heads/main", ids[0])
	r.git("update-ref", "refs/tags/main", ids[0])
	for _, c := range []struct {
		args []string
		exit int
		text string
	}{
		{[]string{"--no-such-flag"}, exitUsage, "unknown flag"},
		{[]string{"--", "--all"}, exitNotFound, "revision --all: not found"},
		{[]string{"--", "--output=x..HEAD"}, exitNotFound, "bad revision"},
		{[]string{"--history", "--", "--all"}, exitNotFound, "bad revision '--all'"},
		{[]string{"nosuch"}, exitNotFound, "revision nosuch: not found"},
		{[]string{"nosuch\x1b[2J"}, exitNotFound, `revision nosuch\x1b[2J: not found`},
		{[]string{"nosuch..HEAD"}, exitNotFound, "bad revision 'nosuch..HEAD'"},
		{[]string{strings.Repeat("0", 39) + "1"}, exitNotFound, "not found"},
		{[]string{"^HEAD"}, exitUsage, "kai git verify HEAD..HEAD"},
		{[]string{""}, exitUsage, "empty"},
		{[]string{"HEAD\nHEAD"}, exitUsage, "several lines"},
		{[]string{"HEAD", "--at", "yesterday"}, exitUsage, "not a time"},
		{[]string{"HEAD:"}, exitUndecidable, ""},
		{[]string{"main"}, exitUndecidable, "refname 'main' is ambiguous"},
		{[]string{"nosuch", "HEAD"}, exitUndecidable, "revision nosuch: not found"},
	} {
		w := r.world(t)
		if code := w.run(t, append([]string{"git", "verify"}, c.args...)...); code != c.exit || !strings.Contains(w.err.String(), c.text) || !isPrintable(strings.ReplaceAll(w.err.String(), "\n", "")) {
			t.Errorf("%q: exit %d, %q, want %d %q", c.args, code, w.err.String(), c.exit, c.text)
		}
	}
	if _, err := os.Stat(filepath.Join(r.dir, "x..HEAD")); err == nil {
		t.Error("a revision was taken as an option")
	}
	w := newWorld(t, "")
	w.environ = append(r.environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(w.workDir))
	if code := w.run(t, "git", "verify"); code != exitNotFound || !strings.Contains(w.err.String(), "not a git repository") {
		t.Errorf("outside: exit %d, %s", code, w.err.String())
	}
	w.environ = append(w.environ, "GIT_DIR="+filepath.Join(r.dir, ".git"))
	if code := w.run(t, "git", "verify"); code != exitUndecidable {
		t.Errorf("GIT_DIR: exit %d, %s", code, w.err.String())
	}
}

// More commits than fit into one batch come in order, whatever is in the works.
func TestGitVerifyOrder(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ada := newGitSigner(t)
	var stream strings.Builder
	const commits = 300
	for i := range commits {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\ndata 0\n\n", gitTime+i)
	}
	r.pipe(stream.String(), "fast-import", "--quiet")
	want := strings.Fields(r.git("rev-list", "main"))
	exit, answers := gitVerifyAnswers(t, r.world(t), "--history", "main", "--signer", r.file("ada.pub", gitKeyLine(ada)))
	if exit != exitUndecidable || len(answers) != commits+1 {
		t.Fatalf("exit %d, %d answers", exit, len(answers))
	}
	for i, id := range want {
		if answers[i].Object != id {
			t.Fatalf("answer %d is %s, want %s", i, answers[i].Object, id)
		}
	}
}

// kai verify git:REV is the same judgement.
func TestVerifyGitRevision(t *testing.T) {
	r := newGitRepo(t, "sha1")
	ada := newGitSigner(t)
	id := r.commit(gitCommit{signer: ada})
	signer := r.file("ada.pub", gitKeyLine(ada))
	for _, c := range []struct {
		file string
		exit int
	}{
		{"git:" + id, 0},
		{"git:nosuch", exitNotFound},
		{"git:" + id + "^!", exitUsage},
		{"git:", exitUsage},
		{"git:" + r.commit(gitCommit{}), exitUndecidable},
		{"git:" + r.commit(gitCommit{signer: newGitSigner(t)}), exitUntrusted},
		{"git:" + r.commit(gitCommit{signer: ada, change: func(s string) string { return s + "x" }}), exitBad},
	} {
		w := r.world(t)
		if code := w.run(t, "verify", c.file, "--signer", signer); code != c.exit {
			t.Errorf("%s: exit %d, want %d: %s%s", c.file, code, c.exit, w.out.String(), w.err.String())
		}
	}
}
