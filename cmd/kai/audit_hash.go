package main

import (
	"context"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/vault"
)

func auditHashCommand() command {
	return command{
		name:    "hash",
		summary: "the form in which a name is recorded, to search for it",
		examples: []example{
			{"kai audit hash api/stripe", "then kai audit query --grep h:…"},
		},
		about: "Names of secrets are recorded as h: and a keyed hash, under a key of their namespace.\n" +
			"It takes an open vault to compute one.",
		args:    "VALUE|-",
		minArgs: 1, maxArgs: 1,
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditHash(ctx, env, c.Args().First())
		},
	}
}

// auditHashJSON is one line of kai audit hash --json.
type auditHashJSON struct {
	head
	Hash string `json:"hash"`
	NS   string `json:"ns"`
	Path string `json:"path"`
}

// auditHash prints the hash of a name in its namespace, or, where it begins with none, what it would be
// in each.
func auditHash(ctx context.Context, env *env, name string) error {
	if name == "-" {
		text, err := io.ReadAll(io.LimitReader(contextReader{ctx, env.stdin}, maxHashed))
		if err != nil {
			return err
		}
		name = strings.TrimSuffix(string(text), "\n")
	}
	o, err := env.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return err
	}
	defer o.close()
	list, err := o.Namespaces(o.keys)
	if err != nil {
		return err
	}
	show := func(s *vault.Space, path string) error {
		if env.json {
			return env.printJSON(auditHashJSON{env.head(true), s.PathTag(path), s.Name(), path})
		}
		return env.printf("%s  %s\n", s.PathTag(path), s.Name()+"/"+path)
	}
	if s, _, path, err := o.path(name); err == nil {
		return show(s, path)
	}
	for _, ns := range list {
		s, err := o.Space(o.keys, ns)
		if err != nil {
			return err
		}
		if err := show(s, name); err != nil {
			return err
		}
	}
	return nil
}

// maxHashed bounds a name: paths have at most 512 bytes.
const maxHashed = 1024

// revealedNames are the names of all secrets that the session reads, deleted ones too, by their hashes.
func (e *env) revealedNames(ctx context.Context) (map[string]string, error) {
	o, err := e.unlockedVault(ctx, sessionOnly())
	if err != nil {
		return nil, err
	}
	defer o.close()
	list, err := o.Namespaces(o.keys)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, ns := range list {
		s, err := o.Space(o.keys, ns)
		if err != nil {
			return nil, err
		}
		found, err := s.List(true)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			names[s.PathTag(v.Path)] = ns + "/" + v.Path
		}
	}
	return names, nil
}
