package vault

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"testing"

	"filippo.io/age"

	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

// slotOfTest makes a slot whose file is a real one. The identity of the test opens the keys that are there
// when it is made; those that come later are for the identity in it.
func (b *testVault) slotOfTest(id *objectid.ID) MakeSlot {
	return func(vault objectid.ID, root ed25519.PublicKey, label func(string) ([]byte, error)) (*NewSlot, error) {
		made, err := b.cheapSlot(id)(vault, root, label)
		if err == nil {
			made.Recipient = b.who.Recipient().String()
		}
		return made, err
	}
}

// bothHeads is a vault that two owners' machines have changed at once, by what each of them does, and of
// which all files have come together. The keys are those of the first machine.
func bothHeads(t *testing.T, first, second func(*testVault, *Keys)) (b *testVault, other *Keys) {
	b = newVaultDir(t)
	var err error
	b.v, b.keys, err = Create(t.Context(), b.dir, b.options(), b.slotOfTest(&b.slot))
	must(t, err)
	b.set("default/a", KindAPIKeys, "one")
	other = b.other()
	b.setAs(other, "default", "b", "one")
	start, seen := b.snapshot(), b.file(seenFile)
	first(b, b.keys)
	ofFirst := b.snapshot()
	seenByFirst := b.file(seenFile)
	b.restore(start)
	b.write(seenFile, seen)
	b.reopen()
	again, err := b.v.Unlock(b.slot, b.who)
	must(t, err)
	again.device, again.local = other.device, nil
	second(b, again)
	ofSecond := b.snapshot()
	for name, data := range ofFirst {
		old, there := ofSecond[name]
		f, _ := ParseFile(name)
		switch {
		case there && f.Kind == WrapFile && !bytes.Equal(old, data):
			name = Beside(name, authority.DigestOf(data))
		case there && f.Kind == LogFile && len(old) > len(data):
			continue
		}
		b.write(name, data)
	}
	b.write(seenFile, seenByFirst)
	b.reopen()
	if len(b.v.heads) != 2 {
		t.Fatalf("%d heads", len(b.v.heads))
	}
	return b, again
}

// Two owners give a namespace new keys at once, and write. Whichever head is chosen, nothing that was
// acknowledged is lost, and who has access goes on reading and writing: by new keys and by old ones,
// after compaction, and after the keys have changed again.
func TestKeysOfTwoHeads(t *testing.T) {
	for _, rotations := range [][2]int{{1, 1}, {0, 1}, {0, 2}, {1, 2}, {2, 1}} {
		for choice := range 2 {
			t.Run(fmt.Sprintf("%d and %d keys, head %d", rotations[0], rotations[1], choice), func(t *testing.T) {
				change := func(path string, n int) func(*testVault, *Keys) {
					return func(b *testVault, keys *Keys) {
						must(b, b.v.AddRole(b.Context(), keys, path)) // so that there is a manifest
						for range n {
							_, err := b.v.RotateNamespace(b.Context(), keys, DefaultNamespace)
							must(b, err)
							s, err := b.v.Space(keys, DefaultNamespace)
							must(b, err)
							_, err = s.Commit(b.Context(), []Change{put(path, KindAPIKeys, "two"), put("cred-"+path, KindCredentials, "two")})
							must(b, err)
						}
					}
				}
				b, other := bothHeads(t, change("a", rotations[0]), change("b", rotations[1]))
				held := b.keys // of a session that goes on
				must(t, b.v.ResolveHeads(t.Context(), b.keys, b.v.heads[choice].Digest.Short()))
				check := func(what string) {
					t.Helper()
					for i, path := range []string{"a", "b"} {
						want := "two"
						if rotations[i] == 0 {
							want = "one"
						} else {
							b.want("default/cred-"+path, want)
						}
						b.want("default/"+path, want)
					}
					if list, err := b.space(DefaultNamespace).List(false); err != nil || len(list) < 2 {
						t.Errorf("%s: %d, %v", what, len(list), err)
					}
				}
				check("resolved")
				b.reopen()
				check("opened anew")
				for _, keys := range []*Keys{held, b.keys, other} {
					if got, err := b.getAs(keys, DefaultNamespace, "b"); err != nil || got == "" {
						t.Errorf("%q, %v", got, err)
					}
					b.setAs(keys, DefaultNamespace, "new", "value")
					b.want("default/new", "value")
				}
				check("written")
				bob := newPrincipal(t, "bob")
				b.grant(DefaultNamespace, bob, func(g *Grant) { g.User = true })
				for _, path := range []string{"a", "b"} {
					if got, err := b.getAs(b.as(bob), DefaultNamespace, path); err != nil || got == "" {
						t.Errorf("bob, %s: %q, %v", path, got, err)
					}
				}
				_, err := b.space(DefaultNamespace).Compact(t.Context(), CompactOptions{})
				must(t, err)
				b.reopen()
				check("compacted")
				var gone objectid.ID
				_, err = b.v.AddSlot(t.Context(), b.keys, b.slotOfTest(&gone))
				must(t, err)
				_, err = b.v.RemoveSlot(t.Context(), b.keys, gone)
				must(t, err)
				who := b.openSlot(b.slot, slot.AgeOpener(func(context.Context, slot.Request, string) ([]age.Identity, error) { return []age.Identity{b.who}, nil }))
				b.keys, err = b.v.Unlock(b.slot, who)
				must(t, err)
				check("new root key")
				if got, err := b.getAs(b.as(bob), DefaultNamespace, "b"); err != nil || got == "" {
					t.Errorf("bob: %q, %v", got, err)
				}
				must(t, b.v.Check(b.keys, true, func(f Finding) {
					if f.Severity == Damaged {
						t.Errorf("%+v", f)
					}
				}))
			})
		}
	}
}

// Who has a key of one head only reads what is under that one, and what is under the other is left out.
func TestReaderOfOneOfTwoHeads(t *testing.T) {
	carol := newPrincipal(t, "carol")
	rotate := func(b *testVault, keys *Keys, path string) {
		_, err := b.v.RotateNamespace(b.Context(), keys, DefaultNamespace)
		must(b, err)
		b.setAs(keys, DefaultNamespace, path, "two")
	}
	b, _ := bothHeads(t, func(b *testVault, keys *Keys) {
		b.grant(DefaultNamespace, carol, nil)
		rotate(b, keys, "a")
	}, func(b *testVault, keys *Keys) { rotate(b, keys, "b") })
	for _, h := range b.v.heads {
		if p, err := b.v.Under(h).Policy(sortedIDs(h.NS)[0]); err == nil && len(p.Readers) == 1 {
			must(t, b.v.ResolveHeads(t.Context(), b.keys, h.Digest.Short()))
			break
		}
	}
	for path, want := range map[string]string{"a": "two", "b": "one"} {
		if got, err := b.getAs(b.as(carol), DefaultNamespace, path); err != nil || got != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
		b.want("default/"+path, "two")
	}
}
