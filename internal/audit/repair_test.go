package audit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/audit/checkpoint"
)

func TestRepair(t *testing.T) {
	for _, c := range []struct {
		name   string
		attack func(a *attacked)
		at     uint64
	}{
		{"changed in the middle", func(a *attacked) {
			lines := a.lines()
			lines[500] = strings.Replace(lines[500], "apiKeys", "apiKeyz", 1)
			a.put(lines)
		}, 500},
		{"cut", func(a *attacked) { a.put(a.lines()[:990]) }, 990},
		{"no event at all", func(a *attacked) { a.put([]string{"nothing\n"}) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAttacked(t)
			c.attack(a)
			l := a.open()
			found := a.verify(nil)
			done, err := l.Repair(t.Context(), found)
			must(t, err)
			if done.At != c.at || done.Head.N != c.at+1 {
				t.Errorf("repaired at %d, now %d events", done.At, done.Head.N)
			}
			if c.at == 500 {
				data, err := os.ReadFile(filepath.Join(a.path, done.Quarantine, filepath.Base(segmentName(0))))
				must(t, err)
				if !strings.HasPrefix(string(data), `{"n":500,`) {
					t.Errorf("quarantine holds %.40s", data)
				}
			}
			add(t, l, 3)
			v := a.verify(nil)
			a.want(v, VerdictTampered, "epoch: cut at")
			if len(v.Findings) != 1 {
				t.Errorf("findings %v", v.Findings)
			}
			_, _, err = l.Checkpoint(t.Context(), []*checkpoint.Signer{testSigner(t, l.Info().Origin)}, Acknowledgement{c.at, "the disk of the old laptop"})
			must(t, err)
			if v = a.verify(nil); v.Verdict != VerdictOK || len(v.Acknowledged) != 1 || v.Acknowledged[0] != c.at {
				t.Errorf("acknowledged: %s, %v, %v", v.Verdict, v.Findings, v.Acknowledged)
			}
			if again, err := l.Repair(t.Context(), v); err != nil || again.Quarantine != "" {
				t.Errorf("repaired what is whole: %+v, %v", again, err)
			}
		})
	}
}

func TestAcceptRollback(t *testing.T) {
	a := newAttacked(t)
	old := snapshotFiles(t, a.path)
	add(t, a.log, 20)
	restoreFiles(t, a.path, old)
	a.refuses(ErrRollback)
	r, err := a.open().AcceptRollback(t.Context(), "restored from backup")
	must(t, err)
	if r.Events[0].Event.Act != "audit.rollback" || r.Events[0].Event.Severity.String() != "critical" {
		t.Errorf("%s", r.Events[0].Line)
	}
	add(t, a.open(), 1)
	a.want(a.verify(nil), VerdictOK, "")
}
