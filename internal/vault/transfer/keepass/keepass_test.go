package keepass_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/keepass"
	"kai/internal/vault/transfer/transfertest"
	"kai/internal/vectortest"
)

// document wraps groups.
func document(meta, groups string) string {
	return `<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!-- export -->
<KeePassFile>
	<Meta><Generator>test</Generator><RecycleBinUUID>YmluYmluYmluYmluYmluMQ==</RecycleBinUUID>` + meta + `</Meta>
	<Root><Group><UUID>AAAA</UUID><Name>Database</Name><Notes/>` + groups + `</Group><DeletedObjects/></Root>
</KeePassFile>
`
}

// entry is an entry with strings, "key=value", and other elements.
func entry(more string, strs ...string) string {
	var out strings.Builder
	out.WriteString("<Entry><UUID>x</UUID>")
	for _, s := range strs {
		key, value, _ := strings.Cut(s, "=")
		out.WriteString("<String><Key>" + key + "</Key><Value>" + value + "</Value></String>")
	}
	return out.String() + more + "</Entry>"
}

func group(name, content string) string {
	return "<Group><UUID>g</UUID><Name>" + name + "</Name>" + content + "</Group>"
}

func TestXML(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte("zipped")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	meta := `<Binaries><Binary ID="0" Compressed="True">` + b64(zipped.Bytes()) + `</Binary><Binary ID="1">` + b64([]byte("\x00\xff")) + `</Binary></Binaries>`
	history := "<History>" + entry("<Times><LastModificationTime>2026-01-01T00:00:00Z</LastModificationTime></Times>", "Title=Bank", "Password=one") +
		entry("<Times><LastModificationTime>3Y+Z4g4AAAA=</LastModificationTime></Times><History/>", "Password=two") + "</History>"
	times := "<Times><CreationTime>2025-12-31T00:00:00Z</CreationTime><LastModificationTime>2026-02-01T00:00:00Z</LastModificationTime>" +
		"<ExpiryTime>2027-01-01T00:00:00Z</ExpiryTime><Expires>True</Expires></Times>"
	files := `<Binary><Key>a.zip</Key><Value Ref="0"/></Binary><Binary><Key>b c</Key><Value Ref="1"/></Binary><Binary><Key>lost</Key><Value Ref="9"/></Binary>`
	text := document(meta,
		entry("", "Title=Top", "Password=p&amp;<![CDATA[<x>]]>&#233;&#x1F600;<!-- c -->&quot;&apos;\r\n&gt;")+
			group("Net/work", "<Notes>n</Notes>"+
				entry(times+files+history+"<Tags>a; b,a</Tags><AutoType/><Odd>1</Odd>",
					"UserName=ada", "Title=Bank", "Password=three", "URL=https://x", "Notes=l1\nl2", "otp=otpauth://totp/x", "Own key=v", "Empty=")+
				group("Deep", entry("", "Title=..a", "Password=d")))+
			entry("", "Title=Top", "Password=again")+
			"<Group><UUID>YmluYmluYmluYmluYmluMQ==</UUID><Name>Bin</Name>"+entry("", "Title=gone", "Password=c4n4ry")+group("x", entry("", "Title=gone"))+"</Group>")
	got, store := transfertest.Read(t, keepass.ReadXML, text, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{
		"Top#password": "p&<x>é😀\"'\n>", "Top (2)#password": "again", "Net_work/Deep/..a#password": "d",
		"Net_work/Bank#username": "ada", "Net_work/Bank#password": "three", "Net_work/Bank#url": "https://x",
		"Net_work/Bank#notes": "l1\nl2", "Net_work/Bank#otp": "otpauth://totp/x", "Net_work/Bank#Own_key": "v",
		"Net_work/Bank#a.zip": "zipped", "Net_work/Bank#b_c": "\x00\xff",
		"Net_work/Bank@0#password": "one", "Net_work/Bank@1#password": "two",
	})
	bank := store.At(1)
	if want := transfertest.Time(t, "2026-11-26T02:26:37Z"); !bank.History[1].Created.Equal(want) {
		t.Errorf("second version is of %v, want %v", bank.History[1].Created, want)
	}
	if !bank.Created.Equal(transfertest.Time(t, "2025-12-31T00:00:00Z")) || !bank.Updated.Equal(transfertest.Time(t, "2026-02-01T00:00:00Z")) ||
		!bank.Expires.Equal(transfertest.Time(t, "2027-01-01T00:00:00Z")) {
		t.Errorf("times are %v, %v, %v", bank.Created, bank.Updated, bank.Expires)
	}
	if strings.Join(bank.Tags, "|") != "a|b" {
		t.Errorf("tags are %q", bank.Tags)
	}
	var notes strings.Builder
	for _, note := range store.Notes {
		notes.WriteString(note.Text + "\n")
	}
	for _, want := range []string{
		"not imported: attached file, whose bytes are not in the export (1×)", "not imported: notes of a group (1×)",
		`not imported: element "Odd" of an entry (1×)`, "not imported: entry in the recycle bin (1×)", "not imported: group in the recycle bin (1×)",
		`renamed from "Net/work/Bank"`, `renamed from "Top"`, `field "Own_key" renamed from "Own key"`,
	} {
		if !strings.Contains(notes.String(), want+"\n") {
			t.Errorf("no note says %q:\n%s", want, notes.String())
		}
	}
	if strings.Contains(notes.String(), transfertest.Canary) {
		t.Error("a note holds a value")
	}
	transfertest.Cut(t, keepass.ReadXML, text, transfer.Options{})
	transfertest.Flip(t, keepass.ReadXML, document("", entry(times, "Title=a", "Password=c4n4ry")), transfer.Options{})
}

func TestXMLRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "no element",
		"hello":                              "no element",
		"<KeePassFile>":                      "without an end",
		"<Other></Other>":                    "not KeePassFile",
		"<KeePassFile/>x":                    "data after",
		`<!DOCTYPE x [<!ENTITY a "b">]><x/>`: "document type",
		`<?xml version="1.0" encoding="UTF-16"?><KeePassFile/>`:                                    "encoding",
		`<KeePassFile><Root></Root></KeePassFile>`:                                                 "Root before Meta",
		document("", entry("", "Title=a", "Password=c4n4ry&x;")):                                   "unknown reference",
		document("", entry("", "Title=a", "Password=c4n4ry&#0;")):                                  "unknown reference",
		document("", entry("", "Title=a", "Password=c4n4ry&#xd800;")):                              "unknown reference",
		document("", entry("", "Title=a", "Password=c4n4ry&amp")):                                  "reference without",
		document("", entry("", "Title=a", "Password=c4n4ry\x01")):                                  "control character",
		document("", entry("", "Title=a", "Password=c4n4ry\xff")):                                  "invalid UTF-8",
		document("", entry("", "Title=a", "Password=c4n4ry<b/>")):                                  "element inside text",
		document("", entry("", "Title=a")+"c4n4ry"):                                                "text between elements",
		document("", entry("<Times><CreationTime>c4n4ry</CreationTime></Times>", "Title=a")):       "malformed time",
		document("", entry("<Times><CreationTime>//////////8=</CreationTime></Times>", "Title=a")): "malformed time",
		document("", "<Group>"+entry("", "Title=a")+"<Name>late</Name></Group>"):                   "group without a name",
		document(`<Binaries><Binary ID="0">c4n4ry!</Binary></Binaries>`, ""):                       "malformed base64",
		document(`<Binaries><Binary ID="0" Compressed="True">QUJD</Binary></Binaries>`, ""):        "compressed",
		strings.Replace(document("", ""), "</Root>", "</Rood>", 1):                                 "end tag of another",
		strings.Replace(document("", ""), "<Meta>", `<Meta a="1" a="2">`, 1):                       "two attributes",
		strings.Replace(document("", ""), "<Meta>", `<Meta a=1>`, 1):                               "without quotes",
		document("", strings.Repeat("<Group><Name>g</Name>", 200)):                                 "too deep",
	} {
		transfertest.Refused(t, keepass.ReadXML, text, transfer.Options{}, transfer.ErrMalformed, want)
	}
	transfertest.Refused(t, keepass.ReadXML, document("", `<Entry><String><Key>Password</Key><Value Protected="True">c4n4ry</Value></String></Entry>`),
		transfer.Options{}, transfer.ErrEncrypted, "line 5")
	transfertest.Refused(t, keepass.ReadXML, document("", entry("", "Title=..", "Password=c4n4ry")), transfer.Options{}, transfer.ErrPath, "line 5")
}

const table = "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\n" +
	"\"Passwords/Net\",\"Bank \"\"é\"\"\",\"ada\",\"a,\"\"b\",\"https://x\",\"line1\nline2\",\"otpauth://x\",\"0\",\"2026-11-26T02:26:40Z\",\"2026-11-26T02:26:39Z\"\r\n" +
	"\n" +
	"Passwords,Top,,p,,,,,,\n"

func TestCSV(t *testing.T) {
	got, store := transfertest.Read(t, keepass.ReadCSV, table, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{
		`Net/Bank "é"#username`: "ada", `Net/Bank "é"#password`: `a,"b`, `Net/Bank "é"#url`: "https://x",
		`Net/Bank "é"#notes`: "line1\nline2", `Net/Bank "é"#otp`: "otpauth://x", "Top#password": "p",
	})
	if store.At(1).Line != 5 || !store.At(0).Created.Equal(transfertest.Time(t, "2026-11-26T02:26:39Z")) {
		t.Errorf("line %d, created %v", store.At(1).Line, store.At(0).Created)
	}
	for text, want := range map[string]string{
		"":                                   `no column "Group"`,
		"a,b\n":                              `no column "Group"`,
		table + "Passwords,c4n4ry\n":         "line 6: another number of fields",
		table + "Passwords,\"c4n4ry\n":       "line 6: quoted field without an end",
		table + "Passwords,\"c4n4ry\"x\n":    "line 6: text after",
		table + "Passwords,c4n\"4ry\n":       "line 6: quote inside",
		table + "Passwords,c4n4ry\xff\n":     "line 6: invalid UTF-8",
		table + "P,a,,c4n4ry,,,,,yesterday,": "line 6: malformed time",
	} {
		transfertest.Refused(t, keepass.ReadCSV, text, transfer.Options{}, transfer.ErrMalformed, want)
	}
	transfertest.Cut(t, keepass.ReadCSV, table, transfer.Options{})
	transfertest.Flip(t, keepass.ReadCSV, table, transfer.Options{})
}

// TestKeePassXC makes a database with the real tool and reads its exports.
func TestKeePassXC(t *testing.T) {
	tool := vectortest.Peer(t, "keepassxc-cli")
	dir := t.TempDir()
	db := filepath.Join(dir, "t.kdbx")
	run := func(stdin string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(tool, args...)
		cmd.Env = []string{"HOME=" + dir, "PATH=/usr/bin:/bin", "QT_QPA_PLATFORM=offscreen", "LC_ALL=C.UTF-8"}
		cmd.Stdin = strings.NewReader(stdin)
		var out, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil {
			t.Fatalf("keepassxc-cli %q: %v\n%s", args, err, complaints.Bytes())
		}
		return out.Bytes()
	}
	run("pw\npw\n", "db-create", "-p", db)
	run("pw\n", "mkdir", "-q", db, "Net")
	run("pw\nold <&>\n", "add", "-q", "-u", "ada", "--url", "https://x.example/?a=1&b=2", "--notes", "l1\nl2 <x>", "-p", db, `Net/Bank "é" #1`)
	run("pw\nnew ]]>\n", "edit", "-q", "-p", db, `Net/Bank "é" #1`)
	run("pw\nx\n", "add", "-q", "-p", db, "Gone")
	run("pw\n", "rm", "-q", db, "Gone")
	want := map[string]string{
		`Net/Bank "é" _1#username`: "ada", `Net/Bank "é" _1#password`: "new ]]>",
		`Net/Bank "é" _1#url`: "https://x.example/?a=1&b=2", `Net/Bank "é" _1#notes`: "l1\nl2 <x>",
	}
	table, _ := transfertest.Read(t, keepass.ReadCSV, string(run("pw\n", "export", "-q", "-f", "csv", db)), transfer.Options{})
	delete(table, "Recycle Bin/Gone#password")
	transfertest.Equal(t, table, want)
	for field, value := range map[string]string{"username": "ada", "password": "old <&>", "url": "https://x.example/?a=1&b=2", "notes": "l1\nl2 <x>"} {
		want[`Net/Bank "é" _1@0#`+field] = value
	}
	got, _ := transfertest.Read(t, keepass.ReadXML, string(run("pw\n", "export", "-q", "-f", "xml", db)), transfer.Options{})
	transfertest.Equal(t, got, want)
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(document("", entry("<Tags>a;b</Tags>", "Title=a&amp;b", "Password=<![CDATA[x]]>"))))
	f.Add([]byte(document(`<Binaries><Binary ID="0">QUJD</Binary></Binaries>`, group("g", entry(`<Binary><Key>k</Key><Value Ref="0"/></Binary>`)))))
	f.Add([]byte("<KeePassFile a='&#65;'/>"))
	f.Fuzz(func(t *testing.T, text []byte) { transfertest.Fuzz(t, keepass.ReadXML, text, transfer.Options{}) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte("Group,Title,Username,Password\na/b/c,\"\"\"\",x,\"\r\n\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) { transfertest.Fuzz(t, keepass.ReadCSV, text, transfer.Options{}) })
}
