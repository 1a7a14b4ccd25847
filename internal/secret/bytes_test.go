package secret_test

import (
	"bytes"
	"sync"
	"testing"

	"kai/internal/secret"
)

func panics(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

func TestTakeMovesAndWipesTheSource(t *testing.T) {
	for _, n := range []int{0, 1, 31, 4095, 4096, 4097, 100_000} {
		want := bytes.Repeat([]byte{0xa5}, n)
		source := bytes.Clone(want)
		s := secret.Take(source)
		if !bytes.Equal(s.Expose(), want) {
			t.Errorf("%d bytes: content differs", n)
		}
		if !bytes.Equal(source, make([]byte, n)) {
			t.Errorf("%d bytes: source not wiped", n)
		}
		if s.Len() != n || len(s.Expose()) != n || cap(s.Expose()) != n {
			t.Errorf("%d bytes: len %d, exposed %d of %d", n, s.Len(), len(s.Expose()), cap(s.Expose()))
		}
		s.Wipe()
	}
}

func TestNewIsZero(t *testing.T) {
	s := secret.New(5000)
	defer s.Wipe()
	if !bytes.Equal(s.Expose(), make([]byte, 5000)) {
		t.Error("not zero")
	}
	s.Expose()[4999] = 7
	if s.Expose()[4999] != 7 {
		t.Error("a write through the exposed slice is lost")
	}
	panics(t, "negative size", func() { secret.New(-1) })
}

func TestWipe(t *testing.T) {
	s := secret.Take([]byte("attack at dawn"))
	if s.Wiped() {
		t.Error("wiped before Wipe")
	}
	s.Wipe()
	s.Wipe()
	if !s.Wiped() || s.Len() != 0 || s.Locked() {
		t.Errorf("after Wipe: wiped %t, length %d, locked %t", s.Wiped(), s.Len(), s.Locked())
	}
	other := secret.New(0)
	panics(t, "Expose after Wipe", func() { s.Expose() })
	panics(t, "Clone after Wipe", func() { s.Clone() })
	panics(t, "Equal after Wipe", func() { s.Equal(other) })
	panics(t, "Equal to a wiped one", func() { other.Equal(s) })
	panics(t, "EqualBytes after Wipe", func() { s.EqualBytes(nil) })
}

func TestNilAndZeroBehaveAsWiped(t *testing.T) {
	for name, s := range map[string]*secret.Bytes{"nil": nil, "zero": {}} {
		s.Wipe()
		if !s.Wiped() || s.Len() != 0 || s.Locked() || s.String() != "[secret]" {
			t.Errorf("%s: wiped %t, length %d, locked %t", name, s.Wiped(), s.Len(), s.Locked())
		}
		panics(t, name+": Expose", func() { s.Expose() })
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"abc", "abc", true},
		{"abc", "abd", false},
		{"abc", "ab", false},
		{"abc", "", false},
		{"\x00", "", false},
	} {
		a, b := secret.Take([]byte(c.a)), secret.Take([]byte(c.b))
		if a.Equal(b) != c.want || b.Equal(a) != c.want || a.EqualBytes([]byte(c.b)) != c.want {
			t.Errorf("%q and %q: want %t", c.a, c.b, c.want)
		}
	}
}

func TestCloneIsIndependent(t *testing.T) {
	a := secret.Take([]byte("one"))
	b := a.Clone()
	a.Expose()[0] = 'X'
	a.Wipe()
	if string(b.Expose()) != "one" {
		t.Errorf("clone holds %q", b.Expose())
	}
}

func TestZero(t *testing.T) {
	b := []byte("abc")
	secret.Zero(b[:2])
	if string(b) != "\x00\x00c" {
		t.Errorf("got %q", b)
	}
	secret.Zero(nil)
}

func TestManyGoroutines(t *testing.T) {
	s := secret.Take([]byte("shared"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				c := s.Clone()
				if !c.Equal(s) {
					t.Error("clone differs")
				}
				c.Wipe()
			}
		})
	}
	wg.Wait()
	for range 8 {
		wg.Go(s.Wipe)
	}
	wg.Wait()
	if !s.Wiped() {
		t.Error("not wiped")
	}
}

func BenchmarkNewWipe(b *testing.B) {
	for b.Loop() {
		secret.New(32).Wipe()
	}
}
