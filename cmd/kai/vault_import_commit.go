package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"slices"
	"strings"
	"time"

	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/transfer"
	"kai/internal/vault/vlog"
)

// commit writes each namespace in one commit.
func (p *importPlan) commit(ctx context.Context) error {
	if err := p.check(ctx); err != nil {
		return err
	}
	for at, s := range p.spaces {
		if !slices.ContainsFunc(p.targets, func(t importTarget) bool { return int(t.space) == at && t.fate != importSkip }) {
			continue
		}
		if _, err := s.CommitSeq(ctx, p.changes(at)); err != nil {
			if at > 0 {
				p.o.env.warn("these namespaces are imported already: %s", strings.Join(p.names[:at], " "))
			}
			return err
		}
		if len(p.spaces) == 1 {
			p.o.env.fact("ns", s.ID().String())
		}
	}
	return nil
}

// check finds what the vault would refuse, before the first namespace is written, and asks for the
// factor of credentials.
func (p *importPlan) check(ctx context.Context) error {
	if !p.o.keys.CanWrite() {
		return vault.ErrReadOnly
	}
	credentials := false
	for i := range p.targets {
		if p.targets[i].fate == importSkip {
			continue
		}
		m, err := p.meta(i)
		if err != nil {
			return err
		}
		credentials = credentials || m.Kind == vault.KindCredentials
	}
	if credentials {
		return p.o.user(ctx)
	}
	return nil
}

// changes are those of one namespace, in the order of the source. A change is valid until the next.
func (p *importPlan) changes(at int) iter.Seq2[*vault.Change, error] {
	return func(yield func(*vault.Change, error) bool) {
		var list []fields.Field
		var change vault.Change
		for i := range p.targets {
			t := &p.targets[i]
			if int(t.space) != at || t.fate == importSkip {
				continue
			}
			item := p.store.At(i)
			m, err := p.meta(i)
			if err != nil {
				yield(nil, err)
				return
			}
			if t.fate == importNew {
				for _, old := range item.History {
					earlier := m
					earlier.NotAfter, earlier.Created = 0, 0
					list = plainFields(list, old.Fields)
					change = vault.Change{Type: vlog.Put, Meta: earlier, Fields: list}
					if !yield(&change, nil) {
						return
					}
				}
			}
			list = plainFields(list, item.Fields)
			// With a history the path is not new any more.
			isNew := t.fate == importNew && len(item.History) == 0
			change = vault.Change{Type: vlog.Put, Meta: m, Fields: list, New: isNew}
			if !yield(&change, nil) {
				return
			}
		}
	}
}

// plainFields are fields as the vault wants them, in the memory of list.
func plainFields(list []fields.Field, from []transfer.Field) []fields.Field {
	list = list[:0]
	for _, f := range from {
		list = append(list, fields.Field{Name: f.Name, Value: f.Value.Expose()})
	}
	return list
}

// meta is what is said of an item.
func (p *importPlan) meta(i int) (vault.Meta, error) {
	item, x := p.store.At(i), p.options
	m := vault.Meta{Path: p.targets[i].path, Kind: x.kind, Tags: item.Tags, Scope: x.scope}
	if len(x.tags) > 0 {
		m.Tags = slices.Concat(item.Tags, x.tags)
		slices.Sort(m.Tags)
		m.Tags = slices.Compact(m.Tags)
	}
	m.Created, m.NotAfter = unixSeconds(item.Created), unixSeconds(item.Expires)
	if v := item.Vault; v != nil {
		m.Public, m.RotateWith, m.Retain = v.Public, v.RotateWith, v.Retain
		m.RotateEvery = int64(v.RotateEvery / time.Second)
		m.LastRotated, m.CompromisedSince = unixSeconds(v.LastRotated), unixSeconds(v.CompromisedSince)
		if m.Scope == (vault.Scope{}) {
			m.Scope = vault.Scope{Module: v.Module, Service: v.Service, Agent: v.Agent}
		}
		if err := errors.Join(vault.CheckRetain(v.Retain), checkRotator(v.RotateWith)); err != nil {
			return m, fail(exitUndecidable, "malformed", fmt.Errorf("%s: %w", printable(p.full(item)), err))
		}
	}
	if m.Kind == "" {
		m.Kind = item.Kind
	}
	if m.Kind == "" {
		m.Kind = importKind(item, m.Scope)
	}
	vault.Defaults(&m, p.o.env.now())
	return m, checkScope(&m)
}

func checkRotator(text string) error {
	if text == "" {
		return nil
	}
	_, err := vault.ParseRotator(text)
	return err
}

// importKind tells what an item is by what it looks like.
func importKind(item *transfer.Item, scope vault.Scope) string {
	var given []secretField
	for _, f := range item.Fields {
		if bytes.Contains(f.Value.Expose(), []byte("-----BEGIN ")) {
			given = append(given, secretField{f.Name, copyOf(f.Value.Expose())})
		}
	}
	defer wipeFields(given)
	return kindOf(given, scope)
}

func unixSeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(t.Unix(), 0)
}

type importItemJSON struct {
	head
	Path string `json:"path"`
	Fate string `json:"fate"` // new, version, skip
	Kind string `json:"kind"`
}

// show says what would be done.
func (p *importPlan) show() error {
	env := p.o.env
	for i := range p.targets {
		t := &p.targets[i]
		m, err := p.meta(i)
		if err != nil {
			return err
		}
		full := p.names[t.space] + "/" + t.path
		fate := importWords[t.fate]
		if t.fate == importVersion && p.options.onConflict == "fail" {
			fate = "conflict"
		}
		if env.json {
			err = env.printJSON(importItemJSON{head{"kai.vault.import-item/1", true}, full, fate, m.Kind})
		} else {
			err = env.printf("%-8s  %s  %s\n", fate, full, m.Kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// maxNotesShown is how many notes are told, unless all are asked for with --dry-run.
const maxNotesShown = 20

type importJSON struct {
	head
	DryRun   bool             `json:"dry_run"`
	New      int              `json:"new"`
	Versions int              `json:"versions"`
	Skipped  int              `json:"skipped"`
	Notes    []importNoteJSON `json:"notes"`
	More     int              `json:"more_notes"`
}

type importNoteJSON struct {
	Line int    `json:"line,omitempty"`
	Path string `json:"path,omitempty"`
	Text string `json:"text"`
}

// report says what was done, and what could not be taken over as it is.
func (p *importPlan) report() error {
	env := p.o.env
	if env.json {
		j := importJSON{
			head: env.head(true), DryRun: p.options.dryRun, New: p.count(importNew), Versions: p.count(importVersion), Skipped: p.count(importSkip),
			Notes: []importNoteJSON{}, More: p.store.More,
		}
		for _, n := range p.store.Notes {
			j.Notes = append(j.Notes, importNoteJSON{n.Line, n.Path, n.Text})
		}
		return env.printJSON(j)
	}
	shown := len(p.store.Notes)
	if !p.options.dryRun {
		shown = min(shown, maxNotesShown)
	}
	for _, n := range p.store.Notes[:shown] {
		where := n.Path
		if n.Line > 0 {
			where = fmt.Sprintf("line %d %s", n.Line, n.Path)
		}
		if where = strings.TrimSpace(where); where != "" {
			where += ": "
		}
		env.note("%s%s", where, n.Text)
	}
	if left := len(p.store.Notes) - shown + p.store.More; left > 0 {
		env.note("and %d more notes; --dry-run tells them", left)
	}
	verb := "imported"
	if p.options.dryRun {
		verb = "would import"
	}
	env.note("%s %d new secrets, %d new versions; %d skipped", verb, p.count(importNew), p.count(importVersion), p.count(importSkip))
	return nil
}

// maxComplaint bounds what is shown of a program's complaints, in bytes.
const maxComplaint = 4096

// runSecretProgram runs a program whose output is secret, as gpg.
func (e *env) runSecretProgram(ctx context.Context, stdin io.Reader, stdout io.Writer, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = slices.DeleteFunc(e.childEnviron(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return isOwnVariable(name)
	})
	cmd.Stdin = stdin
	complaints := &boundedBuffer{&bytes.Buffer{}, maxComplaint}
	cmd.Stderr = complaints
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	// io.Copy's own buffer would keep what is secret; a Buffer reads by itself.
	_, copyErr := io.Copy(stdout, out)
	if copyErr != nil {
		out.Close() // it notices that nobody reads on
	}
	err = cmd.Wait()
	if copyErr != nil {
		return copyErr
	}
	if text := strings.TrimSpace(complaints.buffer.String()); err != nil && text != "" {
		return fmt.Errorf("%w: %s", err, printable(text))
	}
	return err
}
