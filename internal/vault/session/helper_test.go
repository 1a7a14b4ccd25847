package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/durable"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
	"kai/internal/vault/session"
)

// start is a moment of the tests' clocks.
var start = session.Now{Wall: time.Date(2026, 5, 6, 7, 8, 9, 123456789, time.UTC), Boot: 1000 * time.Second}

// after is a moment later by both clocks.
func after(d time.Duration) session.Now {
	return session.Now{Wall: start.Wall.Add(d), Boot: start.Boot + d}
}

// bench is a vault's sessions in a directory of their own.
type bench struct {
	session.Sessions
	path string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	id, err := objectid.New(rand.Reader)
	must(t, err)
	return benchIn(t, t.TempDir(), id)
}

func benchIn(t testing.TB, path string, vault objectid.ID) *bench {
	t.Helper()
	root, err := os.OpenRoot(path)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	return &bench{session.Sessions{
		Vault: vault, Dir: durable.NewDir(root), Chtimes: root.Chtimes, Random: rand.Reader,
	}, path}
}

// blobs are the names in the directory, less the lock.
func (b *bench) blobs(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(b.path)
	must(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != "lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

func (b *bench) file(name string) string { return filepath.Join(b.path, name) }

const (
	keysText = "canary-of-the-keys"
	userText = "canary-of-the-user-key"
)

func hidden(text string) *secret.Bytes { return secret.Take([]byte(text)) }

var options = session.Options{
	Idle: session.DefaultIdle, Life: session.DefaultLife, Scope: []byte("scope"), AuditHead: []byte("head"),
	Slot: objectid.ID{1}, Device: objectid.ID{2},
}

// begin begins a session with the user key, at start.
func (b *bench) begin(t testing.TB, keeper session.Keeper) *session.Session {
	t.Helper()
	s, err := b.Begin(context.Background(), start, options, hidden(keysText), hidden(userText), keeper)
	must(t, err)
	t.Cleanup(s.Wipe)
	return s
}

// given is a carrier of a session's printed text.
func given(t testing.TB, s *session.Session) session.Given {
	t.Helper()
	text := s.Token().Text()
	defer text.Wipe()
	token, err := session.ParseToken(string(text.Expose()))
	must(t, err)
	return session.Given{From: "KAI_SESSION", Token: token}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks an error, and that no secret is in its text.
func wantError(t testing.TB, what string, got, want error, secrets ...[]byte) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v; want %v", what, got, want)
		return
	}
	for _, s := range append(secrets, []byte(keysText), []byte(userText)) {
		for _, form := range []string{string(s), hex.EncodeToString(s), base64.RawURLEncoding.EncodeToString(s)} {
			if len(s) > 0 && strings.Contains(got.Error(), form) {
				t.Errorf("%s: the error shows a secret: %q", what, got)
			}
		}
	}
}

// memory is a Keeper that keeps nothing beyond the process, and fails on demand.
type memory struct {
	s     *session.Token
	fail  error
	lives []time.Duration // that Keep and Renew were given
}

var _ session.Keeper = new(memory)

func copyOf(t *session.Token) *session.Token {
	text := t.Text()
	defer text.Wipe()
	c, err := session.ParseToken(string(text.Expose()))
	if err != nil {
		panic(err)
	}
	return c
}

func (m *memory) Name() string { return "memory" }

func (m *memory) Load(objectid.ID) (*session.Token, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	if m.s == nil {
		return nil, session.ErrNone
	}
	return copyOf(m.s), nil
}

func (m *memory) same(t *session.Token) bool { return m.s != nil && bytes.Equal(m.s.S(), t.S()) }

func (m *memory) Keep(_ objectid.ID, t *session.Token, life, _ time.Duration) error {
	if m.fail != nil {
		return m.fail
	}
	m.s, m.lives = copyOf(t), append(m.lives, life)
	return nil
}

func (m *memory) KeepUser(_ objectid.ID, t *session.Token, _ time.Duration) error {
	if m.fail != nil {
		return m.fail
	}
	if !m.same(t) {
		return session.ErrNone
	}
	m.s = copyOf(t)
	return nil
}

func (m *memory) Renew(_ objectid.ID, t *session.Token, life time.Duration) error {
	if !m.same(t) {
		return session.ErrNone
	}
	m.lives = append(m.lives, life)
	return m.fail
}

func (m *memory) Forget(_ objectid.ID, t *session.Token) error {
	if t == nil || m.same(t) {
		m.s = nil
	}
	return m.fail
}
