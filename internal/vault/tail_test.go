package vault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of this device's own log, what follows what was seen of it is repaired, and told; what was seen is
// missed.
func TestLogCutByteByByte(t *testing.T) {
	b := newMemoryVault(t)
	must(t, setIn(b, put("kept", KindCredentials, "value")))
	remembered := snapshot(t, b.path)[seenFile]
	must(t, setIn(b, put("later", KindAPIKeys, "value")))
	whole := snapshot(t, b.path)
	s, _ := b.resolve("default/x")
	names, err := s.logNames()
	must(t, err)
	log := spaceFile(s.id, names[0])
	m, err := b.v.recall(b.keys.local)
	must(t, err)
	end := m.places[logID{s.id, names[0].dev}].Offset
	if end != int64(len(whole[log])) {
		t.Fatalf("the memory ends at %d of %d", end, len(whole[log]))
	}
	replace := func(name string, data []byte) {
		must(t, os.Remove(filepath.Join(b.path, name)))
		must(t, os.WriteFile(filepath.Join(b.path, name), data, 0o600))
	}
	keys, user := b.keys.Encode()
	replace(seenFile, remembered)
	must(t, b.resume(keys, user))
	m, err = b.v.recall(b.keys.local)
	must(t, err)
	seen := m.places[logID{s.id, names[0].dev}].Offset
	repaired, step := 0, int64(1)
	if testing.Short() {
		step = 23
	}
	for size := int64(len(whole[log])) - 1; size >= 0; size -= step {
		replace(log, whole[log][:size])
		replace(seenFile, whole[seenFile])
		if err := b.resume(keys, user); !errors.Is(err, ErrRollback) {
			t.Fatalf("cut to %d of %d, all of which was seen: %v", size, end, err)
		}
		if err := setIn(b, put("no", KindAPIKeys, "no")); !errors.Is(err, ErrRollback) {
			t.Fatalf("cut to %d: written to: %v", size, err)
		}
		replace(seenFile, remembered)
		err := b.resume(keys, user)
		if size < seen {
			if !errors.Is(err, ErrRollback) {
				t.Fatalf("cut to %d, and %d were seen: %v", size, seen, err)
			}
			continue
		}
		must(t, err)
		b.warns = nil
		b.want("default/kept", "value")
		_, err = b.tryGet("default/later")
		wantErr(t, err, ErrNotFound)
		must(t, setIn(b, put("new", KindCredentials, "value")))
		if told := strings.Contains(strings.Join(b.warns, "\n"), "cut short"); told != (size > seen) {
			t.Fatalf("cut to %d, %d were seen: told %q", size, seen, b.warns)
		}
		must(t, b.resume(keys, user))
		b.want("default/kept", "value")
		b.want("default/new", "value")
		must(t, b.damage())
		repaired++
	}
	if repaired == 0 {
		t.Error("nothing was repaired: the test is blind")
	}
}

// Whatever file is cut, wherever: nothing panics, nothing wrong is read, and the error says what it is.
// What is remembered, and the index, may be lost.
func TestFilesCutByteByByte(t *testing.T) {
	b := newMemoryVault(t)
	must(t, b.v.AddNamespace(t.Context(), b.keys, "other", false))
	var changes []Change
	for i := range indexTail + 1 {
		changes = append(changes, put(fmt.Sprintf("many/%d", i), KindAPIKeys, fmt.Sprint(i)))
	}
	must(t, setIn(b, changes...))
	must(t, b.enter())
	b.want("default/many/7", "7") // writes the index
	b.set("other/a", KindCredentials, "value")
	must(t, b.enter())
	whole := snapshot(t, b.path)
	if whole[filepath.Join(indexDir, b.space("default").id.String()+".kvi")] == nil {
		t.Fatal("there is no index")
	}
	cuts := 24
	if testing.Short() {
		cuts = 4
	}
	kinds := map[string]int{}
	for name, data := range whole {
		if strings.HasSuffix(name, "/") || len(data) == 0 || strings.HasSuffix(name, ".vlog") {
			continue
		}
		for i := range cuts {
			size := len(data) * i / cuts
			if i > cuts/2 {
				size = len(data) - 1 - (cuts - 1 - i) // the last bytes one by one
			}
			restore(t, b.path, whole)
			must(t, os.Remove(filepath.Join(b.path, name)))
			must(t, os.WriteFile(filepath.Join(b.path, name), data[:size], 0o600))
			err := b.enter()
			if err == nil {
				_, err = b.readAll()
			}
			what := fmt.Sprintf("%s cut to %d of %d", name, size, len(data))
			switch {
			case strings.HasPrefix(name, indexDir), name == seenFile:
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
				kinds["lost"]++
			case err == nil && b.damage() != nil:
				kinds["found"]++ // a key that nobody has asked for, until somebody checks
			case errors.Is(err, ErrTampered), name == rootFile && errors.Is(err, ErrMalformed):
				kinds["told"]++
			default:
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	restore(t, b.path, whole)
	must(t, b.enter())
	if n, err := b.readAll(); n != indexTail+2 || err != nil {
		t.Errorf("%d secrets, %v", n, err)
	}
	if kinds["lost"] == 0 || kinds["told"] == 0 {
		t.Errorf("%v: the test is blind", kinds)
	}
}

func (b *testVault) space(name string) *Space {
	b.Helper()
	s, err := b.v.Space(b.keys, name)
	must(b, err)
	return s
}

// readAll reads a part of the secrets by their names, and counts all.
func (b *testVault) readAll() (n int, err error) {
	names, err := b.v.Namespaces(b.keys)
	if err != nil {
		return 0, err
	}
	if len(names) != len(b.v.manifest.NS) {
		return 0, fmt.Errorf("namespaces %v: %w", names, ErrTampered) // told by a warning
	}
	for _, name := range names {
		s, err := b.v.Space(b.keys, name)
		if err != nil {
			return n, err
		}
		list, err := s.List(false)
		if err != nil {
			return n, err
		}
		n += len(list)
		for i := 0; i < len(list); i += 50 {
			x, err := s.Find(list[i].Path)
			if err != nil {
				return n, err
			}
			if _, err := s.text(x); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}
