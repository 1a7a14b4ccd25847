package gitobj_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/gitobj"
)

// Ada's key signed all of testdata through git and ssh-keygen.
const ada = "AAAAC3NzaC1lZDI1NTE5AAAAIPPoBNVCr1/56BrQ5jAIeaAYmBG9w9g37OGxNWNCoiAr"

// made are objects made by git 2.39.5, and the ids that it gave them.
var made = []struct {
	file string
	kind gitobj.Kind
	hash gitobj.Hash
	id   string
}{
	{"commit", gitobj.Commit, gitobj.SHA1, "d8b67d3af68c9e2221dc959adcf7a9f8e7c2bc31"},
	{"merge", gitobj.Commit, gitobj.SHA1, "8463535553dea4c509772261db5c995b3d888dc6"},
	{"tag", gitobj.Tag, gitobj.SHA1, "4ed61e3759bcae55e705412b14a0e5cff897f7eb"},
	{"nested", gitobj.Tag, gitobj.SHA1, "0fc38d0e22e9dd8e4485b3d7d715388418bc5a32"},
	{"commit-sha256", gitobj.Commit, gitobj.SHA256, "cb091df1809ecbbb91fa97f5afe305ddbf28c9e0fe42849b9663bdf532558a16"},
	{"tag-sha256", gitobj.Tag, gitobj.SHA256, "086843f324b293b426f43f2ddcb9e18ee25744a3a4090a7bf44e36fa771b1f89"},
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func parse(t testing.TB, kind gitobj.Kind, content []byte, h gitobj.Hash) *gitobj.Object {
	t.Helper()
	o, err := gitobj.Parse(kind, content, h)
	if err != nil {
		t.Fatalf("%v\n%q", err, content)
	}
	if again := o.Marshal(); !bytes.Equal(again, content) {
		t.Fatalf("written again as %q\nwant %q", again, content)
	}
	return o
}

// check verifies an object's signature, which carries its own key.
func check(t testing.TB, o *gitobj.Object) (sig.Result, error) {
	t.Helper()
	c, err := o.Claim()
	if err != nil {
		return sig.Result{}, err
	}
	results, err := sig.Check(t.Context(), []*sig.Claim{c}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return results[0], nil
}

func TestMadeByGit(t *testing.T) {
	for _, m := range made {
		content := read(t, m.file)
		if id := m.hash.ID(m.kind, content); id != m.id {
			t.Errorf("%s: id %s, want %s", m.file, id, m.id)
		}
		if h, ok := gitobj.HashOf(m.id); !ok || h != m.hash {
			t.Errorf("%s: hash %v of its id", m.file, h)
		}
		o := parse(t, m.kind, content, m.hash)
		r, err := check(t, o)
		if err != nil || !r.Good() {
			t.Errorf("%s: %v, %v", m.file, err, r.Err)
			continue
		}
		if blob := base64.StdEncoding.EncodeToString(r.Verified.Key().Wire()); blob != ada {
			t.Errorf("%s: signed by %s", m.file, blob)
		}
		if ns := r.Verified.Namespace(); ns != gitobj.Namespace {
			t.Errorf("%s: namespace %s", m.file, ns)
		}
		if p, err := o.Person(); err != nil || p.Name != "Ada" || p.Email != "ada@example.org" || !p.Time.Equal(r.Claim.ClaimedTime) {
			t.Errorf("%s: by %v, %v", m.file, p, err)
		}
	}
}

// The example of the package documentation.
func TestExample(t *testing.T) {
	o := parse(t, gitobj.Commit, read(t, "commit"), gitobj.SHA1)
	const payload = `tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author Ada <ada@example.org> 1795464304 +0000
committer Ada <ada@example.org> 1795464304 +0000

one
`
	if got := string(o.Payload()); got != payload || len(payload) != 146 {
		t.Errorf("payload %q", got)
	}
	signature := string(o.Signature())
	if !strings.HasPrefix(signature, "-----BEGIN SSH SIGNATURE-----\nU1NI") || !strings.HasSuffix(signature, "\n-----END SSH SIGNATURE-----\n") {
		t.Errorf("signature %q", signature)
	}
}

func TestWhatObjectsName(t *testing.T) {
	merge := parse(t, gitobj.Commit, read(t, "merge"), gitobj.SHA1)
	if len(merge.Parents) != 2 || merge.Parents[1] != "5b99037ddcf7acff76cb4ba949f350dfa7a5ab1f" {
		t.Errorf("parents %v", merge.Parents)
	}
	nested := parse(t, gitobj.Tag, read(t, "nested"), gitobj.SHA1)
	if nested.Name != "nested" || nested.TargetKind != "tag" || nested.Target != made[2].id {
		t.Errorf("tag %s of %s %s", nested.Name, nested.TargetKind, nested.Target)
	}
}

// A changed bit anywhere is never accepted with another meaning.
func TestFlippedBits(t *testing.T) {
	for _, m := range made {
		content := read(t, m.file)
		original := parse(t, m.kind, content, m.hash)
		accepted := 0
		for bit := range 8 * len(content) {
			changed := bytes.Clone(content)
			changed[bit/8] ^= 1 << (bit % 8)
			o, err := gitobj.Parse(m.kind, changed, m.hash)
			if err != nil {
				continue
			}
			r, err := check(t, o)
			if err != nil || !r.Good() {
				continue
			}
			accepted++
			if !bytes.Equal(o.Payload(), original.Payload()) {
				t.Errorf("%s: bit %d of byte %d: accepted for another payload:\n%q", m.file, bit%8, bit/8, changed)
			}
		}
		if accepted > 0 {
			t.Errorf("%s: %d changed objects accepted", m.file, accepted)
		}
	}
}

// What a stranger may try with a signed object: never good, and with the answer
// that helps.
func TestTampered(t *testing.T) {
	commit, tag := string(read(t, "commit")), string(read(t, "tag"))
	signature := commit[strings.Index(commit, "gpgsig "):strings.Index(commit, "\n\n")]
	header, message, _ := strings.Cut(commit, "\n\n")
	unsigned := strings.Replace(commit, signature+"\n", "", 1)
	armor := string(parse(t, gitobj.Tag, []byte(tag), gitobj.SHA1).Signature())
	bad := errors.New("bad")
	for _, c := range []struct {
		name    string
		kind    gitobj.Kind
		content string
		want    error
	}{
		{"other message", gitobj.Commit, header + "\n\ntwo\n", bad},
		{"no message", gitobj.Commit, header + "\n\n", bad},
		{"no final line feed", gitobj.Commit, strings.TrimSuffix(commit, "\n"), bad},
		{"line feed added", gitobj.Commit, commit + "\n", bad},
		{"CR added", gitobj.Commit, strings.Replace(commit, "one\n", "one\r\n", 1), bad},
		{"header injected", gitobj.Commit, header + "\nx-note approved\n\n" + message, bad},
		{"mergetag injected", gitobj.Commit, header + "\nmergetag " + strings.ReplaceAll(strings.TrimSuffix(tag, "\n"), "\n", "\n ") + "\n\n" + message, bad},
		{"parent injected", gitobj.Commit, strings.Replace(commit, "author", "parent "+made[0].id+"\nauthor", 1), bad},
		{"other committer", gitobj.Commit, strings.Replace(commit, "committer Ada", "committer Eve", 1), bad},
		{"two committers", gitobj.Commit, strings.Replace(commit, "gpgsig", "committer Eve <eve@example.org> 1 +0000\ngpgsig", 1), sig.ErrMalformed},
		{"two trees", gitobj.Commit, "tree " + made[1].id + "\n" + commit, sig.ErrMalformed},
		{"same signature twice", gitobj.Commit, strings.Replace(commit, signature, signature+"\n"+signature, 1), sig.ErrMalformed},
		{"signature of another before", gitobj.Commit, strings.Replace(commit, "gpgsig", "gpgsig junk\ngpgsig", 1), sig.ErrMalformed},
		{"header that git does not sign", gitobj.Commit, strings.Replace(commit, "gpgsig", "gpgsigx hidden\ngpgsig", 1), sig.ErrMalformed},
		{"the word alone", gitobj.Commit, strings.Replace(commit, "gpgsig", "gpgsig\ngpgsig", 1), sig.ErrMalformed},
		{"signature in the message", gitobj.Commit, unsigned + signature + "\n", gitobj.ErrUnsigned},
		{"other hash's signature", gitobj.Commit, strings.Replace(commit, "gpgsig ", "gpgsig-sha256 ", 1), gitobj.ErrUnsigned},
		{"unsigned", gitobj.Commit, unsigned, gitobj.ErrUnsigned},
		{"two blocks in one", gitobj.Commit, strings.Replace(commit, signature, signature+"\n "+strings.ReplaceAll(strings.TrimSuffix(armor, "\n"), "\n", "\n "), 1), sig.ErrMalformed},
		{"text behind the block", gitobj.Commit, strings.Replace(commit, signature, signature+"\n text", 1), sig.ErrMalformed},
		{"text before the block", gitobj.Commit, strings.Replace(commit, "gpgsig ", "gpgsig text\n ", 1), sig.ErrMalformed},
		{"space added to each line", gitobj.Commit, strings.Replace(commit, "\n -", "\n  -", 1), sig.ErrMalformed},
		{"OpenPGP", gitobj.Commit, strings.Replace(commit, "SSH SIGNATURE", "PGP SIGNATURE", 1), sig.ErrUnsupported},
		{"X.509", gitobj.Commit, strings.Replace(commit, "BEGIN SSH SIGNATURE", "BEGIN SIGNED MESSAGE", 1), sig.ErrUnsupported},
		{"commit as tag", gitobj.Tag, commit, sig.ErrMalformed},
		{"tree", "tree", commit, sig.ErrUnsupported},

		{"other tag name", gitobj.Tag, strings.Replace(tag, "tag v1", "tag v2", 1), bad},
		{"two names", gitobj.Tag, strings.Replace(tag, "tag v1", "tag v1\ntag v2", 1), sig.ErrMalformed},
		{"two objects", gitobj.Tag, strings.Replace(tag, "type", "object "+made[1].id+"\ntype", 1), sig.ErrMalformed},
		{"unsigned text behind a tag", gitobj.Tag, tag + "and this\n", sig.ErrMalformed},
		{"signature before the last", gitobj.Tag, tag + armor, bad},
		{"OpenPGP behind", gitobj.Tag, tag + "-----BEGIN PGP SIGNATURE-----\n", sig.ErrUnsupported},
		{"unsigned tag", gitobj.Tag, strings.TrimSuffix(tag, armor), gitobj.ErrUnsigned},
		{"tag's signature in a commit", gitobj.Commit, unsigned + armor, gitobj.ErrUnsigned},
	} {
		got := error(nil)
		o, err := gitobj.Parse(c.kind, []byte(c.content), gitobj.SHA1)
		if err == nil {
			var r sig.Result
			if r, err = check(t, o); err == nil && r.Bad() {
				err = bad
			}
		}
		if got = err; !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The other form's signature is not part of what a repository's own covers, in
// whichever order they stand.
func TestBothSignatures(t *testing.T) {
	commit := read(t, "commit")
	for _, with := range []string{"gpgsig-sha256 line\n  two\ngpgsig -----BEGIN", "gpgsig-sha256 \n \n three\ngpgsig -----BEGIN"} {
		content := bytes.Replace(commit, []byte("gpgsig -----BEGIN"), []byte(with), 1)
		if r, err := check(t, parse(t, gitobj.Commit, content, gitobj.SHA1)); err != nil || !r.Good() {
			t.Errorf("%q: %v, %v", with, err, r.Err)
		}
	}
	tag := bytes.Replace(read(t, "tag-sha256"), []byte("\n\n"), []byte("\ngpgsig other\n form\n\n"), 1)
	if r, err := check(t, parse(t, gitobj.Tag, tag, gitobj.SHA256)); err != nil || !r.Good() {
		t.Errorf("tag: %v, %v", err, r.Err)
	}
}

const (
	tree   = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	people = "author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
)

func TestSyntax(t *testing.T) {
	object := "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	for _, c := range []struct {
		kind    gitobj.Kind
		content string
		at      int64 // -1: accepted
	}{
		{gitobj.Commit, tree + people + "\nmessage", -1},
		{gitobj.Commit, tree + people + "\n", -1},
		{gitobj.Commit, tree + people, -1},
		{gitobj.Commit, tree + people + "\nnul \x00 in the message\r\n", -1},
		{gitobj.Commit, tree + people + "encoding ISO-8859-1\nx \n \n  y\r\n\n\xe9", -1},
		{gitobj.Commit, tree + "author whoever\ncommitter whenever\n\n", -1},
		{gitobj.Tag, object + "type blob\ntag x\n\nof old", -1},
		{gitobj.Tag, object + "type tree\ntag x\ntagger A <a@b> 1 +0000\n", -1},
		{gitobj.Commit, "", 0},
		{gitobj.Commit, "\n", 0},
		{gitobj.Commit, " " + tree, 0},
		{gitobj.Commit, tree[:20], 20},
		{gitobj.Commit, tree + people[:len(people)-1], 94},
		{gitobj.Commit, tree + "author A\n\n", 55},
		{gitobj.Commit, tree + "committer A\nauthor A\n\n", 46},
		{gitobj.Commit, tree + "author A\n a\ncommitter A\n\n", 46},
		{gitobj.Commit, tree + people + "encoding\n\n", 95},
		{gitobj.Commit, tree + people + "enc\x00ding x\n\n", 98},
		{gitobj.Commit, strings.ToUpper(tree[:20]) + tree[20:] + people, 0},
		{gitobj.Commit, strings.Replace(tree, "4b8", "4B8", 1) + people, 0},
		{gitobj.Commit, strings.Replace(tree, "4b8", "b8", 1) + people, 0},
		{gitobj.Commit, tree + "parent " + strings.Repeat("0", 64) + "\n" + people, 46},
		{gitobj.Commit, "tree " + strings.Repeat("0", 64) + "\n" + people, 0},
		{gitobj.Tag, object + "type branch\ntag x\n\n", 48},
		{gitobj.Tag, object + "type tag\ntag \n\n", 57},
		{gitobj.Tag, object + "tag x\ntype tag\n\n", 48},
		{gitobj.Tag, object + "type tag\ntag x\nx y\ntagger A\n\n", 67},
	} {
		o, err := gitobj.Parse(c.kind, []byte(c.content), gitobj.SHA1)
		var syntax *sig.SyntaxError
		switch {
		case err == nil && c.at < 0:
			if again := o.Marshal(); string(again) != c.content {
				t.Errorf("%q written again as %q", c.content, again)
			}
		case err == nil:
			t.Errorf("%q accepted", c.content)
		case !errors.As(err, &syntax) || syntax.Offset != c.at:
			t.Errorf("%q: %v, want byte %d", c.content, err, c.at)
		}
	}
}

func TestLimits(t *testing.T) {
	message := strings.Repeat("x", gitobj.MaxObject-len(tree+people)-1)
	if _, err := gitobj.Parse(gitobj.Commit, []byte(tree+people+"\n"+message), gitobj.SHA1); err != nil {
		t.Errorf("%d bytes: %v", gitobj.MaxObject, err)
	}
	if _, err := gitobj.Parse(gitobj.Commit, []byte(tree+people+"\nx"+message), gitobj.SHA1); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("one more: %v", err)
	}
	parents := strings.Repeat("parent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", 4097)
	if _, err := gitobj.Parse(gitobj.Commit, []byte(tree+parents+people), gitobj.SHA1); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("4097 parents: %v", err)
	}
}

func TestPerson(t *testing.T) {
	for _, c := range []struct {
		text        string
		name, email string
		unix        int64 // -1: refused
	}{
		{"Ada Lovelace <ada@example.org> 1795464304 +0100", "Ada Lovelace", "ada@example.org", 1795464304},
		{"<a@b> 0 -1200", "", "a@b", 0},
		{" <a@b> 0 -0000", "", "a@b", 0},
		{"A <> 253402300799 +0000", "A", "", 253402300799},
		{"A <a b> 1 +0000", "A", "a b", 1},
		{"A <a@b> 253402300800 +0000", "", "", -1},
		{"A <a@b> 1 +05180", "", "", -1},
		{"A <a@b> 1 +05x0", "", "", -1},
		{"A <a@b> 1 0000", "", "", -1},
		{"A <a@b> 1", "", "", -1},
		{"A <a@b> -1 +0000", "", "", -1},
		{"A <a@b> +1 +0000", "", "", -1},
		{"A <a@b>1 +0000", "", "", -1},
		{"A <a@b>", "", "", -1},
		{"A<a@b> 1 +0000", "", "", -1},
		{"A <a@b> <c@d> 1 +0000", "", "", -1},
		{"A <a<b> 1 +0000", "", "", -1},
		{"A> <a@b> 1 +0000", "", "", -1},
		{"A 1 +0000", "", "", -1},
		{"", "", "", -1},
	} {
		p, err := gitobj.CheckPerson(c.text)
		if c.unix < 0 {
			if !errors.Is(err, gitobj.ErrPerson) {
				t.Errorf("%q: %v, %v", c.text, p, err)
			}
			continue
		}
		if want := (gitobj.Person{Name: c.name, Email: c.email, Time: time.Unix(c.unix, 0).UTC()}); err != nil || p != want {
			t.Errorf("%q: %v, %v, want %v", c.text, p, err, want)
		}
	}
}

func TestHashOf(t *testing.T) {
	for _, c := range []struct {
		id string
		h  gitobj.Hash
		ok bool
	}{
		{strings.Repeat("0", 40), gitobj.SHA1, true},
		{strings.Repeat("f", 64), gitobj.SHA256, true},
		{strings.Repeat("F", 64), 0, false},
		{strings.Repeat("f", 39), 0, false},
		{"", 0, false},
	} {
		if h, ok := gitobj.HashOf(c.id); h != c.h || ok != c.ok {
			t.Errorf("%q: %v, %v", c.id, h, ok)
		}
	}
}
