package alert_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"context"
	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/durable"
	"os"
	"time"
)

func TestJSON(t *testing.T) {
	a := violation(t, 17, "privilege_escalation", "src.agent=<b>&")
	body, err := a.JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema":"kai.audit.alert/1","id":"` + a.ID + `","event":` + string(a.Event) +
		`,"pattern":"privilege_escalation","text":"high: privilege_escalation: Title (src.agent=<b>&; 5 in 300 s)",` +
		`"log_id":"01JGK3F0Q0000000000000000A","n":17,"root":"jZENs/Wir77dFpoSGyvXAeH1ELT9nvwlJI+gwD3xmXU="}`
	if string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	a = exported(t, 3)
	a.Root = ""
	body, err = a.JSON()
	if err != nil || strings.Contains(string(body), "pattern") || strings.Contains(string(body), "root") {
		t.Errorf("%s, %v", body, err)
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		e    event.Event
		want string
	}{
		{event.Event{Severity: event.Critical, Act: "audit.tamper", Outcome: event.Fail}, "critical: audit.tamper fail"},
		{event.Event{Severity: event.High, Act: "vault_exported", Outcome: event.OK, Source: event.Source{Agent: "bot", HasUID: true}},
			"high: vault_exported ok (src.agent=bot, src.uid=0)"},
		{event.Event{Severity: event.High, Act: "vault_exported", Outcome: event.OK, Source: event.Source{Agent: "a\x1b[2J\n\u202e"}},
			`high: vault_exported ok (src.agent="a\x1b[2J\n\u202e")`},
		{event.Event{Severity: event.High, Act: "audit.violation", Outcome: event.OK, Details: event.Details{{Name: "pattern", Value: "p"}, {Name: "title", Value: "T"}}},
			"high: p: T"},
	} {
		if got := alert.Text(&c.e); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	e := event.Event{N: 17, Time: start, Severity: event.High, Type: event.DataAccess, Act: "vault_exported", Outcome: event.OK}
	good := security(t, &e)
	id := exported(t, 1).ID
	for name, c := range map[string]struct{ id, object string }{
		"id":            {"x", string(good)},
		"no JSON":       {id, "{"},
		"twice":         {id, strings.Replace(string(good), `{`, `{"n":17,`, 1)},
		"other n":       {id, strings.Replace(string(good), `"n":17`, `"n":18`, 1)},
		"unknown act":   {id, strings.Replace(string(good), "vault_exported", "vault_exploded", 1)},
		"no severity":   {id, strings.Replace(string(good), `"high"`, `"loud"`, 1)},
		"not an object": {id, "[]"},
	} {
		if _, err := alert.New(c.id, &e, json.RawMessage(c.object), logID, ""); !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file of the outbox is read only as it is written, and whatever it holds does no harm.
func FuzzEntry(f *testing.F) {
	root, err := os.OpenRoot(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	defer root.Close()
	o, err := alert.Open(durable.NewDir(root))
	if err != nil {
		f.Fatal(err)
	}
	a := violation(f, 1, "p", "g")
	put(f, o, a, start, "box")
	name := "outbox/" + a.ID + ".box.json"
	file, err := root.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(strings.Replace(string(file), `"attempts":0`, `"attempts":7,"error":"x"`, 1)))
	f.Add([]byte(strings.Replace(string(file), `{"schema"`, `{ "schema"`, 1)))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := root.WriteFile(name, file, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := o.List()
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		box := &mailbox{name: "box"}
		now := start.Add(time.Hour)
		report, err := o.Flush(context.Background(), []alert.Sink{box}, func() time.Time { return now }, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if list[0].Malformed && (len(report.Dropped) != 1 || len(box.got) != 0) {
			t.Fatalf("malformed: %+v", report)
		}
		for _, d := range report.Dropped {
			record := d.Event()
			if err := record.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
