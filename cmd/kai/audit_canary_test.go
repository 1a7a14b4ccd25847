package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"
)

// canaries are secrets by what they are. No form of one may be where everybody who looks after the
// log reads.
type canaries map[string][]byte

// random adds a secret of letters and digits.
func (c canaries) random(name string) string {
	text := rand.Text()
	c[name] = []byte(text)
	return text
}

// forms are how the bytes of a secret can stand in a text: as they are, in hexadecimal digits, and in
// the base64 of something in which they begin at any byte.
func forms(secret []byte) map[string][]byte {
	digits := hex.EncodeToString(secret)
	list := map[string][]byte{"raw": secret, "hex": []byte(digits), "HEX": []byte(strings.ToUpper(digits))}
	for shift := range 3 {
		shifted := append(make([]byte, shift), secret...)
		for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := encoding.EncodeToString(shifted)
			// What depends on the bytes around it is left out.
			list[fmt.Sprint(name, shift)] = []byte(text[(shift*8+5)/6 : len(shifted)*8/6])
		}
	}
	return list
}

// seen says which secrets stand where, in which form.
func (c canaries) seen(places map[string][]byte) []string {
	var found []string
	for name, secret := range c {
		for form, text := range forms(secret) {
			for place, data := range places {
				if bytes.Contains(data, text) {
					found = append(found, fmt.Sprintf("%s: %s, %s", place, name, form))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// The check finds each secret in each form, wherever it begins.
func TestCanariesAreFound(t *testing.T) {
	c := canaries{}
	c.random("text")
	bytes32 := make([]byte, 32)
	_, _ = rand.Read(bytes32)
	c["bytes"] = bytes32
	if found := c.seen(map[string][]byte{"nothing": []byte(rand.Text()), "almost": c["bytes"][1:]}); len(found) != 0 {
		t.Errorf("found %q where nothing is", found)
	}
	for name, secret := range c {
		for before := range 9 {
			whole := slices.Concat(bytes.Repeat([]byte{0xa5}, before), secret, []byte("behind"))
			for form, text := range map[string][]byte{
				"raw": whole, "hex": []byte(hex.EncodeToString(whole)), "HEX": fmt.Appendf(nil, "%X", whole),
				"base64": []byte(base64.StdEncoding.EncodeToString(whole)), "base64url": []byte(base64.RawURLEncoding.EncodeToString(whole)),
			} {
				found := c.seen(map[string][]byte{"here": text})
				if !slices.ContainsFunc(found, func(f string) bool { return strings.HasPrefix(f, "here: "+name+", "+form) }) {
					t.Errorf("%s, %s behind %d bytes: found %q", name, form, before, found)
				}
			}
		}
	}
}

// told is all that the log tells anybody: the files of its directory, and the answers of the commands
// that read it.
func (w *world) told(t *testing.T) map[string][]byte {
	t.Helper()
	places := map[string][]byte{}
	files := func(dir, as string) {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(name)
			places[as+strings.TrimPrefix(name, dir)] = data
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	files(w.auditDir(t), "audit")
	answer := func(args ...string) {
		t.Helper()
		w.must(t, exitDone, append([]string{"audit"}, args...)...)
		places["kai audit "+strings.Join(args, " ")] = slices.Concat(w.out.Bytes(), w.err.Bytes())
	}
	out := t.TempDir()
	in := func(name string) string { return filepath.Join(out, name) }
	for n := range w.events(t, 0) {
		answer("show", fmt.Sprint(n))
		answer("show", fmt.Sprint(n), "--json")
	}
	for _, format := range []string{"jsonl", "events", "ocsf", "cef", "rfc5424", "csv"} {
		answer("export", "--format", format, "-o", "-")
	}
	answer("export", "--format", "tiles", "-o", in("tiles"))
	answer("query")
	answer("query", "--json")
	answer("query", "--raw")
	answer("tail", "-n", "1000")
	answer("report", "--html", in("html"), "--sarif", in("sarif"), "--junit", in("junit"))
	answer("report", "--json")
	answer("status", "--metrics", in("prom"))
	answer("status", "--json")
	answer("verify", "--json")
	answer("alert", "list")
	answer("alert", "list", "--json")
	files(out, "out")
	return places
}

// Secrets of every kind go through every command that handles some, where it works and where it
// fails. None of them is in the log, an alert, an export, a report, or an answer about the log.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	c := canaries{}
	w := newLoggedWorld(t)

	// Alerts go to a webhook with a secret, once; then it is down, and they wait in the outbox.
	var sent []byte
	down := false
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		sent = append(sent, dump...)
		if down {
			out.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	w.put(t, "hook", []byte(c.random("secret of the webhook")+"\n"))
	w.config(t, fmt.Sprintf("[audit]\nmode = \"inline\"\nmetrics_file = %q\n[[audit.alert]]\nname = \"pager\"\nkind = \"webhook\"\nurl = %q\nsecret_file = %q\n",
		filepath.Join(w.auditDir(t), "kai.prom"), server.URL, filepath.Join(w.workDir, "hook")))
	w.must(t, exitDone, "audit", "alert", "test", "pager")

	w.put(t, "passphrase", []byte(c.random("passphrase")+"\n"))
	w.put(t, "wrong", []byte(c.random("wrong passphrase")+"\n"))
	w.system.environ = append(w.system.environ, "KAI_PASSPHRASE="+c.random("passphrase in the environment"), "API_TOKEN="+c.random("variable"))
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		t.Fatal(err)
	}
	c["private key"] = seed
	block, err := ssh.MarshalPrivateKey(ed25519.NewKeyFromSeed(seed), "")
	if err != nil {
		t.Fatal(err)
	}
	w.put(t, "open", pem.EncodeToMemory(block))
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	c["auditor's key"] = []byte(identity.String())
	w.put(t, "auditor", []byte(identity.String()+"\n"))
	w.put(t, "f", []byte("text\n"))
	w.put(t, "data", []byte(c.random("content")))
	argument := c.random("argument")

	wrong := func(args ...string) []string { return append(args, "--passphrase-file", "wrong") }
	right := func(args ...string) []string { return append(args, "--passphrase-file", "passphrase") }
	w.must(t, exitDone, right("keygen", "-o", "locked")...)
	w.must(t, exitDone, "keygen", "-o", "byenv") // KAI_PASSPHRASE
	w.must(t, exitConflict, right("keygen", "-o", "locked")...)
	w.must(t, exitDone, right("sign", "f", "--key", "file:locked")...)
	w.must(t, exitLocked, wrong("sign", "f", "--key", "file:locked", "-f")...)
	w.must(t, exitDone, "sign", "data", "--key", "file:open")
	w.must(t, exitDone, "sign", "f", "--format", "dsse", "--key", "file:open")
	w.must(t, exitNotFound, "sign", "f", "--key", "file:"+argument)
	w.must(t, exitDone, "attest", "f", "--predicate-type", "slsa-provenance", "--builder-id", "https://example.org/ci", "--build-type", "https://example.org/make", "--key", "file:open", "-o", "statement")
	w.must(t, exitDone, right("id", "export", "open", "--private", "-o", "open2")...)
	w.must(t, exitDone, "id", "export", "open", "--private", "--no-passphrase", "--as", "pem", "-o", "open.pem")
	w.must(t, exitDone, "id", "export", "open", "--private", "--no-passphrase")
	w.must(t, exitLocked, wrong("id", "export", "locked", "--private", "--no-passphrase")...)
	w.must(t, exitDone, "id", "show", "open")
	w.must(t, exitDone, "hash", "open", "passphrase", "data", "hook")
	w.must(t, exitNotFound, "hash", argument)
	w.must(t, exitDone, "verify", "data", "--signer", "open")
	w.must(t, exitNotFound, "verify", "data", "--signer", argument)
	w.must(t, exitUsage, "verify", "data", "--"+argument)
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:open")
	w.must(t, exitNotFound, "audit", "checkpoint", "--key", "file:"+argument)
	w.must(t, exitDone, "audit", "verify", "--auditor", "file:auditor")
	w.must(t, exitDone, "audit", "status", "--vkey")
	w.put(t, "vkey", w.out.Bytes())
	w.must(t, exitDone, "audit", "witness", "request", "-o", "request")
	w.must(t, exitDone, "audit", "witness", "sign", "request", "--log", "vkey", "--key", "file:open", "-o", "lines")
	down = true
	w.put(t, "data", []byte(c.random("changed content")))
	for range 5 {
		w.must(t, exitBad, "verify", "data", "--signer", "open.pem") // a violation, too
	}

	later := w.now().Add(time.Minute)
	w.system.now = func() time.Time { return later } // reports end before now
	places := w.told(t)
	waiting := slices.ContainsFunc(slices.Collect(maps.Keys(places)), func(name string) bool {
		return strings.HasPrefix(name, filepath.Join("audit", "outbox")) && strings.HasSuffix(name, ".pager.json")
	})
	if len(sent) == 0 || !waiting {
		t.Errorf("%d bytes were sent, and what waits is %v", len(sent), waiting)
	}
	places["sent"] = sent
	for _, leak := range c.seen(places) {
		t.Error(leak)
	}

	// What is named on purpose is found in all that shows who acted, or why.
	planted := c.random("planted")
	w.system.environ = append(w.system.environ, "KAI_IDENTITY="+planted)
	w.must(t, exitBad, "verify", "data", "--signer", "open.pem")
	w.must(t, exitDone, "audit", "checkpoint", "--key", "file:open", "--acknowledge", "0", "--reason", planted)
	evenLater := later.Add(time.Minute)
	w.system.now = func() time.Time { return evenLater }
	if err := os.WriteFile(filepath.Join(w.auditDir(t), "details.bin"), append([]byte{1, 2}, seed...), 0o600); err != nil {
		t.Fatal(err)
	}
	found := c.seen(w.told(t))
	for _, want := range []string{
		filepath.Join("audit", "seg", "000000000000.jsonl") + ": planted, raw", filepath.Join("audit", "details.bin") + ": private key, raw",
		"kai audit export --format jsonl -o -: planted, raw", "kai audit export --format events -o -: planted, raw",
		"kai audit export --format ocsf -o -: planted, raw", "kai audit export --format cef -o -: planted, raw",
		"kai audit export --format rfc5424 -o -: planted, raw", "kai audit export --format csv -o -: planted, raw",
		"kai audit query: planted, raw", "kai audit query --json: planted, raw", "kai audit query --raw: planted, raw",
		"kai audit tail -n 1000: planted, raw", "kai audit report --json: planted, raw", filepath.Join("out", "html") + ": planted, raw",
	} {
		if !slices.Contains(found, want) {
			t.Errorf("not found: %s", want)
		}
	}
	if !slices.ContainsFunc(found, func(f string) bool {
		return strings.HasPrefix(f, filepath.Join("audit", "outbox")) && strings.HasSuffix(f, ": planted, raw")
	}) {
		t.Error("not found: the alert")
	}
}
