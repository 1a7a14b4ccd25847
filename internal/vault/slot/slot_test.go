package slot_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"kai/internal/canon"
	"kai/internal/secret"
	"kai/internal/threshold"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

var update = flag.Bool("update", false, "write testdata/example.json anew")

var (
	vaultID = objectid.ID([]byte("vault of a test!"))
	rootKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{42}, 32)).Public().(ed25519.PublicKey)
	created = time.Unix(1_780_000_000, 0)
)

func example(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/example.json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(data, []byte("\n"))
}

func counting(from, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(from + i)
	}
	return b
}

func password(text string) *secret.Bytes { return secret.Take([]byte(text)) }

// cheap is the least costly KDF that is allowed.
func cheap(t testing.TB) slot.KDF {
	t.Helper()
	k, err := slot.Argon2id(3, 32<<10, 2)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func makeSlot(t testing.TB, factors ...slot.Factor) *slot.Made {
	t.Helper()
	made, err := slot.Create(t.Context(), slot.Parameters{
		Vault: vaultID, Root: rootKey, LabelCiphertext: []byte("a label"), Created: created, Factors: factors,
	}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func parse(t testing.TB, data []byte) *slot.Slot {
	t.Helper()
	s, err := slot.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// opens opens a slot and uses its identity.
func opens(t testing.TB, made *slot.Made, openers ...slot.Opener) error {
	t.Helper()
	identity, err := parse(t, made.File).Open(t.Context(), vaultID, rootKey, openers...)
	if err != nil {
		if identity != nil {
			t.Error("an identity comes with an error")
		}
		return err
	}
	defer identity.Wipe()
	to, err := age.ParseHybridRecipient(made.Recipient)
	if err != nil {
		t.Fatal(err)
	}
	var ct bytes.Buffer
	w, err := age.Encrypt(&ct, to)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, "the vault's key")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(ct.Bytes()), identity)
	if err != nil {
		t.Fatalf("the identity does not open what is for it: %v", err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "the vault's key" {
		t.Fatalf("%q, %v", got, err)
	}
	return nil
}

func passwordOpener(text string) slot.Opener {
	return slot.PasswordOpener(func(context.Context, slot.Request) (*secret.Bytes, error) { return password(text), nil })
}

func device(secretByte byte, id string) *slot.Device {
	return &slot.Device{Secret: secret.Take(bytes.Repeat([]byte{secretByte}, 32)), MachineID: id}
}

func deviceOpener(secretByte byte, id string) slot.Opener {
	return slot.DeviceOpener(func(context.Context, slot.Request) (*slot.Device, error) { return device(secretByte, id), nil })
}

// nobody is an opener that must not be asked.
func nobody(t testing.TB, word string) slot.Opener {
	return never{t, word}
}

type never struct {
	t    testing.TB
	word string
}

func (n never) Type() string { return n.word }

func (n never) Open(context.Context, slot.Request, []byte) (*secret.Bytes, error) {
	n.t.Errorf("the %s factor was asked for", n.word)
	return nil, errors.New("asked")
}

// The file of the package documentation.
func TestExample(t *testing.T) {
	pw := password("correct horse battery staple")
	defer pw.Wipe()
	kdf, err := slot.PBKDF2(200_000)
	if err != nil {
		t.Fatal(err)
	}
	random := bytes.NewReader(append(append(counting(0xa0, 16), counting(0, 32)...), counting(0x40, 32+24)...))
	made, err := slot.Create(t.Context(), slot.Parameters{
		Vault: vaultID, Root: rootKey, LabelCiphertext: counting(0xe0, 8), Created: created,
		Factors: []slot.Factor{&slot.Password{Password: pw, KDF: kdf}},
	}, random)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/example.json", append(made.File, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(made.File, example(t)) {
		t.Errorf("made: %s", made.File)
	}
	s := parse(t, made.File)
	if s.ID() != made.ID || s.Vault() != vaultID || !s.Root().Equal(rootKey) || !s.Created().Equal(created) ||
		!bytes.Equal(s.LabelCiphertext(), counting(0xe0, 8)) || s.Recipient() != made.Recipient ||
		strings.Join(s.Types(), "+") != "password" || len(s.Factors()) != 1 {
		t.Errorf("read: %v", s)
	}
	if err := opens(t, made, passwordOpener("correct horse battery staple")); err != nil {
		t.Error(err)
	}
	if err := opens(t, made, passwordOpener("Correct horse battery staple")); !errors.Is(err, slot.ErrWrongFactor) {
		t.Errorf("wrong password: %v", err)
	}
	if random.Len() != 0 {
		t.Errorf("%d bytes of randomness are left", random.Len())
	}
}

// Each factor alone, and all combinations of two: a slot opens with all of its factors right
// and with none of them wrong.
func TestCombinations(t *testing.T) {
	type kind struct {
		name         string
		make         func() slot.Factor
		right, wrong func() slot.Opener
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identities := func(of ...age.Identity) slot.Opener {
		return slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) { return of, nil })
	}
	var shares []*threshold.Share
	some := func(n int) func() slot.Opener {
		return func() slot.Opener {
			return slot.RecoveryOpener(func(context.Context, slot.Request, threshold.Set) ([]*threshold.Share, error) {
				return clone(t, shares[:n]), nil
			})
		}
	}
	recovery := &slot.Recovery{K: 2, N: 3}
	kinds := []kind{
		{"password", func() slot.Factor { return &slot.Password{Password: password("p"), KDF: cheap(t)} },
			func() slot.Opener { return passwordOpener("p") }, func() slot.Opener { return passwordOpener("q") }},
		{"device", func() slot.Factor { return device(1, "machine") },
			func() slot.Opener { return deviceOpener(1, "machine") }, func() slot.Opener { return deviceOpener(1, "another") }},
		{"recovery", func() slot.Factor { return recovery }, some(2), some(1)},
		{"age", func() slot.Factor { return &slot.Age{Recipient: id.Recipient(), Text: id.Recipient().String()} },
			func() slot.Opener { return identities(other, id) }, func() slot.Opener { return identities(other) }},
	}
	for i, a := range kinds {
		made := makeSlot(t, a.make())
		shares = recovery.Shares()
		if err := opens(t, made, a.right()); err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
		if err := opens(t, made, a.wrong()); !errors.Is(err, slot.ErrWrongFactor) && !errors.Is(err, threshold.ErrMissing) {
			t.Errorf("%s, wrong: %v", a.name, err)
		}
		for _, b := range kinds[i+1:] {
			made := makeSlot(t, a.make(), b.make())
			shares = recovery.Shares()
			if got := strings.Join(parse(t, made.File).Types(), "+"); got != a.name+"+"+b.name {
				t.Errorf("types %s", got)
			}
			if err := opens(t, made, b.right(), a.right()); err != nil {
				t.Errorf("%s+%s: %v", a.name, b.name, err)
			}
			for _, wrong := range [][2]slot.Opener{{a.right(), b.wrong()}, {a.wrong(), b.right()}} {
				if err := opens(t, made, wrong[:]...); !errors.Is(err, slot.ErrWrongFactor) && !errors.Is(err, threshold.ErrMissing) {
					t.Errorf("%s+%s with one wrong: %v", a.name, b.name, err)
				}
			}
			if err := opens(t, made, a.right()); !errors.Is(err, slot.ErrNoOpener) {
				t.Errorf("%s+%s with %s alone: %v", a.name, b.name, a.name, err)
			}
		}
	}
}

// clone makes shares that may be wiped.
func clone(t testing.TB, shares []*threshold.Share) []*threshold.Share {
	t.Helper()
	var out []*threshold.Share
	for _, s := range shares {
		text := s.Text()
		c, err := threshold.Parse(text.Expose())
		if err != nil {
			t.Fatal(err)
		}
		text.Wipe()
		out = append(out, c)
	}
	return out
}

func TestFourFactorsAndTwoOfOneType(t *testing.T) {
	made := makeSlot(t, device(1, "a"), device(2, "b"), device(3, "c"), device(4, "d"))
	byPosition := slot.DeviceOpener(func(_ context.Context, r slot.Request) (*slot.Device, error) {
		if r.Of != 4 || r.Vault != vaultID || r.Slot != made.ID {
			t.Errorf("request %+v", r)
		}
		return device(byte(r.Position), string(rune('a'+r.Position-1))), nil
	})
	if err := opens(t, made, byPosition); err != nil {
		t.Error(err)
	}
	if err := opens(t, made, deviceOpener(1, "a")); !errors.Is(err, slot.ErrWrongFactor) {
		t.Errorf("the first device for all: %v", err)
	}
}

// testSlot is a slot of factors that cost little, with what opens it.
func testSlot(t testing.TB) (*slot.Made, []slot.Opener) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	made := makeSlot(t, device(1, "machine"), &slot.Age{Recipient: id.Recipient(), Text: id.Recipient().String()})
	return made, []slot.Opener{
		deviceOpener(1, "machine"),
		slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) { return []age.Identity{id}, nil }),
	}
}

// Whatever bit of a slot changes, it does not open; and what changes in the ciphertext alone is
// told from a wrong factor.
func TestEveryBit(t *testing.T) {
	made, openers := testSlot(t)
	if err := opens(t, made, openers...); err != nil {
		t.Fatal(err)
	}
	seed := bytes.Index(made.File, []byte(`,"seed":"`)) + len(`,"seed":"`)
	seedEnd := len(made.File) - len(`"}`)
	commit := len(`{"commit":"`)
	commitEnd := bytes.IndexByte(made.File[commit:], '"') + commit
	step := 1
	if testing.Short() {
		step = 11
	}
	seen := map[error]int{}
	for i := 0; i < len(made.File)*8; i += step {
		changed := bytes.Clone(made.File)
		changed[i/8] ^= 1 << (i % 8)
		s, err := slot.Parse(changed)
		if err == nil {
			_, err = s.Open(t.Context(), vaultID, rootKey, openers...)
			switch at := i / 8; {
			case err == nil:
				t.Errorf("bit %d at %d: opens", i%8, at)
			case at >= seed && at < seedEnd && !errors.Is(err, slot.ErrTampered),
				at >= commit && at < commitEnd && !errors.Is(err, slot.ErrWrongFactor):
				t.Errorf("bit %d at %d: %v", i%8, at, err)
			}
		}
		for _, kind := range []error{slot.ErrMalformed, slot.ErrNewer, slot.ErrLimits, slot.ErrForeign, slot.ErrNoOpener, slot.ErrWrongFactor, slot.ErrTampered} {
			if errors.Is(err, kind) {
				seen[kind]++
			}
		}
	}
	for _, kind := range []error{slot.ErrMalformed, slot.ErrForeign, slot.ErrWrongFactor, slot.ErrTampered} {
		if seen[kind] == 0 {
			t.Errorf("no change is %v: this test is blind", kind)
		}
	}
}

func TestTruncated(t *testing.T) {
	made, _ := testSlot(t)
	for n := range made.File {
		if _, err := slot.Parse(made.File[:n]); !errors.Is(err, slot.ErrMalformed) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := slot.Parse(append(made.File, '\n')); !errors.Is(err, slot.ErrMalformed) {
		t.Errorf("with a line feed: %v", err)
	}
	if _, err := slot.Parse(bytes.Repeat([]byte(" "), slot.MaxFile+1)); !errors.Is(err, slot.ErrMalformed) {
		t.Errorf("too long: %v", err)
	}
}

// A vault that somebody has put in the place of another: its slots open, for him. Nobody is
// asked for a password for it.
func TestPlanted(t *testing.T) {
	foreignRoot := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{43}, 32)).Public().(ed25519.PublicKey)
	d := device(1, "machine")
	defer d.Secret.Wipe()
	make := func(vault objectid.ID, root ed25519.PublicKey) *slot.Slot {
		made, err := slot.Create(t.Context(), slot.Parameters{Vault: vault, Root: root, Created: created, Factors: []slot.Factor{d}}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return parse(t, made.File)
	}
	for _, s := range []*slot.Slot{make(vaultID, foreignRoot), make(objectid.ID{1}, rootKey), make(objectid.ID{1}, foreignRoot)} {
		if _, err := s.Open(t.Context(), vaultID, rootKey, nobody(t, "device")); !errors.Is(err, slot.ErrForeign) {
			t.Errorf("planted: %v", err)
		}
	}
	// The same slot, pretending to be of this vault.
	s := make(vaultID, foreignRoot)
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	text := func(k ed25519.PublicKey) string { return `"root":"` + b64(k) + `"` }
	changed := strings.Replace(string(data), text(foreignRoot), text(rootKey), 1)
	if changed == string(data) {
		t.Fatal("nothing was changed")
	}
	if _, err := parse(t, []byte(changed)).Open(t.Context(), vaultID, rootKey, deviceOpener(1, "machine")); !errors.Is(err, slot.ErrWrongFactor) {
		t.Errorf("pretending: %v", err)
	}
}

func b64(b []byte) string {
	text, _ := json.Marshal(b)
	var s string
	_ = json.Unmarshal(text, &s)
	return strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "=")
}

// replaceFactors returns a file with other factors in its head.
func replaceFactors(t testing.TB, file []byte, factors ...[]byte) []byte {
	t.Helper()
	s := parse(t, file)
	out := bytes.Replace(file, joined(s.Factors()), joined(factors), 1)
	if bytes.Equal(out, file) {
		t.Fatal("nothing was replaced")
	}
	return out
}

func joined(objects [][]byte) []byte {
	return append(append([]byte(`"factors":[`), bytes.Join(objects, []byte(","))...), ']')
}

// A factor of one slot does not serve another, not even with the same password; nor do factors
// in another order, or fewer, or cheaper.
func TestSwappedAndLowered(t *testing.T) {
	k, err := slot.Argon2id(4, 32<<10, 2)
	if err != nil {
		t.Fatal(err)
	}
	make := func() *slot.Made {
		return makeSlot(t, &slot.Password{Password: password("p"), KDF: k}, device(1, "machine"))
	}
	a, b := make(), make()
	fa, fb := parse(t, a.File).Factors(), parse(t, b.File).Factors()
	cheaper := bytes.Replace(fa[0], []byte(`"t":4`), []byte(`"t":3`), 1)
	for name, file := range map[string][]byte{
		"factors of another slot": replaceFactors(t, a.File, fb...),
		"another order":           replaceFactors(t, a.File, fa[1], fa[0]),
		"one factor less":         replaceFactors(t, a.File, fa[1]),
		"cheaper":                 replaceFactors(t, a.File, cheaper, fa[1]),
	} {
		made := &slot.Made{ID: a.ID, File: file, Recipient: a.Recipient}
		if err := opens(t, made, passwordOpener("p"), deviceOpener(1, "machine")); !errors.Is(err, slot.ErrWrongFactor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	below := bytes.Replace(fa[0], []byte(`"t":4`), []byte(`"t":2`), 1)
	if _, err := slot.Parse(replaceFactors(t, a.File, below, fa[1])); !errors.Is(err, slot.ErrLimits) {
		t.Errorf("below the floor: %v", err)
	}
	if err := opens(t, a, passwordOpener("p"), deviceOpener(1, "machine")); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

func TestNewer(t *testing.T) {
	file := string(example(t))
	for _, c := range []struct {
		name, old, new string
		want           error
	}{
		{"version 2", `"v":1,`, `"v":2,`, slot.ErrNewer},
		{"version 2, with other members", `"v":1,`, `"v":2,"vat":[1.5],`, slot.ErrNewer},
		{"version 0", `"v":1,`, `"v":0,`, slot.ErrMalformed},
		{"version -1", `"v":1,`, `"v":-1,`, slot.ErrMalformed},
		{"version 1.0", `"v":1,`, `"v":1.0,`, slot.ErrMalformed},
		{"no version", `"v":1,`, ``, slot.ErrMalformed},
		{"a flag in the head", `"root"`, `"rights":"read","root"`, slot.ErrNewer},
		{"a member of the file", `"seed"`, `"pad":"","seed"`, slot.ErrNewer},
		{"a member of a factor", `"type":"password"`, `"type":"password","used":3`, slot.ErrNewer},
		{"a type", `"type":"password"`, `"type":"totp"`, slot.ErrNewer},
		{"a type in capitals", `"type":"password"`, `"type":"Password"`, slot.ErrNewer},
		{"no type", `,"type":"password"`, ``, slot.ErrMalformed},
		{"a type that is none", `"type":"password"`, `"type":7`, slot.ErrMalformed},
		{"a classical recipient", `"recipient":"age1pq1`, `"recipient":"age1`, slot.ErrMalformed},
		{"no factors", `"factors":[{`, `"factors":[],"xfactors":[{`, slot.ErrMalformed},
		{"a space", `"v":1,`, `"v": 1,`, slot.ErrMalformed},
		{"before 1970", `"created":1780000000`, `"created":-1`, slot.ErrMalformed},
		{"a long root", `"root":"`, `"root":"AAAA`, slot.ErrMalformed},
		{"a long commit", `{"commit":"`, `{"commit":"AAAA`, slot.ErrMalformed},
		{"no head", `"head":`, `"neck":`, slot.ErrMalformed},
	} {
		changed := strings.Replace(file, c.old, c.new, 1)
		if changed == file {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if _, err := slot.Parse([]byte(changed)); !errors.Is(err, c.want) && !(c.name == "no factors" && errors.Is(err, slot.ErrNewer)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	one := string(parse(t, example(t)).Factors()[0])
	if _, err := slot.Parse([]byte(withFactors(t, one, one, one, one))); err != nil {
		t.Errorf("four factors: %v", err)
	}
	for name, objects := range map[string][]string{"none": nil, "five": {one, one, one, one, one}} {
		if _, err := slot.Parse([]byte(withFactors(t, objects...))); !errors.Is(err, slot.ErrMalformed) {
			t.Errorf("%s factors: %v", name, err)
		}
	}
}

// A type that another package implements is read here and opened there.
func TestTypesOfOtherPackages(t *testing.T) {
	token := &fakeToken{key: bytes.Repeat([]byte{5}, 32)}
	made := makeSlot(t, token, device(1, "machine"))
	s := parse(t, made.File)
	if got := strings.Join(s.Types(), "+"); got != "tpm+device" {
		t.Errorf("types %s", got)
	}
	if err := opens(t, made, token, deviceOpener(1, "machine")); err != nil {
		t.Error(err)
	}
	if err := opens(t, made, nobody(t, "device")); !errors.Is(err, slot.ErrNoOpener) || !strings.Contains(err.Error(), "tpm factor") {
		t.Errorf("without the token: %v", err)
	}
	short := &fakeToken{key: bytes.Repeat([]byte{5}, 31)}
	if err := opens(t, made, short, nobody(t, "device")); err == nil || !strings.Contains(err.Error(), "31 bytes") {
		t.Errorf("a token that yields too little: %v", err)
	}
	if _, err := slot.Create(t.Context(), slot.Parameters{Vault: vaultID, Root: rootKey, Factors: []slot.Factor{short}}, rand.Reader); err == nil {
		t.Error("a slot was made of too little")
	}
	for name, object := range map[string]string{
		"another type":   `{"type":"sundial"}`,
		"not canonical":  `{"type": "tpm"}`,
		"not an object":  `["tpm"]`,
		"not even JSON":  `tpm`,
		"a large object": `{"pad":"` + strings.Repeat("x", 16<<10) + `","type":"tpm"}`,
	} {
		bad := &fakeToken{key: token.key, object: object}
		_, err := slot.Create(t.Context(), slot.Parameters{Vault: vaultID, Root: rootKey, Created: created, Factors: []slot.Factor{bad}}, rand.Reader)
		if name == "not canonical" { // written canonically
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%s: a slot was made that cannot be read", name)
		}
	}
}

// fakeToken wraps nothing: its key is the factor, which is enough to test the interfaces.
type fakeToken struct {
	key    []byte
	object string
}

func (f *fakeToken) Type() string { return "tpm" }

func (f *fakeToken) Enrol(_ context.Context, r slot.Request, _ io.Reader) ([]byte, *secret.Bytes, error) {
	if f.object != "" {
		return []byte(f.object), secret.Take(bytes.Clone(f.key)), nil
	}
	object, err := canon.Marshal(map[string]string{"type": "tpm", "bound": hex.EncodeToString(r.AAD())})
	return object, secret.Take(bytes.Clone(f.key)), err
}

func (f *fakeToken) Open(_ context.Context, r slot.Request, object []byte) (*secret.Bytes, error) {
	if !bytes.Contains(object, []byte(hex.EncodeToString(r.AAD()))) {
		return nil, slot.ErrWrongFactor
	}
	return secret.Take(bytes.Clone(f.key)), nil
}

// Each factor is tried once, and what the askers gave is wiped.
func TestOneTrial(t *testing.T) {
	made := makeSlot(t, &slot.Password{Password: password("p"), KDF: cheap(t)}, device(1, "machine"))
	asked := 0
	var given []*secret.Bytes
	ask := func(text string) slot.Opener {
		return slot.PasswordOpener(func(context.Context, slot.Request) (*secret.Bytes, error) {
			asked++
			given = append(given, password(text))
			return given[len(given)-1], nil
		})
	}
	for _, text := range []string{"p", "wrong", ""} {
		asked = 0
		err := opens(t, made, ask(text), deviceOpener(1, "machine"))
		if asked != 1 || (err == nil) != (text == "p") || err != nil && !errors.Is(err, slot.ErrWrongFactor) {
			t.Errorf("%q: asked %d times, %v", text, asked, err)
		}
	}
	for _, p := range given {
		if !p.Wiped() {
			t.Error("a password is not wiped")
		}
	}
	refused := errors.New("no terminal")
	no := slot.PasswordOpener(func(context.Context, slot.Request) (*secret.Bytes, error) { return nil, refused })
	if err := opens(t, made, no, nobody(t, "device")); !errors.Is(err, refused) {
		t.Errorf("refused: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := parse(t, made.File).Open(ctx, vaultID, rootKey, nobody(t, "password"), nobody(t, "device")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestWipedIdentity(t *testing.T) {
	made, openers := testSlot(t)
	identity, err := parse(t, made.File).Open(t.Context(), vaultID, rootKey, openers...)
	if err != nil {
		t.Fatal(err)
	}
	if identity.Recipient() != made.Recipient {
		t.Errorf("recipient %s", identity.Recipient())
	}
	identity.Wipe()
	identity.Wipe()
	if _, err := identity.Unwrap(nil); err == nil || err.Error() != "identity of a slot was wiped" {
		t.Errorf("used after Wipe: %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	good := func() slot.Parameters {
		return slot.Parameters{Vault: vaultID, Root: rootKey, Created: created, Factors: []slot.Factor{device(1, "m")}}
	}
	for name, c := range map[string]struct {
		change func(*slot.Parameters)
		want   error
	}{
		"no factor":      {func(p *slot.Parameters) { p.Factors = nil }, slot.ErrLimits},
		"five factors":   {func(p *slot.Parameters) { p.Factors = make([]slot.Factor, 5) }, slot.ErrLimits},
		"empty password": {func(p *slot.Parameters) { p.Factors[0] = &slot.Password{Password: password(""), KDF: cheap(t)} }, slot.ErrLimits},
		"long password": {func(p *slot.Parameters) {
			p.Factors[0] = &slot.Password{Password: secret.New(slot.MaxPassword + 1), KDF: cheap(t)}
		}, slot.ErrLimits},
		"no KDF":          {func(p *slot.Parameters) { p.Factors[0] = &slot.Password{Password: password("p")} }, slot.ErrNewer},
		"short secret":    {func(p *slot.Parameters) { p.Factors[0] = &slot.Device{Secret: secret.New(31), MachineID: "m"} }, slot.ErrLimits},
		"no machine":      {func(p *slot.Parameters) { p.Factors[0] = device(1, "") }, slot.ErrLimits},
		"1 of 3":          {func(p *slot.Parameters) { p.Factors[0] = &slot.Recovery{K: 1, N: 3} }, slot.ErrLimits},
		"3 of 65":         {func(p *slot.Parameters) { p.Factors[0] = &slot.Recovery{K: 3, N: 65} }, slot.ErrLimits},
		"no text":         {func(p *slot.Parameters) { p.Factors[0] = &slot.Age{Recipient: failing{}} }, slot.ErrLimits},
		"escape sequence": {func(p *slot.Parameters) { p.Factors[0] = &slot.Age{Recipient: failing{}, Text: "\x1b[2J"} }, slot.ErrMalformed},
		"failing age":     {func(p *slot.Parameters) { p.Factors[0] = &slot.Age{Recipient: failing{}, Text: "age1"} }, errFailing},
		"short root":      {func(p *slot.Parameters) { p.Root = rootKey[:31] }, slot.ErrMalformed},
		"long label":      {func(p *slot.Parameters) { p.LabelCiphertext = make([]byte, slot.MaxLabel+1) }, slot.ErrMalformed},
		"before 1970":     {func(p *slot.Parameters) { p.Created = time.Time{} }, slot.ErrMalformed},
	} {
		p := good()
		c.change(&p)
		if made, err := slot.Create(t.Context(), p, rand.Reader); made != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range 16 + 32 + 24 {
		if _, err := slot.Create(t.Context(), good(), bytes.NewReader(counting(1, n))); err == nil {
			t.Errorf("%d bytes of randomness suffice", n)
		}
	}
	if _, err := slot.Create(t.Context(), good(), bytes.NewReader(counting(1, 16+32+24))); err != nil {
		t.Errorf("all randomness: %v", err)
	}
}

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Wrap([]byte) ([]*age.Stanza, error) { return nil, errFailing }

// Nothing of a slot's secrets is in its file, which is as long for one password as for another.
func TestNothingShows(t *testing.T) {
	secretText := "the password of a test"
	made := makeSlot(t, &slot.Password{Password: password(secretText), KDF: cheap(t)})
	again := makeSlot(t, &slot.Password{Password: password("x"), KDF: cheap(t)})
	if bytes.Contains(made.File, []byte(secretText)) {
		t.Error("the password is in the file")
	}
	if len(made.File) != len(again.File) {
		t.Errorf("%d and %d bytes", len(made.File), len(again.File))
	}
	sum := sha256.Sum256(parse(t, made.File).Head())
	if bytes.Contains(made.File, []byte(b64(sum[:]))) {
		t.Error("the digest of the head is in the file")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example(f))
	made, _ := testSlot(f)
	f.Add(made.File)
	f.Add(makeSlot(f, &slot.Recovery{K: 3, N: 5}, &fakeToken{key: make([]byte, 32)}).File)
	f.Add([]byte(`{"commit":"","head":{"v":2},"seed":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := slot.Parse(data)
		if err != nil {
			if s != nil || !errors.Is(err, slot.ErrMalformed) && !errors.Is(err, slot.ErrNewer) && !errors.Is(err, slot.ErrLimits) {
				t.Fatal(err)
			}
			return
		}
		again, err := s.Marshal()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q is written as %q, %v", data, again, err)
		}
		if n := len(s.Types()); n < 1 || n > slot.MaxFactors || n != len(s.Factors()) {
			t.Fatalf("%d factors", n)
		}
		_ = fmt.Sprint(s.ID(), s.Vault(), s.Created(), s.Recipient(), s.LabelCiphertext())
	})
}

// Opening with a password costs what the password costs.
func BenchmarkOpen(b *testing.B) {
	kdf := slot.DefaultKDF()
	pw := password("p")
	defer pw.Wipe()
	made := makeSlot(b, &slot.Password{Password: pw, KDF: kdf})
	b.Run("slot", func(b *testing.B) {
		for b.Loop() {
			identity, err := parse(b, made.File).Open(b.Context(), vaultID, rootKey, passwordOpener("p"))
			if err != nil {
				b.Fatal(err)
			}
			identity.Wipe()
		}
	})
	b.Run("argon2id", func(b *testing.B) {
		for b.Loop() {
			key, err := kdf.Derive(pw, make([]byte, 32))
			if err != nil {
				b.Fatal(err)
			}
			key.Wipe()
		}
	})
}
