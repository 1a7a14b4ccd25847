package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// limitsWorld has the keys ada and eve (locked, with the passphrase "right"), the file m and
// ada's signatures of it in most formats.
func limitsWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "")
	w.put(t, "m", []byte("{\"a\":1}\n"))
	w.put(t, "tree/a", []byte("in a tree"))
	w.put(t, "tree/b", []byte("also in a tree"))
	w.put(t, "right", []byte("right\n"))
	w.put(t, "wrong", []byte("wrong\n"))
	for _, line := range []string{
		"keygen -o ada --no-passphrase", "keygen -o eve --no-passphrase", "keygen -o pq --type ml-dsa-65 --no-passphrase",
		"keygen -o locked --passphrase-file right",
		"sign m --key file:ada", "sign m --key file:ada --key file:pq -o hybrid.sig", "sign m --key file:ada --format minisign",
		"sign m --key file:ada --format dsse", "sign m --key file:ada --format jws", "sign tree --key file:ada",
		"sign m --key file:ada --format note --note-name ada", "sign m --key file:ada --format raw",
	} {
		if code := w.run(t, strings.Fields(line)...); code != exitDone {
			t.Fatalf("kai %s: exit %d: %s", line, code, w.err.String())
		}
	}
	return w
}

func (w *world) get(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.workDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sparse writes a file that begins with head and has size bytes.
func (w *world) sparse(t *testing.T, name, head string, size int64) {
	t.Helper()
	w.put(t, name, []byte(head))
	if err := os.Truncate(filepath.Join(w.workDir, name), size); err != nil {
		t.Fatal(err)
	}
}

// expect runs kai with --json and holds the answer to an exit code, an error code and, if it
// is not empty, a pattern of the message.
func (w *world) expect(t *testing.T, why string, exit int, code, pattern string, args ...string) {
	t.Helper()
	if got := w.run(t, append(args, "--json")...); got != exit {
		t.Errorf("%s: exit %d, want %d: %s%s", why, got, exit, w.out.String(), w.err.String())
		return
	}
	var answer struct {
		Error struct{ Code, Message string }
	}
	first, _, _ := bytes.Cut(w.out.Bytes(), []byte("\n"))
	if err := json.Unmarshal(first, &answer); err != nil || answer.Error.Code != code {
		t.Errorf("%s: error %q (%v), want %q: %s", why, answer.Error.Code, err, code, w.out.String())
	}
	if !regexp.MustCompile(pattern).MatchString(answer.Error.Message) {
		t.Errorf("%s: message %q does not match %q", why, answer.Error.Message, pattern)
	}
}

const offset = `at byte [0-9]+: `

// TestLimitsTooLarge gives each input one byte, one signature or one entry too many.
func TestLimitsTooLarge(t *testing.T) {
	w := limitsWorld(t)
	const mib = 1 << 20
	sshHead := "-----BEGIN SSH SIGNATURE-----\n"
	for name, c := range map[string]struct {
		head string
		size int64
	}{
		"sshsig":   {sshHead, mib + 1},
		"minisign": {"untrusted comment: x\n" + strings.Split(string(w.get(t, "m.minisig")), "\n")[1] + "\n", mib + 1},
		"dsse":     {`{"payloadType":"x",`, 64*mib + 1},
		"jws":      {`{"payload":"","signatures":[],`, 64*mib + 1},
		"sigstore": {`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",`, 64*mib + 1},
	} {
		w.sparse(t, "big", c.head, c.size)
		w.expect(t, name, exitUndecidable, "too_large", "more than [0-9]+ bytes", "verify", "m", "-s", "big", "--signer", "ada.pub", "--format", name)
	}
	w.sparse(t, "big.dsse", `{"payloadType":"x",`, 64*mib+1)
	w.expect(t, "dsse alone", exitUndecidable, "too_large", "", "verify", "big.dsse", "--signer", "ada.pub")
	w.sparse(t, "big.kai-manifest", "kai-manifest/1\n", 1<<30+1)
	w.expect(t, "manifest", exitUndecidable, "too_large", "", "verify", "big.kai-manifest", "tree", "--signer", "ada.pub")
	w.sparse(t, "big.dsse", "", 0) // the space is wanted elsewhere

	// 64 signatures are few enough, 65 are not.
	block := string(w.get(t, "m.sig"))
	w.put(t, "many", []byte(strings.Repeat(block, 64)))
	if code := w.run(t, "verify", "m", "-s", "many", "--signer", "ada.pub"); code != exitDone {
		t.Errorf("64 signatures: exit %d: %s", code, w.out.String())
	}
	w.put(t, "many", []byte(strings.Repeat(block, 65)))
	w.expect(t, "65 blocks", exitUndecidable, "too_large", "more than 64 signatures", "verify", "m", "-s", "many", "--signer", "ada.pub")
	w.put(t, "many", []byte(strings.Repeat(string(w.get(t, "m.dsse")), 65)))
	w.expect(t, "65 envelopes", exitUndecidable, "too_large", "more than 64 signatures", "verify", "m", "-s", "many", "--signer", "ada.pub")
	note := string(w.get(t, "m.note"))
	line := note[strings.LastIndex(note, "— "):]
	for i := range 64 {
		note += strings.Replace(line, "ada ", fmt.Sprintf("ada%d ", i), 1)
	}
	w.put(t, "many.note", []byte(note))
	w.expect(t, "65 lines", exitUndecidable, "too_large", "", "verify", "m", "-s", "many.note", "--signer", "ada.pub")
	manifest := w.get(t, "tree.kai-manifest")
	at := bytes.Index(manifest, []byte("-----BEGIN"))
	w.put(t, "many.kai-manifest", append(bytes.Clone(manifest), bytes.Repeat(manifest[at:], 64)...))
	w.expect(t, "65 blocks of a manifest", exitUndecidable, "too_large", "", "verify", "many.kai-manifest", "tree", "--signer", "ada.pub")
	w.put(t, "many", []byte(strings.Repeat(block, 64)))
	w.expect(t, "a 65th added", exitUndecidable, "too_large", "", "sign", "m", "--key", "file:eve", "--add", "-o", "many")
	if got := string(w.get(t, "many")); got != strings.Repeat(block, 64) {
		t.Error("a file of 64 signatures was changed")
	}

	// Keys, and the paths and entries of a manifest.
	w.put(t, "key.pub", bytes.Repeat([]byte("#\n"), 32<<10+1))
	w.expect(t, "key file", exitUndecidable, "too_large", "", "verify", "m", "--signer", "key.pub")
	w.expect(t, "signing key", exitUndecidable, "too_large", "65536", "sign", "m", "--key", "file:key.pub", "-o", "none")
	for name, c := range map[string][2]string{
		"path of 4097 bytes":  {" a\n", " " + strings.Repeat("a", 4097) + "\n"},
		"ten million entries": {"sha256 2 ", "sha256 10000001 "},
		"head":                {"alg ", "exclude " + strings.Repeat("a", 65<<10) + "\nalg "},
	} {
		w.put(t, "big.kai-manifest", bytes.Replace(manifest, []byte(c[0]), []byte(c[1]), 1))
		w.expect(t, name, exitUndecidable, "too_large", "", "verify", "big.kai-manifest", "tree", "--signer", "ada.pub")
	}
}

// sshBlock is a signature of the SSH format in its parts.
type sshBlock struct {
	key, namespace, reserved, hash, value string
	version                               uint32
	rest                                  string
}

func (b sshBlock) armor() string {
	raw := binary.BigEndian.AppendUint32([]byte("SSHSIG"), b.version)
	for _, part := range []string{b.key, b.namespace, b.reserved, b.hash, b.value} {
		raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(part))), part...)
	}
	text := base64.StdEncoding.EncodeToString(append(raw, b.rest...))
	return "-----BEGIN SSH SIGNATURE-----\n" + text + "\n-----END SSH SIGNATURE-----\n"
}

func parseSSHBlock(t *testing.T, armored []byte) sshBlock {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(armored), "\n"), "\n")
	raw, err := base64.StdEncoding.DecodeString(strings.Join(lines[1:len(lines)-1], ""))
	if err != nil {
		t.Fatal(err)
	}
	rest := raw[10:]
	next := func() string {
		n := binary.BigEndian.Uint32(rest)
		s := string(rest[4 : 4+n])
		rest = rest[4+n:]
		return s
	}
	return sshBlock{version: 1, key: next(), namespace: next(), reserved: next(), hash: next(), value: next()}
}

// lazyBase64 sets a bit of the last digit that no byte has room for.
func lazyBase64(armored string) string {
	at := strings.Index(armored, "==") - 1
	return armored[:at] + string(armored[at]+1) + armored[at+1:]
}

// TestLimitsMalformed gives each kind of damage that makes a file no signature: nothing is
// checked, and the answer says where.
func TestLimitsMalformed(t *testing.T) {
	w := limitsWorld(t)
	whole := string(w.get(t, "m.sig"))
	hybrid := string(w.get(t, "hybrid.sig"))
	kai := hybrid[strings.Index(hybrid, "-----BEGIN KAI"):]
	good := parseSSHBlock(t, w.get(t, "m.sig"))
	with := func(change func(b *sshBlock)) string {
		b := good
		change(&b)
		return b.armor()
	}
	if again := good.armor(); strings.ReplaceAll(again, "\n", "") != strings.ReplaceAll(whole, "\n", "") {
		t.Fatalf("%q, want %q", again, whole)
	}
	firstDigits := strings.SplitAfterN(whole, "\n", 2)
	for name, text := range map[string]string{
		"text before the armor":   "hello\n" + whole,
		"a blank before it":       " " + whole,
		"text between blocks":     whole + "hello\n" + whole,
		"text after it":           whole + "hello\n",
		"two KAI blocks":          hybrid + kai,
		"a KAI block alone":       kai,
		"a KAI block first":       kai + whole,
		"bits that say nothing":   lazyBase64(with(func(b *sshBlock) { b.namespace = "files" })),
		"another digit in base64": firstDigits[0] + "!" + firstDigits[1],
		"lone CR":                 strings.Replace(whole, "\n", "\r", 1),
		"CR in a line":            strings.Replace(whole, "U1NI", "U1\rNI", 1),
		"no END line":             whole[:len(whole)-20],
		"nothing in it":           "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
		"bytes after the block":   with(func(b *sshBlock) { b.rest = "x" }),
		"reserved field in use":   with(func(b *sshBlock) { b.reserved = "x" }),
		"bytes after the value":   with(func(b *sshBlock) { b.value += "x" }),
		"short value":             with(func(b *sshBlock) { b.value = b.value[:len(b.value)-1] }),
		"long inner length":       with(func(b *sshBlock) { b.value = b.value[:18] + "\xff" + b.value[19:] }),
		"bytes after the key":     with(func(b *sshBlock) { b.key += "x" }),
		"short key":               with(func(b *sshBlock) { b.key = b.key[:len(b.key)-1] }),
		"empty key":               with(func(b *sshBlock) { b.key = "" }),
		"no value":                with(func(b *sshBlock) { b.value = "" }),
		"a value of another kind": with(func(b *sshBlock) { b.value = strings.Replace(b.value, "\x0bssh-ed25519", "\x0crsa-sha2-256", 1) }),
	} {
		w.put(t, "x", []byte(text))
		w.expect(t, name, exitUndecidable, "malformed", offset, "verify", "m", "-s", "x", "--signer", "ada.pub")
	}
	for name, text := range map[string]string{
		"empty namespace":             with(func(b *sshBlock) { b.namespace = "" }),
		"namespace of 257 bytes":      with(func(b *sshBlock) { b.namespace = strings.Repeat("n", 257) }),
		"control character":           with(func(b *sshBlock) { b.namespace = "a\nb" }),
		"namespace that is not UTF-8": with(func(b *sshBlock) { b.namespace = "\xff" }),
	} {
		w.put(t, "x", []byte(text))
		w.expect(t, name, exitUndecidable, "malformed", "namespace", "verify", "m", "-s", "x", "--signer", "ada.pub")
	}
	for name, text := range map[string]string{
		"version 2":         with(func(b *sshBlock) { b.version = 2 }),
		"hash md5":          with(func(b *sshBlock) { b.hash = "md5" }),
		"signature ssh-rsa": with(func(b *sshBlock) { b.value = "\x00\x00\x00\x07ssh-rsa\x00\x00\x00\x01x" }),
	} {
		w.put(t, "x", []byte(text))
		w.expect(t, name, exitUndecidable, "unsupported_format", "", "verify", "m", "-s", "x", "--signer", "ada.pub")
	}
	for name, ns := range map[string]string{"empty": "", "long": strings.Repeat("n", 257), "control": "a\x1bb", "not UTF-8": "\xff"} {
		w.expect(t, "sign, namespace "+name, exitUsage, "usage", "namespace", "sign", "m", "--key", "file:ada", "-o", "none", "-n", ns)
		w.expect(t, "verify, namespace "+name, exitUsage, "usage", "namespace", "verify", "m", "--signer", "ada.pub", "-n", ns)
	}
	if code := w.run(t, "sign", "m", "--key", "file:ada", "-o", "longest", "-n", strings.Repeat("n", 256)); code != exitDone {
		t.Errorf("namespace of 256 bytes: exit %d", code)
	}
}

// TestLimitsNames holds signatures that name another key than the caller, or nobody he named.
func TestLimitsNames(t *testing.T) {
	w := limitsWorld(t)
	w.expect(t, "minisign, another key id", exitUndecidable, "wrong_key_id", "", "verify", "m", "-s", "m.minisig", "--signer", "eve.pub")
	w.expect(t, "dsse, another fingerprint", exitUndecidable, "wrong_key_id", "", "verify", "m", "-s", "m.dsse", "--signer", "eve.pub")
	w.expect(t, "known, but somebody else", exitUntrusted, "not_named", "", "verify", "m", "-s", "m.sig", "--signer", "eve.pub")
	w.expect(t, "nobody named", exitUntrusted, "unknown_signer", "", "verify", "m", "-s", "m.sig")
	w.expect(t, "no key at all", exitUndecidable, "no_key", "", "verify", "m", "-s", "m.minisig")
	w.expect(t, "raw, with two keys", exitUndecidable, "no_key", "--key", "verify", "m", "-s", "m.rawsig", "--signer", "ada.pub", "--signer", "eve.pub")
	w.expect(t, "raw, another key", exitBad, "signature", "", "verify", "m", "-s", "m.rawsig", "--signer", "eve.pub")

	// The trusted comment has a signature of its own, whatever that of the file.
	comment := bytes.Replace(w.get(t, "m.minisig"), []byte("trusted comment: timestamp:1"), []byte("trusted comment: timestamp:2"), 1)
	w.put(t, "m.minisig", comment)
	w.expect(t, "trusted comment", exitBad, "trusted_comment", "", "verify", "m", "-s", "m.minisig", "--signer", "ada.pub")
}

// TestLimitsManifests holds manifests that are none, and those whose parts differ.
func TestLimitsManifests(t *testing.T) {
	w := limitsWorld(t)
	good := string(w.get(t, "tree.kai-manifest"))
	lines := regexp.MustCompile(`(?m)^f .*\n`).FindAllString(good, -1)
	if len(lines) != 2 {
		t.Fatalf("%q", good)
	}
	for name, c := range map[string]struct {
		old, with string
		exit      int
		code      string
	}{
		"unsorted":   {lines[0] + lines[1], lines[1] + lines[0], exitUndecidable, "malformed"},
		"duplicate":  {lines[0], lines[0] + lines[0], exitUndecidable, "malformed"},
		"dots":       {" a\n", " ../a\n", exitUndecidable, "malformed"},
		"absolute":   {" a\n", " /a\n", exitUndecidable, "malformed"},
		"empty part": {" a\n", " a//b\n", exitUndecidable, "malformed"},
		"raw byte":   {" a\n", " a\x01\n", exitUndecidable, "malformed"},
		"count":      {"sha256 2 ", "sha256 3 ", exitBad, "content"},
		"size":       {"size 23\n", "size 24\n", exitBad, "content"},
		"left out":   {lines[1], "", exitBad, "content"},
		"root":       {lines[0], strings.Replace(lines[0], "f 9 ", "x 9 ", 1), exitBad, "content"},
	} {
		text := strings.Replace(good, c.old, c.with, 1)
		if text == good {
			t.Fatalf("%s: nothing changed in %q", name, good)
		}
		w.put(t, "tree.kai-manifest", []byte(text))
		pattern := ""
		if c.code == "malformed" {
			pattern = offset
		}
		w.expect(t, name, c.exit, c.code, pattern, "verify", "tree", "--signer", "ada.pub")
	}
}

// failingReader is a stream that breaks.
type failingReader struct{ after int }

func (r *failingReader) Read(p []byte) (int, error) {
	if r.after == 0 {
		return 0, errors.New("input/output error")
	}
	n := min(len(p), r.after)
	r.after -= n
	return n, nil
}

// TestLimitsMessages has messages that cannot be read to their end, with an output that must
// not appear.
func TestLimitsMessages(t *testing.T) {
	w := limitsWorld(t)
	before := entriesOf(t, w.workDir)
	w.stdin = &failingReader{3}
	w.expect(t, "broken stream", exitFailure, "failure", "input/output", "verify", "-", "-s", "m.sig", "--signer", "ada.pub", "-o", "out")
	w.stdin = &failingReader{3}
	w.expect(t, "broken stream to sign", exitFailure, "failure", "input/output", "sign", "-", "--key", "file:ada", "-o", "out")
	w.stdin = io.LimitReader(neverEnding{}, 0)
	w.expect(t, "another stream", exitBad, "signature", "", "verify", "-", "-s", "m.sig", "--signer", "ada.pub", "-o", "out")
	w.expect(t, "a directory that is no tree", exitUndecidable, "malformed", "", "verify", "tree", "-s", "m.sig", "--signer", "ada.pub")
	w.expect(t, "gone", exitNotFound, "not_found", "", "verify", "gone", "-s", "m.sig", "--signer", "ada.pub", "-o", "out")
	w.expect(t, "signature gone", exitNotFound, "not_found", "", "verify", "m", "-s", "gone.sig", "--signer", "ada.pub", "-o", "out")
	w.expect(t, "key gone", exitNotFound, "not_found", "", "verify", "m", "--signer", "gone.pub", "-o", "out")
	if os.Geteuid() > 0 {
		if err := os.Chmod(filepath.Join(w.workDir, "m"), 0); err != nil {
			t.Fatal(err)
		}
		w.expect(t, "unreadable", exitFailure, "unreadable", "", "verify", "m", "-s", "m.sig", "--signer", "ada.pub", "-o", "out")
	}
	if after := entriesOf(t, w.workDir); len(after) != len(before) {
		t.Errorf("left %q", after)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

// TestLimitsKeys has keys that do not open: no file, whole or in part, is left.
func TestLimitsKeys(t *testing.T) {
	w := limitsWorld(t)
	before := entriesOf(t, w.workDir)
	sign := []string{"sign", "m", "--key", "file:locked", "-o", "out"}
	w.expect(t, "no terminal", exitLocked, "input_needed", "", sign...)
	w.expect(t, "wrong passphrase", exitLocked, "passphrase_wrong", "", append(sign, "--passphrase-file", "wrong")...)
	w.expect(t, "no input", exitLocked, "input_needed", "", append(sign, "--no-input")...)
	w.environ = []string{"CLAUDECODE=1"}
	w.onTerminal("right")
	w.expect(t, "an agent drives", exitLocked, "input_needed", "", sign...)
	w.environ = nil
	w.onTerminal("wrong", "wrong", "wrong")
	w.expect(t, "typed wrong", exitLocked, "passphrase_wrong", "", sign...)
	w.expect(t, "no agent", exitBackend, "backend", "", "sign", "m", "--key", "agent:SHA256:"+strings.Repeat("A", 43), "-o", "out")
	w.environ = []string{"SSH_AUTH_SOCK=" + filepath.Join(w.workDir, "nothing")}
	w.expect(t, "agent away", exitBackend, "backend", "", "sign", "m", "--key", "agent:SHA256:"+strings.Repeat("A", 43), "-o", "out")
	w.expect(t, "public key without an agent", exitBackend, "backend", "", "sign", "m", "--key", "file:ada.pub", "-o", "out")
	w.expect(t, "no such file", exitNotFound, "not_found", "", "sign", "m", "--key", "file:gone", "-o", "out")
	w.expect(t, "no such holder", exitUsage, "usage", "", "sign", "m", "--key", "gone:x", "-o", "out")
	w.put(t, "none", []byte("\x00\x01\x02"))
	w.expect(t, "binary key file", exitUndecidable, "malformed_key", "", "sign", "m", "--key", "file:none", "-o", "out")
	w.expect(t, "binary signer", exitUndecidable, "malformed_key", "", "verify", "m", "--signer", "none")
	w.put(t, "none", nil)
	w.expect(t, "empty key file", exitUndecidable, "malformed_key", "", "sign", "m", "--key", "file:none", "-o", "out")
	w.expect(t, "empty signer", exitUndecidable, "malformed_key", "", "verify", "m", "--signer", "none")
	w.expect(t, "a directory as signer", exitFailure, "failure", "directory", "verify", "m", "--signer", "tree")
	if after := entriesOf(t, w.workDir); len(after) != len(before)+1 {
		t.Errorf("left %q", after)
	}
	w.onTerminal("right")
	if code := w.run(t, sign...); code != exitDone {
		t.Errorf("typed right: exit %d, %s", code, w.err.String())
	}
}

// cancellingReader ends the run while it is read.
type cancellingReader struct{ cancel context.CancelCauseFunc }

func (r *cancellingReader) Read(p []byte) (int, error) {
	r.cancel(stopped{syscall.SIGINT})
	return len(p), nil
}

// A signal while a message is read is said once, and nothing is written.
func TestInterruptedWhileReading(t *testing.T) {
	w := limitsWorld(t)
	before := entriesOf(t, w.workDir)
	for _, line := range []string{
		"verify - -s m.sig --signer ada.pub -o out", "verify m - --signer ada.pub", "sign - --key file:ada -o out",
		"sign - --format dsse --key file:ada -o out", "hash -",
	} {
		stdin := &cancellingReader{}
		w.stdin = stdin
		w.notify = func(parent context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(parent)
			stdin.cancel = cancel
			return ctx, func() {}
		}
		if code := w.run(t, strings.Fields(line)...); code != exitSignal+int(syscall.SIGINT) {
			t.Errorf("kai %s: exit %d", line, code)
		}
		if n := strings.Count(w.err.String(), "stopped by signal"); n != 1 {
			t.Errorf("kai %s: said %d times: %s", line, n, w.err.String())
		}
	}
	if after := entriesOf(t, w.workDir); len(after) != len(before) {
		t.Errorf("left %q", after)
	}
}
