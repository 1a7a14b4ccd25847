package alert_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/vectortest"
)

// shortDir is a directory whose name leaves room for that of a socket.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kai")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func syslogTo(t testing.TB, path string) *alert.Syslog {
	t.Helper()
	s, err := alert.NewSyslog("log", event.High, path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// listen gives a datagram socket and what arrives there.
func listen(t testing.TB) (path string, receive func() string) {
	t.Helper()
	path = filepath.Join(shortDir(t), "log")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return path, func() string {
		b := make([]byte, 64<<10)
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

func TestSyslogMessage(t *testing.T) {
	path, receive := listen(t)
	a := violation(t, 17, "p", "g")
	if err := syslogTo(t, path).Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	want := `<83>1 2026-11-22T04:00:00.000000Z build kai 4711 audit.violation [kai@32473 n="17" type="security_violation" act="audit.violation" ` +
		`out="ok" leaf="3206cb89a5a99fd2" id="` + a.ID + `"] high: p: Title (g; 5 in 300 s)`
	if got := receive(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for severity, pri := range map[event.Severity]string{event.Info: "86", event.Low: "85", event.Medium: "84", event.High: "83", event.Critical: "82"} {
		e := event.Event{N: 1, Time: start, Severity: severity, Type: event.SecurityViolation, Act: "audit.violation", Outcome: event.OK}
		if err := syslogTo(t, path).Send(context.Background(), made(t, &e)); err != nil {
			t.Fatal(err)
		}
		if got := receive(); !strings.HasPrefix(got, "<"+pri+">1 2026-11-22T04:00:00.000000Z - kai - ") {
			t.Errorf("%s: %s", severity, got)
		}
	}
}

func TestSyslogStream(t *testing.T) {
	path := filepath.Join(shortDir(t), "log")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := syslogTo(t, path).Send(context.Background(), exported(t, 1)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "<83>1 ") || strings.Count(string(b[:n]), "\n") != 1 || b[n-1] != '\n' {
		t.Errorf("%q, %v", b[:n], err)
	}
}

func TestSocketThatIsNotThere(t *testing.T) {
	path := filepath.Join(shortDir(t), "none")
	j, err := alert.NewJournald("j", event.High, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []alert.Sink{syslogTo(t, path), j} {
		if err := s.Send(context.Background(), exported(t, 1)); alert.Code(err) != "unreachable" {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
}

// A receiver that has stopped reading fills its socket; the sender does not wait for it for long.
func TestFullSocket(t *testing.T) {
	path, _ := listen(t)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	for range 10_000 {
		if err := syslogTo(t, path).Send(ctx, exported(t, 1)); err != nil {
			if code := alert.Code(err); code != "timeout" {
				t.Errorf("%s: %v", code, err)
			}
			return
		}
	}
	t.Error("the socket never filled")
}

func TestJournaldEntry(t *testing.T) {
	path, receive := listen(t)
	j, err := alert.NewJournald("j", event.High, path)
	if err != nil {
		t.Fatal(err)
	}
	a := violation(t, 17, "p", "g")
	a.Text = "two\nlines"
	if err := j.Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	want := "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, 9)) + "two\nlines\n" +
		"PRIORITY=3\nSYSLOG_IDENTIFIER=kai\nKAI_N=17\nKAI_ACT=audit.violation\nKAI_TYPE=security_violation\n" +
		"KAI_SEVERITY=high\nKAI_LEAF=3206cb89a5a99fd2\nKAI_ID=" + a.ID + "\n"
	if got := receive(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	a = exported(t, 1)
	if err := j.Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	if got := receive(); !strings.HasPrefix(got, "MESSAGE=high: vault_exported ok (src.agent=bot, src.uid=1000)\nPRIORITY=3\n") {
		t.Errorf("%q", got)
	}
}

// rsyslog starts rsyslogd, which writes what it has understood, a message a line.
func rsyslog(t *testing.T, dir string) (socket, output string) {
	t.Helper()
	program := "/usr/sbin/rsyslogd" // not on the PATH of users
	if path, err := exec.LookPath("rsyslogd"); err == nil {
		program = path
	}
	program = vectortest.Peer(t, program)
	socket, output = filepath.Join(dir, "log"), filepath.Join(dir, "out")
	config := fmt.Sprintf(`
module(load="imuxsock" SysSock.Use="off")
template(name="parts" type="string" string="%%pri%%|%%timestamp:::date-rfc3339%%|%%hostname%%|%%app-name%%|%%procid%%|%%msgid%%|%%structured-data%%|%%msg%%\n")
input(type="imuxsock" Socket="%s" UseSpecialParser="off" ParseHostname="on" IgnoreTimestamp="off")
action(type="omfile" file="%s" template="parts")
`, socket, output)
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	complaints, err := os.Create(filepath.Join(dir, "complaints"))
	if err != nil {
		t.Fatal(err)
	}
	defer complaints.Close()
	cmd.Stdout, cmd.Stderr = complaints, complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	if !eventually(func() bool { _, err := os.Stat(socket); return err == nil }) {
		said, _ := os.ReadFile(complaints.Name())
		t.Fatalf("rsyslogd does not listen: %s", said)
	}
	return socket, output
}

func eventually(ok func() bool) bool {
	for range 500 {
		if ok() {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

func TestRsyslog(t *testing.T) {
	dir := shortDir(t)
	o := open(t, t.TempDir())
	sink := syslogTo(t, filepath.Join(dir, "log"))

	// At first there is no rsyslogd.
	nasty := made(t, &event.Event{
		N: 17, Time: start.Add(123456 * time.Microsecond), Severity: event.Critical, Type: event.SecurityViolation, Act: "audit.tamper",
		Outcome: event.Fail, Source: event.Source{Agent: "é\n\"]|\x1b[2J", Host: "build-7", PID: 4711},
	})
	put(t, o, nasty, start, "log")
	if report := flush(t, o, start, sink); len(report.Failed) != 1 {
		t.Fatalf("%+v", report)
	}
	socket, output := rsyslog(t, dir)
	sink = syslogTo(t, socket)
	flush(t, o, start.Add(time.Minute), sink)
	flush(t, o, start.Add(time.Hour), sink)
	last := exported(t, 18)
	put(t, o, last, start, "log")
	flush(t, o, start.Add(2*time.Hour), sink)

	var got string
	if !eventually(func() bool {
		b, _ := os.ReadFile(output)
		got = string(b)
		return strings.Contains(got, last.ID)
	}) {
		t.Fatalf("rsyslogd has written %q", got)
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d messages, want each once:\n%s", len(lines), got)
	}
	want := `82|2026-11-22T04:00:00.123456Z|build-7|kai|4711|audit.tamper|[kai@32473 n="17" type="security_violation" act="audit.tamper" ` +
		`out="fail" leaf="3206cb89a5a99fd2" id="` + nasty.ID + `"]|critical: audit.tamper fail (src.agent="é\n\"]|\x1b[2J")`
	if lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
}
