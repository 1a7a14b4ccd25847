package export_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

// The bytes of the usual event, worked out by hand.
func TestBytesOfTheFormats(t *testing.T) {
	e := sample("ci")
	e.Source = event.Source{Agent: "ci", UID: 1000, HasUID: true, PID: 4711, Host: "build", Ver: "1.2.3"}
	e.Context = event.Context{Cmd: "vault unlock"}
	e.Details = event.Details{{Name: "error", Value: "wrong=pass|phrase"}}
	v, _ := view(t, e)
	leaf := [32]byte{0xab, 31: 0xcd}
	hex := "ab" + strings.Repeat("00", 30) + "cd"
	const message = `vault_unlock_failed fail d.error="wrong=pass|phrase" ctx.cmd="vault unlock" src.agent="ci" src.uid=1000 src.pid=4711 src.host="build" src.ver="1.2.3"`
	for format, want := range map[export.Format]string{
		export.JSONL: string(v.Line) + "\n",
		export.Events: `{"id":"` + logID + `:17","timestamp":"2026-11-22T04:36:27.169927Z","eventType":"authentication","severity":"medium",` +
			`"source":{"agent":"ci","uid":1000,"pid":4711,"host":"build","ver":"1.2.3"},"details":{"error":"wrong=pass|phrase"},` +
			`"context":{"cmd":"vault unlock"},"n":17,"action":"vault_unlock_failed","outcome":"fail","leaf":"` + hex + `"}` + "\n",
		export.RFC5424: `<84>1 2026-11-22T04:36:27.169927Z build kai 4711 vault_unlock_failed ` +
			`[kai@32473 n="17" type="authentication" act="vault_unlock_failed" out="fail" leaf="` + hex + `"] ` + message + "\n",
		export.CEF: `CEF:0|kai|kai|1.2.3|vault_unlock_failed|vault unlock failed|5|externalId=` + logID + `:17 rt=1795322187169 cat=authentication ` +
			`act=vault_unlock_failed outcome=fail reason=wrong\=pass|phrase suser=ci suid=1000 spid=4711 shost=build cn1Label=n cn1=17 cs1Label=leaf cs1=` + hex +
			` cs2Label=source cs2={"agent":"ci","uid":1000,"pid":4711,"host":"build","ver":"1.2.3"} cs3Label=context cs3={"cmd":"vault unlock"} ` +
			`cs4Label=details cs4={"error":"wrong\=pass|phrase"} cs5Label=time cs5=2026-11-22T04:36:27.169927Z msg=` +
			strings.ReplaceAll(message, "=", `\=`) + "\n",
		export.CSV: headings + "\r\n" + logID + `:17,17,2026-11-22T04:36:27.169927Z,authentication,medium,vault_unlock_failed,fail,` +
			`"ci","1000","4711",,,"build","1.2.3","vault unlock",,,,,,,,"{""error"":""wrong=pass|phrase""}",` + hex + "\r\n",
	} {
		var out bytes.Buffer
		w, err := export.New(&out, format, logID)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(v, leaf), w.Close()); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s\n got %s\nwant %s", format, out.String(), want)
		}
	}
}

// What RFC 5424 does not allow in its header is left out of it; the message has it all the same.
func TestHeaderOfSyslog(t *testing.T) {
	for host, want := range map[string]string{
		"": "-", "build": "build", "a b": "-", "a\nb": "-", "ü": "-", `a\b`: "-", `"`: "-", "[x]": "[x]",
		strings.Repeat("h", 255): strings.Repeat("h", 255), strings.Repeat("h", 256): "-",
	} {
		e := sample("x")
		e.Source.Host = host
		v, leaf := view(t, e)
		m, err := parseSyslog(string(export.AppendRFC5424(nil, v, leaf)))
		if err != nil || m.hostname != want {
			t.Errorf("host %q: %q, %v", host, m.hostname, err)
		}
	}
	e := sample("x")
	e.Source.PID, e.Act = 0, "secure_channel_establishment_started"
	v, leaf := view(t, e)
	m, err := parseSyslog(string(export.AppendRFC5424(nil, v, leaf)))
	if err != nil || m.procid != "-" || m.msgid != "secure_channel_establishment_sta" || m.structured["kai@32473"]["act"] != e.Act {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestEmptyLogs(t *testing.T) {
	for _, format := range export.Formats() {
		want := ""
		if format == export.CSV {
			want = headings + "\r\n"
		}
		if got := write(t, format); got != want {
			t.Errorf("%s of nothing: %q", format, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, format := range []export.Format{"", "tiles", "JSONL", "csv "} {
		if _, err := export.New(io.Discard, format, logID); !errors.Is(err, export.ErrFormat) {
			t.Errorf("format %q: %v", format, err)
		}
	}
	for _, id := range []string{"", "x", logID + "A", strings.ToLower(logID), logID[:25] + `"`, logID[:25] + "U", logID[:25] + "\n"} {
		if _, err := export.New(io.Discard, export.CSV, id); !errors.Is(err, export.ErrLogID) {
			t.Errorf("log id %q: %v", id, err)
		}
	}
}

// failing accepts some bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return 0, io.ErrClosedPipe
	}
	f.left -= len(p)
	return len(p), nil
}

func TestFailuresStay(t *testing.T) {
	v, leaf := view(t, sample("x"))
	for _, format := range export.Formats() {
		w, err := export.New(&failing{100_000}, format, logID)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			err = w.Write(v, leaf)
		}
		if !errors.Is(err, io.ErrClosedPipe) || !errors.Is(w.Write(v, leaf), io.ErrClosedPipe) || !errors.Is(w.Close(), io.ErrClosedPipe) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// counting forgets what is written, and knows the most that came at once.
type counting struct{ lines, most int }

func (c *counting) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	c.most = max(c.most, len(p))
	return len(p), nil
}

func TestMemoryIsBounded(t *testing.T) {
	v, leaf := view(t, sample("ci"))
	for _, format := range export.Formats() {
		size := 50_000
		if format == export.OCSF && !testing.Short() {
			size = 1_000_000
		}
		var out counting
		w, err := export.New(&out, format, logID)
		if err != nil {
			t.Fatal(err)
		}
		before := allocated()
		for i := range size {
			v.N = uint64(i)
			if err := w.Write(v, leaf); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		headings := 0
		if format == export.CSV {
			headings = 1
		}
		if out.lines != size+headings || out.most > 128<<10 {
			t.Errorf("%s: %d lines, %d bytes at once", format, out.lines, out.most)
		}
		if grown := allocated() - before; grown > 1<<20 {
			t.Errorf("%s: %d bytes were allocated for %d events", format, grown, size)
		}
	}
}

// allocated is how much was allocated so far, freed or not.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A record may be larger than the buffer.
func TestTheLongestLine(t *testing.T) {
	e := sample("x")
	e.Details = event.Details{{Name: "a", Value: strings.Repeat(`"`, 31_000)}}
	for _, format := range export.Formats() {
		records := lines(t, format, write(t, format, e, e))
		if len(records) != 2 {
			t.Fatalf("%d records", len(records))
		}
		readers[format](t, records[1], e)
	}
}

func TestFormats(t *testing.T) {
	want := []export.Format{"jsonl", "events", "ocsf", "cef", "rfc5424", "csv"}
	if got := export.Formats(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func BenchmarkWrite(b *testing.B) {
	e := sample("ci")
	e.Context = event.Context{Cmd: "vault unlock"}
	v, leaf := view(b, e)
	for _, format := range export.Formats() {
		b.Run(string(format), func(b *testing.B) {
			w, err := export.New(io.Discard, format, logID)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(v.Line)) + 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(v, leaf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
