package allowedsigners_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/digest"
	"kai/internal/sig"
	"kai/internal/sig/allowedsigners"
	"kai/internal/sig/sshsig"
	"kai/internal/vectortest"
)

func sum(text string) []byte {
	s := sha256.Sum256([]byte(text))
	return s[:]
}

// sums is a message known by its SHA-256.
type sums struct{ sum []byte }

func (s sums) Sums(context.Context, []digest.Spec) ([][]byte, error) { return [][]byte{s.sum}, nil }

// who is a key that ssh-keygen made, with a signature of message.
type who struct {
	public    string // type and base64
	signature string // file
	signer    allowedsigners.Signer
}

const message = "message\n"

// people makes two bare keys, a certificate of the first by the second, and one
// that is valid in 2021 only.
func people(t *testing.T, program, dir string) []who {
	t.Helper()
	ssh := func(args ...string) {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Stdin = strings.NewReader("")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen %q: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"one", "two", "ca"} {
		ssh("-q", "-t", "ed25519", "-N", "", "-f", name)
	}
	ssh("-q", "-s", "ca", "-I", "one", "-n", "alice,bob", "one.pub")
	ssh("-q", "-s", "ca", "-I", "two", "-n", "carol", "-V", "20210101:20220101", "two.pub")
	var all []who
	for _, name := range []string{"one", "two", "one-cert", "two-cert"} {
		file := filepath.Join(dir, name+".message")
		write(t, file, message)
		keyFile := name
		if strings.HasSuffix(name, "-cert") {
			keyFile += ".pub"
		}
		ssh("-q", "-Y", "sign", "-n", "file", "-f", keyFile, file)
		signature, err := os.ReadFile(file + ".sig")
		if err != nil {
			t.Fatal(err)
		}
		u, err := sshsig.Parse(signature, sig.DetachedLimits)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, who{public(t, dir, strings.TrimSuffix(name, "-cert")), file + ".sig", signerOf(t, u.Claims[0])})
	}
	return append(all, who{public: public(t, dir, "ca")})
}

// public returns type and base64 of a .pub file.
func public(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(text))
	return words[0] + " " + words[1]
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// randomLine writes a line, mostly well-formed and often about s.
func randomLine(r *rand.Rand, all []who, s who) string {
	pick := func(list ...string) string { return list[r.Intn(len(list))] }
	var patterns []string
	for range 1 + r.Intn(3) {
		patterns = append(patterns, pick("", "", "", "!")+pick("alice", "bob", "carol", "a*", "*", "?ob", "*o*", "dave", "b**b", "*?"))
	}
	principals := strings.Join(patterns, pick(",", ",", ",", ",,"))
	if r.Intn(8) == 0 {
		principals = `"` + principals + pick("", ",a b") + pick(`"`, `"`, `"`, "")
	}
	var options []string
	for range max(r.Intn(5)-2, 0) {
		options = append(options, pick(
			"cert-authority", "CERT-AUTHORITY", `namespaces="file"`, `namespaces="f*,!foo"`, `namespaces="git"`, `namespaces="!file,*"`,
			`Namespaces="a,\"b,file"`, `valid-after="20200101"`, `valid-after="20230615120000"`, `valid-after="202306151200Z"`, `valid-before="20230615"`,
			`valid-before="20300101UTC"`, `valid-before="20230231"`, `valid-after="20210101"`, `valid-before="2023"`, `namespaces=file`, `nonsense`, `namespaces="x`, "",
		))
	}
	text := pick("", "", " ", "\t") + principals + pick(" ", "  ", "\t")
	if len(options) > 0 {
		text += strings.Join(options, pick(",", ",", ",", ", ")) + " "
	}
	k := []string{all[r.Intn(len(all))].public, s.public, s.public, all[len(all)-1].public}[r.Intn(4)] // the last is the authority
	text += k
	switch r.Intn(12) {
	case 0:
		text = text[:len(text)-r.Intn(20)]
	case 1:
		text = "#" + text
	case 2:
		text = principals
	}
	return text + pick("", "", " comment", " a comment # of words", "\r")
}

// ssh-keygen and this package give the same answers, remarks and all, for
// random files × signers × principals × namespaces × times.
func TestOpenSSHAgrees(t *testing.T) {
	program := vectortest.Peer(t, "ssh-keygen")
	dir := t.TempDir()
	all := people(t, program, dir)
	const zone = "Europe/Berlin"
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Skip(err)
	}
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	const seed = 1
	r := rand.New(rand.NewSource(seed))
	path := filepath.Join(dir, "allowed")
	found, allowed, matched := 0, 0, 0
	for round := range rounds {
		s := all[r.Intn(len(all)-1)]
		var text strings.Builder
		for range 1 + r.Intn(3) {
			text.WriteString(randomLine(r, all, s) + "\n")
		}
		write(t, path, text.String())
		list, err := allowedsigners.Parse([]byte(text.String()), loc)
		if err != nil {
			t.Fatal(err)
		}
		principal := []string{"alice", "bob", "carol", "dave", "a b", ""}[r.Intn(6)]
		clock := []string{"20230101", "20230615", "20230615120000", "202306151100Z", "20230303", "20210601", "20990101"}[r.Intn(7)]
		now, err := allowedsigners.ParseTime(clock, loc)
		if err != nil {
			t.Fatal(err)
		}
		ask := func(args ...string) (stdout, stderr string) {
			return runIn(t, zone, program, args...)
		}
		complain := func(call, got, want, gotErr, wantErr string) {
			if got != want || gotErr != wantErr {
				t.Errorf("round %d, %s, %s, principal %q at %s:\n%s\nhere: %q %q\nssh-keygen: %q %q", round, call, s.signature, principal, clock, text.String(), got, gotErr, want, wantErr)
			}
		}

		a := list.FindPrincipals(s.signer, now)
		got, gotErr := join(a.Principals), remarks(path, a.Remarks)
		if a.Entry == nil {
			gotErr += "No principal matched.\n"
		} else {
			found++
		}
		want, wantErr := ask("-Y", "find-principals", "-f", path, "-s", s.signature, "-Overify-time="+clock)
		complain("find-principals", got, want, gotErr, wantErr)

		a = list.Allow(s.signer, principal, "file", now)
		got, gotErr = "Could not verify signature.\n", remarks(path, a.Remarks)
		if a.Entry != nil {
			got = "Good"
			allowed++
		}
		want, wantErr = ask("-Y", "verify", "-f", path, "-s", s.signature, "-n", "file", "-I", principal, "-Overify-time="+clock)
		if strings.HasPrefix(want, "Good \"file\" signature for "+principal+" with ED25519") {
			want = "Good"
		}
		complain("verify", got, want, gotErr, wantErr)

		names, complaints, ok := list.MatchPrincipals(principal)
		got, gotErr = join(names), remarks(path, complaints)
		if !ok {
			gotErr += "No principal matched.\n"
		} else {
			matched++
		}
		want, wantErr = ask("-Y", "match-principals", "-f", path, "-I", principal)
		complain("match-principals", got, want, gotErr, wantErr)
	}
	t.Logf("seed %d: of %d files %d found somebody, %d allowed, %d matched", seed, rounds, found, allowed, matched)
	if !testing.Short() && (found < rounds/10 || allowed < rounds/10 || matched < rounds/10) {
		t.Error("the random files are too often useless")
	}
}

func join(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func remarks(path string, list []allowedsigners.Remark) string {
	var b strings.Builder
	for _, r := range list {
		fmt.Fprintf(&b, "%s:%d: %s\n", path, r.Line, r.Text)
	}
	return b.String()
}

func runIn(t *testing.T, zone, program string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "TZ="+zone)
	cmd.Stdin = strings.NewReader(message)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), strings.ReplaceAll(complaints.String(), "\r\n", "\n")
}
