package main

import "testing"

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args     []string
		out, err string
	}{
		{[]string{"versoin"}, "", "kai: error: unknown command kai versoin\nkai: hint: did you mean kai version?\n"},
		{[]string{"version", "--jsn"}, "", "kai: error: unknown flag --jsn for kai version\nkai: hint: did you mean --json?\n"},
		{[]string{"version", "-json"}, "", "kai: error: unknown flag -json\nkai: hint: did you mean --json?\n"},
		{[]string{"version", "x"}, "", "kai: error: surplus argument x\nkai: hint: kai version --help\n"},
		{[]string{"version", "--home"}, "", "kai: error: flag --home needs a value\n"},
		{[]string{"version", "--home", "--json=false"}, "", "kai: error: flag --home needs a value, and --json=false looks like a flag\nkai: hint: --home=--json=false\n"},
		{[]string{"version", "--passphrase-fd", "x"}, "", "kai: error: invalid value \"x\" for flag --passphrase-fd: parse error\nkai: hint: kai version --help\n"},
		{[]string{"version", "--json", "--json"}, `{"schema":"kai.version/1","ok":false,"error":{"code":"usage","exit":2,"message":"flag --json given twice"}}` + "\n", ""},
		{[]string{"\x1b[2J", "--json"}, `{"schema":"kai/1","ok":false,"error":{"code":"usage","exit":2,"message":"unknown command kai \u001b[2J","hint":"kai --help"}}` + "\n", ""},
		{[]string{"\x1b[2J"}, "", "kai: error: unknown command kai \\x1b[2J\nkai: hint: kai --help\n"},
	}
	for _, test := range tests {
		w := newWorld(t, "")
		if code := w.run(t, test.args...); code != exitUsage {
			t.Errorf("kai %q: exit %d, want %d", test.args, code, exitUsage)
		}
		if got := w.out.String(); got != test.out {
			t.Errorf("kai %q: stdout %q, want %q", test.args, got, test.out)
		}
		if got := w.err.String(); got != test.err {
			t.Errorf("kai %q: stderr %q, want %q", test.args, got, test.err)
		}
	}
}
