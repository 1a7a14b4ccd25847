package vault

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/threshold"
	"kai/internal/vault/authority"
	"kai/internal/vault/derive"
	"kai/internal/vault/fields"
	"kai/internal/vault/objectid"
	"kai/internal/vault/session"
	"kai/internal/vault/slot"
	"kai/internal/vault/vlog"
	"kai/internal/vault/xaes"
)

// The tests of this file attack with ciphertexts that two keys open, wherever somebody could know or
// choose two keys. Each shows first that both keys open what it has made, and then who refuses the
// second: by the key's commitment, before anything is opened with it.

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// enrolled is a factor of which the test keeps what it yields.
type enrolled struct {
	slot.Factor
	yield []byte
}

func (e *enrolled) Enrol(ctx context.Context, r slot.Request, random io.Reader) ([]byte, *secret.Bytes, error) {
	object, yield, err := e.Factor.Enrol(ctx, r, random)
	if err == nil {
		e.yield = bytes.Clone(yield.Expose())
	}
	return object, yield, err
}

// foreign is a factor of a type that package slot leaves to others.
type foreign string

func (f foreign) Enrol(context.Context, slot.Request, io.Reader) ([]byte, *secret.Bytes, error) {
	return fmt.Appendf(nil, `{"type":%q}`, string(f)), secret.Take(randomBytes(slot.FactorSize)), nil
}

// yields is an opener that knows what its factor yields, and counts how often it is asked.
type yields struct {
	word  string
	yield []byte
	asked int
}

func (y *yields) Type() string { return y.word }

func (y *yields) Open(context.Context, slot.Request, []byte) (*secret.Bytes, error) {
	y.asked++
	return cloneSecret(y.yield), nil
}

// slotFile is a slot's file as an editor sees it.
type slotFile struct {
	Commit string          `json:"commit"`
	Head   json.RawMessage `json:"head"`
	Seed   string          `json:"seed"`
}

// slotKeys are the key of the seed and the commitment that the factors of a slot give, by slot's doc.
func slotKeys(t testing.TB, f *slotFile, v *Vault, id objectid.ID, yields ...[]byte) (*sealingKey, []byte) {
	t.Helper()
	digest := sha256.Sum256(f.Head)
	vault := v.ID()
	okm, err := hkdf.Key(sha256.New, bytes.Join(yields, nil), append(vault[:], id[:]...), "kai/vault/v1/slot"+string(digest[:]), 64)
	must(t, err)
	return &sealingKey{okm[:32], f.Head}, okm[32:]
}

// A slot whose seed two sets of factors open, as who guesses passwords makes one to try two at once,
// opens for none: of the second nothing is decrypted, whatever the type of the factor, and it costs one
// question.
func TestSlotForTwoKeys(t *testing.T) {
	b := newVault(t)
	cheap, err := slot.PBKDF2(200_000)
	must(t, err)
	device := &slot.Device{Secret: secret.Take(randomBytes(32)), MachineID: "machine"}
	recovery := &slot.Recovery{K: 2, N: 3}
	who := newIdentity(t)
	factors := map[string]slot.Factor{
		slot.TypePassword: &slot.Password{Password: secret.Take([]byte("guess one")), KDF: cheap},
		slot.TypeDevice:   device, slot.TypeRecovery: recovery,
		slot.TypeAge: &slot.Age{Recipient: who.Recipient(), Text: who.Recipient().String()},
	}
	for _, word := range []string{slot.TypePasskey, slot.TypePIV, slot.TypeTPM, slot.TypePKCS11, slot.TypeHashiVault, slot.TypeAWSKMS} {
		factors[word] = foreign(word)
	}
	for _, words := range [][]string{
		{slot.TypePassword}, {slot.TypeDevice}, {slot.TypeRecovery}, {slot.TypeAge}, {slot.TypePasskey}, {slot.TypePIV},
		{slot.TypeTPM}, {slot.TypePKCS11}, {slot.TypeHashiVault}, {slot.TypeAWSKMS}, {slot.TypePassword, slot.TypeTPM},
	} {
		t.Run(strings.Join(words, "+"), func(t *testing.T) {
			p := slot.Parameters{Vault: b.v.ID(), Root: b.v.Root(), Created: time.Unix(1, 0)}
			var kept []*enrolled
			for _, word := range words {
				e := &enrolled{Factor: factors[word]}
				kept, p.Factors = append(kept, e), append(p.Factors, e)
			}
			made, err := slot.Create(t.Context(), p, rand.Reader)
			must(t, err)
			wipeShares(recovery.Shares())
			var right, other [][]byte
			for _, e := range kept {
				right, other = append(right, e.yield), append(other, e.yield)
			}
			other[len(other)-1] = randomBytes(slot.FactorSize)
			try := func(file []byte, yield [][]byte) error {
				t.Helper()
				s, err := slot.Parse(file)
				must(t, err)
				var openers []slot.Opener
				var all []*yields
				for i, word := range words {
					y := &yields{word: word, yield: yield[i]}
					openers, all = append(openers, y), append(all, y)
				}
				id, err := s.Open(t.Context(), b.v.ID(), b.v.Root(), openers...)
				if err == nil {
					id.Wipe()
				}
				for _, y := range all {
					if y.asked != 1 {
						t.Errorf("the %s factor was asked for %d times", y.word, y.asked)
					}
				}
				return err
			}
			must(t, try(made.File, right))
			wantErr(t, try(made.File, other), slot.ErrWrongFactor)

			var f slotFile
			must(t, json.Unmarshal(made.File, &f))
			a, commitA := slotKeys(t, &f, b.v, made.ID, right...)
			c, commitC := slotKeys(t, &f, b.v, made.ID, other...)
			if f.Commit != base64.RawURLEncoding.EncodeToString(commitA) {
				t.Fatal("the test makes another commitment than the slot")
			}
			sealed := sealForTwo(t, randomBytes(32), 1, a, c)
			opensForTwo(t, sealed, a, c)
			for _, side := range []struct {
				commit     []byte
				fits, none [][]byte
			}{{commitA, right, other}, {commitC, other, right}} {
				f.Commit, f.Seed = base64.RawURLEncoding.EncodeToString(side.commit), base64.RawURLEncoding.EncodeToString(sealed)
				file, err := json.Marshal(&f)
				must(t, err)
				// The seed has opened: what is found wrong is the identity in it.
				if err := try(file, side.fits); !errors.Is(err, slot.ErrTampered) || !strings.Contains(err.Error(), "the identity is not the recipient's") {
					t.Errorf("with the committed factors: %v", err)
				}
				// Nothing was opened: no other error than after any other wrong factor.
				err = try(file, side.none)
				if !errors.Is(err, slot.ErrWrongFactor) || errors.Is(err, slot.ErrTampered) {
					t.Errorf("with the others: %v", err)
				}
			}
			// There is no room for a third key, or for a seed that is right under one: it would take a block more.
			f.Seed = base64.RawURLEncoding.EncodeToString(sealForTwo(t, randomBytes(48), 2, a, c))
			file, err := json.Marshal(&f)
			must(t, err)
			if _, err := slot.Parse(file); !errors.Is(err, slot.ErrMalformed) {
				t.Errorf("a longer seed: %v", err)
			}
		})
	}
}

func wipeShares(shares []*threshold.Share) {
	for _, s := range shares {
		s.Wipe()
	}
}

// The same with real passwords: each guess costs a key derivation of its own.
func TestPasswordsForOneSlot(t *testing.T) {
	b := newVault(t)
	kdf, err := slot.PBKDF2(200_000)
	must(t, err)
	first := &enrolled{Factor: &slot.Password{Password: secret.Take([]byte("guess one")), KDF: kdf}}
	made, err := slot.Create(t.Context(), slot.Parameters{Vault: b.v.ID(), Root: b.v.Root(), Created: time.Unix(1, 0), Factors: []slot.Factor{first}}, rand.Reader)
	must(t, err)
	asked := 0
	opener := func(text string) slot.Opener {
		return slot.PasswordOpener(func(context.Context, slot.Request) (*secret.Bytes, error) {
			asked++
			return secret.Take([]byte(text)), nil
		})
	}
	var f slotFile
	must(t, json.Unmarshal(made.File, &f))
	var head struct{ Factors []json.RawMessage }
	must(t, json.Unmarshal(f.Head, &head))
	second, err := opener("guess two").Open(t.Context(), slot.Request{Vault: b.v.ID(), Slot: made.ID, Position: 1, Of: 1}, head.Factors[0])
	must(t, err)
	a, _ := slotKeys(t, &f, b.v, made.ID, first.yield)
	c, _ := slotKeys(t, &f, b.v, made.ID, second.Expose())
	sealed := sealForTwo(t, randomBytes(32), 0, a, c)
	opensForTwo(t, sealed, a, c)
	f.Seed = base64.RawURLEncoding.EncodeToString(sealed)
	file, err := json.Marshal(&f)
	must(t, err)
	s, err := slot.Parse(file)
	must(t, err)
	asked = 0
	for i, guess := range []struct {
		text string
		want error
	}{{"guess one", slot.ErrTampered}, {"guess two", slot.ErrWrongFactor}, {"guess three", slot.ErrWrongFactor}} {
		_, err := s.Open(t.Context(), b.v.ID(), b.v.Root(), opener(guess.text))
		wantErr(t, err, guess.want)
		if asked != i+1 {
			t.Errorf("%d questions after %d trials", asked, i+1)
		}
	}
}

// wrapFor makes a wrap as whoever knows the recipient can.
func wrapFor(t testing.TB, w *wrap, recipient string) []byte {
	t.Helper()
	to, err := (&Options{}).recipient(recipient)
	must(t, err)
	file, err := w.seal(to)
	must(t, err)
	return file
}

// under is a key that is derived from another.
func (b *testVault) under(k, additional []byte, use string, ctx ...string) *sealingKey {
	return &sealingKey{derive.Key(k, b.v.id, use, ctx...), additional}
}

// A root key is held against its commitment before it opens anything: another one that is put into the
// wrap of a slot, whose recipient everybody knows, is refused, though it opens what it is for.
func TestRootWrapForTwoKeys(t *testing.T) {
	b := newVault(t)
	b.set("default/x", KindAPIKeys, "value")
	s := b.space(DefaultNamespace)
	evil, nsk := randomBytes(derive.Size), randomBytes(derive.Size)
	additional := rootWrapAAD(b.v.id, s.id, 1)
	a := b.under(b.keys.root.Expose(), additional, "nsk", s.id.String())
	c := b.under(evil, additional, "nsk", s.id.String())
	sealed := sealForTwo(t, nsk, 1, a, c)
	opensForTwo(t, sealed, a, c)
	clean := b.snapshot()

	// An owner who lists it: neither root key gets a namespace key out of it that counts.
	must(t, b.v.amend(t.Context(), b.keys, func(m *amendment) error {
		p := s.policy.Clone()
		if err := m.putWrap(p, 1, authority.RootWrap, append(appendU32(nil, 1), sealed...)); err != nil {
			return err
		}
		return m.writePolicy(p, s.held.epochs[1].nsk)
	}))
	b.reopen()
	p, err := b.v.Policy(s.id)
	must(t, err)
	for what, root := range map[string][]byte{"the root key": b.keys.root.Expose(), "the other one": evil} {
		keys := &Keys{rootEpoch: 1, root: cloneSecret(root)}
		_, err := b.v.rootWrapped(keys, p, p.Last())
		if wantErr(t, err, ErrTampered); err == nil || !strings.Contains(err.Error(), "another key than the policy's") {
			t.Errorf("with %s: %v", what, err)
		}
	}
	_, err = b.tryGet("default/x")
	wantErr(t, err, ErrTampered)
	b.restore(clean)
	b.remove(seenFile)
	b.reopen()
	b.want("default/x", "value")

	// Nobody comes to hold the other root key.
	for suffix, w := range map[string]*wrap{
		"vrk": {epoch: 1, vault: b.v.id, of: "slot", id: b.slot, name: "vrk", key: evil},
		"usr": {epoch: 1, vault: b.v.id, of: "slot", id: b.slot, name: "user", key: []byte(newIdentity(t).String())},
	} {
		name := slotWrapName(b.slot, 1, suffix)
		before := b.file(name)
		b.write(name, wrapFor(t, w, b.who.Recipient().String()))
		err := b.tryReopen()
		if wantErr(t, err, ErrTampered); err == nil || !strings.Contains(err.Error(), "another key than the manifest's") {
			t.Errorf("%s: %v", suffix, err)
		}
		b.write(name, before)
	}
	b.reopen()
	b.want("default/x", "value")
}

// So is the root key of the epoch before, which lies under the one after it.
func TestEarlierRootKeyForTwoKeys(t *testing.T) {
	b, _, second, _ := newRealVault(t)
	b.set("default/x", KindAPIKeys, "value")
	_, err := b.v.RemoveSlot(t.Context(), b.keys, second)
	must(t, err)
	additional := labelAAD(b.v.id, "prev")
	a, c := b.under(b.keys.root.Expose(), additional, "prev"), b.under(randomBytes(derive.Size), additional, "prev")
	sealed := sealForTwo(t, randomBytes(derive.Size), 0, a, c)
	opensForTwo(t, sealed, a, c)
	root, err := b.v.rootAt(b.keys, 1)
	must(t, err)
	root.Wipe()
	name, file := b.fork(b.keys.root, func(m *authority.Manifest) (ed25519.PrivateKey, []byte) {
		m.Epochs[1].Prev = sealed
		return ownerKey(b.keys.root, b.v.id), b.keys.root.Expose()
	})
	b.write(name, file)
	must(t, b.v.refresh(b.keys))
	if !bytes.Equal(b.v.manifest.Epochs[1].Prev, sealed) {
		t.Fatal("the manifest does not count")
	}
	_, err = b.v.rootAt(b.keys, 1)
	wantErr(t, err, ErrTampered)
}

// forTwoKeys is an AEAD whose ciphertexts another key opens too. The block number free of what it seals
// becomes another one.
type forTwoKeys struct {
	cipher.AEAD
	t         testing.TB
	key, also []byte
	free      int
	sealed    []byte // nonce ‖ ciphertext ‖ tag
	a, b      *sealingKey
}

func newForTwoKeys(t testing.TB, key, also []byte, free int) *forTwoKeys {
	aead, err := xaes.New(key)
	must(t, err)
	return &forTwoKeys{AEAD: aead, t: t, key: key, also: also, free: free}
}

func (f *forTwoKeys) Seal(dst, nonce, plaintext, additional []byte) []byte {
	plain := f.AEAD.Seal(nil, nonce, plaintext, additional)
	f.a, f.b = &sealingKey{f.key, bytes.Clone(additional)}, &sealingKey{f.also, bytes.Clone(additional)}
	out := forTwo(f.t, nonce, plain[:len(plaintext)], f.free, f.a, f.b)
	f.sealed = append(bytes.Clone(nonce), out...)
	return append(dst, out...)
}

// writeForTwo commits a PUT whose value is sealed by an AEAD of the test, with the device's own program.
func (b *testVault) writeForTwo(m Meta, flags uint8, value []byte, key cipher.AEAD) {
	b.Helper()
	s := b.space(DefaultNamespace)
	w, err := s.newWriter()
	must(b, err)
	meta, err := appendMeta(nil, &m)
	must(b, err)
	metaKey, err := s.metaKey(w.epoch)
	must(b, err)
	_, err = w.b.Add(&vlog.Draft{Type: vlog.Put, Flags: flags, Epoch: w.epoch, Meta: meta, Value: value, MetaKey: metaKey, ValueKey: key}, rand.Reader)
	must(b, err)
	_, err = w.finish()
	must(b, err)
}

// metaOf is the meta data of a first version.
func metaOf(path, kind string, scope Scope) Meta {
	return Meta{Path: path, Kind: kind, Scope: scope, HLC: "0190000000000000", Version: 1, Created: 1, Updated: 1, Fields: []string{"value"}}
}

// A record that two namespace keys open has one reading only: the other key is no reader's, whoever
// wraps it for them. So it is with the key of credentials within, and with the key of a role.
func TestRecordForTwoKeys(t *testing.T) {
	b := newVault(t)
	bob := newPrincipal(t, "bob")
	b.grant("default", bob, func(g *Grant) { g.User = true })
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	must(t, b.v.AddMember(t.Context(), b.keys, "ops", bob.member()))
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	s := b.space(DefaultNamespace)
	nsk := s.held.epoch(1).nsk.Expose()
	cred, err := s.credentialKey(1) // opens the other key, too
	must(t, err)
	otherNSK, otherCSK := randomBytes(derive.Size), randomBytes(derive.Size)
	list := []fields.Field{{Name: "value", Value: bytes.Repeat([]byte{'v'}, 100)}}
	value, err := fields.Encode(list)
	must(t, err)

	scope := []string{KindAPIKeys, "", "x", ""}
	outer := newForTwoKeys(t, derive.Key(nsk, b.v.id, "value", scope...), derive.Key(otherNSK, b.v.id, "value", scope...), 3)
	b.writeForTwo(metaOf("of-two", KindAPIKeys, Scope{Service: "x"}), 0, value.Expose(), outer)
	opensForTwo(t, outer.sealed, outer.a, outer.b)

	m := metaOf("cred", KindCredentials, Scope{})
	additional := innerAAD(s, m.Path, m.HLC)
	a, c := &sealingKey{cred, additional}, &sealingKey{derive.Key(otherCSK, b.v.id, "cred"), additional}
	inner := sealForTwo(t, value.Expose(), 3, a, c)
	opensForTwo(t, inner, a, c)
	valueKey, err := s.valueKey(1, m.Kind, m.Scope)
	must(t, err)
	b.writeForTwo(m, vlog.FlagInner, inner, valueKey)

	// They are records like any other for who has the keys.
	b.reopen()
	for _, name := range []string{"of-two", "cred"} {
		for who, keys := range map[string]*Keys{"the owner": b.keys, "bob": b.as(bob)} {
			if got, err := b.getAs(keys, "default", name); err != nil || len(got) != 100 || !strings.HasPrefix(got, "vvv") || got == strings.Repeat("v", 100) {
				t.Errorf("%s, %s: %q, %v", name, who, got, err)
			}
		}
	}
	clean := b.snapshot()
	// An owner gives the other keys to bob.
	rcpt := recipientName(bob.recipient())
	for what, give := range map[string]func(*amendment) error{
		"namespace key": func(m *amendment) error {
			p := s.policy.Clone()
			return errors.Join(m.putWrap(p, 1, rcpt+authority.KeySuffix, wrapFor(t, &wrap{epoch: 1, vault: b.v.id, of: "ns", id: s.id, name: "nsk", key: otherNSK}, bob.recipient())),
				m.writePolicy(p, s.held.epoch(1).nsk))
		},
		"key of credentials": func(m *amendment) error {
			p := s.policy.Clone()
			return errors.Join(m.putWrap(p, 1, rcpt+authority.UserSuffix, wrapFor(t, &wrap{epoch: 1, vault: b.v.id, of: "ns", id: s.id, name: "csk", key: otherCSK}, bob.recipient())),
				m.writePolicy(p, s.held.epoch(1).nsk))
		},
		"key of a role": func(m *amendment) error {
			r, err := m.v.Role(role.ID)
			if err != nil {
				return err
			}
			file := wrapFor(t, &wrap{epoch: 1, vault: b.v.id, of: "role", id: role.ID, name: "seed", key: []byte(newIdentity(t).String())}, bob.recipient())
			r.Epochs[0].Wraps[rcpt+roleSuffix] = authority.DigestOf(file)
			return errors.Join(m.v.dir.WriteFile(path.Join(roleEpochDir(role.ID, 1), rcpt+roleSuffix), file, 0o600), m.writeRole(r))
		},
	} {
		s = b.space(DefaultNamespace) // which opens it, for the owner
		must(t, b.v.amend(t.Context(), b.keys, give))
		b.reopen()
		keys, err := b.v.UnlockAs(bob.recipient(), bob.who)
		if what == "key of a role" {
			if err != nil || keys.damaged[role.ID] == nil || !errors.Is(keys.damaged[role.ID], ErrTampered) {
				t.Errorf("%s: %v", what, err)
			}
		} else if wantErr(t, err, ErrTampered); err == nil || !strings.Contains(err.Error(), "another key than the policy's") {
			t.Errorf("%s: %v", what, err)
		}
		b.restore(clean)
		b.remove(seenFile)
		b.reopen()
	}
	if got, err := b.getAs(b.as(bob), "default", "cred"); err != nil || !strings.HasPrefix(got, "vvv") {
		t.Errorf("%q, %v", got, err)
	}
}

// The key of a role that lies under the root key is held against the role's recipient before it is
// given to another member, though two root keys open it.
func TestRoleSeedForTwoKeys(t *testing.T) {
	b := newVault(t)
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	role, err := b.v.RoleNamed(b.keys, "ops")
	must(t, err)
	additional := labelAAD(b.v.id, "role")
	a := b.under(b.keys.root.Expose(), additional, "role", role.ID.String())
	c := b.under(randomBytes(derive.Size), additional, "role", role.ID.String())
	// The text of an identity has no block to spare; behind it there is one.
	other := newIdentity(t).String()
	two := sealForTwo(t, append([]byte(other), bytes.Repeat([]byte{' '}, 32)...), (len(other)+15)/16, a, c)
	opensForTwo(t, two, a, c)
	one, err := sealUnder(b.keys.root, b.v.id, rand.Reader, []byte(other), additional, "role", role.ID.String())
	must(t, err)
	bob := newPrincipal(t, "bob")
	for what, sealed := range map[string][]byte{"for two keys": two, "another identity": one} {
		must(t, b.v.amend(t.Context(), b.keys, func(m *amendment) error {
			r, err := m.v.Role(role.ID)
			if err != nil {
				return err
			}
			file := append(appendU32(nil, 1), sealed...)
			r.Epochs[0].Wraps[rootSeed] = authority.DigestOf(file)
			return errors.Join(m.v.dir.WriteFile(path.Join(roleEpochDir(role.ID, 1), rootSeed), file, 0o600), m.writeRole(r))
		}))
		b.reopen()
		if err := b.v.AddMember(t.Context(), b.keys, "ops", bob.member()); !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "another key than the role's") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

// A value that the keys of two scopes open is of the scope that its meta data say: a session of the
// other one does not try.
func TestScopeForTwoKeys(t *testing.T) {
	b := newVault(t)
	s := b.space(DefaultNamespace)
	b.set("default/any", KindAPIKeys, "value")
	nsk := s.held.epoch(1).nsk.Expose()
	x, y := derive.Key(nsk, b.v.id, "value", KindAPIKeys, "", "x", ""), derive.Key(nsk, b.v.id, "value", KindAPIKeys, "", "y", "")
	value, err := fields.Encode([]fields.Field{{Name: "value", Value: bytes.Repeat([]byte{'v'}, 100)}})
	must(t, err)
	two := newForTwoKeys(t, x, y, 3)
	b.writeForTwo(metaOf("of-x", KindAPIKeys, Scope{Service: "x"}), 0, value.Expose(), two)
	opensForTwo(t, two.sealed, two.a, two.b)
	for service, want := range map[string]error{"x": nil, "y": ErrDenied} {
		b.reopen()
		keys, err := b.v.Limit(b.keys, Limits{Scope: Scope{Service: service}})
		must(t, err)
		if k := keys.spaces[s.id].epochs[1].values[valueID{KindAPIKeys, Scope{Service: service}}]; !bytes.Equal(k.Expose(), map[string][]byte{"x": x, "y": y}[service]) {
			t.Errorf("the session of %s holds another key", service)
		}
		got, err := b.getAs(keys, "default", "of-x")
		if !errors.Is(err, want) || want == nil && (err != nil || !strings.HasPrefix(got, "vvv")) {
			t.Errorf("%s: %q, %v", service, got, err)
		}
	}
}

// The blob of a session is called by its key: for another key, which opens it too, there is none of
// that name; and one that is put there does not hold what a session holds.
func TestSessionForTwoKeys(t *testing.T) {
	b := newVault(t)
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	all := session.Sessions{Vault: b.v.id, Dir: durable.NewDir(root), Chtimes: root.Chtimes, Random: rand.Reader}
	now := session.Now{Wall: time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC), Boot: 1000 * time.Second}
	keys, _ := b.keys.Encode()
	scope := bytes.Repeat([]byte{'s'}, 100)
	begun, err := all.Begin(t.Context(), now, session.Options{Idle: session.DefaultIdle, Life: session.DefaultLife, Scope: scope}, keys, nil, nil)
	must(t, err)
	defer begun.Wipe()

	const prefix, magic = "kaisess1", "KAISESS1"
	text := string(begun.Token().Text().Expose())
	first, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, prefix))
	must(t, err)
	second := randomBytes(derive.Size)
	given := func(s []byte) session.Given {
		token, err := session.ParseToken(prefix + base64.RawURLEncoding.EncodeToString(s))
		must(t, err)
		return session.Given{From: "KAI_SESSION", Token: token}
	}
	nameOf := func(s []byte) string {
		id := objectid.ID(derive.Key(s, b.v.id, "session", "id"))
		return b.v.id.String() + "." + id.String()
	}
	file := func(s []byte) string { return filepath.Join(dir, nameOf(s)) }
	blob, err := os.ReadFile(file(first))
	must(t, err)
	a, c := b.under(first, []byte(magic+nameOf(first)), "session"), b.under(second, []byte(magic+nameOf(second)), "session")
	sealed := blob[len(magic):]
	plain, err := xaes.Open(a.key, nil, sealed, a.additional)
	must(t, err)
	at := bytes.Index(plain, scope)
	two := sealForTwo(t, plain, (at+31)/16, a, c)
	opensForTwo(t, two, a, c)
	plant := func(s []byte) {
		must(t, os.WriteFile(file(s), append([]byte(magic), two...), 0o600))
		must(t, os.Chtimes(file(s), now.Wall, now.Wall))
	}
	plant(first)
	opened, err := all.Open(now, given(first))
	must(t, err)
	if bytes.Equal(opened.Scope, scope) || len(opened.Scope) != len(scope) || !opened.Keys.Equal(keys) {
		t.Errorf("the session is not the one that was made: scope %q", opened.Scope)
	}
	opened.Wipe()
	_, err = all.Open(now, given(second))
	wantErr(t, err, session.ErrLocked)
	plant(second)
	if got, err := all.Open(now, given(second)); !errors.Is(err, session.ErrNewer) && !errors.Is(err, session.ErrTampered) {
		t.Errorf("under the second key: %+v, %v", got, err)
	}
}
