package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/audit/export"
)

func auditShowCommand() command {
	return command{
		name:    "show",
		summary: "show one event",
		examples: []example{
			{"kai audit show 17", "all that is recorded of it"},
			{"kai audit show 17 --raw", "the line as it is stored"},
		},
		about: "An event is named by its number, or by its id LOGID:N. --raw prints the stored line,\n" +
			"whose hash the log proves. --reveal needs an open vault, which alone knows the names\n" +
			"behind values that begin with h:.",
		args:    "N|LOGID:N",
		minArgs: 1, maxArgs: 1,
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "raw", Usage: "print the stored line"},
			&cli.BoolFlag{Name: "reveal", Usage: "resolve names that are recorded as h:…"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditShow(ctx, env, auditShowOptions{id: c.Args().First(), raw: c.Bool("raw"), reveal: c.Bool("reveal")})
		},
	}
}

type auditShowOptions struct {
	id     string
	raw    bool
	reveal bool
}

func auditShow(ctx context.Context, env *env, o auditShowOptions) error {
	switch {
	case o.raw && env.json:
		return usagef("--raw and --json exclude each other")
	case o.reveal && (o.raw || env.json):
		return usagef("--reveal is for people: neither --raw nor --json")
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	n, err := log.number(o.id)
	if err != nil {
		return err
	}
	got, err := log.Event(n)
	if err != nil {
		return err
	}
	switch {
	case o.raw:
		_, err := env.stdout.Write(append(got.Line, '\n'))
		return err
	case env.json:
		_, err := env.stdout.Write(append(securityEvent(log, &got), '\n'))
		return err
	}
	names := map[string]string{}
	if o.reveal {
		if names, err = env.revealedNames(ctx); err != nil {
			return err
		}
	}
	return printEvent(env, log, &got, names)
}

// number reads the name of an event.
func (o *openedLog) number(id string) (uint64, error) {
	digits := id
	if logID, rest, ok := strings.Cut(id, ":"); ok {
		if logID != o.Info().LogID {
			return 0, failf(exitNotFound, "no_such_event", "event %s is of another log; this one is %s", id, o.Info().LogID)
		}
		digits = rest
	}
	n, err := strconv.ParseUint(digits, 10, 53)
	if err != nil {
		return 0, usagef("event %s: not a number, nor LOGID:N", id)
	}
	return n, nil
}

// securityEvent is an event as --json prints it.
func securityEvent(log *openedLog, a *audit.Appended) []byte {
	var v event.View
	if err := event.Scan(a.Line, &v); err != nil {
		return nil // Event has read it
	}
	return export.AppendSecurityEvent(nil, log.Info().LogID, &v, a.Leaf)
}

// printEvent is an event for people: a row a member, with the names behind hashes where they are known.
func printEvent(env *env, log *openedLog, a *audit.Appended, names map[string]string) error {
	e := &a.Event
	rows := [][2]string{
		{"event", eventID(log.Info().LogID, e.N)},
		{"time", e.Time.Format(event.TimeLayout)},
		{"severity", e.Severity.String()},
		{"type", e.Type.String()},
		{"act", e.Act},
		{"outcome", e.Outcome.String()},
	}
	var v event.View
	if err := event.Scan(a.Line, &v); err != nil {
		return err
	}
	details, err := log.Details(e)
	redacted := errors.Is(err, fs.ErrNotExist)
	if err != nil && !redacted {
		return err
	}
	for _, object := range []struct {
		name string
		text []byte
	}{{"source", v.Source}, {"context", v.Context}, {"details", details}} {
		rows = append(rows, memberRows(object.name, object.text)...)
	}
	if redacted {
		rows = append(rows, [2]string{"details", "redacted; the event says " + e.Details.Text("details")})
	}
	rows = append(rows, [2]string{"leaf", fmt.Sprintf("%x", a.Leaf)})
	for _, r := range rows {
		if name, ok := names[r[1]]; ok {
			r[1] += "  " + name
		}
		if err := env.printf("%-18s %s\n", r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

// memberRows are the members of an object.
func memberRows(name string, object []byte) [][2]string {
	if len(object) == 0 {
		return nil
	}
	var rows [][2]string
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return rows
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return rows
		}
		text := string(value)
		var s string
		if json.Unmarshal(value, &s) == nil {
			text = s
		}
		rows = append(rows, [2]string{fmt.Sprintf("%s.%v", name, key), text})
	}
	return rows
}
