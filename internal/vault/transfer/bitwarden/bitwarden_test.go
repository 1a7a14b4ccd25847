package bitwarden_test

import (
	"strings"
	"testing"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/bitwarden"
	"kai/internal/vault/transfer/transfertest"
)

const export = `{
  "encrypted": false,
  "folders": [{"id": "f1", "name": "Work/CI"}, {"id": "f2", "name": "Home"}],
  "items": [
    {
      "passwordHistory": [
        {"lastUsedDate": "2026-03-01T00:00:00.000Z", "password": "second"},
        {"lastUsedDate": "2026-02-01T00:00:00.000Z", "password": "first"}
      ],
      "revisionDate": "2026-04-01T00:00:00.123Z", "creationDate": "2026-01-01T00:00:00Z", "deletedDate": null,
      "id": "i1", "organizationId": null, "folderId": "f1", "type": 1, "reprompt": 1,
      "name": "git/hub #1", "notes": "line 1\nline 2", "favorite": true,
      "fields": [
        {"name": "PIN", "value": "1234", "type": 1, "linkedId": null},
        {"name": null, "value": "x", "type": 0, "linkedId": null},
        {"name": "is it", "value": "true", "type": 2},
        {"name": "same", "value": null, "type": 3, "linkedId": 100}
      ],
      "login": {
        "uris": [{"match": null, "uri": "https://github.com"}, {"match": 1, "uri": "https://gist.github.com"}],
        "username": "ada", "password": "c\u0034n4ry", "totp": "JBSWY3DPEHPK3PXP",
        "fido2Credentials": [{"credentialId": "c"}], "passwordRevisionDate": null
      },
      "collectionIds": null
    },
    {"type": 2, "name": "note", "notes": "n", "secureNote": {"type": 0}, "folderId": null, "login": null},
    {"type": 3, "name": "card", "folderId": "f2", "card": {"cardholderName": "Ada", "brand": "Visa", "number": "4111", "expMonth": "1", "expYear": "2030", "code": "123"}},
    {"type": 4, "name": "me", "identity": {"title": null, "firstName": "Ada", "ssn": "9", "odd": {"a": 1}}},
    {"type": 5, "name": "key", "sshKey": {"privateKey": "-----BEGIN", "publicKey": "ssh-ed25519 A", "keyFingerprint": "SHA256:x"}, "future": [1]},
    {"type": 2, "name": "note", "notes": "another"},
    {"type": 1, "name": "gone", "deletedDate": "2026-01-01T00:00:00Z", "login": {"password": "c4n4ry"}},
    {"type": 1, "name": "bare", "login": {"uris": []}}
  ]
}`

func TestJSON(t *testing.T) {
	got, store := transfertest.Read(t, bitwarden.ReadJSON, export, transfer.Options{})
	github := "Work/CI/git_hub _1"
	transfertest.Equal(t, got, map[string]string{
		github + "#PIN": "1234", github + "#field": "x", github + "#is_it": "true", github + "#notes": "line 1\nline 2",
		github + "#username": "ada", github + "#password": "c4n4ry", github + "#otp": "JBSWY3DPEHPK3PXP",
		github + "#url": "https://github.com", github + "#url_2": "https://gist.github.com",
		github + "@0#password": "first", github + "@1#password": "second",
		"note#notes": "n", "note (2)#notes": "another",
		"Home/card#cardholderName": "Ada", "Home/card#brand": "Visa", "Home/card#number": "4111",
		"Home/card#expMonth": "1", "Home/card#expYear": "2030", "Home/card#code": "123",
		"me#firstName": "Ada", "me#ssn": "9",
		"key#privateKey": "-----BEGIN", "key#publicKey": "ssh-ed25519 A", "key#keyFingerprint": "SHA256:x",
		"bare#value": "",
	})
	first := store.At(0)
	if first.Line != 5 || strings.Join(first.Tags, ",") != "favorite" ||
		!first.Created.Equal(transfertest.Time(t, "2026-01-01T00:00:00Z")) || !first.Updated.Equal(transfertest.Time(t, "2026-04-01T00:00:00.123Z")) ||
		!first.History[0].Created.Equal(transfertest.Time(t, "2026-02-01T00:00:00Z")) {
		t.Errorf("the first item is of line %d, tags %q, %v, %v", first.Line, first.Tags, first.Created, first.Updated)
	}
	var notes strings.Builder
	for _, note := range store.Notes {
		notes.WriteString(note.Text + "\n")
	}
	for _, want := range []string{
		`renamed from "Work/CI/git/hub #1"`, `renamed from "note"`, `field "is_it" renamed from "is it"`, "has no values",
		"not imported: wish to be asked for the master password again (1×)", "not imported: passkey (1×)", "not imported: linked field (1×)",
		`not imported: member "odd" of an item (1×)`, `not imported: member "future" of an item (1×)`, "not imported: item in the trash (1×)",
	} {
		if !strings.Contains(notes.String(), want+"\n") {
			t.Errorf("no note says %q:\n%s", want, notes.String())
		}
	}
	if strings.Contains(notes.String(), transfertest.Canary) || len(store.Notes) != 10 {
		t.Errorf("notes:\n%s", notes.String())
	}
	if n := transfertest.Cut(t, bitwarden.ReadJSON, export, transfer.Options{}); n > 0 {
		t.Errorf("%d beginnings of a file were read", n)
	}
}

func TestJSONOrder(t *testing.T) {
	text := `{"items":[{"name":"a","collectionIds":["c","d"],"notes":"n"}],"collections":[{"name":"Team/x","id":"c","organizationId":"o"}],"encrypted":false}`
	got, _ := transfertest.Read(t, bitwarden.ReadJSON, text, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{"Team/x/a#notes": "n"})
	transfertest.Flip(t, bitwarden.ReadJSON, text, transfer.Options{})
}

func TestJSONRefuse(t *testing.T) {
	for _, text := range []string{
		`{"encrypted":true,"passwordProtected":true,"salt":"x","data":"c4n4ry"}`,
		`{"encrypted":true,"items":[{"name":"2.c4n4ry"}]}`,
		`{"encrypted":false,"passwordProtected":true,"items":[]}`,
	} {
		transfertest.Refused(t, bitwarden.ReadJSON, text, transfer.Options{}, transfer.ErrEncrypted, `".json"`)
	}
	for text, want := range map[string]string{
		`{}`:                                     "not an export of Bitwarden",
		`{"items":[]}`:                           "not an export of Bitwarden",
		`{"encrypted":false}`:                    "no items",
		`{"encrypted":false,"items":[]} c4n4ry`:  "data after",
		`{"encrypted":false,"items":{}}`:         "no array",
		`{"encrypted":false,"items":["c4n4ry"]}`: "no object",
		"{\"encrypted\":false,\n\"items\":[{\"name\":\"c4n4ry\",\"name\":\"x\"}]}":         "line 2: two members",
		"{\"encrypted\":false,\n\"items\":[{\"name\":[\"c4n4ry\"]}]}":                      "line 2: neither",
		"{\"encrypted\":false,\n\"items\":[{\"creationDate\":\"c4n4ry\"}]}":                "line 2: malformed time",
		"{\"encrypted\":false,\n\"items\":[{\"name\":\"a\",\"login\":\"c4n4ry\"}]}":        "line 2: no object",
		"{\"encrypted\":false,\n\"items\":[{\"name\":\"a\",\"fields\":[{\"value\":{}}]}]}": "line 2: neither",
	} {
		transfertest.Refused(t, bitwarden.ReadJSON, text, transfer.Options{}, transfer.ErrMalformed, want)
	}
	transfertest.Refused(t, bitwarden.ReadJSON, `{"encrypted":false,"folders":[{"id":"f","name":"a/../b"}],"items":[{"folderId":"f","name":"x"}]}`,
		transfer.Options{}, transfer.ErrPath, `".."`)
}

const header = "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n"

func TestCSV(t *testing.T) {
	text := header +
		"Work/CI,1,login,github,\"l1\nl2\",\"PIN: 1234\nlong: a\nb: c\nwithout\",1,\"https://a.example/?x=1,2,https://b.example\",ada,\"p,\"\"w\",JBSWY3DP\r\n" +
		",,note,n,only notes,,0,,,,\n"
	got, store := transfertest.Read(t, bitwarden.ReadCSV, text, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{
		"Work/CI/github#notes": "l1\nl2", "Work/CI/github#PIN": "1234", "Work/CI/github#long": "a", "Work/CI/github#b": "c\nwithout",
		"Work/CI/github#url": "https://a.example/?x=1,2", "Work/CI/github#url_2": "https://b.example", "Work/CI/github#username": "ada",
		"Work/CI/github#password": `p,"w`, "Work/CI/github#otp": "JBSWY3DP", "n#notes": "only notes",
	})
	if store.At(1).Line != 7 || strings.Join(store.At(0).Tags, "") != "favorite" || len(store.Notes) != 1 {
		t.Errorf("line %d, tags %q, notes %v", store.At(1).Line, store.At(0).Tags, store.Notes)
	}
	transfertest.Cut(t, bitwarden.ReadCSV, text, transfer.Options{})
	transfertest.Flip(t, bitwarden.ReadCSV, text, transfer.Options{})

	organization := "collections,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp,odd\nA/b,login,x,,plain,,,,p,,c4n4ry\n\"A,B\",login,x,,,,,,p,,\n"
	got, store = transfertest.Read(t, bitwarden.ReadCSV, organization, transfer.Options{})
	transfertest.Equal(t, got, map[string]string{"A/b/x#password": "p", "A/b/x#field": "plain", "A/x#password": "p"})
	if len(store.Notes) != 2 || store.Notes[0].Text != `not imported: column "odd" (1×)` {
		t.Errorf("notes %v", store.Notes)
	}

	transfertest.Refused(t, bitwarden.ReadCSV, "a,b,c\nc4n4ry,2,3\n", transfer.Options{}, transfer.ErrMalformed, `line 1: no column "type"`)
	transfertest.Refused(t, bitwarden.ReadCSV, header+"a,c4n4ry\n", transfer.Options{}, transfer.ErrMalformed, "line 2: another number")
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(export))
	f.Add([]byte(`{"encrypted":false,"items":[{"name":"a","login":{"uris":[{"uri":"u"}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) { transfertest.Fuzz(t, bitwarden.ReadJSON, text, transfer.Options{}) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(header + "a/b,1,login,n,,\"k: v\nw\",1,\"http://a,http://b\",u,p,t\n"))
	f.Fuzz(func(t *testing.T, text []byte) { transfertest.Fuzz(t, bitwarden.ReadCSV, text, transfer.Options{}) })
}
