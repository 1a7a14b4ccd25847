package audit

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/audit/checkpoint"
)

// Ten thousand times something in a log is changed: a bit, two lines, an end. Verify says so, or what
// was changed is one copy of the state, of which there are two so that one may be damaged.
func TestRandomDamage(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 500
	}
	p := newMemoryPlace(t)
	l := p.create()
	s := testSigner(t, l.Info().Origin)
	prepared := func() {
		add(t, l, 40)
		_, _, err := l.Checkpoint(t.Context(), []*checkpoint.Signer{s})
		must(t, err)
		_, err = l.NewEpoch(t.Context())
		must(t, err)
		add(t, l, 20)
		_, _, err = l.Checkpoint(t.Context(), []*checkpoint.Signer{s})
		must(t, err)
		add(t, l, 5)
	}
	prepared()
	whole := snapshotFiles(t, p.path)
	var names []string
	for name := range whole {
		switch {
		case strings.HasPrefix(name, "seg/"), strings.HasPrefix(name, "epochs/"), strings.HasPrefix(name, "checkpoint"), name == stateFile:
			names = append(names, name)
		}
	}
	harmless := map[string]int{}
	r := rand.New(rand.NewPCG(7, 7))
	for range rounds {
		name := names[r.IntN(len(names))]
		path := filepath.Join(p.path, name)
		old := whole[name]
		data := bytes.Clone(old)
		how := "bit"
		switch k := r.IntN(4); {
		case k == 0:
			how, data = "cut", data[:r.IntN(len(data))]
		case k == 1 && strings.HasPrefix(name, "seg/"):
			how = "swap"
			lines := bytes.SplitAfter(data, []byte("\n"))
			a, b := r.IntN(len(lines)-1), r.IntN(len(lines)-1)
			lines[a], lines[b] = lines[b], lines[a]
			data = bytes.Join(lines, nil)
		default:
			data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		}
		if bytes.Equal(data, old) {
			continue
		}
		must(t, os.WriteFile(path, data, 0o600))
		v, err := p.open().Verify(t.Context(), VerifyOptions{Workers: 1})
		if err == nil && v.Verdict == VerdictOK {
			what := name + " " + how
			harmless[what]++
			firstCopy := name == stateFile && bytes.Equal(data[:min(len(data), stateCopy)], old[:stateCopy])
			secondCopy := name == stateFile && len(data) == stateSize && bytes.Equal(data[stateCopy:], old[stateCopy:])
			if !firstCopy && !secondCopy {
				t.Fatalf("%s: not noticed", what)
			}
		}
		must(t, os.WriteFile(path, old, 0o600))
	}
	t.Logf("harmless: %v of %d", harmless, rounds)
}
