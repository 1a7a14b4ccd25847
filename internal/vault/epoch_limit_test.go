package vault

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/vault/authority"
	"kai/internal/vault/vlog"
)

// seals are all nonces that were seen in the files of records, each with the epoch it was used under:
// those of records that were removed since, too.
type seals map[[24]byte]uint32

// look reads all frames that lie in the vault, without keys, and tells how many each key has sealed so
// far. A nonce that is there twice fails the test, and so does a key that has sealed more than it may.
func (n seals) look(b *testVault) []int {
	b.Helper()
	now := map[[24]byte]bool{}
	for _, name := range b.glob("ns/*/*.vlog") {
		data := b.file(name)
		h, err := vlog.ParseHeader(data)
		must(b, err)
		_, err = vlog.Scan(data[vlog.HeaderSize:], h.Start(), func(f *vlog.Frame, _ vlog.Position) error {
			if f.Epoch == 0 {
				return nil
			}
			if now[f.Nonce] {
				b.Errorf("%s: record %d has the nonce of another one", name, f.Sequence)
			}
			if e, ok := n[f.Nonce]; ok && e != f.Epoch {
				b.Errorf("%s: record %d has the nonce of a record of epoch %d", name, f.Sequence, e)
			}
			now[f.Nonce], n[f.Nonce] = true, f.Epoch
			return nil
		})
		must(b, err)
	}
	var counts []int
	for _, e := range n {
		for int(e) > len(counts) {
			counts = append(counts, 0)
		}
		counts[e-1]++
	}
	for i, c := range counts {
		if uint64(c) > b.v.epochRecords {
			b.Errorf("the key of epoch %d has sealed %d records of %d", i+1, c, b.v.epochRecords)
		}
	}
	return counts
}

// limited is a vault whose keys seal few records.
func limited(t testing.TB, records uint64) *testVault {
	b := newVault(t)
	b.v.epochRecords = records
	return b
}

// again is reopen, with the limit of before.
func (b *testVault) again() {
	b.Helper()
	records := b.v.epochRecords
	b.reopen()
	b.v.epochRecords = records
}

func TestDefaultEpochRecords(t *testing.T) {
	b := newVault(t)
	if b.v.epochRecords != 1<<32 {
		t.Errorf("a new vault: %d", b.v.epochRecords)
	}
	b.reopen()
	if b.v.epochRecords != 1<<32 {
		t.Errorf("an opened vault: %d", b.v.epochRecords)
	}
}

// A key ends with exactly as many records as it may seal, checkpoints counted: five commits of one
// record, where ten are allowed. Everything stays readable, by the keys that were held and by those of
// a new process.
func TestKeyEnds(t *testing.T) {
	b, all := limited(t, 10), seals{}
	for i := range 23 {
		kind := Kinds()[i%len(Kinds())]
		c := b.set(fmt.Sprintf("default/s/%d", i), kind, fmt.Sprint("value ", i))
		want := uint32(0)
		if i > 0 && i%5 == 0 {
			want = uint32(1 + i/5)
		}
		if c.Epoch != want {
			t.Errorf("commit %d begins epoch %d, want %d", i, c.Epoch, want)
		}
		if i%3 == 0 {
			b.again()
		}
	}
	if got := all.look(b); !slices.Equal(got, []int{5, 5, 5, 5, 3}) {
		t.Errorf("records by epoch: %v", got)
	}
	if !b.warned("namespace default: its key has sealed as many records as it may; epoch 5 begins") {
		t.Errorf("warnings %q", b.warns)
	}
	for range 2 {
		for i := range 23 {
			b.want(fmt.Sprintf("default/s/%d", i), fmt.Sprint("value ", i))
		}
		b.again()
	}
	// Who changes the key before begins a new count: three more records would have fitted.
	_, err := b.v.RotateNamespace(t.Context(), b.keys, DefaultNamespace)
	must(t, err)
	for i := range 6 {
		b.set(fmt.Sprintf("default/t/%d", i), KindAPIKeys, "value")
	}
	if got := all.look(b); !slices.Equal(got, []int{5, 5, 5, 5, 3, 5, 1}) {
		t.Errorf("records by epoch, after a rotation: %v", got)
	}
	// A namespace of its own has a count of its own.
	b.namespace("other", false)
	if c := b.set("other/x", KindAPIKeys, "value"); c.Epoch != 0 {
		t.Errorf("another namespace begins epoch %d", c.Epoch)
	}
}

// Of a commit that passes the end of a key in its middle, the rest is under the next one, and so on.
func TestKeyEndsWithinCommit(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		b, all := limited(t, 1000), seals{}
		b.set("default/old", KindCredentials, "old") // and its checkpoint
		s, _ := b.resolve("default/x")
		var changes []Change
		for i := range 2600 {
			changes = append(changes, put(fmt.Sprintf("dir/%d", i), Kinds()[i%len(Kinds())], fmt.Sprintf("%0400d", i)))
		}
		var c *Committed
		var err error
		if bulk {
			c, err = s.CommitSeq(t.Context(), sequence(changes, nil))
		} else {
			c, err = s.Commit(t.Context(), changes)
		}
		must(t, err)
		if got := all.look(b); !slices.Equal(got, []int{999, 1000, 602}) || c.Epoch != 3 {
			t.Errorf("bulk %v: records by epoch %v, the last is %d", bulk, got, c.Epoch)
		}
		for range 2 {
			b.want("default/old", "old")
			for i := 0; i < 2600; i += 99 {
				b.want(fmt.Sprintf("default/dir/%d", i), fmt.Sprintf("%0400d", i))
			}
			b.again()
		}
		for i := range 5 {
			b.set("default/old", KindCredentials, fmt.Sprint(i))
		}
		all.look(b)
		b.want("default/old", "4")
		if n := len(all); n != 2606 {
			t.Errorf("bulk %v: %d records", bulk, n)
		}
	}
}

// A commit that fails after it has begun a key leaves that key, and no record; what follows is counted
// as before.
func TestKeyEndsWithinFailure(t *testing.T) {
	b, all := limited(t, 1000), seals{}
	b.set("default/old", KindAPIKeys, "old")
	before := b.logBytes()
	errSource := errors.New("the source has ended")
	var changes []Change
	for i := range 2600 {
		changes = append(changes, put(fmt.Sprintf("dir/%d", i), KindAPIKeys, fmt.Sprintf("%0400d", i)))
	}
	for range 2 {
		s, _ := b.resolve("default/x")
		_, err := s.CommitSeq(t.Context(), sequence(changes, errSource))
		wantErr(t, err, errSource)
		if after := b.logBytes(); after != before {
			t.Errorf("%d bytes, %d before", after, before)
		}
		b.again()
		b.want("default/old", "old")
	}
	s, _ := b.resolve("default/x")
	for i := range 11 {
		var some []Change
		for j := range 100 {
			some = append(some, put(fmt.Sprint("new/", j), KindAPIKeys, fmt.Sprint(i)))
		}
		_, err := s.Commit(t.Context(), some)
		must(t, err)
	}
	b.want("default/new/99", "10")
	if got := all.look(b); len(all) != 1101 || slices.Max(got) > 1000 {
		t.Errorf("%d records, by epoch %v", len(all), got)
	}
}

// Records of all devices count together, as soon as they are there.
func TestKeyEndsForAllDevices(t *testing.T) {
	b, all := limited(t, 20), seals{}
	other := b.other()
	for i := range 14 { // two records each
		want := uint32(0)
		if i == 10 {
			want = 2
		}
		name, value := fmt.Sprintf("s/%d", i), fmt.Sprint("value ", i)
		var c *Committed
		if i%3 == 0 {
			c = b.set("default/"+name, KindAPIKeys, value)
		} else {
			c = b.setAs(other, "default", name, value)
		}
		if c.Epoch != want {
			t.Errorf("commit %d begins epoch %d, want %d", i, c.Epoch, want)
		}
	}
	if got := all.look(b); !slices.Equal(got, []int{10, 4}) {
		t.Errorf("records by epoch: %v", got)
	}
	// What the other one has written elsewhere comes later: epoch 2 has 8 records of 20 here.
	log := filepath.Join(b.path, b.glob("ns/*/" + other.device.id.String() + ".*.vlog")[0])
	before, err := os.ReadFile(log)
	must(t, err)
	for i := range 5 {
		b.setAs(other, "default", fmt.Sprintf("elsewhere/%d", i), "value")
	}
	after, err := os.ReadFile(log)
	must(t, err)
	must(t, os.WriteFile(log, before, 0o600))
	if c := b.set("default/a", KindAPIKeys, "value"); c.Epoch != 0 {
		t.Errorf("epoch %d begins too early", c.Epoch)
	}
	must(t, os.WriteFile(log, after, 0o600))
	if c := b.set("default/b", KindAPIKeys, "value"); c.Epoch != 3 {
		t.Errorf("the other device's records are not counted: epoch %d", c.Epoch)
	}
	all.look(b)
	for i := range 14 {
		b.want(fmt.Sprintf("default/s/%d", i), fmt.Sprint("value ", i))
	}
	b.want("default/elsewhere/4", "value")
	b.want("default/b", "value")
}

// Who cannot change the key writes nothing any more, and is told what to do. So it is for who holds no
// root key, for a session of one namespace, and while there are two heads.
func TestKeyEndsForOthers(t *testing.T) {
	b, all := limited(t, 10), seals{}
	bob := newPrincipal(t, "bob")
	d, _, err := b.v.makeDevice(bob.Principal)
	must(t, err)
	must(t, b.v.AddDevice(t.Context(), b.keys, DeviceRequest{d.device.id, d.device.private().Public().(ed25519.PublicKey)}, bob.Principal))
	b.grant("default", bob, func(g *Grant) { g.Write = true })
	ofBob := func() *Keys {
		keys := b.as(bob)
		keys.device, keys.local = d.device, nil
		return keys
	}
	for i := range 4 {
		b.setAs(ofBob(), "default", fmt.Sprint(i), "of bob")
	}
	b.set("default/4", KindAPIKeys, "of the owner")
	session := func() *Keys {
		keys, err := b.v.Unlock(b.slot, b.who)
		must(t, err)
		keys, err = b.v.Limit(keys, Limits{Namespaces: []string{DefaultNamespace}})
		must(t, err)
		return keys
	}
	new, big := put("new", KindAPIKeys, "x"), put("big", KindAPIKeys, strings.Repeat("x", 3<<20))
	refuses := func(who string, keys *Keys, want error, hint string, changes ...Change) {
		t.Helper()
		before := b.snapshot()
		s, err := b.v.Space(keys, DefaultNamespace)
		must(t, err)
		for what, commit := range map[string]func() error{
			"commit": func() error { _, err := s.Commit(t.Context(), changes); return err },
			"import": func() error { _, err := s.CommitSeq(t.Context(), sequence(changes, nil)); return err },
		} {
			err := commit()
			wantErr(t, err, want)
			var used *UsedUpError
			if !errors.As(err, &used) || used.Namespace != DefaultNamespace || used.Epoch != 1 {
				t.Errorf("%s, %s: error %v", who, what, err)
				continue
			}
			text := "namespace default: its key of epoch 1 has sealed as many records as it may, and was not changed: "
			if !strings.HasPrefix(err.Error(), text) || used.Hint() != hint {
				t.Errorf("%s, %s: %q, hint %q", who, what, err, used.Hint())
			}
		}
		if after := b.snapshot(); !maps.EqualFunc(before, after, slices.Equal[[]byte]) {
			t.Errorf("%s: something was written", who)
		}
	}
	hint := "an owner changes it: kai vault rotate --ns default"
	refuses("a writer", ofBob(), ErrDenied, hint, new)
	refuses("a session of one namespace", session(), ErrDenied, hint, new)
	b.v.epochRecords = 11
	refuses("a writer, in the middle", ofBob(), ErrDenied, hint, big, new)
	b.v.roll = 1 // a commit that had begun would leave a new file, if an empty one
	before := b.snapshot()
	s, err := b.v.Space(ofBob(), DefaultNamespace)
	must(t, err)
	_, err = s.Commit(t.Context(), []Change{big, new})
	wantErr(t, err, ErrDenied)
	if after := b.snapshot(); !maps.EqualFunc(before, after, slices.Equal[[]byte]) {
		t.Error("something was written before the commit was refused")
	}
	b.v.roll = rollFile
	b.v.epochRecords = 10
	clean := b.snapshot()
	first, file := b.fork(b.keys.root, func(m *authority.Manifest) (ed25519.PrivateKey, []byte) {
		return ownerKey(b.keys.root, b.v.id), b.keys.root.Expose()
	})
	must(t, b.v.AddRole(t.Context(), b.keys, "ops"))
	b.write(first, file)
	refuses("an owner, with two heads", b.keys, ErrTwoHeads, "kai vault resolve --admin HASH, and then kai vault rotate --ns default", new)
	b.restore(clean)
	b.remove(seenFile)
	b.again()
	for i := range 5 { // reading goes on
		if got, err := b.getAs(ofBob(), "default", fmt.Sprint(i)); err != nil || !strings.HasPrefix(got, "of ") {
			t.Errorf("%d: %q, %v", i, got, err)
		}
	}
	// The owner does what the hint says.
	epoch, err := b.v.RotateNamespace(t.Context(), b.keys, DefaultNamespace)
	must(t, err)
	if epoch != 2 {
		t.Errorf("epoch %d", epoch)
	}
	if c := b.setAs(ofBob(), "default", "new", "x"); c.Epoch != 0 {
		t.Errorf("epoch %d", c.Epoch)
	}
	b.setAs(session(), "default", "new", "y")
	if got := all.look(b); !slices.Equal(got, []int{5, 2}) {
		t.Errorf("records by epoch: %v", got)
	}
	b.want("default/new", "y")
}

// What compaction seals again counts. A key is not used again when it has ended: what it had sealed
// goes to the newest then, and of credentials that needs the user key.
func TestKeyEndsByCompaction(t *testing.T) {
	b, all := limited(t, 60), seals{}
	for i := range 12 {
		b.set(fmt.Sprintf("default/s/%d", i), Kinds()[i%len(Kinds())], fmt.Sprint("value ", i))
	}
	epochs := 1
	for range 12 {
		all.look(b)
		b.again()
		s, _ := b.resolve("default/x")
		done, err := s.Compact(t.Context(), CompactOptions{})
		must(t, err)
		if e := done.Committed.Epoch; e != 0 {
			if int(e) != epochs+1 {
				t.Errorf("epoch %d after %d", e, epochs)
			}
			epochs = int(e)
		}
	}
	if got := all.look(b); len(got) < 3 || len(got) != epochs || len(all) != 12*13 {
		t.Errorf("%d records, by epoch %v, %d epochs", len(all), got, epochs)
	}
	b.again()
	for i := range 12 {
		b.want(fmt.Sprintf("default/s/%d", i), fmt.Sprint("value ", i))
	}
	b.keys.DropUser()
	before := b.logBytes()
	s, _ := b.resolve("default/x")
	must(t, func() error { _, err := b.v.RotateNamespace(t.Context(), b.keys, DefaultNamespace); return err }())
	_, err := s.Compact(t.Context(), CompactOptions{})
	wantErr(t, err, ErrNeedsUser)
	if after := b.logBytes(); after != before {
		t.Errorf("%d bytes, %d before", after, before)
	}
	b.again()
	b.want("default/s/0", "value 0")
}

// A key that was begun by a session without the user key gives that session no credentials.
func TestKeyEndsWithoutUser(t *testing.T) {
	b := limited(t, 4)
	b.set("default/a", KindAPIKeys, "1")
	b.set("default/a", KindAPIKeys, "2")
	b.keys.DropUser()
	s, _ := b.resolve("default/x")
	_, err := s.Commit(t.Context(), []Change{put("a", KindAPIKeys, "3"), put("c", KindCredentials, "secret")})
	wantErr(t, err, ErrNeedsUser)
	c, err := s.Commit(t.Context(), []Change{put("a", KindAPIKeys, "3")})
	must(t, err)
	if s.policy.Last().E != 2 {
		t.Errorf("epoch %d, commit %+v", s.policy.Last().E, c)
	}
	_, err = s.Commit(t.Context(), []Change{put("c", KindCredentials, "secret")})
	wantErr(t, err, ErrNeedsUser)
	b.again()
	b.set("default/c", KindCredentials, "secret")
	b.want("default/c", "secret")
}

// Where it is not known how far the logs went when a key was begun, all is counted: one key more, and
// no more than that.
func TestKeyEndsAfterMemoryIsLost(t *testing.T) {
	b, all := limited(t, 10), seals{}
	other := b.other()
	for i := range 3 {
		b.set("default/a", KindAPIKeys, fmt.Sprint(i))
		b.setAs(other, "default", "b", fmt.Sprint(i))
	}
	b.remove(seenFile)
	b.again()
	for i := range 7 {
		b.set("default/a", KindAPIKeys, fmt.Sprint(i))
	}
	if got := all.look(b); !slices.Equal(got, []int{5, 5, 3}) {
		t.Errorf("records by epoch: %v", got)
	}
	// A log that is damaged keeps nobody from changing the key; it is counted from its beginning then.
	log := b.glob("ns/*/" + other.device.id.String() + ".*.vlog")[0]
	data := b.file(log)
	b.remove(seenFile)
	b.write(log, flip(data, 80))
	_, err := b.v.RotateNamespace(t.Context(), b.keys, DefaultNamespace)
	must(t, err)
	b.write(log, data)
	b.again()
	p, err := b.v.Policy(b.space(DefaultNamespace).id)
	must(t, err)
	if _, ok := p.Start[other.device.id]; ok || p.Start[b.keys.device.id] != 20 {
		t.Errorf("start %v", p.Start)
	}
	b.want("default/a", "6")
	b.set("default/a", KindAPIKeys, "7")
	all.look(b)
}

// A check tells when a key nears its end.
func TestCheckBeforeKeyEnds(t *testing.T) {
	b, _, _, _ := newRealVault(t)
	b.v.epochRecords = 64
	find := func() (list []Finding) {
		must(t, b.v.Check(b.keys, false, func(f Finding) { list = append(list, f) }))
		return list
	}
	for range 30 { // two records each
		b.set("default/a", KindAPIKeys, "x")
	}
	if list := find(); len(list) != 0 {
		t.Errorf("too early: %+v", list)
	}
	b.set("default/a", KindAPIKeys, "x")
	want := Finding{"key_nearly_used_up", Notice, DefaultNamespace, "its key of epoch 1 may seal 2 records more", "kai vault rotate --ns default"}
	if list := find(); !slices.Equal(list, []Finding{want}) {
		t.Errorf("%+v", list)
	}
	_, err := b.v.RotateNamespace(t.Context(), b.keys, DefaultNamespace)
	must(t, err)
	if list := find(); len(list) != 0 {
		t.Errorf("after a rotation: %+v", list)
	}
}
