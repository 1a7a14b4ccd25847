//go:build unix

package secondtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
)

const (
	exampleID   = "01JGK3F0Q0000000000000000A"
	exampleRoot = "jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU="
)

// example are the three events of the page.
func example() string {
	var lines string
	var leaf [32]byte
	for i, e := range []struct{ sev, typ, act, out, m string }{
		{"info", "system_access", "audit.created", "ok", "eewqFheFq_7sGm3YpE4ebQ"},
		{"medium", "authentication", "vault_unlock_failed", "fail", "Lf2VL6uDYhwn7U-EHk3cKg"},
		{"low", "data_access", "secret_retrieved", "ok", "mbghPGx067-CaijDD2IUHw"},
	} {
		line := fmt.Sprintf(`{"n":%d,"t":"2026-01-02T03:04:%02d.000000Z","sev":"%s","type":"%s","act":"%s","out":"%s",`+
			`"src":{"uid":1000},"ctx":{},"d":{},"p":"%s","m":"%s"}`, i, 5+i, e.sev, e.typ, e.act, e.out, short(leaf), e.m)
		leaf = leafHash([]byte(line))
		lines += line + "\n"
	}
	return lines
}

func firstKey() [32]byte {
	var k [32]byte
	for i := range k {
		k[i] = byte(i)
	}
	return k
}

// TestVector computes what the page's example shows.
func TestVector(t *testing.T) {
	key := firstKey()
	var tr tree
	leaves := []string{"1d7295ca67bd269f", "3206cb89a5a99fd2", "9117c4396cd8771b"}
	var leaf [32]byte
	for i, line := range strings.Split(strings.TrimSuffix(example(), "\n"), "\n") {
		e, err := parseLine([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if e.p != short(leaf) {
			t.Errorf("event %d: p is not the leaf before", i)
		}
		leaf = leafHash([]byte(line))
		if got := hex.EncodeToString(leaf[:8]); got != leaves[i] {
			t.Errorf("leaf %d: %s, want %s", i, got, leaves[i])
		}
		if got := short(keyed('M', key, leaf)); got != e.m {
			t.Errorf("mac %d: %s, want %s", i, got, e.m)
		}
		key = keyed('E', key, leaf)
		tr.add(leaf)
	}
	if got := hex.EncodeToString(key[:]); got != "0c0dff0c9bc54a6243ada53c8aa43403f280c2e6332614dda9e0a685d5440fd8" {
		t.Errorf("K_3 is %s", got)
	}
	root := tr.root(3)
	if got := base64.StdEncoding.EncodeToString(root[:]); got != exampleRoot {
		t.Errorf("root is %s", got)
	}
}

// writeExample writes the log of the example, with its checkpoint and the event
// that follows this, and returns its directory.
func writeExample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name, data string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	origin := "kind.local/audit/" + exampleID
	put("log.json", fmt.Sprintf(`{"log_id":"%s","origin":"%s","seg":256,"v":1}`, exampleID, origin))
	put("lock", "")
	k0 := firstKey()
	put("epochs/0.key", fmt.Sprintf(`{"epoch":0,"k0":"%s","log_id":"%s","n":0,"prev":"%s","v":1}`,
		base64.RawURLEncoding.EncodeToString(k0[:]), exampleID, strings.Repeat("A", 43)))

	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	public, err := note.NewEd25519VerifierKey(origin, private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(public, "+11e7e85b+") {
		t.Errorf("the verifier key is %s", public)
	}

	lines := example()
	key, leaf := firstKey(), [32]byte{}
	for line := range strings.Lines(lines) {
		leaf = leafHash([]byte(strings.TrimSuffix(line, "\n")))
		key = keyed('E', key, leaf)
	}
	told := fmt.Sprintf(`{"n":3,"t":"2026-01-02T03:04:08.000000Z","sev":"info","type":"system_access","act":"audit.checkpoint","out":"ok",`+
		`"src":{},"ctx":{},"d":{"key":"%s","n":3,"root":"%s"},"p":"%s"`, public, exampleRoot, short(leaf))
	leaf = sha256.Sum256([]byte("\x00" + told + "}"))
	lines += told + `,"m":"` + short(keyed('M', key, leaf)) + "\"}\n"
	key = keyed('E', key, leaf)
	put("seg/000000000000.jsonl", lines)

	state := []byte("KAIAUD1\n")
	state = binary.LittleEndian.AppendUint64(state, 4)
	state = binary.LittleEndian.AppendUint64(state, uint64(len(lines)))
	state = append(state, make([]byte, 8)...)
	state = slices.Concat(state, key[:], leaf[:])
	sum := sha256.Sum256(state)
	state = append(state, sum[:]...)
	put("state", string(state)+string(state))

	skey := fmt.Sprintf("PRIVATE+KEY+%s+11e7e85b+%s", origin, base64.StdEncoding.EncodeToString(append([]byte{1}, make([]byte, 32)...)))
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n3\n%s\n", origin, exampleRoot)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(signed, []byte(" EefoW6VC6fgU")) || !bytes.HasSuffix(signed, []byte("dB4NIA8=\n")) {
		t.Errorf("the checkpoint is\n%s", signed)
	}
	put("checkpoint", string(signed))
	put("checkpoints/000000000003.note", string(signed))
	return dir
}

func TestVerify(t *testing.T) {
	edit := func(name string, change func([]byte) []byte) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(data), 0o600)
		}
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	add := func(s string) func([]byte) []byte {
		return func(b []byte) []byte { return append(b, s...) }
	}
	cut := func(n int) func([]byte) []byte {
		return func(b []byte) []byte { return b[:len(b)-n] }
	}
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
	}
	const seg = "seg/000000000000.jsonl"
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string // a verdict, or "error"
	}{
		{"nothing", func(string) error { return nil }, ok},
		{"first copy", edit("state", flip(40)), ok},
		{"both copies", edit("state", func(b []byte) []byte { return flip(40)(flip(168)(b)) }), incomplete},
		{"no state", func(dir string) error { return os.Remove(filepath.Join(dir, "state")) }, incomplete},
		{"torn", edit(seg, add(`{"n":4,`)), ok},
		{"a wrong line behind the end", edit(seg, add("\n")), tampered},
		{"cut", edit(seg, cut(1)), tampered},
		{"event", edit(seg, replace("retrieved", "retrieveD")), tampered},
		{"mac", edit(seg, replace(`"m":"L`, `"m":"M`)), tampered},
		{"severity", edit(seg, replace("medium", "low")), tampered},
		{"signature", edit("checkpoint", replace("dB4NIA8=", "dB4NIB8=")), tampered},
		{"unused bits of a signature", edit("checkpoint", replace("dB4NIA8=", "dB4NIA9=")), tampered},
		{"unused bits of a root", edit("checkpoint", replace("wD3xmXU=", "wD3xmXV=")), tampered},
		{"another file beside the first key", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "epochs/0.age"), nil, 0o600)
		}, tampered}, // since event 0 names none
		{"a file of no epoch", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "epochs/1.age"), nil, 0o600)
		}, ok},
		{"behind the state", edit("state", add("x")), ok},
		{"an anchor with a comma in its time", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "anchors.jsonl"), []byte(`{"kind":"mail","n":3,"ref":"x","root":"`+exampleRoot+`","t":"2026-01-02T03:04:08,000000Z","v":1}`+"\n"), 0o600)
		}, tampered},
		{"unknown key", edit("checkpoint", replace("EefoW6VC", "EefoW7VC")), tampered},
		{"size", edit("checkpoint", replace("\n3\n", "\n4\n")), tampered},
		{"root", edit("checkpoint", replace("jZEN", "jZEM")), tampered},
		{"place", func(dir string) error {
			return os.Rename(filepath.Join(dir, "checkpoints/000000000003.note"), filepath.Join(dir, "checkpoints/000000000002.note"))
		}, tampered},
		{"anchor", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "anchors.jsonl"), []byte(`{"kind":"mail","n":3,"ref":"x","root":"`+exampleRoot+`","t":"2026-01-02T03:04:08.000000Z","v":1}`+"\n"), 0o600)
		}, ok},
		{"anchor of more", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "anchors.jsonl"), []byte(`{"kind":"mail","n":5,"ref":"x","root":"`+exampleRoot+`","t":"2026-01-02T03:04:08.000000Z","v":1}`+"\n"), 0o600)
		}, tampered},
		{"first key", edit("epochs/0.key", replace("AAEC", "AAED")), tampered},
		{"no first key", func(dir string) error { return os.Remove(filepath.Join(dir, "epochs/0.key")) }, tampered},
		{"something in seg", func(dir string) error { return os.WriteFile(filepath.Join(dir, "seg/x"), nil, 0o600) }, ok},
		{"next segment", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "seg/000000000256.jsonl"), nil, 0o600)
		}, tampered},
		{"no log.json", func(dir string) error { return os.Remove(filepath.Join(dir, "log.json")) }, tampered},
		{"version", edit("log.json", replace(`"v":1`, `"v":2`)), "error"},
		{"segments", edit("log.json", replace("256", "255")), "error"},
		{"line feed", edit("log.json", add("\n")), "error"},
		{"mode", func(dir string) error { return os.Chmod(filepath.Join(dir, seg), 0o604) }, "error"},
		{"link", func(dir string) error {
			path := filepath.Join(dir, "state")
			if err := os.Rename(path, path+".old"); err != nil {
				return err
			}
			return os.Symlink(path+".old", path)
		}, "error"},
		{"pruned", func(dir string) error { return os.WriteFile(filepath.Join(dir, "pruned.json"), nil, 0o600) }, "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := writeExample(t)
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			r, err := Verify(dir)
			if err != nil {
				r.Verdict = "error"
			}
			if r.Verdict != c.want {
				t.Errorf("%s %q %v, want %s", r.Verdict, r.Findings, err, c.want)
			}
		})
	}
}

func TestSpelling(t *testing.T) {
	const mac = `,"p":"AAAAAAAAAAAAAAAAAAAAAA","m":"AAAAAAAAAAAAAAAAAAAAAA"}`
	line := func(t, src, ctx, d string) string {
		return `{"n":0,"t":"` + t + `","sev":"info","type":"data_access","act":"a","out":"ok","src":{` + src + `},"ctx":{` + ctx + `},"d":{` + d + `}` + mac
	}
	const now = "2026-02-28T23:59:59.999999Z"
	for _, good := range []string{
		line(now, "", "", ""),
		line(now, `"agent":"a","uid":0,"pid":1,"ppexe":"0123456789abcdef","tty":"t","host":"h","ver":"v"`, "", ""),
		line(now, "", `"cmd":"c","ref":0,"sid":"s","role":"r","ci":true,"sandbox":"b","cfg":"01234567","skew_ms":1`, ""),
		line(now, "", "", `"a":"","a_":-9007199254740991,"b":true,"c":[],"d":["x",1,false]`),
		line(now, "", "", `"a":"\"\\\u0000\u007f\u2066/é😀`+"\ufeff\ufffd"+`"`),
		line("2028-02-29T00:00:00.000000Z", "", "", ""),
	} {
		if _, err := parseLine([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"",
		line(now, "", "", "") + " ",
		line("2026-02-29T00:00:00.000000Z", "", "", ""),
		line("2026-02-28T23:59:60.000000Z", "", "", ""),
		line("2026-02-28T23:59:59,999999Z", "", "", ""),
		line("2026-02-28T23:59:59.99999Z", "", "", ""),
		line(now, `"pid":1,"uid":0`, "", ""),
		line(now, `"uid":0,"uid":0`, "", ""),
		line(now, `,"uid":0`, "", ""),
		line(now, `"uid":0,`, "", ""),
		line(now, `"uid":4294967296`, "", ""),
		line(now, `"uid":-1`, "", ""),
		line(now, `"pid":0`, "", ""),
		line(now, `"ppexe":"0123456789abcdeF"`, "", ""),
		line(now, `"tty":""`, "", ""),
		line(now, "", `"ci":false`, ""),
		line(now, "", `"skew_ms":0`, ""),
		line(now, "", "", `"b":1,"a":1`),
		line(now, "", "", `"a":1,"a":1`),
		line(now, "", "", `"a":null`),
		line(now, "", "", `"a":1,`),
		line(now, "", "", `"a":[1,]`),
		line(now, "", "", `"a":[[]]`),
		line(now, "", "", `"a":{}`),
		line(now, "", "", `"A":1`),
		line(now, "", "", `"a":01`),
		line(now, "", "", `"a":-0`),
		line(now, "", "", `"a":1.0`),
		line(now, "", "", `"a":9007199254740992`),
		line(now, "", "", `"a":"\n"`),
		line(now, "", "", `"a":"\u000A"`),
		line(now, "", "", `"a":"\u0041"`),
		line(now, "", "", `"a":"\/"`),
		line(now, "", "", "\"a\":\"\u2028\""),
		line(now, "", "", "\"a\":\"\x7f\""),
		line(now, "", "", "\"a\":\"\xff\""),
		line(now, "", "", "\"a\":\"\xed\xa0\x80\""),
		line(now, "", "", `"a":"\ud83d\ude00"`),
		line(now, "", "", "\"a\":\""+strings.Repeat("x", maxLine)+"\""),
		strings.Replace(line(now, "", "", ""), `AA"}`, `AB"}`, 1),
	} {
		if _, err := parseLine([]byte(bad)); err == nil {
			t.Errorf("%.200s is taken", bad)
		}
	}
}

// TestUnopened has an epoch that is sealed to somebody else.
func TestUnopened(t *testing.T) {
	dir := writeExample(t)
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "epochs/0")
	plain, err := os.ReadFile(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, mine.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".age", b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + ".key"); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir, mine); err != nil || r.Verdict != ok {
		t.Errorf("%v %v", r, err)
	}
	if r, err := Verify(dir, other); err == nil {
		t.Errorf("%v for somebody else", r)
	}
	if r, err := Verify(dir); err == nil {
		t.Errorf("%v for nobody", r)
	}
}

// BenchmarkLines measures what a verdict on 300 lines takes, apart from reading the files.
func BenchmarkLines(b *testing.B) {
	h, err := parseHeader([]byte(`{"log_id":"` + exampleID + `","origin":"kind.local/audit/` + exampleID + `","seg":512,"v":1}`))
	if err != nil {
		b.Fatal(err)
	}
	k0 := firstKey()
	epoch := fmt.Sprintf(`{"epoch":0,"k0":"%s","log_id":"%s","n":0,"prev":"%s","v":1}`,
		base64.RawURLEncoding.EncodeToString(k0[:]), exampleID, strings.Repeat("A", 43))
	var lines []byte
	key, leaf := k0, [32]byte{}
	for n := range 300 {
		rec := fmt.Sprintf(`{"n":%d,"t":"2026-01-02T03:04:05.000000Z","sev":"low","type":"data_access","act":"secret_retrieved","out":"ok",`+
			`"src":{"agent":"kai","uid":1000,"pid":4711},"ctx":{"cmd":"get","role":"user"},"d":{"a":[1,2,true],"b":"x"},"p":"%s"}`, n, short(leaf))
		leaf = sha256.Sum256(append([]byte{0}, rec...))
		lines = fmt.Appendf(lines, "%s,\"m\":\"%s\"}\n", rec[:len(rec)-1], short(keyed('M', key, leaf)))
		key = keyed('E', key, leaf)
	}
	f := &files{
		segs:   []file{{"seg/000000000000.jsonl", lines}},
		epochs: map[string][]byte{"epochs/0.key": []byte(epoch)},
	}
	for b.Loop() {
		j := &judge{header: h, files: f}
		j.events()
		j.anchors()
		j.checkpoints()
		j.chains()
		if r, err := j.result(); err != nil || r.Verdict != incomplete || j.n != 300 {
			b.Fatal(r, err)
		}
	}
}
