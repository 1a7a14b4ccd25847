package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
	"kai/internal/secret"
	"kai/internal/vault/authority"
	"kai/internal/vault/objectid"
	"kai/internal/vault/vlog"
)

// operation is something that changes a vault, or reads it.
type operation struct {
	name    string
	none    bool               // there is no vault before
	prepare func(b *testVault) // what was there before
	do      func(b *testVault) error
	// steps is how often the vault changes: after an error it is as it was before, or as it is after, or,
	// of more than one step, something in between.
	steps int
	reads bool // it changes nothing, and may work although a call fails
}

// setIn commits in the namespace default.
func setIn(b *testVault, changes ...Change) error {
	s, err := b.v.Space(b.keys, DefaultNamespace)
	if err != nil {
		return err
	}
	_, err = s.Commit(context.Background(), changes)
	return err
}

func operations() []operation {
	ctx := context.Background()
	some := func(b *testVault) {
		must(b, setIn(b, put("first", KindAPIKeys, "one"), put("second", KindCredentials, "two")))
	}
	alice := authority.Principal("kai1alice")
	var second objectid.ID
	grant := func(b *testVault, user bool) error {
		return b.v.Grant(ctx, b.keys, DefaultNamespace, Grant{Principal: alice, Recipient: b.who.Recipient().String(), User: user, Write: true})
	}
	many := func(n int) (changes []Change) {
		for i := range n {
			changes = append(changes, put(fmt.Sprintf("many/%d", i), KindAPIKeys, fmt.Sprint("value ", i)))
		}
		return changes
	}
	return []operation{
		{name: "create", none: true, steps: 1, do: func(b *testVault) error {
			var id objectid.ID
			v, keys, err := Create(ctx, b.v.dir, b.options(), b.cheapSlot(&id))
			if !errors.Is(err, ErrExists) {
				b.slot = id
			}
			if err == nil {
				b.keys.Wipe()
				b.v, b.keys = v, keys
			}
			return err
		}},
		{name: "open and unlock", reads: true, prepare: some, do: func(b *testVault) error {
			_, keys, err := b.tryOpen(b.v.dir, b.slot)
			keys.Wipe()
			return err
		}},
		{name: "get", reads: true, prepare: some, do: func(b *testVault) error {
			got, err := b.tryGet("default/second")
			if err == nil && got != "two" {
				b.Errorf("got %q", got)
			}
			return err
		}},
		{name: "first commit", steps: 1, do: func(b *testVault) error { return setIn(b, put("new", KindCredentials, "value")) }},
		{name: "next commit", steps: 1, prepare: some, do: func(b *testVault) error {
			return setIn(b, put("first", KindAPIKeys, "three"), Change{Type: vlog.Del, Meta: Meta{Path: "second", Kind: KindCredentials}}, put("third", KindAPIKeys, strings.Repeat("x", 9000)))
		}},
		{name: "commits of one space", steps: 3, prepare: some, do: func(b *testVault) error {
			s, err := b.v.Space(b.keys, DefaultNamespace)
			if err != nil {
				return err
			}
			var first error // the others go on whatever became of it
			for _, value := range []string{"three", "four", "five"} {
				_, err := s.Commit(ctx, []Change{put("first", KindAPIKeys, value), put("third "+value, KindAPIKeys, value)})
				if first == nil {
					first = err
				}
			}
			return first
		}},
		{name: "commit into a new file", steps: 1, prepare: func(b *testVault) { some(b); b.v.roll = 1 }, do: func(b *testVault) error {
			return setIn(b, put("first", KindAPIKeys, "three"))
		}},
		{name: "commit after a torn one", steps: 1, prepare: func(b *testVault) {
			some(b)
			s, _ := b.resolve("default/x")
			names, err := s.logNames()
			must(b, err)
			appendTo(b, spaceFile(s.id, names[0]), "half of something")
		}, do: func(b *testVault) error { return setIn(b, put("first", KindAPIKeys, "three")) }},
		{name: "commit that rewrites seen.log", steps: 1, prepare: func(b *testVault) {
			some(b)
			m, err := b.v.recall(b.keys.local)
			must(b, err)
			for m.size <= seenCompact {
				var records [][]byte
				for id, p := range m.places {
					for range 500 {
						records = append(records, seenPlace(id, p))
					}
				}
				must(b, b.v.remember(b.keys, records...))
				m, err = b.v.recall(b.keys.local)
				must(b, err)
			}
		}, do: func(b *testVault) error { return setIn(b, put("first", KindAPIKeys, "three")) }},
		{name: "commit that changes the key", steps: 2, prepare: some, do: func(b *testVault) error {
			b.v.epochRecords = 1
			return setIn(b, put("first", KindAPIKeys, "three"))
		}},
		{name: "get that writes the index", reads: true, prepare: func(b *testVault) {
			must(b, setIn(b, many(indexTail)...))
			must(b, setIn(b, many(5)...))
		}, do: func(b *testVault) error {
			got, err := b.tryGet("default/many/7")
			if err == nil && got != "value 7" {
				b.Errorf("got %q", got)
			}
			return err
		}},
		{name: "get that writes the index anew", reads: true, prepare: func(b *testVault) {
			must(b, setIn(b, many(indexTail+1)...))
			b.want("default/many/7", "value 7")
			must(b, setIn(b, many(indexTail+1)...))
		}, do: func(b *testVault) error {
			got, err := b.tryGet("default/many/7")
			if err == nil && got != "value 7" {
				b.Errorf("got %q", got)
			}
			return err
		}},
		{name: "compact", steps: 1, prepare: func(b *testVault) {
			for i := range 12 {
				must(b, setIn(b, put("first", KindAPIKeys, fmt.Sprint(i)), put("second", KindCredentials, fmt.Sprint(i))))
			}
		}, do: func(b *testVault) error {
			s, err := b.v.Space(b.keys, DefaultNamespace)
			if err != nil {
				return err
			}
			_, err = s.Compact(ctx, CompactOptions{})
			return err
		}},
		{name: "add namespace", steps: 1, prepare: some, do: func(b *testVault) error {
			return b.v.AddNamespace(ctx, b.keys, "default/below", false)
		}},
		{name: "remove namespace", steps: 2, prepare: some, do: func(b *testVault) error {
			return b.v.RemoveNamespace(ctx, b.keys, DefaultNamespace)
		}},
		{name: "grant", steps: 1, prepare: some, do: func(b *testVault) error { return grant(b, true) }},
		{name: "grant again", steps: 1, prepare: func(b *testVault) { some(b); must(b, grant(b, false)) }, do: func(b *testVault) error { return grant(b, true) }},
		{name: "revoke", steps: 2, prepare: func(b *testVault) { some(b); must(b, grant(b, true)) }, do: func(b *testVault) error {
			_, err := b.v.Revoke(ctx, b.keys, DefaultNamespace, alice)
			return err
		}},
		{name: "add slot", steps: 1, prepare: some, do: func(b *testVault) error {
			_, err := b.v.AddSlot(ctx, b.keys, b.cheapSlot(new(objectid.ID)))
			return err
		}},
		{name: "remove slot", steps: 2, prepare: func(b *testVault) {
			some(b)
			var err error
			second, err = b.v.AddSlot(ctx, b.keys, b.cheapSlot(new(objectid.ID)))
			must(b, err)
		}, do: func(b *testVault) error {
			_, err := b.v.RemoveSlot(ctx, b.keys, second)
			return err
		}},
		{name: "add role", steps: 1, prepare: some, do: func(b *testVault) error { return b.v.AddRole(ctx, b.keys, "readers") }},
		{name: "add member", steps: 1, prepare: func(b *testVault) { some(b); must(b, b.v.AddRole(ctx, b.keys, "readers")) }, do: func(b *testVault) error {
			return b.v.AddMember(ctx, b.keys, "readers", authority.Member{Principal: alice, Recipient: b.who.Recipient().String()})
		}},
		{name: "remove member", steps: 2, prepare: func(b *testVault) {
			some(b)
			must(b, b.v.AddRole(ctx, b.keys, "readers"))
			must(b, b.v.AddMember(ctx, b.keys, "readers", authority.Member{Principal: alice, Recipient: b.who.Recipient().String()}))
			r, err := b.v.RoleNamed(b.keys, "readers")
			must(b, err)
			must(b, b.v.Grant(ctx, b.keys, DefaultNamespace, Grant{Principal: r.Principal(), Recipient: r.Recipient}))
		}, do: func(b *testVault) error {
			_, err := b.v.RemoveMember(ctx, b.keys, "readers", alice)
			return err
		}},
		{name: "new device", steps: 1, prepare: some, do: func(b *testVault) error {
			_, err := b.v.NewDevice(ctx, b.keys, nil, true)
			return err
		}},
	}
}

func appendTo(b *testVault, name, data string) {
	b.Helper()
	f, err := os.OpenFile(b.path+"/"+name, os.O_WRONLY|os.O_APPEND, 0)
	must(b, err)
	defer f.Close()
	_, err = f.WriteString(data)
	must(b, err)
}

// ways are how a call fails: with an error, after half of its work, after all of it, or because the
// process ends there.
var ways = []struct {
	name string
	judge
}{
	{"EIO", func(c durabletest.Call, k int) *durabletest.Fault { return when(c.N == k, syscall.EIO, false, false) }},
	{"done, then EIO", func(c durabletest.Call, k int) *durabletest.Fault { return when(c.N == k, syscall.EIO, false, true) }},
	{"full from here on", func(c durabletest.Call, k int) *durabletest.Fault {
		takesRoom := c.Op == "write" || c.Op == "mkdir" || c.Op == "unnamed" || c.Op == "linkas" || c.Op == "link"
		return when(c.N >= k && takesRoom, syscall.ENOSPC, c.N == k, false)
	}},
	{"killed", func(c durabletest.Call, k int) *durabletest.Fault { return when(c.N >= k, errDead, c.N == k, false) }},
}

// readOnly are the calls that change nothing.
var readOnly = []string{"lstat", "stat", "read", "readdir", "lock", "unlock", "close"}

type judge func(c durabletest.Call, k int) *durabletest.Fault

var errDead = errors.New("the process has ended")

func when(now bool, err error, short, after bool) *durabletest.Fault {
	if !now {
		return nil
	}
	return &durabletest.Fault{Err: err, Short: short, After: after}
}

// Each call to the file system fails once, in each way. Whatever was there or was acknowledged is
// there, nothing is half there, and the vault opens, is undamaged, and can be changed.
func TestFaults(t *testing.T) {
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) { t.Parallel(); faults(t, &op) })
	}
}

func faults(t *testing.T, op *operation) {
	b := newPlace(t)
	roll := int64(rollFile)
	// state is all that a new process finds.
	state := func() (string, error) {
		if err := b.enter(); err != nil {
			return "", fmt.Errorf("not opened: %w", err)
		}
		text, err := b.describe()
		if err == nil {
			err = b.damage()
		}
		return text, err
	}
	before := ""
	if !op.none {
		*b = *newMemoryVault(t)
		if op.prepare != nil {
			op.prepare(b)
			roll = b.v.roll
		}
		var err error
		before, err = state()
		must(t, err)
	}
	saved := snapshot(t, b.path)
	var keys, user *secret.Bytes
	if !op.none {
		keys, user = b.keys.Encode()
	}
	run := func(judge func(durabletest.Call) *durabletest.Fault) ([]durabletest.Call, error) {
		restore(t, b.path, saved)
		root, err := os.OpenRoot(b.path)
		must(t, err)
		defer root.Close()
		fsys := durabletest.Wrap(durable.Root(root), judge)
		if b.v = new(Vault); !op.none {
			must(t, b.resume(keys, user))
		}
		b.v.dir, b.v.roll = durable.NewDirFS(fsys), roll
		err = op.do(b)
		return fsys.Calls(), err
	}
	calls, err := run(durabletest.None)
	must(t, err)
	after, err := state()
	must(t, err)
	if (before == after) == (op.steps > 0) && op.name != "compact" && op.name != "new device" {
		t.Fatalf("before:\n%safter:\n%s", before, after)
	}
	failed, tried := 0, 0
	for k, c := range calls {
		for i, way := range ways {
			// A call that changes nothing fails in one way, now and then; that a process is killed there is
			// as if it were at the next change.
			if changes := !slices.Contains(readOnly, c.Op) && (c.Op != "open" || len(calls) < 400); testing.Short() && (k+i)%23 != 0 || !changes && (k+i)%(16+len(calls)/10) != 0 || changes && (way.name != "killed" || k%2 != 0) && k%6 != i {
				continue
			}
			tried++
			what := fmt.Sprintf("call %d, %s", k, way.name)
			_, err := run(func(c durabletest.Call) *durabletest.Fault { return way.judge(c, k) })
			what = fmt.Sprintf("%s (%s %s: %v)", what, c.Op, c.Name, err)
			if err != nil {
				failed++
			}
			found, openErr := state()
			switch {
			case errors.Is(openErr, ErrNoVault) && op.none && err != nil:
				b.v = &Vault{dir: b.dir, locking: b.dir.NewLock(lockFile)}
			case openErr != nil:
				t.Errorf("%s: %v", what, openErr)
				continue
			case err == nil && found != after:
				t.Errorf("%s: acknowledged, and it is\n%s", what, found)
			case op.steps < 2 && found != before && found != after:
				t.Errorf("%s: half of it is there:\n%s", what, found)
			}
			// It can be done now, unless it was done.
			if err := op.do(b); err != nil && found != after && (op.steps < 2 || !errors.Is(err, ErrNotFound)) {
				t.Errorf("%s: not done again: %v", what, err)
			}
			if op.name == "remove namespace" {
				continue
			}
			now, nowUser := b.keys.Encode()
			err = b.resume(now, nowUser)
			now.Wipe()
			nowUser.Wipe()
			if err != nil {
				t.Errorf("%s: not opened after it was done again: %v", what, err)
				continue
			}
			if err := setIn(b, put("later", KindCredentials, "value")); err != nil {
				t.Errorf("%s: no commit any more: %v", what, err)
				continue
			}
			b.want("default/later", "value")
		}
	}
	if failed == 0 {
		t.Error("no fault was noticed: the test is blind")
	}
	t.Logf("%d calls, %d faults, %d of them noticed", len(calls), tried, failed)
}
