package openssh_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kai/internal/key"
	"kai/internal/key/openssh"
	"kai/internal/vectortest"
)

// The public key of RFC 8032 §7.1, first test.
const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"

func TestPublicLines(t *testing.T) {
	for _, c := range []struct {
		in, comment string
		options     []string
	}{
		{line, "", nil},
		{line + " ada@laptop", "ada@laptop", nil},
		{"  " + line + "  two words  ", "two words", nil},
		{strings.Replace(line, " ", "\t", 1) + "\tx", "x", nil},
		{"restrict " + line, "", []string{"restrict"}},
		{`no-pty,command="echo \"hi, there\" # x",from="10.0.0.0/8" ` + line + " c", "c",
			[]string{"no-pty", `command="echo \"hi, there\" # x"`, `from="10.0.0.0/8"`}},
		{`No-PTY ` + line, "", []string{"No-PTY"}},
		{`command="" ` + line, "", []string{`command=""`}},
	} {
		e, err := openssh.ParsePublic(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if e.Public.String() != "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" || e.Comment != c.comment || !slices.Equal(e.Options, c.options) {
			t.Errorf("%q: read %+v", c.in, e)
		}
		if !openssh.IsPublic(c.in) && !strings.HasPrefix(c.in, " ") {
			t.Errorf("%q: not detected", c.in)
		}
		_, comment, options, _, err := ssh.ParseAuthorizedKey([]byte(c.in))
		if err != nil || comment != c.comment || !slices.Equal(options, c.options) {
			t.Errorf("%q: x/crypto reads %q, %q, %v", c.in, comment, options, err)
		}
	}
	if e, err := openssh.ParsePublic("cert-authority " + line); err != nil || !e.Authority {
		t.Errorf("cert-authority: %+v, %v", e, err)
	}
}

func TestOtherPublicLinesAreRefused(t *testing.T) {
	blob := strings.TrimPrefix(line, "ssh-ed25519 ")
	for _, c := range []struct {
		in   string
		want error
	}{
		{"", key.ErrMalformed},
		{"ssh-ed25519", key.ErrMalformed},
		{"ssh-ed25519 " + blob[:40], key.ErrMalformed},
		{"ssh-ed25519 " + blob + "AAAA", key.ErrMalformed},
		{"ssh-ed25519 " + blob + "=", key.ErrMalformed},
		{"ssh-ed25519 " + blob[:30] + "\n" + blob[30:], key.ErrMalformed},
		{"ssh-rsa " + blob, key.ErrMalformed},
		{blob, key.ErrMalformed},
		{"ada@example.com " + line, key.ErrMalformed},
		{"ada@example.com namespaces=\"file\" " + line, key.ErrMalformed},
		{"command " + line, key.ErrMalformed},
		{"no-pty=\"x\" " + line, key.ErrMalformed},
		{`command="x ` + line, key.ErrMalformed},
		{`command="x"y ` + line, key.ErrMalformed},
		{"ssh-dss AAAAB3NzaC1kc3MAAAAA", key.ErrType},
		{"ssh-ed25519-cert-v01@openssh.com AAAA", key.ErrCertificate},
		{"ssh-mldsa44-ed25519-cert-v01@openssh.com AAAA", key.ErrCertificate},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", key.ErrWeak},
	} {
		if e, err := openssh.ParsePublic(c.in); !errors.Is(err, c.want) {
			t.Errorf("%q: got %+v, %v, want %v", c.in, e, err, c.want)
		}
	}
}

func TestCertificatesOfSSHKeygenAreRecognised(t *testing.T) {
	tool := vectortest.Peer(t, "ssh-keygen")
	file := filepath.Join(t.TempDir(), "k")
	vectortest.Run(t, nil, tool, "-q", "-t", "ed25519", "-N", "", "-f", file)
	vectortest.Run(t, nil, tool, "-q", "-s", file, "-I", "id", "-n", "ada", file+".pub")
	text, err := os.ReadFile(file + "-cert.pub")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openssh.ParsePublic(strings.TrimSpace(string(text))); !errors.Is(err, key.ErrCertificate) {
		t.Errorf("got %v", err)
	}
}

func TestCommentsThatBreakTheLineAreNotWritten(t *testing.T) {
	e, err := openssh.ParsePublic(line)
	if err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"a\nssh-rsa AAAA", "a\x00", "\x1b[2J", "\xff", "a\u2028b", strings.Repeat("x", key.MaxComment+1)} {
		if got, err := openssh.AppendPublic(nil, e.Public, comment); !errors.Is(err, key.ErrComment) {
			t.Errorf("%.20q: %.80q, %v", comment, got, err)
		}
	}
	if _, err := openssh.AppendPublic(nil, generate(t, key.X25519).Public(), ""); !errors.Is(err, key.ErrType) {
		t.Errorf("x25519: %v", err)
	}
}

// ssh-keygen finds the principals that were written.
func TestAllowedSigners(t *testing.T) {
	e, err := openssh.ParsePublic(line)
	if err != nil {
		t.Fatal(err)
	}
	got, err := openssh.AllowedSigner([]string{"ada@example.com", "*@example.org"}, []string{"file", "git"}, e.Public)
	if want := `ada@example.com,*@example.org namespaces="file,git" ` + line; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, bad := range []string{"", "a b", "a,b", `a"b`, "a\nb", "#a", "é\x85"} {
		if got, err := openssh.AllowedSigner([]string{bad}, nil, e.Public); !errors.Is(err, key.ErrComment) {
			t.Errorf("principal %q: %q, %v", bad, got, err)
		}
	}
	file := filepath.Join(t.TempDir(), "allowed")
	if err := os.WriteFile(file, []byte(got+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := vectortest.Run(t, nil, vectortest.Peer(t, "ssh-keygen"), "-Y", "match-principals", "-f", file, "-I", "bob@example.org")
	if strings.TrimSpace(string(out)) != "bob@example.org" && !strings.Contains(string(out), "*@example.org") {
		t.Errorf("ssh-keygen finds %q", out)
	}
}

func FuzzParsePublic(f *testing.F) {
	seeds := []string{line, line + " c", `no-pty,command="a b" ` + line, "cert-authority " + line}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := openssh.ParsePublic(text)
		if err != nil || key.CheckComment(e.Comment) != nil {
			return
		}
		again, err := openssh.AppendPublic(nil, e.Public, e.Comment)
		if err != nil {
			t.Fatal(err)
		}
		back, err := openssh.ParsePublic(string(again))
		if err != nil || back.Public != e.Public || back.Comment != e.Comment {
			t.Errorf("%q is written as %q: %v", text, again, err)
		}
	})
}
