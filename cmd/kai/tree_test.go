package main

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/event"
)

// walkTree calls visit with the path to each command, groups included.
func walkTree(root *command, visit func(path []*command)) {
	var walk func([]*command)
	walk = func(path []*command) {
		visit(path)
		c := path[len(path)-1]
		for _, child := range c.built() {
			walk(append(slices.Clone(path), child))
		}
	}
	walk([]*command{root})
}

// TestTree holds the rules that each command keeps.
func TestTree(t *testing.T) {
	leaves := 0
	walkTree(rootCommand(), func(path []*command) {
		c, name := path[len(path)-1], commandPath(path)
		for i, child := range c.built() {
			if listed := c.children[i].name; child.name != listed || c.child(listed) == nil {
				t.Errorf("%s: %s is listed as %s", name, child.name, listed)
			}
		}
		if c.summary == "" || unicode.IsUpper(rune(c.summary[0])) || strings.HasSuffix(c.summary, ".") {
			t.Errorf("%s: summary %q is not half a line in lower case without full stop", name, c.summary)
		}
		if len(c.examples) == 0 {
			t.Errorf("%s: no examples", name)
		}
		for _, e := range c.examples {
			if !strings.Contains(e.line, "kai") {
				t.Errorf("%s: example %q does not call kai", name, e.line)
			}
		}
		if c.isGroup() {
			if c.action != nil || len(c.flags) > 0 || c.args != "" || c.maxArgs != 0 {
				t.Errorf("%s: a group has no action, flags or arguments of its own", name)
			}
			return
		}
		leaves++
		checkRecorded(t, name, c.recorded)
		if c.action == nil {
			t.Errorf("%s: no action", name)
		}
		if (c.maxArgs != 0) != (c.args != "") {
			t.Errorf("%s: args %q, but at most %d of them", name, c.args, c.maxArgs)
		}
		if c.maxArgs != anyNumber && c.minArgs > c.maxArgs {
			t.Errorf("%s: at least %d and at most %d arguments", name, c.minArgs, c.maxArgs)
		}
		if !strings.HasPrefix(schemaName(&arranged{path: path}), "kai.") {
			t.Errorf("%s: schema %q", name, c.schema)
		}
		checkFlags(t, name, c)
	})
	if leaves == 0 {
		t.Fatal("no commands")
	}
}

// checkRecorded: each command is recorded, judging, or says why it leaves nothing in the audit
// log, and names only acts that the catalogue has with the outcomes it needs.
func checkRecorded(t *testing.T, name string, r recorded) {
	t.Helper()
	can := func(act string, outcomes ...event.Outcome) {
		row, ok := event.Lookup(act)
		for _, o := range outcomes {
			if _, other := r.instead["deny"]; o == event.Deny && other {
				continue // it ends in another act, below
			}
			if !ok || row.By[o] == 0 {
				t.Errorf("%s: %q cannot end in %s", name, act, o)
			}
		}
	}
	for ident, as := range r.instead {
		if row, ok := event.Lookup(as.act); !ok || row.By[as.outcome] == 0 {
			t.Errorf("%s, %s: %q cannot end in %s", name, ident, as.act, as.outcome)
		}
	}
	switch r.mode {
	case readOnly:
		if r.why == "" {
			t.Errorf("%s leaves nothing in the audit log, and does not say why", name)
		}
	case observing:
		can(r.done, event.OK)
		can(r.failed, event.Fail, event.Deny)
	case privileged:
		can(r.begin, event.Begin)
		can(r.done, event.OK)
		can(r.failed, event.Fail, event.Deny)
	case ownRecords:
		if !strings.HasPrefix(name, "kai audit ") {
			t.Errorf("%s: only commands of the log record themselves", name)
		}
	default:
		t.Errorf("%s does not say what it leaves in the audit log", name)
	}
}

func checkFlags(t *testing.T, name string, c *command) {
	t.Helper()
	seen := map[string]bool{"help": true, "h": true}
	for _, f := range globalFlags() {
		for _, n := range f.Names() {
			seen[n] = true
		}
	}
	for _, f := range c.flags {
		for _, n := range f.Names() {
			if seen[n] {
				t.Errorf("%s: flag %s is taken", name, dashed(n))
			}
			seen[n] = true
		}
		if d, ok := f.(cli.DocGenerationFlag); !ok || d.GetUsage() == "" || len(d.GetEnvVars()) > 0 {
			t.Errorf("%s: flag --%s has no usage text, or a variable of its own", name, f.Names()[0])
		}
		if r, ok := f.(cli.RequiredFlag); ok && r.IsRequired() {
			t.Errorf("%s: flag --%s is marked required; check it in the action", name, f.Names()[0])
		}
		if g, ok := f.(*cli.GenericFlag); ok && flagWords(g) == nil {
			t.Errorf("%s: flag --%s: generic flags are made by choiceFlag", name, g.Name)
		}
	}
}

// TestJSONEverywhere runs each command with --json and a flag that does not exist: the answer
// is one object of the command's schema.
func TestJSONEverywhere(t *testing.T) {
	walkTree(rootCommand(), func(path []*command) {
		var args []string
		for _, c := range path[1:] {
			args = append(args, c.name)
		}
		w := newWorld(t, "")
		want := `{"schema":"` + schemaName(&arranged{path: path}) + `","ok":false,"error":{"code":"usage","exit":2,"message":"unknown flag --no-such-flag`
		if code := w.run(t, append(args, "--json", "--no-such-flag")...); code != exitUsage || !strings.HasPrefix(w.out.String(), want) {
			t.Errorf("%s --json: exit %d, %s; want %s…", commandPath(path), code, w.out.String(), want)
		}
		if w.err.Len() > 0 {
			t.Errorf("%s --json: stderr %q", commandPath(path), w.err.String())
		}
		if code := w.run(t, append(args, "--json", "--help")...); code != exitDone || !strings.HasPrefix(w.out.String(), `{"schema":"kai.help/1","ok":true,`) {
			t.Errorf("%s --json --help: exit %d, %s", commandPath(path), code, w.err.String())
		}
	})
}
