package audit

import (
	"errors"
	"strings"
	"testing"

	"kai/internal/audit/event"
)

// absent is a memory that cannot be asked.
type absent struct{ shelf }

var errAbsent = errors.New("no keyring here")

func (*absent) Load(string) (Head, bool, error) { return Head{}, false, errAbsent }
func (*absent) Store(Head) error                { return errAbsent }

// Each memory is believed alone, whatever the others say; one that cannot be asked says nothing.
func TestMemories(t *testing.T) {
	newer := func(h Head) Head { h.N++; return h }
	otherRoot := func(h Head) Head { h.Root[3] ^= 1; return h }
	otherLog := func(h Head) Head { h.LogID = "01JGK3F0Q0000000000000000A"; return h }
	same := func(h Head) Head { return h }
	for _, c := range []struct {
		name        string
		local, ring func(Head) Head // nil: nothing is remembered
		want        string          // how the finding begins; "" for none
	}{
		{"both agree", same, same, ""},
		{"one knows nothing", nil, same, ""},
		{"both know nothing", nil, nil, ""},
		{"the first knows more", newer, same, "local: log id or size went back"},
		{"the second knows more", same, newer, "keyring: log id or size went back"},
		{"the second alone knows more", nil, newer, "keyring: log id or size went back"},
		{"another root", otherRoot, same, "local: remembers another root"},
		{"another root in the second", same, otherRoot, "keyring: remembers another root"},
		{"another log", otherLog, same, "local: log id or size went back: remembers log 01JGK3F0Q0000000000000000A"},
		{"another log in the second", same, otherLog, "keyring: log id or size went back: remembers log 01JGK3F0Q0000000000000000A"},
		{"both know more, differently", newer, func(h Head) Head { return newer(newer(h)) }, "local: log id or size went back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			local, ring := &shelf{name: "local"}, &shelf{name: "keyring"}
			p.opts.Memories = []Memory{&absent{}, local, ring}
			l := p.create()
			add(t, l, 10)
			head := *local.head
			if head != *ring.head || head.N != 11 {
				t.Fatalf("%v, %v", head, *ring.head)
			}
			add(t, l, 3) // a memory may be behind
			for _, m := range []struct {
				shelf *shelf
				is    func(Head) Head
			}{{local, c.local}, {ring, c.ring}} {
				now := *m.shelf.head
				if m.shelf.head = nil; m.is != nil {
					now = m.is(now)
					m.shelf.head = &now
				}
			}
			v, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 1})
			must(t, err)
			before := p.read(segmentName(0))
			r, err := p.open().Append(t.Context(), Draft{Act: "vault_locked", Outcome: event.OK})
			if c.want == "" {
				must(t, err)
				if v.Verdict != VerdictOK || *local.head != r.Head || *ring.head != r.Head {
					t.Errorf("%s %v; now %v, %v, want %v", v.Verdict, v.Findings, local.head, ring.head, r.Head)
				}
				return
			}
			if v.Verdict != VerdictTampered || !strings.HasPrefix(v.Findings[0].String(), "memory: "+c.want) {
				t.Errorf("%s, %v", v.Verdict, v.Findings)
			}
			var back *RollbackError
			if !errors.As(err, &back) || !isErr(err, ErrRollback) || !strings.HasPrefix(back.Memory+": "+back.Text, c.want) {
				t.Errorf("append: %v", err)
			}
			if string(p.read(segmentName(0))) != string(before) {
				t.Error("refused, and something was written")
			}
		})
	}
}

// A memory that is behind, with a root of then, is right at any size, also where the events since
// were adopted just now, and where the tree is lost.
func TestMemoryBehind(t *testing.T) {
	for n := range 40 {
		p := newMemoryPlace(t)
		p.opts.Memories = nil
		l := p.create()
		memo := &shelf{name: "local"}
		var head Head
		var old []byte
		for k := range 40 {
			if r := add(t, l, 1); k == n {
				head = r.Head
			}
			if k == n/2 {
				old = p.read(stateFile)
			}
		}
		memo.head = &head
		p.opts.Memories = []Memory{memo}
		if n%4 > 0 {
			p.write(stateFile, old)
		}
		switch n % 3 {
		case 0:
			p.write(treeFile, p.read(treeFile)[:32*n])
		case 1:
			tree := p.read(treeFile)
			tree[32*n+5] ^= 1
			p.write(treeFile, tree)
		}
		add(t, p.open(), 1)
		verifyOK(t, p, VerifyOptions{})
	}
}

// Where a memory knows a log and there is none, none is made.
func TestMemoryOfALogThatIsGone(t *testing.T) {
	p := newPlace(t)
	memo := &shelf{name: "keyring", head: &Head{LogID: "01JGK3F0Q0000000000000000A", N: 7}}
	p.opts.Memories = []Memory{&absent{}, memo}
	if _, err := Create(t.Context(), p.opts); !isErr(err, ErrRollback) {
		t.Errorf("%v", err)
	}
	if entries, err := p.dir.ReadDir("."); err != nil || len(entries) > 1 { // the lock
		t.Errorf("%v, %v", entries, err)
	}
}
