package sops_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/sops"
	"kai/internal/vault/transfer/transfertest"
)

// writer encrypts as the package's doc says.
type writer struct {
	t    testing.TB
	aead cipher.AEAD
	enc  string
	mac  bytes.Buffer // what is hashed
}

const modified = "2026-11-22T02:00:00Z"

func newWriter(t testing.TB, to age.Recipient) *writer {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithNonceSize(block, 32)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, to)
	if err == nil {
		_, err = w.Write(key)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = armored.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &writer{t: t, aead: aead, enc: out.String()}
}

// seal encrypts without hashing.
func (w *writer) seal(value, kind, additional string) string {
	nonce := make([]byte, 32)
	rand.Read(nonce)
	out := w.aead.Seal(nil, nonce, []byte(value), []byte(additional))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:%s]", b64(out[:len(out)-16]), b64(nonce), b64(out[len(out)-16:]), kind)
}

// value encrypts a scalar at a path such as a:b: and hashes it.
func (w *writer) value(value, kind, path string) string {
	w.mac.WriteString(value)
	return w.seal(value, kind, path)
}

// clear hashes a scalar that is not encrypted.
func (w *writer) clear(value string) string {
	w.mac.WriteString(value)
	return value
}

// meta is the member "sops", with further members.
func (w *writer) meta(more string) string {
	sum := sha512.Sum512(w.mac.Bytes())
	enc, _ := json.Marshal(w.enc)
	return fmt.Sprintf(`{"age":[{"recipient":"age1x","enc":%s}],"lastmodified":%q,"mac":%q,"version":"3.13.3"%s}`,
		enc, modified, w.seal(strings.ToUpper(hex.EncodeToString(sum[:])), "str", modified), more)
}

func identity(t testing.TB) (*age.X25519Identity, transfer.Options) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id, transfer.Options{Identities: []age.Identity{id}}
}

func TestJSON(t *testing.T) {
	id, opts := identity(t)
	w := newWriter(t, id.Recipient())
	text := fmt.Sprintf(`{"token":%q,"db":{"user":%q,"on":%q,"port":%q,"empty":"","deep":{"x_unencrypted":%s,"y":%q}},"list":[%q,{"k":%q},%q,[%q]],"none":null,`,
		w.value("hunter2", "str", "token:"), w.value("app", "str", "db:user:"), w.value("True", "bool", "db:on:"), w.value("5432", "int", "db:port:"),
		w.clear("1500"), w.value("\x00\xff", "bytes", "db:deep:y:"),
		w.value("e0", "str", "list:"), w.value("e1", "str", "list:k:"), w.seal("a comment", "comment", "list:"), w.value("e3", "str", "list:"))
	text += `"sops":` + w.meta("") + "}"
	got, store := transfertest.Read(t, sops.Read, text, opts)
	transfertest.Equal(t, got, map[string]string{
		"token#value": "hunter2", "db#user": "app", "db#on": "true", "db#port": "5432", "db#empty": "",
		"db/deep#x_unencrypted": "1500", "db/deep#y": "\x00\xff", "list#0": "e0", "list/1#k": "e1", "list/2#0": "e3",
	})
	if len(store.Notes) != 1 || store.Notes[0].Text != "not imported: null (1×)" {
		t.Errorf("notes %v", store.Notes)
	}
}

func TestManyFields(t *testing.T) {
	id, opts := identity(t)
	w := newWriter(t, id.Recipient())
	var members []string
	want := make(map[string]string)
	for i := range 65 {
		members = append(members, fmt.Sprintf(`"V%d":%q`, i, w.value("x", "str", fmt.Sprintf("env:V%d:", i))))
		want[fmt.Sprintf("env/V%d#value", i)] = "x"
	}
	got, _ := transfertest.Read(t, sops.Read, `{"env":{`+strings.Join(members, ",")+`},"sops":`+w.meta("")+"}", opts)
	transfertest.Equal(t, got, want)
}

func TestRules(t *testing.T) {
	id, opts := identity(t)
	for more, plain := range map[string]string{
		`,"unencrypted_suffix":"_clear"`:                            "a_clear",
		`,"encrypted_suffix":"_sec"`:                                "a",
		`,"unencrypted_regex":"^a$"`:                                "a",
		`,"encrypted_regex":"^(data|b_sec)$"`:                       "a",
		`,"unencrypted_suffix":"_clear","encrypted_suffix":""`:      "a_clear",
		`,"unencrypted_suffix":"_clear","mac_only_encrypted":false`: "a_clear",
	} {
		w := newWriter(t, id.Recipient())
		text := fmt.Sprintf(`{%q:{"x":%q},"b_sec":%q,"sops":`, plain, w.clear("plain"), w.value("sealed", "str", "b_sec:")) + w.meta(more) + "}"
		got, _ := transfertest.Read(t, sops.Read, text, opts)
		transfertest.Equal(t, got, map[string]string{plain + "#x": "plain", "b_sec#value": "sealed"})
	}
	// Only what is encrypted is in the MAC.
	w := newWriter(t, id.Recipient())
	initial, err := hex.DecodeString("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")
	if err != nil {
		t.Fatal(err)
	}
	w.mac.Write(initial)
	text := fmt.Sprintf(`{"a_unencrypted":"any","b":%q,"sops":`, w.value("sealed", "str", "b:")) + w.meta(`,"mac_only_encrypted":true`) + "}"
	for _, text := range []string{text, strings.Replace(text, "any", "other", 1)} {
		if _, err := sops.Read(t.Context(), transfertest.Source(text), opts); err != nil {
			t.Error(err)
		}
	}
	for more, want := range map[string]string{
		`,"encrypted_suffix":"x","unencrypted_suffix":"y"`: "more than one rule",
		`,"encrypted_regex":"("`:                           "regular expression",
		`,"encrypted_comment_regex":"x"`:                   "rules about comments",
		`,"new":1`:                                         `unknown member "new"`,
	} {
		w := newWriter(t, id.Recipient())
		text := fmt.Sprintf(`{"a":%q,"sops":`, w.value("c4n4ry", "str", "a:")) + w.meta(more) + "}"
		transfertest.Refused(t, sops.Read, text, opts, transfer.ErrMalformed, want)
	}
}

func TestTampered(t *testing.T) {
	id, opts := identity(t)
	w := newWriter(t, id.Recipient())
	a, b := w.value("c4n4ry", "str", "a:"), w.value("c4n4ry2", "str", "b:")
	clear := w.clear("c4n4ry3")
	meta := w.meta("")
	file := func(a, b, clear, meta string) string {
		return fmt.Sprintf("{\n\"a\":%q,\n\"b\":%q,\n\"c_unencrypted\":%q,\n\"sops\":%s}", a, b, clear, meta)
	}
	if _, err := sops.Read(t.Context(), transfertest.Source(file(a, b, clear, meta)), opts); err != nil {
		t.Fatal(err)
	}
	other := newWriter(t, id.Recipient())
	for text, want := range map[string]string{
		file(b, a, clear, meta):                                                         "line 2: not what was written: encrypted value",
		file(a, other.seal("x", "str", "b:"), clear, meta):                              "line 3: not what was written",
		file(a, w.seal("forged", "str", "b:"), clear, meta):                             "the MAC differs",
		file(a, b, "changed", meta):                                                     "the MAC differs",
		file(a, "", clear, meta):                                                        "the MAC differs",
		file(a, b, clear, strings.Replace(meta, modified, "2027-01-01T00:00:00Z", 1)):   "mac: not what",
		strings.Replace(file(a, b, clear, meta), `"a"`, `"A"`, 1):                       "line 2",
		strings.Replace(file(a, b, clear, meta), "\"b\":", "\"b2\":1,\"b\":", 1):        "",
		strings.Replace(file(a, b, clear, meta), "{\n", "{\"x_unencrypted\":\"y\",", 1): "the MAC differs",
	} {
		kind := transfer.ErrTampered
		if want == "" {
			kind = transfer.ErrMalformed
		}
		transfertest.Refused(t, sops.Read, text, opts, kind, want)
	}
	// An entry that is not in the MAC but decrypts is not given out either.
	text := strings.Replace(file(a, b, clear, meta), "{\n", fmt.Sprintf("{\"z\":%q,", w.seal("c4n4ry", "str", "z:")), 1)
	transfertest.Refused(t, sops.Read, text, opts, transfer.ErrTampered, "the MAC differs")

	// Each bit: the file is refused, or says the same (case in JSON's escapes, say).
	good, _ := transfertest.Read(t, sops.Read, file(a, b, clear, meta), opts)
	text = file(a, b, clear, meta)
	step := 1
	if testing.Short() {
		step = 37
	}
	for i := 0; i < len(text)*8; i += step {
		changed := []byte(text)
		changed[i/8] ^= 1 << (i % 8)
		store, err := sops.Read(t.Context(), transfertest.Source(string(changed)), opts)
		if err != nil {
			if strings.Contains(err.Error(), transfertest.Canary) {
				t.Fatalf("error %v", err)
			}
			continue
		}
		got := transfertest.Flat(store)
		store.Wipe()
		for name, value := range got {
			if strings.HasSuffix(name, "_unencrypted#value") && value == clear {
				delete(got, name) // sops authenticates no names of what is not encrypted
				got["c_unencrypted#value"] = value
			}
		}
		transfertest.Equal(t, got, good)
	}
}

func TestRefuse(t *testing.T) {
	id, opts := identity(t)
	_, others := identity(t)
	w := newWriter(t, id.Recipient())
	value := w.value("c4n4ry", "str", "a:")
	file := func(value string) string { return fmt.Sprintf(`{"a":%q,"sops":`, value) + w.meta("") + "}" }
	transfertest.Refused(t, sops.Read, file(value), others, transfer.ErrNoKey, "no key opens it")
	transfertest.Refused(t, sops.Read, file(value), transfer.Options{}, transfer.ErrNoKey, "no identities")
	transfertest.Refused(t, sops.Read, `{"a":"x","sops":{"pgp":[{"fp":"A","enc":"x"}],"lastmodified":"`+modified+`","mac":"x"}}`, opts, transfer.ErrNoKey, "encrypted for pgp")
	transfertest.Refused(t, sops.Read, `{"a":"x","sops":{"key_groups":[{"age":[]}],"lastmodified":"`+modified+`","mac":"x"}}`, opts, transfer.ErrNoKey, "key groups")
	for text, want := range map[string]string{
		"":                                "no metadata",
		"{}":                              "no metadata",
		`{"a":"c4n4ry"}`:                  "no metadata",
		`{"a":"c4n4ry"`:                   "line 1",
		"a: c4n4ry\n":                     "no metadata",
		"- c4n4ry\n":                      "no mapping",
		"[ini]\na = c4n4ry\n":             "",
		"a: *c4n4ry\n":                    "neither JSON",
		"a: &x 1\nb: *x\n":                "line 2: YAML alias",
		"a: 1\na: c4n4ry\n":               "line 2: two members",
		"1: c4n4ry\n":                     "line 1: key that is no text",
		"a: [\x00c4n4ry]":                 "",
		"sops_mac=x\nA\n":                 `line 2: no "NAME="`,
		"sops_mac=x\nA=1\nA=2":            "line 3: a variable is set twice",
		"sops_mac=x\nsops_mac__map_y=z\n": "line 2: metadata contradict",
		file("c4n4ry"):                    "malformed encrypted value",
		file("ENC[AES256_GCM,data:,iv:,tag:,type:str]"):         "malformed encrypted value",
		file(strings.Replace(value, "iv:", "iv:AAAA", 1)):       "malformed encrypted value",
		file(w.seal("c4n4ry", "odd", "a:")):                     `unknown type "odd"`,
		file(w.seal("yes", "bool", "a:")):                       "malformed boolean",
		strings.Replace(file(value), `{"a":`, `{"n":7,"a":`, 1): "not encrypted where all are",
		strings.Replace(file(value), modified, "yesterday", 1):  "lastmodified",
		strings.Replace(file(value), `"mac"`, `"version2"`, 1):  "unknown member",
	} {
		transfertest.Refused(t, sops.Read, text, opts, transfer.ErrMalformed, want)
	}
	deep := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
	transfertest.Refused(t, sops.Read, deep, opts, transfer.ErrMalformed, "too deep")
	transfertest.Refused(t, sops.Read, "a: "+strings.Repeat(`[`, 200)+strings.Repeat("]", 200), opts, transfer.ErrMalformed, "too deep")
	transfertest.Refused(t, sops.Read, "a: "+strings.Repeat(`[`, 100_000), opts, transfer.ErrMalformed, "")
}

func FuzzRead(f *testing.F) {
	id, opts := identity(f)
	w := newWriter(f, id.Recipient())
	text := fmt.Sprintf(`{"a":%q,"b":[%q],"c_unencrypted":1.5,"sops":`, w.value("c4n4ry", "str", "a:"), w.value("x", "str", "b:"))
	w.clear("1.5")
	f.Add([]byte(text + w.meta("") + "}"))
	f.Add([]byte("a: ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]\nsops:\n    mac: x\n    lastmodified: \"2026-11-22T02:00:00Z\"\n    age:\n        - enc: x\n"))
	f.Add([]byte("A=ENC[AES256_GCM,data:,iv:,tag:,type:str]\nsops_mac=x\nsops_age__list_0__map_enc=x\\ny\nsops_lastmodified=2026-11-22T02:00:00Z\n"))
	f.Add([]byte("---\na: !!binary YQ==\nb: 2026-01-01\nc: ~\n---\nd: 0x10\n"))
	f.Fuzz(func(t *testing.T, text []byte) { transfertest.Fuzz(t, sops.Read, text, opts) })
}
