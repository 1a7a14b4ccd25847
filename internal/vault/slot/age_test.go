package slot_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/plugin"
	"golang.org/x/crypto/ssh"

	"kai/internal/vault/slot"
	"kai/internal/vectortest"
)

const pluginName = "kai-slot_test+1.0" // of all kinds of characters that names may have

// The test binary is the plugin too, under its name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "age-plugin-"+pluginName {
		p, err := plugin.New(pluginName)
		if err != nil {
			panic(err)
		}
		p.HandleRecipient(func(data []byte) (age.Recipient, error) { return &pluginKey{data}, nil })
		p.HandleIdentity(func(data []byte) (age.Identity, error) { return &pluginKey{data}, nil })
		os.Exit(p.Main())
	}
	os.Exit(m.Run())
}

// pluginKey hides a file key behind a pad made of its data, for tests.
type pluginKey struct{ data []byte }

func (k *pluginKey) pad(fileKey []byte) []byte {
	pad := sha256.Sum256(k.data)
	out := bytes.Clone(fileKey)
	for i := range out {
		out[i] ^= pad[i]
	}
	return out
}

func (k *pluginKey) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	mark := sha256.Sum256(append([]byte("mark"), k.data...))
	return []*age.Stanza{{Type: "kai-slot-test", Body: append(mark[:8], k.pad(fileKey)...)}}, nil
}

func (k *pluginKey) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	mark := sha256.Sum256(append([]byte("mark"), k.data...))
	for _, s := range stanzas {
		if s.Type == "kai-slot-test" && bytes.HasPrefix(s.Body, mark[:8]) {
			return k.pad(s.Body[8:]), nil
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// installPlugin puts the test binary on PATH under the plugin's name.
func installPlugin(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "age-plugin-"+pluginName)); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	t.Setenv("PATH", dir)
}

func TestAgeRecipients(t *testing.T) {
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	sshRecipient, sshIdentity, sshText := sshEd25519(t)
	rsaRecipient, rsaIdentity, rsaText := sshRSA(t)
	installPlugin(t)
	ui := &plugin.ClientUI{}
	pluginText := plugin.EncodeRecipient(pluginName, []byte("key 1"))
	pluginRecipient, err := plugin.NewRecipient(pluginText, ui)
	if err != nil {
		t.Fatal(err)
	}
	pluginIdentity := func(data string) age.Identity {
		i, err := plugin.NewIdentity(plugin.EncodeIdentity(pluginName, []byte(data)), ui)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		recipient    age.Recipient
		text         string
		right, wrong age.Identity
	}{
		{"X25519", x25519.Recipient(), x25519.Recipient().String(), x25519, stranger},
		{"hybrid", hybrid.Recipient(), hybrid.Recipient().String(), hybrid, stranger},
		{"ssh-ed25519", sshRecipient, sshText, sshIdentity, rsaIdentity},
		{"ssh-rsa", rsaRecipient, rsaText, rsaIdentity, sshIdentity},
		{"plugin", pluginRecipient, pluginText, pluginIdentity("key 1"), pluginIdentity("key 2")},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := makeSlot(t, &slot.Age{Recipient: c.recipient, Text: c.text})
			with := func(of ...age.Identity) slot.Opener {
				return slot.AgeOpener(func(_ context.Context, r slot.Request, recipient string) ([]age.Identity, error) {
					if recipient != c.text || r.Slot != made.ID {
						t.Errorf("asked for %q", recipient)
					}
					return of, nil
				})
			}
			if err := opens(t, made, with(c.right)); err != nil {
				t.Error(err)
			}
			if err := opens(t, made, with(c.wrong)); !errors.Is(err, slot.ErrWrongFactor) {
				t.Errorf("wrong identity: %v", err)
			}
			if err := opens(t, made, with()); !errors.Is(err, slot.ErrWrongFactor) {
				t.Errorf("no identity: %v", err)
			}
		})
	}
}

func sshEd25519(t testing.TB) (age.Recipient, age.Identity, string) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := agessh.NewEd25519Recipient(public)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := agessh.NewEd25519Identity(private)
	if err != nil {
		t.Fatal(err)
	}
	return recipient, identity, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
}

func sshRSA(t testing.TB) (age.Recipient, age.Identity, string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := agessh.NewRSARecipient(public)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := agessh.NewRSAIdentity(private)
	if err != nil {
		t.Fatal(err)
	}
	return recipient, identity, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
}

// A plugin that is not there is no wrong key.
func TestMissingPlugin(t *testing.T) {
	installPlugin(t)
	ui := &plugin.ClientUI{}
	text := plugin.EncodeRecipient(pluginName, []byte("key 1"))
	recipient, err := plugin.NewRecipient(text, ui)
	if err != nil {
		t.Fatal(err)
	}
	made := makeSlot(t, &slot.Age{Recipient: recipient, Text: text})
	t.Setenv("PATH", t.TempDir())
	identity, err := plugin.NewIdentityWithoutData(pluginName, ui)
	if err != nil {
		t.Fatal(err)
	}
	var missing *plugin.NotFoundError
	err = opens(t, made, slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) {
		return []age.Identity{identity}, nil
	}))
	if !errors.As(err, &missing) || missing.Name != pluginName || errors.Is(err, slot.ErrWrongFactor) {
		t.Errorf("%v", err)
	}
}

// Names of plugins are names of programs: the parser that callers use lets no path through.
func TestPluginNames(t *testing.T) {
	for _, name := range []string{"../../tmp/x", "a/b", "a b", "", "ä", "x\x00"} {
		if text := plugin.EncodeRecipient(name, nil); text != "" {
			t.Errorf("%q is a plugin: %s", name, text)
		}
		if _, err := plugin.NewIdentityWithoutData(name, &plugin.ClientUI{}); err == nil {
			t.Errorf("%q is a plugin's identity", name)
		}
	}
}

// What is in the age file of a factor is bounded, and its length is checked.
func TestAgeFiles(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	opener := slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) { return []age.Identity{id}, nil })
	object := func(n int, change func([]byte)) string {
		var ct bytes.Buffer
		w, err := age.Encrypt(&ct, id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(w, bytes.NewReader(make([]byte, n)))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(ct.Bytes())
		}
		return `{"ct":"` + b64(ct.Bytes()) + `","recipient":"age1","type":"age"}`
	}
	last := func(b []byte) { b[len(b)-1] ^= 1 }
	for _, c := range []struct {
		name, object string
		want         error
	}{
		{"changed", object(32, last), slot.ErrTampered},
		{"33 bytes", object(33, nil), slot.ErrTampered},
		{"empty", `{"ct":"","recipient":"age1","type":"age"}`, slot.ErrMalformed},
		{"too long", object(8<<10, nil), slot.ErrLimits},
		{"no recipient", strings.Replace(object(32, nil), "age1", "", 1), slot.ErrLimits},
		{"a recipient with a bell", strings.Replace(object(32, nil), `"age1"`, `"age1é"`, 1), slot.ErrMalformed},
	} {
		if _, err := opener.Open(t.Context(), slot.Request{}, []byte(c.object)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	yield, err := opener.Open(t.Context(), slot.Request{}, []byte(object(32, nil)))
	if err != nil || yield.Len() != 32 {
		t.Errorf("32 bytes: %v", err)
	}
	yield.Wipe()
}

// Another implementation, in another language, opens the example.
func TestExampleInPython(t *testing.T) {
	python := vectortest.Peer(t, "python3")
	if strings.TrimSpace(string(vectortest.Run(t, nil, python, "-c", "import importlib.util as u; print(u.find_spec('cryptography') is not None)"))) != "True" {
		vectortest.Missing(t, "Python's cryptography")
	}
	got := vectortest.Run(t, nil, python, "testdata/example.py", "testdata/example.json")
	if strings.TrimSpace(string(got)) != "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" {
		t.Errorf("%s", got)
	}
}
