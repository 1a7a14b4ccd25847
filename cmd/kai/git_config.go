package main

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
)

// gitConfig is one file of git's configuration, or with the scope --show-origin what all of
// them say together. Every variable may have several values.
type gitConfig struct {
	git     *gitRunner
	scope   string
	values  map[string][]string // by gitName
	origins map[string]string   // of the last value; only with --show-origin
}

// Where kai keeps what it needs to undo a setting: the values from before, and the value that
// it set. What has another value by now was changed by somebody else and is theirs.
const (
	gitPrevious = "kai.previous."
	gitSetByKai = "kai.set."
)

// gitChange is what became of a setting.
type gitChange struct {
	Name     string   `json:"name"`
	Values   []string `json:"values"`   // now
	Previous []string `json:"previous"` // before kai's first setup, or before this undo
	Kept     bool     `json:"kept"`     // not undone: changed since
}

// readGitConfig reads the file of a scope. That there is none is no error.
func readGitConfig(ctx context.Context, git *gitRunner, scope string) (*gitConfig, error) {
	c := &gitConfig{git: git, scope: scope, values: map[string][]string{}, origins: map[string]string{}}
	cmd, said := git.command(ctx, "config", scope, "--null", "--get-regexp", ".")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && ctx.Err() == nil { // nothing matches
		return c, nil
	}
	if err != nil {
		return nil, gitFailure(ctx, err, said)
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for len(fields) > 0 {
		origin := ""
		if scope == "--show-origin" && len(fields) > 1 {
			origin, fields = fields[0], fields[1:]
		}
		name, value, ok := strings.Cut(fields[0], "\n")
		if !ok {
			value = "true" // a name alone means that
		}
		c.values[name] = append(c.values[name], value)
		c.origins[name] = origin
		fields = fields[1:]
	}
	return c, nil
}

// gitName is how git writes the name of a variable: upper and lower case differ only between
// the first dot and the last.
func gitName(name string) string {
	first, last := strings.IndexByte(name, '.'), strings.LastIndexByte(name, '.')
	return strings.ToLower(name[:first]) + name[first:last] + strings.ToLower(name[last:])
}

func (c *gitConfig) get(name string) []string { return c.values[gitName(name)] }

// set gives a variable exactly these values.
func (c *gitConfig) set(ctx context.Context, name string, values []string) error {
	have := c.get(name)
	if slices.Equal(have, values) {
		return nil
	}
	run := func(args ...string) error {
		_, err := c.git.output(ctx, append([]string{"config", c.scope}, args...)...)
		return err
	}
	if len(have) > 0 && len(values) != 1 {
		if err := run("--unset-all", "--", name); err != nil {
			return err
		}
	}
	for i, v := range values {
		how := "--add"
		if i == 0 {
			how = "--replace-all"
		}
		if err := run(how, "--", name, v); err != nil {
			return err
		}
	}
	c.values[gitName(name)] = values
	return nil
}

// ours reports whether a variable still has the value that kai gave it.
func (c *gitConfig) ours(name string) bool {
	have := c.get(name)
	return len(have) == 1 && slices.Contains(c.get(gitSetByKai+name), have[0])
}

// apply gives a variable kai's value and keeps what is needed to undo that. A crash between
// the steps leaves either the old value or one that can be undone.
func (c *gitConfig) apply(ctx context.Context, s gitSetting) (gitChange, error) {
	have, marks := c.get(s.name), c.get(gitSetByKai+s.name)
	change := gitChange{Name: s.name, Values: []string{s.value}, Previous: have}
	switch {
	case c.ours(s.name):
		change.Previous = c.get(gitPrevious + s.name)
	case slices.Equal(have, change.Values): // set by somebody else: nothing to undo
		return change.complete(), nil
	default:
		marks = nil
		if err := c.set(ctx, gitSetByKai+s.name, nil); err != nil {
			return change, err
		}
		if err := c.set(ctx, gitPrevious+s.name, have); err != nil {
			return change, err
		}
	}
	if !slices.Contains(marks, s.value) {
		marks = append(slices.Clone(marks), s.value)
	}
	for _, step := range []struct {
		name   string
		values []string
	}{{gitSetByKai + s.name, marks}, {s.name, change.Values}, {gitSetByKai + s.name, change.Values}} {
		if err := c.set(ctx, step.name, step.values); err != nil {
			return change, err
		}
	}
	return change.complete(), nil
}

// undo puts back the values from before kai's setup, of those variables that it set.
func (c *gitConfig) undo(ctx context.Context, names []string) ([]gitChange, error) {
	var changes []gitChange
	for _, name := range names {
		if len(c.get(gitSetByKai+name)) == 0 {
			continue
		}
		change := gitChange{Name: name, Previous: c.get(name), Values: c.get(gitPrevious + name)}
		if !c.ours(name) {
			change.Values, change.Kept = change.Previous, true
		} else if err := c.set(ctx, name, change.Values); err != nil {
			return changes, err
		}
		if err := c.set(ctx, gitSetByKai+name, nil); err != nil {
			return changes, err
		}
		if err := c.set(ctx, gitPrevious+name, nil); err != nil {
			return changes, err
		}
		changes = append(changes, change.complete())
	}
	return changes, nil
}

// complete makes empty lists of no lists, for JSON.
func (c gitChange) complete() gitChange {
	c.Values, c.Previous = append([]string{}, c.Values...), append([]string{}, c.Previous...)
	return c
}
