package alert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
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
		"leaf":          {id, strings.Replace(string(good), `"leaf":"`, `"leaf":"\n`, 1)},
		"outcome":       {id, strings.Replace(string(good), `"outcome":"ok"`, `"outcome":"o k"`, 1)},
		"type":          {id, strings.Replace(string(good), `"data_access"`, `"data\u000aaccess"`, 1)},
		"no severity":   {id, strings.Replace(string(good), `"high"`, `"loud"`, 1)},
		"not an object": {id, "[]"},
	} {
		if _, err := alert.New(c.id, &e, json.RawMessage(c.object), logID, ""); !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file of the outbox is read only as it is written, and what it holds does no harm to what is sent.
func FuzzEntry(f *testing.F) {
	path := f.TempDir()
	o := open(f, path)
	a := violation(f, 1, "p", "g")
	put(f, o, a, start, "box")
	name := a.ID + ".box.json"
	file, err := os.ReadFile(filepath.Join(path, "outbox", name))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	for _, change := range [][2]string{
		{`"attempts":0`, `"attempts":7`},
		{`","alert"`, `","error":"timeout","alert"`},
		{`"host":"build"`, `"host":"a\u000ab"`},
		{`"action":"audit.violation"`, `"action":"audit.tamper"`},
		{`"leaf":"`, `"leaf":"]\"\\`},
		{`"text":"high`, `"text":"\u001b\n`},
	} {
		if !bytes.Contains(file, []byte(change[0])) {
			f.Fatalf("no %s in %s", change[0], file)
		}
		f.Add(bytes.Replace(file, []byte(change[0]), []byte(change[1]), 1))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		body, syslog, journal, err := alert.Sendable(name, file)
		if err != nil {
			if !errors.Is(err, alert.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.HasSuffix(file, append([]byte(`"alert":`), append(body, '}')...)) {
			t.Fatal("what is sent is not what lies in the file")
		}
		if bytes.ContainsAny(body, "\r\n") {
			t.Fatal("a line break in JSON")
		}
		if bytes.ContainsFunc(syslog, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("a control character in %q", syslog)
		}
		if !bytes.HasSuffix(journal, []byte("KAI_ID="+a.ID+"\n")) {
			t.Fatalf("%q", journal)
		}
	})
}
