//go:build unix

package alert_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/durable"
)

// The test that kills runs this binary again, with a role, a directory and a time as arguments.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "role:flush" {
		if err := flushIn(os.Args[2], os.Args[3]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// flushIn flushes the outbox of a directory into its file "got", a line an alert.
func flushIn(dir, now string) error {
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	o, err := alert.Open(durable.NewDir(root))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = o.Flush(context.Background(), []alert.Sink{recorder(dir)}, func() time.Time { return at }, time.Minute)
	return err
}

// recorder is a sink that writes ids into a file.
type recorder string

func (recorder) Name() string                { return "file" }
func (recorder) MinSeverity() event.Severity { return event.High }

func (r recorder) Send(_ context.Context, a alert.Alert) error {
	f, err := os.OpenFile(filepath.Join(string(r), "got"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(a.ID + "\n")
	time.Sleep(time.Millisecond) // room for a kill between the receiver's having it and our knowing
	return err
}

// received is how many bytes the recorder has written.
func received(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, "got"))
	if err != nil {
		return 0
	}
	return info.Size()
}

// However often the process that flushes is killed, every alert arrives, and one that arrives again
// does so because of a kill.
func TestKilledFlusher(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir)
	const alerts = 60
	var want []string
	for i := range alerts {
		a := exported(t, uint64(i))
		want = append(want, a.ID)
		put(t, o, a, start.Add(time.Duration(i)*time.Minute), "file")
	}
	kills, now := 0, start.Add(24*time.Hour)
	for len(pending(t, o)) > 0 {
		if now = now.Add(time.Hour); now.After(start.Add(alert.MaxAge)) {
			t.Fatalf("%d alerts are left after %d kills", len(pending(t, o)), kills)
		}
		cmd := exec.Command(os.Args[0], "role:flush", dir, now.Format(time.RFC3339))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if kills < 40 {
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			if kills%2 == 0 { // while it sends
				before := received(dir)
				for deadline := time.Now().Add(5 * time.Second); received(dir) == before && time.Now().Before(deadline); {
					time.Sleep(100 * time.Microsecond)
				}
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			} else {
				time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
			}
			cmd.Process.Kill()
		}
		if err := cmd.Wait(); err != nil {
			kills++
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "got"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(b))
	again := len(got) - alerts
	slices.Sort(got)
	if !slices.Equal(slices.Compact(got), want) {
		t.Error("an alert is missing, or there is one too many")
	}
	if again == 0 || again > kills {
		t.Errorf("%d kills, %d alerts more than once", kills, again)
	}
	files, err := os.ReadDir(filepath.Join(dir, "outbox"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains([]string{"lock", "flush.lock", "recent.json"}, f.Name()) {
			t.Errorf("left behind: %s", f.Name())
		}
	}
	t.Logf("%d kills, %d alerts more than once", kills, again)
}
