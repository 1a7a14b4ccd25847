package session_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"kai/internal/durable"
	"kai/internal/durable/durabletest"
	"kai/internal/secret"
	"kai/internal/vault/objectid"
	"kai/internal/vault/session"
)

var ctx = context.Background()

// What Begin was given comes back by Open in another process, through what was printed.
func TestOpen(t *testing.T) {
	b := newBench(t)
	s := b.begin(t, nil)
	if names := b.blobs(t); len(names) != 2 || names[0] != s.Name() || names[1] != s.Name()+".u" {
		t.Errorf("files %q", names)
	}
	for _, name := range b.blobs(t) {
		info, err := os.Stat(b.file(name))
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		data, err := os.ReadFile(b.file(name))
		must(t, err)
		if !bytes.HasPrefix(data, []byte("KAISESS1")) || bytes.Contains(data, []byte("canary")) || bytes.Contains(data, []byte("scope")) {
			t.Errorf("%s holds %q", name, data)
		}
	}
	for range 2 {
		got, err := b.Open(after(time.Minute), given(t, s))
		must(t, err)
		if !got.Keys.EqualBytes([]byte(keysText)) || string(got.Scope) != "scope" || string(got.AuditHead) != "head" ||
			got.Slot != (objectid.ID{1}) || got.Device != (objectid.ID{2}) || got.ID != s.ID || !got.HasUser ||
			got.Idle != options.Idle || got.Life != options.Life || got.Carrier() != "KAI_SESSION" {
			t.Errorf("opened %+v", got)
		}
		if want := start.Wall.Truncate(time.Millisecond).Add(options.Life); !got.NotAfter.Equal(want) || !s.NotAfter.Equal(want) {
			t.Errorf("ends %v and %v, want %v", got.NotAfter, s.NotAfter, want)
		}
		if want := after(time.Minute + options.Idle).Wall; got.IdleUntil().Sub(want).Abs() > time.Millisecond {
			t.Errorf("idle until %v, want %v", got.IdleUntil(), want)
		}
		user, until, err := got.User(ctx, after(time.Minute))
		must(t, err)
		if !user.EqualBytes([]byte(userText)) || until.Sub(after(session.UserLife).Wall).Abs() > time.Millisecond {
			t.Errorf("user key until %v", until)
		}
		user.Wipe()
		got.Wipe()
	}
}

// A session ends, by End, for everybody who has S.
func TestEnd(t *testing.T) {
	b := newBench(t)
	s := b.begin(t, nil)
	other := b.begin(t, nil)
	ended, err := b.End(session.Given{From: "--session-fd"}, given(t, s))
	if !ended || err != nil {
		t.Fatal(ended, err)
	}
	if names := b.blobs(t); len(names) != 2 || names[0] != other.Name() {
		t.Errorf("left: %q", names)
	}
	_, err = b.Open(after(0), given(t, s))
	wantError(t, "opened after End", err, session.ErrLocked, s.Token().S())
	_, _, err = s.User(ctx, after(0))
	wantError(t, "user key after End", err, session.ErrNoUser)
	wantError(t, "GrantUser after End", s.GrantUser(ctx, after(0), hidden(userText)), session.ErrLocked)
	wantError(t, "Rewrite after End", s.Rewrite(ctx, hidden("x"), nil), session.ErrLocked)
	if names := b.blobs(t); len(names) != 2 {
		t.Errorf("written after End: %q", names)
	}
	if ended, err := b.End(given(t, s)); err != nil || !ended {
		t.Errorf("again: %v, %v", ended, err)
	}
	if ended, err := b.End(session.Given{From: "KAI_SESSION"}); err != nil || ended {
		t.Errorf("nothing: %v, %v", ended, err)
	}
}

func TestEndAll(t *testing.T) {
	b := newBench(t)
	keeper := new(memory)
	b.begin(t, nil)
	b.begin(t, keeper)
	foreign := benchIn(t, b.path, objectid.ID{9})
	f := foreign.begin(t, nil)
	must(t, b.EndAll(keeper))
	if names := b.blobs(t); len(names) != 2 || names[0] != f.Name() || keeper.s != nil {
		t.Errorf("left: %q, %v", names, keeper.s)
	}
	keeper.fail = session.ErrUnavailable
	must(t, b.EndAll(keeper))
	keeper.fail = errors.New("broken")
	b.begin(t, nil)
	if err := b.EndAll(keeper); !errors.Is(err, keeper.fail) {
		t.Error(err)
	}
	if names := b.blobs(t); len(names) != 2 {
		t.Errorf("a broken keeper kept the blobs: %q", names)
	}
}

// No bit of either blob can be changed, nothing cut off or added.
func TestTampered(t *testing.T) {
	b := newBench(t)
	s := b.begin(t, nil)
	g := given(t, s)
	open, err := b.Open(start, g)
	must(t, err)
	defer open.Wipe()
	check := func(what string) {
		t.Helper()
		_, err := b.Peek(start, g)
		wantError(t, what, err, session.ErrTampered, s.Token().S(), s.Token().U())
		if errors.Is(err, session.ErrLocked) {
			t.Errorf("%s: passes for locked: %v", what, err)
		}
	}
	checkUser := func(what string) {
		t.Helper()
		_, _, err := open.User(ctx, start)
		wantError(t, what, err, session.ErrTampered, s.Token().S(), s.Token().U())
	}
	for name, check := range map[string]func(string){s.Name(): check, s.Name() + ".u": checkUser} {
		whole, err := os.ReadFile(b.file(name))
		must(t, err)
		file, err := os.OpenFile(b.file(name), os.O_WRONLY, 0)
		must(t, err)
		defer file.Close()
		write := func(data []byte) { // in place: file systems sync what was made empty first
			t.Helper()
			_, err := file.WriteAt(data, 0)
			must(t, err)
			must(t, file.Truncate(int64(len(data))))
			must(t, os.Chtimes(b.file(name), start.Wall, start.Wall))
		}
		for bit := range len(whole) * 8 {
			flipped := bytes.Clone(whole)
			flipped[bit/8] ^= 1 << (bit % 8)
			write(flipped)
			check("flipped bit")
		}
		for n := range whole {
			write(whole[:n])
			check("cut")
		}
		write(append(bytes.Clone(whole), 0))
		check("longer")
		write(whole)
		if name == s.Name() {
			must(t, os.Rename(b.file(name), b.file(name+".away")))
			must(t, os.Symlink(name+".away", b.file(name)))
			must(t, os.Chtimes(b.file(name), start.Wall, start.Wall))
			_, err := b.Peek(start, g)
			if err == nil {
				t.Error("followed a link")
			}
			must(t, os.Remove(b.file(name)))
			must(t, os.Rename(b.file(name+".away"), b.file(name)))
		}
	}
	if _, err := b.Peek(start, g); err != nil {
		t.Errorf("the whole blob again: %v", err)
	}
	if _, _, err := open.User(ctx, start); err != nil {
		t.Errorf("the whole blob of the user key again: %v", err)
	}
}

// A blob opens under its own name only: not for another session, another vault, or as the other kind.
func TestSwapped(t *testing.T) {
	b := newBench(t)
	s, other := b.begin(t, nil), b.begin(t, nil)
	copyTo := func(from, to string) {
		t.Helper()
		data, err := os.ReadFile(b.file(from))
		must(t, err)
		must(t, os.WriteFile(b.file(to), data, 0o600))
		must(t, os.Chtimes(b.file(to), start.Wall, start.Wall))
	}
	copyTo(other.Name(), s.Name())
	_, err := b.Peek(start, given(t, s))
	wantError(t, "blob of another session", err, session.ErrTampered)
	copyTo(s.Name()+".u", s.Name())
	_, err = b.Peek(start, given(t, s))
	wantError(t, "blob of the user key", err, session.ErrTampered)

	open, err := b.Peek(start, given(t, other))
	must(t, err)
	copyTo(s.Name()+".u", other.Name()+".u")
	_, _, err = open.User(ctx, start)
	wantError(t, "another session's user key", err, session.ErrTampered)
	copyTo(other.Name(), other.Name()+".u")
	_, _, err = open.User(ctx, start)
	wantError(t, "the session itself as user key", err, session.ErrTampered)

	// The same S and a vault of another id: another name, and with that name another key.
	foreign := benchIn(t, b.path, objectid.ID{9})
	_, err = foreign.Peek(start, given(t, other))
	wantError(t, "another vault", err, session.ErrLocked)
	f := foreign.begin(t, nil)
	copyTo(other.Name(), f.Name())
	_, err = foreign.Peek(start, given(t, f))
	wantError(t, "blob of another vault", err, session.ErrTampered)
}

// Both limits hold by the blob alone, and a session that is over is gone.
func TestExpiry(t *testing.T) {
	const idle, life = session.DefaultIdle, session.DefaultLife
	for _, c := range []struct {
		name string
		uses []time.Duration // since the beginning; all but the last succeed
		want error
	}{
		{"not used at all", []time.Duration{idle}, session.ErrExpired},
		{"used, then not", []time.Duration{idle - time.Second, 2 * idle}, session.ErrExpired},
		{"used until the end", func() (uses []time.Duration) {
			for d := idle - time.Second; d < life; d += idle - time.Second {
				uses = append(uses, d)
			}
			return append(uses, life)
		}(), session.ErrExpired},
		{"clock before the beginning", []time.Duration{-time.Minute}, session.ErrClock},
		{"clock before the last use", []time.Duration{10 * time.Minute, 9 * time.Minute}, session.ErrClock},
		{"clock stepped a little", []time.Duration{10 * time.Minute, 10*time.Minute - time.Second, 30 * time.Minute}, session.ErrExpired},
	} {
		b := newBench(t)
		g := given(t, b.begin(t, nil))
		for i, d := range c.uses {
			now := after(d)
			now.Boot = 0 // not known
			s, err := b.Open(now, g)
			if i < len(c.uses)-1 {
				if err != nil {
					t.Errorf("%s: after %v: %v", c.name, d, err)
				}
				s.Wipe()
				continue
			}
			wantError(t, c.name, err, c.want)
			wantError(t, c.name, err, session.ErrLocked)
			if gone := len(b.blobs(t)) == 0; gone != (c.want == session.ErrExpired) {
				t.Errorf("%s: left %q", c.name, b.blobs(t))
			}
		}
	}
}

// A clock that is set back between two uses does not make a session longer.
func TestClockSetBack(t *testing.T) {
	b := newBench(t)
	g := given(t, b.begin(t, nil))
	wall := start.Wall
	for boot := start.Boot; ; boot += 10 * time.Minute {
		s, err := b.Open(session.Now{Wall: wall, Boot: boot}, g) // the calendar stands still
		if err != nil {
			wantError(t, "at the end", err, session.ErrExpired)
			if boot-start.Boot != session.DefaultLife {
				t.Errorf("ended after %v", boot-start.Boot)
			}
			break
		}
		s.Wipe()
		if boot-start.Boot > session.DefaultLife {
			t.Fatal("never ends")
		}
	}
	g = given(t, b.begin(t, nil))
	_, err := b.Open(session.Now{Wall: after(time.Minute).Wall, Boot: time.Second}, g)
	wantError(t, "after a restart of the machine", err, session.ErrExpired)
}

// Peek is not a use.
func TestPeek(t *testing.T) {
	b := newBench(t)
	keeper := new(memory)
	b.begin(t, keeper)
	for _, d := range []time.Duration{0, 5 * time.Minute, 14 * time.Minute} {
		s, err := b.Peek(after(d), keeper)
		must(t, err)
		if want := after(session.DefaultIdle).Wall; s.IdleUntil().Sub(want).Abs() > time.Millisecond {
			t.Errorf("after %v: idle until %v", d, s.IdleUntil())
		}
		s.Wipe()
	}
	if len(keeper.lives) != 1 {
		t.Errorf("renewed: %v", keeper.lives)
	}
	_, err := b.Peek(after(session.DefaultIdle), keeper)
	wantError(t, "Peek after the idle time", err, session.ErrExpired)
	if keeper.s != nil {
		t.Error("the keeper still has it")
	}
}

// The keeper's time is that of the blob: the idle time, and at the end what is left.
func TestKeeperLife(t *testing.T) {
	b := newBench(t)
	keeper := new(memory)
	o := options
	o.Life = 20 * time.Minute
	s, err := b.Begin(ctx, start, o, hidden(keysText), nil, keeper)
	must(t, err)
	s.Wipe()
	for _, d := range []time.Duration{10 * time.Minute, 18 * time.Minute} {
		s, err := b.Open(after(d), keeper)
		must(t, err)
		s.Wipe()
	}
	want := []time.Duration{15 * time.Minute, 10 * time.Minute, 2 * time.Minute}
	for i, got := range keeper.lives {
		if (got - want[i]).Abs() > time.Millisecond {
			t.Errorf("lives %v, want %v", keeper.lives, want)
		}
	}
}

// A new session of a keeper ends the one before it.
func TestReplaced(t *testing.T) {
	b := newBench(t)
	keeper := new(memory)
	old := b.begin(t, keeper)
	printed := given(t, old)
	s := b.begin(t, keeper)
	if names := b.blobs(t); len(names) != 2 || names[0] != s.Name() {
		t.Errorf("left %q", names)
	}
	_, err := b.Open(start, printed)
	wantError(t, "the old session", err, session.ErrLocked)
	_, _, err = old.User(ctx, start)
	wantError(t, "the old session's user key", err, session.ErrLocked)
	wantError(t, "a factor for the old session", old.GrantUser(ctx, start, hidden("u")), session.ErrLocked)

	// When the keeper refuses, nothing has begun and nothing is over.
	keeper.fail = session.ErrUnavailable
	_, err = b.Begin(ctx, start, options, hidden(keysText), hidden(userText), keeper)
	wantError(t, "no keeper", err, session.ErrUnavailable)
	if names := b.blobs(t); len(names) != 2 || names[0] != s.Name() {
		t.Errorf("left %q", names)
	}
	keeper.fail = nil
	if s, err := b.Open(start, keeper); err != nil {
		t.Error(err)
	} else {
		s.Wipe()
	}
}

// The user key lasts five minutes, and another five from each factor: by the keeper, which ends S_u
// itself, and by the blob alone.
func TestUser(t *testing.T) {
	for name, keeper := range map[string]*memory{"keeper": new(memory), "given": nil} {
		b := newBench(t)
		var carrier session.Carrier = keeper
		var first *session.Session
		if keeper != nil {
			first = b.begin(t, keeper)
		} else {
			first = b.begin(t, nil)
			carrier = given(t, first)
		}
		for _, d := range []time.Duration{0, session.UserLife - time.Second, session.UserLife} {
			s, err := b.Open(after(d), carrier)
			must(t, err)
			user, _, err := s.User(ctx, after(d))
			if d < session.UserLife {
				must(t, err)
				user.Wipe()
			} else {
				wantError(t, name, err, session.ErrNoUser)
			}
			s.Wipe()
		}
		if keeper != nil {
			keeper.s.DropUser()
		}
		now := after(10 * time.Minute)
		s, err := b.Open(now, carrier)
		must(t, err)
		_, _, err = s.User(ctx, now)
		wantError(t, name, err, session.ErrNoUser)
		must(t, s.GrantUser(ctx, now, hidden("again")))
		s.Wipe()
		s, err = b.Open(now, carrier)
		must(t, err)
		user, until, err := s.User(ctx, now)
		if err != nil || !user.EqualBytes([]byte("again")) || until.Sub(now.Wall.Add(session.UserLife)).Abs() > time.Millisecond {
			t.Errorf("%s: granted: %v, until %v", name, err, until)
		}
		if same := bytes.Equal(s.Token().U(), first.Token().U()); same != (keeper == nil) {
			t.Errorf("%s: the old S_u: %v", name, same)
		}
		s.Wipe()
	}

	// The user key does not outlive the session.
	b := newBench(t)
	o := options
	o.Life = time.Minute
	s, err := b.Begin(ctx, start, o, hidden(keysText), hidden(userText), nil)
	must(t, err)
	defer s.Wipe()
	if _, until, err := s.User(ctx, start); err != nil || !until.Equal(s.NotAfter) {
		t.Errorf("until %v, %v", until, err)
	}
}

// A session of an agent has no user key, and gets none.
func TestNoUser(t *testing.T) {
	b := newBench(t)
	s, err := b.Begin(ctx, start, options, hidden(keysText), nil, nil)
	must(t, err)
	defer s.Wipe()
	g := given(t, s)
	if names := b.blobs(t); len(names) != 1 || s.Token().Text().Len() != 51 {
		t.Errorf("%q", names)
	}
	open, err := b.Open(start, g)
	must(t, err)
	defer open.Wipe()
	_, _, err = open.User(ctx, start)
	wantError(t, "user key", err, session.ErrNoUser)
	wantError(t, "grant", open.GrantUser(ctx, start, hidden(userText)), session.ErrNoUser)
	if names := b.blobs(t); len(names) != 1 {
		t.Errorf("%q", names)
	}
}

func TestRewrite(t *testing.T) {
	b := newBench(t)
	s := b.begin(t, nil)
	before, err := os.ReadFile(b.file(s.Name()))
	must(t, err)
	must(t, s.Rewrite(ctx, hidden("other"), []byte("later")))
	got, err := b.Open(after(session.DefaultIdle-time.Second), given(t, s))
	must(t, err)
	defer got.Wipe()
	if !got.Keys.EqualBytes([]byte("other")) || string(got.AuditHead) != "later" || !got.NotAfter.Equal(s.NotAfter) {
		t.Errorf("%+v", got)
	}
	now, err := os.ReadFile(b.file(s.Name()))
	must(t, err)
	if bytes.Equal(before[8:32], now[8:32]) {
		t.Error("the nonce was used twice")
	}
}

// Without any session the error says what each carrier said.
func TestLockedSays(t *testing.T) {
	b := newBench(t)
	keeper := &memory{fail: session.ErrUnavailable}
	_, err := b.Open(start, session.Given{From: "--session-fd"}, session.Given{From: "KAI_SESSION"}, keeper)
	wantError(t, "nothing", err, session.ErrLocked)
	const want = "vault is locked: --session-fd: no session given; KAI_SESSION: no session given; memory: not available here"
	if err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
	if !errors.Is(err, session.ErrUnavailable) {
		t.Error("it cannot be seen that a carrier is not available")
	}
	_, err = b.Open(start)
	wantError(t, "no carriers", err, session.ErrLocked)

	// What was given decides, even if it is over and the keeper has another session.
	keeper.fail = nil
	s := b.begin(t, nil)
	g := given(t, s)
	_, err = b.End(g)
	must(t, err)
	b.begin(t, keeper)
	_, err = b.Open(start, g, keeper)
	wantError(t, "given and over", err, session.ErrLocked)

	keeper.fail = errors.New("broken")
	_, err = b.Open(start, keeper, g)
	if !errors.Is(err, keeper.fail) || errors.Is(err, session.ErrLocked) {
		t.Errorf("broken: %v", err)
	}
}

func TestSweep(t *testing.T) {
	b := newBench(t)
	dead, live := b.begin(t, nil), b.begin(t, nil)
	old := after(-session.MaxIdle - time.Minute).Wall
	must(t, os.Chtimes(b.file(dead.Name()), old, old))
	for name, content := range map[string]string{"stranger": "x", ".kai-tmp-0123456789abcdef": "x"} {
		must(t, os.WriteFile(b.file(name), []byte(content), 0o600))
		must(t, os.Chtimes(b.file(name), old, old))
	}
	must(t, b.Sweep(ctx, after(session.UserLife+time.Minute)))
	var left []string
	for _, name := range b.blobs(t) {
		if !durable.IsTemp(name) {
			left = append(left, name)
		}
	}
	if len(left) != 2 || left[0] != live.Name() && left[1] != live.Name() {
		t.Errorf("left %q", left)
	}
	if s, err := b.Open(after(session.UserLife+time.Minute), given(t, live)); err != nil {
		t.Error(err)
	} else {
		s.Wipe()
	}
}

func TestLimits(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct{ idle, life time.Duration }{
		{0, time.Hour}, {time.Hour, 0}, {-1, time.Hour}, {session.MaxIdle + 1, session.MaxLife}, {time.Hour, session.MaxLife + 1},
	} {
		_, err := b.Begin(ctx, start, session.Options{Idle: c.idle, Life: c.life}, hidden("k"), nil, nil)
		wantError(t, "limits", err, session.ErrLimits)
	}
	if names := b.blobs(t); len(names) != 0 {
		t.Errorf("left %q", names)
	}
	s, err := b.Begin(ctx, start, session.Options{Idle: time.Hour, Life: time.Minute}, hidden("k"), nil, nil)
	must(t, err)
	defer s.Wipe()
	if s.Idle != time.Minute || !s.IdleUntil().Equal(s.NotAfter) {
		t.Errorf("idle time %v beyond the life", s.Idle)
	}
}

// Whatever call fails while a session begins, nothing is left of it, and no carrier has it.
func TestBeginFails(t *testing.T) {
	b := newBench(t)
	begin := func(fsys durable.FS, random io.Reader) (*memory, error) {
		keeper := new(memory)
		sessions := b.Sessions
		sessions.Dir, sessions.Random = durable.NewDirFS(fsys), random
		s, err := sessions.Begin(ctx, start, options, hidden(keysText), hidden(userText), keeper)
		s.Wipe()
		return keeper, err
	}
	root, err := os.OpenRoot(b.path)
	must(t, err)
	defer root.Close()
	_, err = begin(durable.Root(root), b.Random) // makes the file of the lock, once
	must(t, err)
	must(t, b.EndAll())
	count := durabletest.Wrap(durable.Root(root), durabletest.None)
	_, err = begin(count, b.Random)
	must(t, err)
	must(t, b.EndAll())
	failed := 0
	for k, call := range count.Calls() {
		keeper, err := begin(durabletest.Wrap(durable.Root(root), durabletest.FailAt(k, syscall.EIO)), b.Random)
		if err == nil {
			must(t, b.EndAll()) // a call whose failure does not matter
			continue
		}
		failed++
		if call.Op == "unlock" || call.Op == "close" {
			must(t, b.EndAll())
			continue
		}
		var left []string
		for _, name := range b.blobs(t) {
			if !durable.IsTemp(name) {
				left = append(left, name)
			}
		}
		if len(left) > 0 || keeper.s != nil {
			t.Errorf("call %d (%s %s): left %q, kept %v", k, call.Op, call.Name, left, keeper.s != nil)
		}
	}
	if failed < 5 {
		t.Errorf("only %d calls made Begin fail: the test is blind", failed)
	}
	broken := errors.New("broken")
	for n := range 4 {
		_, err := begin(durable.Root(root), io.MultiReader(io.LimitReader(b.Random, int64(n*30)), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || len(b.blobs(t)) > 0 {
			t.Errorf("random ends after %d bytes: %v, left %q", n*30, err, b.blobs(t))
		}
	}
}

func TestToken(t *testing.T) {
	b := newBench(t)
	for name, user := range map[string]*secret.Bytes{"with the user key": hidden("u"), "without": nil} {
		s, err := b.Begin(ctx, start, options, hidden("k"), user, nil)
		must(t, err)
		text := string(s.Token().Text().Expose())
		for _, in := range []string{text, text + "\n", text + "\r\n"} {
			token, err := session.ReadToken(strings.NewReader(in))
			if err != nil || !bytes.Equal(token.S(), s.Token().S()) || !bytes.Equal(token.U(), s.Token().U()) {
				t.Errorf("%s: read back with %v", name, err)
			}
		}
		bad := []string{
			"", "x", text + "=", text + "A", text + " ", " " + text, text + "\n\n", "kaisess2" + text[8:], "KAISESS1" + text[8:],
			text[:20] + "\n" + text[20:], text[:20] + "\n" + text[21:], text + text, "kaisess1", text[8:], strings.Replace(text, "1", "1\n", 1),
		}
		for n := range text {
			if n != 51 {
				bad = append(bad, text[:n])
			}
		}
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(alphabet, text[len(text)-1])
		bad = append(bad, text[:len(text)-1]+alphabet[last+1:last+2]) // the same bytes, but for bits that are unused
		for _, in := range bad {
			_, err := session.ReadToken(strings.NewReader(in))
			wantError(t, name+": "+strings.ReplaceAll(in, text[8:], "…"), err, session.ErrMalformed, s.Token().S())
			if _, err := session.ParseToken(in); err == nil {
				t.Errorf("%s: parsed %q", name, in)
			}
		}
		s.Wipe()
	}
	broken := errors.New("broken")
	if _, err := session.ReadToken(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// Expected values by hand from the rules of the package comment.
func TestLeft(t *testing.T) {
	const idle, life = 10 * time.Minute, time.Hour
	at := func(wall, boot time.Duration) session.Now {
		return session.Now{Wall: start.Wall.Add(wall), Boot: boot}
	}
	begun := at(0, 100*time.Second)
	for _, c := range []struct {
		name string
		now  session.Now
		used time.Duration
		want time.Duration
		err  error
	}{
		{"at once", at(0, 100*time.Second), 0, idle, nil},
		{"near the end", at(55*time.Minute, 0), 50 * time.Minute, 5 * time.Minute, nil},
		{"near the end by the other clock", at(5*time.Minute, 100*time.Second+58*time.Minute), 4 * time.Minute, 2 * time.Minute, nil},
		{"end", at(life, 0), life, 0, session.ErrExpired},
		{"end by the other clock", at(time.Second, 100*time.Second+life), 0, 0, session.ErrExpired},
		{"idle", at(idle, 0), 0, 0, session.ErrExpired},
		{"just not idle", at(idle-1, 0), 0, idle, nil},
		{"before the beginning", at(-3*time.Second, 0), -3 * time.Second, 0, session.ErrClock},
		{"a little before", at(-time.Second, 0), 0, idle, nil},
		{"before the last use", at(time.Minute, 0), 2 * time.Minute, 0, session.ErrClock},
		{"another start", at(time.Minute, 97*time.Second), 0, 0, session.ErrExpired},
		{"read a little before another process began", at(-time.Second, 99*time.Second), 0, idle, nil},
	} {
		got, err := session.Left(begun, c.now, life, idle, start.Wall.Add(c.used))
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// TestVector begins a session with known random bytes. The expected text, name and blob were computed
// with Python's hmac and base64 and the AES of its package cryptography, from the package comments.
func TestVector(t *testing.T) {
	b := benchIn(t, t.TempDir(), objectid.ID(bytes.Repeat([]byte{2}, 16)))
	nonce := make([]byte, 24)
	for i := range nonce {
		nonce[i] = byte(i)
	}
	b.Random = io.MultiReader(bytes.NewReader(bytes.Repeat([]byte{1}, 32)), bytes.NewReader(nonce))
	o := options
	o.Slot, o.Device = objectid.ID{1}, objectid.ID{2}
	s, err := b.Begin(ctx, start, o, hidden("k"), nil, nil)
	must(t, err)
	defer s.Wipe()
	if !s.Token().Text().EqualBytes([]byte("kaisess1AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE")) {
		t.Error("the text is another")
	}
	const name = "aibaeaqcaibaeaqcaibaeaqcai.v5gstnvh4wsyg3oeofd2jeoo44"
	if names := b.blobs(t); len(names) != 1 || names[0] != name {
		t.Fatalf("files %q", names)
	}
	const want = "4b41495345535331000102030405060708090a0b0c0d0e0f1011121314151617ca02c16bafc8ff0ed87276681e9030cbc71e798d" +
		"90cf1d3546d2d17ef7202f2fafb31b736c1a74c2ab4959a3e4f8a1a3fa9a94b924070bfeb7630c4497dc88292791350e2d053d7b744e" +
		"7fc11557747339ccf0f2be59101c8755312e1d1772c86268d9ea743ef6565fa3481484b79a03bfadf57e927f34f9a68ac2570530e543" +
		"efc1f06a915847069bfd128c3515f4ff359bac017eb91dd4329cae9b5668ddf02a5d85b5d21916734dd5bffe7a4c9ecd3c7c7f3d203c" +
		"fbc7d746b5ed621f24"
	blob, err := os.ReadFile(b.file(name))
	must(t, err)
	if got := hex.EncodeToString(blob); got != want {
		t.Errorf("blob %s\nwant %s", got, want)
	}
}
