package sops_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/sops"
	"kai/internal/vault/transfer/transfertest"
	"kai/internal/vectortest"
)

const plainYAML = `# a comment
token: hunter2 # inline
db:
    user: app
    password: "p\n:é"
    port: 5432
    big: 12345678901
    ratio: 1.50
    "on": true
    nothing: null
    empty: ""
    when: 2026-11-22T02:00:00Z
    note_unencrypted: 1.50
    flag_unencrypted: false
    date_unencrypted: 2026-11-22
list:
    # in the list
    - one
    - k: two
    - - three
multi: |
    line 1
    line 2
"a:b":
    c: colon
`

// encrypt has the real sops encrypt a file.
func encrypt(t *testing.T, recipient, name, text string, flags ...string) string {
	t.Helper()
	tool := vectortest.Peer(t, "sops")
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool, append(append([]string{"--encrypt", "--age", recipient}, flags...), file)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("sops: %v\n%s", err, complaints.Bytes())
	}
	return out.String()
}

// TestSops reads what the real sops writes, in each of its forms.
func TestSops(t *testing.T) {
	id, opts := identity(t)
	to := id.Recipient().String()
	yaml := map[string]string{
		"token#value": "hunter2", "db#user": "app", "db#password": "p\n:é", "db#port": "5432", "db#big": "12345678901",
		"db#ratio": "1.5", "db#on": "true", "db#empty": "", "db#when": "2026-11-22T02:00:00Z",
		"db#note_unencrypted": "1.5", "db#flag_unencrypted": "false", "db#date_unencrypted": "2026-11-22T00:00:00Z",
		"list#0": "one", "list/1#k": "two", "list/2#0": "three", "multi#value": "line 1\nline 2\n", "a:b#c": "colon",
	}
	const json = `{"a":"x","n":7,"f":-0.25,"b":false,"l":["y",{"z":"w"}],"m":{"k":"é\n"},"c_unencrypted":12345678901234}`
	object := map[string]string{
		"a#value": "x", "n#value": "7", "f#value": "-0.25", "b#value": "false", "l#0": "y", "l/1#z": "w", "m#k": "é\n", "c_unencrypted#value": "12345678901234",
	}
	for _, test := range []struct {
		name, text string
		flags      []string
		want       map[string]string
	}{
		{"a.yaml", plainYAML, nil, yaml},
		{"a.yaml", plainYAML, []string{"--mac-only-encrypted"}, yaml},
		{"a.yaml", plainYAML, []string{"--encrypted-regex", "^(token|password)$"}, yaml},
		{"a.yaml", plainYAML, []string{"--unencrypted-regex", "^(user|list)$"}, yaml},
		{"a.yaml", plainYAML, []string{"--encrypted-suffix", "ken"}, yaml},
		{"b.yaml", "a: 1\n---\nb: two\n", nil, map[string]string{"a#value": "1", "b#value": "two"}},
		{"a.json", json, nil, object},
		{"a.env", "# c\nA=x y\nB=\nC=it's\n", nil, map[string]string{"A#value": "x y", "B#value": "", "C#value": "it's"}},
		{"a.bin", "raw\x00 é\n", nil, map[string]string{"data#value": "raw\x00 é\n"}},
	} {
		t.Run(test.name+strings.Join(test.flags, ""), func(t *testing.T) {
			text := encrypt(t, to, test.name, test.text, test.flags...)
			got, _ := transfertest.Read(t, sops.Read, text, opts)
			transfertest.Equal(t, got, test.want)

			// A clear value that is authenticated cannot be changed, nor can a whole line go.
			if strings.HasSuffix(test.name, ".yaml") && len(test.flags) == 0 {
				lines := strings.SplitAfter(text, "\n")
				first := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "#") })
				transfertest.Refused(t, sops.Read, strings.Join(slices.Delete(lines, first, first+1), ""), opts, transfer.ErrTampered, "the MAC differs")
			}
		})
	}
}
