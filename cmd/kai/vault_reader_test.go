package main

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/vectortest"
)

// Another implementation, in another language and made from kai-vault(5), reads a vault with several
// epochs, generations, kinds of secrets, versions, conflicts of names, and deletions.
func TestVaultSecondReader(t *testing.T) {
	needKeyring(t)
	python := vectortest.Peer(t, "python3")
	if strings.TrimSpace(string(vectortest.Run(t, nil, python, "-c", "import importlib.util as u; print(u.find_spec('cryptography') is not None)"))) != "True" {
		vectortest.Missing(t, "Python's cryptography")
	}
	age := filepath.Join(filepath.Dir(peer(t, "age-keygen-pq")), "age")
	w := newLoggedWorld(t)
	dir := filepath.Join(filepath.Dir(w.auditDir(t)), "vault")
	t.Cleanup(func() { forgetSessions(t, dir) })
	w.put(t, "pw", []byte("correct horse\n"))
	w.put(t, "pw2", []byte("another\n"))
	vault := func(args ...string) string {
		t.Helper()
		w.must(t, exitDone, append([]string{"vault"}, args...)...)
		w.stdin = strings.NewReader("")
		return strings.TrimSpace(w.out.String())
	}
	want := map[string]map[string]string{}
	set := func(name, value string, args ...string) {
		t.Helper()
		w.stdin = strings.NewReader(value)
		vault(append([]string{"set", name}, args...)...)
		path, field, found := strings.Cut(name, "#")
		if !found {
			field = "value"
		}
		if want[path] == nil {
			want[path] = map[string]string{}
		}
		want[path][field] = hex.EncodeToString([]byte(value))
	}
	vault("init", "--kdf", "pbkdf2", "--passphrase-file", "pw", "--label", "mine")
	vault("ns", "add", "teams/ci")
	set("default/login#user", "ann")
	set("default/login#password", "hunter2\x00\xff\n")
	set("teams/ci/github", strings.Repeat("x", 1000), "--service", "github", "--tag", "a")
	set("teams/ci/github", strings.Repeat("y", 3000))
	set("teams/ci/scoped", "s", "--module", "m", "--service", "s", "--agent", "a")
	set("default/gone", "g")
	vault("rm", "default/gone")
	delete(want, "default/gone")

	// Everything gets new keys, what is there is marked, and some of it is written anew.
	slot := vault("slot", "add", "password", "--kdf", "pbkdf2", "--passphrase-file", "pw2")
	vault("slot", "rm", slot)
	set("default/later", "under the second keys")
	vault("compact", "--ns", "default")
	set("default/login#user", "bob")
	vault("mv", "teams/ci/scoped", "default/moved")
	want["default/moved"] = want["teams/ci/scoped"]
	delete(want, "teams/ci/scoped")

	var got map[string]map[string]string
	if err := json.Unmarshal(vectortest.Run(t, nil, python, "testdata/vault_reader.py", dir, "correct horse", age), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !maps.Equal(got[name], want[name]) {
			t.Errorf("%s: %v, want %v", name, got[name], want[name])
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s should not be there", name)
	}
}
