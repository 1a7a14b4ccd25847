package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/bundle"
	"kai/internal/vault/transfer/transfertest"
	"kai/internal/vectortest"
)

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sample is one item with everything, and one with nearly nothing.
func sample(t testing.TB) *transfer.Store {
	t.Helper()
	b := transfer.NewBuilder("sample", false)
	value := func(name, value string) transfer.Field {
		return transfer.Field{Name: name, Value: b.Arena().Copy([]byte(value))}
	}
	full := transfer.Item{
		Fields:  []transfer.Field{value("token", "ghp_\"\\\n\x01é😀"), value("raw", "\x00\xff"), value("empty", "")},
		Tags:    []string{"prod", "a b"},
		Kind:    "apiKeys",
		Created: transfertest.Time(t, "2026-11-22T03:00:00.12+01:00"),
		Updated: transfertest.Time(t, "2026-11-23T00:00:00Z"),
		Expires: transfertest.Time(t, "2026-12-22T02:00:00Z"),
		History: []transfer.Version{
			{Fields: []transfer.Field{value("token", "older")}, Created: transfertest.Time(t, "2026-10-01T00:00:00Z")},
			{Fields: []transfer.Field{value("token", "old")}},
		},
		Namespace: "ci",
		Vault: &transfer.VaultItem{
			Public: map[string]string{"user": "bot", "host": "x"},
			Module: "m", Service: "github", Agent: "a", RotateEvery: 30 * 24 * time.Hour, RotateWith: "random:32",
			Retain: "10", LastRotated: transfertest.Time(t, "2026-11-22T02:00:00Z"), CompromisedSince: transfertest.Time(t, "2026-11-24T02:00:00Z"),
		},
	}
	if err := b.Add(full, []string{"github"}, "token"); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(transfer.Item{Fields: []transfer.Field{value("value", "hunter2")}}, []string{"github"}, "token"); err != nil {
		t.Fatal(err)
	}
	store := b.Done()
	t.Cleanup(store.Wipe)
	return store
}

var head = bundle.Head{Vault: "abcd", At: time.Date(2026, 11, 22, 2, 0, 0, 999, time.UTC)}

const sampleText = `{"at":"2026-11-22T02:00:00Z","schema":"kai.vault-export/1","vault":"abcd"}
{"compromised_since":"2026-11-24T02:00:00Z","created":"2026-11-22T02:00:00.12Z","expires":"2026-12-22T02:00:00Z","fields":[{"name":"empty","value":""},{"name":"raw","value_b64":"AP8"},{"name":"token","value":"ghp_\"\\\n\u0001é😀"}],"history":[{"created":"2026-10-01T00:00:00Z","fields":[{"name":"token","value":"older"}]},{"fields":[{"name":"token","value":"old"}]}],"kind":"apiKeys","last_rotated":"2026-11-22T02:00:00Z","ns":"ci","path":"github/token","public":{"host":"x","user":"bot"},"retain":"10","rotate_every":2592000,"rotate_with":"random:32","scope":{"agent":"a","module":"m","service":"github"},"tags":["prod","a b"],"updated":"2026-11-23T00:00:00Z"}
{"fields":[{"name":"value","value":"hunter2"}],"ns":"","path":"github/token"}
`

// tail ends a text.
func tail(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%s{\"count\":%d,\"sha256\":\"%s\"}\n", text, strings.Count(text, "\n")-1, hex.EncodeToString(sum[:]))
}

func write(t testing.TB, store *transfer.Store, to ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := bundle.NewWriter(&out, to, head)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range store.Len() {
		if err := w.Write(store.At(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// seal encrypts a text.
func seal(t testing.TB, id *age.X25519Identity, text string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, id.Recipient())
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWrite(t *testing.T) {
	id := identity(t)
	plain, err := age.Decrypt(bytes.NewReader(write(t, sample(t), id.Recipient())), id)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != tail(sampleText) {
		t.Errorf("wrote\n%s\nwant\n%s", got, tail(sampleText))
	}
}

func TestRead(t *testing.T) {
	id := identity(t)
	opts := transfer.Options{Identities: []age.Identity{identity(t), id}}
	file := write(t, sample(t), identity(t).Recipient(), id.Recipient())
	got, store := transfertest.Read(t, bundle.Read, string(file), opts)
	transfertest.Equal(t, got, transfertest.Flat(sample(t)))
	if len(store.Notes) > 0 {
		t.Errorf("notes: %v", store.Notes)
	}
	// What is read is written as it was.
	plain, err := age.Decrypt(bytes.NewReader(write(t, store, id.Recipient())), id)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := io.ReadAll(plain); err != nil || string(again) != tail(sampleText) {
		t.Errorf("%v, wrote again\n%s", err, again)
	}

	var armored bytes.Buffer
	w := armor.NewWriter(&armored)
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again, _ := transfertest.Read(t, bundle.Read, armored.String(), opts)
	transfertest.Equal(t, again, got)

	empty := write(t, new(transfer.Store), id.Recipient())
	if got, _ := transfertest.Read(t, bundle.Read, string(empty), opts); len(got) > 0 {
		t.Errorf("read %v from an empty export", got)
	}
}

func TestRefuse(t *testing.T) {
	id := identity(t)
	opts := transfer.Options{Identities: []age.Identity{id}}
	refused := func(text string, kind error, want string) {
		t.Helper()
		transfertest.Refused(t, bundle.Read, seal(t, id, text), opts, kind, want)
	}
	record := `{"fields":[{"name":"value","value":"c4n4ry"}],"ns":"","path":"p"}`
	first := sampleText[:strings.IndexByte(sampleText, '\n')+1]
	good := tail(first + record + "\n")
	if _, err := bundle.Read(t.Context(), transfertest.Source(seal(t, id, good)), opts); err != nil {
		t.Fatal(err)
	}

	for _, text := range []string{
		strings.Replace(good, "c4n4ry", "c4n4ry2", 1),
		strings.Replace(good, `"count":1`, `"count":2`, 1),
		strings.Replace(good, record+"\n", "", 1),
		strings.Replace(good, record+"\n", record+"\n"+record+"\n", 1),
		first + record + "\n", // without a tail
	} {
		refused(text, transfer.ErrTampered, "number or sum")
	}
	for text, want := range map[string]string{
		"":                           "line feed",
		good[:len(good)-1]:           "line feed",
		strings.Repeat("\n", 1):      "neither head nor tail",
		tail("\n" + record + "\n"):   "line 1",
		tail("{}\n" + record + "\n"): "schema",
		tail(strings.Replace(first, "export/1", "export/2", 1) + record + "\n"):         "another version of kai",
		tail(strings.Replace(first, `,"vault":"abcd"`, ``, 1) + record + "\n"):          "line 1: not spelt",
		tail(strings.Replace(first, `"at"`, `"new":1,"at"`, 1) + record + "\n"):         "line 1: unknown member",
		tail(strings.Replace(first, `T02:00:00Z`, `T02:00:00.000Z`, 1) + record + "\n"): "line 1: not spelt",
	} {
		refused(text, transfer.ErrMalformed, want)
	}
	for changed, want := range map[string]string{
		strings.Replace(record, `":"p"`, `": "p"`, 1):                            "not spelt",
		strings.Replace(record, `"p"`, `"\u0070"`, 1):                            "not spelt",
		strings.Replace(record, `"ns":"",`, ``, 1):                               "not spelt",
		strings.Replace(record, `"path":"p"`, `"path":"p","size":1`, 1):          "unknown member",
		strings.Replace(record, `"path":"p"`, `"path":"p","tags":[]`, 1):         "not spelt",
		strings.Replace(record, `"path":"p"`, `"path":"p","kind":"x"`, 1):        "unknown kind",
		strings.Replace(record, `"ns"`, `"created":"2026-11-22","ns"`, 1):        "malformed time",
		strings.Replace(record, `"value":"c4n4ry"`, `"value_b64":"QUI"`, 1):      "not spelt",
		strings.Replace(record, `"value":"c4n4ry"`, `"value_b64":"!"`, 1):        "malformed base64",
		strings.Replace(record, `"value":"c4n4ry"`, `"value":7`, 1):              "no string",
		strings.Replace(record, `"path":"p"`, `"path":"p","rotate_every":0`, 1):  "seconds",
		strings.Replace(record, `"path":"p"`, `"path":"p","rotate_every":-1`, 1): "seconds",
		record[:len(record)-1]: "neither comma nor brace",
		record + "x":           "not spelt",
	} {
		refused(tail(first+changed+"\n"), transfer.ErrMalformed, want)
	}
	for changed, want := range map[string]string{
		strings.Replace(record, `"p"`, `"../p"`, 1):                  "bad path",
		strings.Replace(record, `"p"`, `""`, 1):                      "bad path",
		strings.Replace(record, `"p"`, `"a#b"`, 1):                   "bad path",
		strings.Replace(record, `"ns":""`, `"ns":"a//b"`, 1):         "namespace",
		strings.Replace(record, `"name":"value"`, `"name":"a b"`, 1): "name of a field",
		record + "\n" + record:                                       "second item",
	} {
		refused(tail(first+changed+"\n"), transfer.ErrPath, want)
	}
}

func TestKeysAndDamage(t *testing.T) {
	id := identity(t)
	file := string(write(t, sample(t), id.Recipient()))
	transfertest.Refused(t, bundle.Read, file, transfer.Options{}, transfer.ErrNoKey, "no identities")
	transfertest.Refused(t, bundle.Read, file, transfer.Options{Identities: []age.Identity{identity(t)}}, transfer.ErrNoKey, `"file": no key`)
	opts := transfer.Options{Identities: []age.Identity{id}}
	transfertest.Refused(t, bundle.Read, "hello", opts, transfer.ErrMalformed, "age file")
	b := transfer.NewBuilder("small", false)
	if err := b.Add(transfer.Item{}, nil, "x"); err != nil {
		t.Fatal(err)
	}
	file = string(write(t, b.Done(), id.Recipient()))
	if n := transfertest.Cut(t, bundle.Read, file, opts); n > 0 {
		t.Errorf("%d beginnings of a file were read", n)
	}
	if n := transfertest.Flip(t, bundle.Read, file, opts); n > 0 {
		t.Errorf("%d changed files were read", n)
	}
}

func TestWriteRefuse(t *testing.T) {
	id := identity(t)
	if _, err := bundle.NewWriter(io.Discard, nil, head); err == nil {
		t.Error("an export without recipients was begun")
	}
	w, err := bundle.NewWriter(io.Discard, []age.Recipient{id.Recipient()}, head)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	store := sample(t)
	if err := w.Write(store.At(0)); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(store.At(0)); !errors.Is(err, transfer.ErrPath) {
		t.Errorf("the same item again: %v", err)
	}
	bad := *store.At(1)
	bad.Path = "a/../b"
	if err := w.Write(&bad); !errors.Is(err, transfer.ErrPath) {
		t.Errorf("a path with ..: %v", err)
	}
}

// TestAge has the age tool open an export, and opens one that it has made.
func TestAge(t *testing.T) {
	tool := vectortest.Peer(t, "age")
	id := identity(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := vectortest.Run(t, write(t, sample(t), id.Recipient()), tool, "-d", "-i", key)
	if string(plain) != tail(sampleText) {
		t.Errorf("age decrypts\n%s", plain)
	}
	file := vectortest.Run(t, plain, tool, "-r", id.Recipient().String())
	got, _ := transfertest.Read(t, bundle.Read, string(file), transfer.Options{Identities: []age.Identity{id}})
	transfertest.Equal(t, got, transfertest.Flat(sample(t)))
}

func FuzzRead(f *testing.F) {
	id := identity(f)
	opts := transfer.Options{Identities: []age.Identity{id}}
	f.Add([]byte(sampleText), true)
	f.Add([]byte(tail(sampleText)), false)
	f.Add([]byte("{}\n{}\n"), true)
	f.Fuzz(func(t *testing.T, text []byte, end bool) {
		plain := string(text)
		if end {
			plain = tail(plain)
		}
		file := seal(t, id, plain)
		transfertest.Fuzz(t, bundle.Read, []byte(file), opts)
		store, err := bundle.Read(t.Context(), transfertest.Source(file), opts)
		if err != nil {
			return
		}
		defer store.Wipe()
		// Marshal(Parse(x)) = x, but for the head, which a Store does not keep.
		decrypted, err := age.Decrypt(bytes.NewReader(write(t, store, id.Recipient())), id)
		if err != nil {
			t.Fatal(err)
		}
		again, err := io.ReadAll(decrypted)
		if err != nil {
			t.Fatal(err)
		}
		_, records, _ := strings.Cut(plain, "\n")
		_, rewritten, _ := strings.Cut(string(again), "\n")
		if records[:strings.LastIndex(records, `{"count"`)] != rewritten[:strings.LastIndex(rewritten, `{"count"`)] {
			t.Fatalf("read\n%s\nwrote\n%s", records, rewritten)
		}
	})
}
