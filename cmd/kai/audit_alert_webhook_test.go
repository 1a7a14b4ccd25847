package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kai/internal/audit/event"
)

// configure writes config.toml of the world.
func (w *world) configure(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(w.auditDir(t)), "config.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hookRequest is what a webhook was sent.
type hookRequest struct {
	header http.Header
	body   []byte
}

// newHook gives the world a webhook with the key "the key", and what it is sent.
func (w *world) newHook(t *testing.T, severity string) chan hookRequest {
	t.Helper()
	got := make(chan hookRequest, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- hookRequest{r.Header, body}
	}))
	t.Cleanup(server.Close)
	key := filepath.Join(w.workDir, "hook.key")
	if err := os.WriteFile(key, []byte("the key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.configure(t, fmt.Sprintf("[audit]\nmode = \"inline\"\n[[audit.alert]]\nname = \"pager\"\nkind = \"webhook\"\nmin_severity = %q\nurl = %q\nsecret_file = %q\n",
		severity, server.URL+"/alerts", key))
	return got
}

func TestAlertsReachWebhooks(t *testing.T) {
	w := newLoggedWorld(t)
	got := w.newHook(t, "high")
	w.signed(t)
	w.put(t, "f", []byte("changed\n"))
	w.must(t, exitBad, "verify", "f", "--signer", "k.pub")
	if len(got) != 1 {
		t.Fatalf("%d requests\n%s", len(got), w.err.String())
	}
	r := <-got
	mac := hmac.New(sha256.New, []byte("the key"))
	fmt.Fprintf(mac, "%s.%s", r.header.Get("X-Kai-Timestamp"), r.body)
	if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); r.header.Get("X-Kai-Signature") != want {
		t.Errorf("signature %q, want %q", r.header.Get("X-Kai-Signature"), want)
	}
	var a struct {
		Schema string
		ID     string
		N      uint64
		Root   string
		Event  struct{ Action, Severity string }
	}
	if err := json.Unmarshal(r.body, &a); err != nil {
		t.Fatal(err)
	}
	events := w.events(t, 0)
	last := events[len(events)-1]
	if a.Schema != "kai.audit.alert/1" || a.ID != r.header.Get("X-Kai-Id") || a.N != last.N || a.Root == "" || a.Event.Action != last.Act || a.Event.Severity != "high" {
		t.Errorf("%+v", a)
	}
}

// A sink may want milder violations than high, but hears of no other event below that.
func TestMildViolationsReachWhoWantsThem(t *testing.T) {
	w := newLoggedWorld(t)
	got := w.newHook(t, "low")
	rules := filepath.Join(w.auditDir(t), "rules")
	if err := os.Mkdir(rules, 0o700); err != nil {
		t.Fatal(err)
	}
	const own = "title: A key is made\nid: key-made\nlevel: low\nlogsource: {product: kai}\ndetection:\n  made: {action: key_generation_completed}\n  condition: made\n"
	if err := os.WriteFile(filepath.Join(rules, "own.yml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitDone, "keygen", "-o", "k", "--no-passphrase")
	if len(got) != 1 {
		t.Fatalf("%d requests\n%s", len(got), w.err.String())
	}
	if r := <-got; !strings.Contains(string(r.body), `"pattern":"key-made"`) {
		t.Errorf("%s", r.body)
	}
}

// A key that others can read is none: the alert waits.
func TestWebhookKeyOfEverybody(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	w := newLoggedWorld(t)
	got := w.newHook(t, "high")
	if err := os.Chmod(filepath.Join(w.workDir, "hook.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.must(t, exitBackend, "audit", "alert", "test", "pager")
	if !strings.Contains(w.err.String(), "others can read it") || len(got) != 0 {
		t.Errorf("%d requests, %q", len(got), w.err.String())
	}
}

// A log that cannot even be opened, and one that is older than what is remembered, say so.
func TestAlertsOfWhatCannotBeRecorded(t *testing.T) {
	for _, c := range []struct {
		name, act string
		spoil     func(t *testing.T, w *world)
	}{
		{"log.json is gone", "audit.tamper", func(t *testing.T, w *world) {
			if err := os.Remove(filepath.Join(w.auditDir(t), "log.json")); err != nil {
				t.Fatal(err)
			}
		}},
		{"the log is gone", "audit.rollback", func(t *testing.T, w *world) {
			if err := os.RemoveAll(w.auditDir(t)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newLoggedWorld(t)
			got := w.newHook(t, "critical")
			c.spoil(t, w)
			w.must(t, exitBad, "keygen", "-o", "k", "--no-passphrase")
			w.must(t, exitDone, "audit", "alert", "flush") // the other process that mode = "detached" starts
			if len(got) != 1 {
				t.Fatalf("%d requests\n%s", len(got), w.err.String())
			}
			r := <-got
			if !strings.Contains(string(r.body), `"action":"`+c.act+`"`) || !strings.Contains(string(r.body), event.Critical.String()) {
				t.Errorf("%s", r.body)
			}
		})
	}
}
