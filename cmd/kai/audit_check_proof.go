package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/audit/export"
	"kai/internal/audit/proof"
	"kai/internal/sig"
)

func auditCheckProofCommand() command {
	return command{
		name:    "check-proof",
		summary: "does a log hold this event? Needs no home",
		examples: []example{
			{"kai audit check-proof e17.tlog-proof --log VKEY", "VKEY is what kai audit status --vkey printed there"},
			{"kai audit check-proof e17.tlog-proof --log VKEY --witness VKEY --quorum 1", "and somebody saw the log grow"},
		},
		about: "Computes the hash of the event, follows the proof to the root of the checkpoint, checks\n" +
			"the signatures, and prints the event. Every key of --log must have signed. Witnesses\n" +
			"count by name; without --quorum all that are given must have cosigned. Exit 3 is a bad\n" +
			"hash or signature, 4 a key or quorum that is missing, 5 a malformed file.",
		args:    "FILE|-",
		minArgs: 1, maxArgs: 1,
		readsStdin: true,
		flags: []cli.Flag{
			&cli.PathFlag{Name: "record", Usage: "the event is in `FILE`: a stored line or a record; not the one that the proof carries"},
			&cli.StringSliceFlag{Name: "log", Usage: "the log signs with `VKEY`, or with the keys of a file; may be repeated"},
			&cli.StringSliceFlag{Name: "witness", Usage: "a witness signs with `VKEY`; may be repeated"},
			&cli.IntFlag{Name: "quorum", Usage: "at least `K` of the witnesses must have cosigned"},
		},
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditCheckProof(ctx, env, auditCheckProofOptions{
				file: c.Args().First(), record: c.Path("record"), log: c.StringSlice("log"), witnesses: c.StringSlice("witness"),
				hasQuorum: c.IsSet("quorum"), quorum: c.Int("quorum"),
			})
		},
	}
}

type auditCheckProofOptions struct {
	file, record   string
	log, witnesses []string
	hasQuorum      bool
	quorum         int
}

// auditCheckProofJSON is the answer of kai audit check-proof --json.
type auditCheckProofJSON struct {
	head
	N         uint64          `json:"n"`
	Origin    string          `json:"origin"`
	Size      uint64          `json:"size"`
	Root      string          `json:"root"`
	Leaf      string          `json:"leaf"`
	Witnesses []string        `json:"witnesses"`
	Event     json.RawMessage `json:"event"` // null for a record that is no event of kai
	Record    string          `json:"record"`
}

func auditCheckProof(ctx context.Context, env *env, o auditCheckProofOptions) error {
	policy, err := o.policy(env)
	if err != nil {
		return err
	}
	data, err := env.readAll(ctx, o.file, proof.MaxProof)
	if err != nil {
		return err
	}
	p, err := proof.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	record, err := o.readRecord(ctx, env)
	if err != nil {
		return err
	}
	v, err := proof.Check(p, record, policy)
	if err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	return printProven(env, v)
}

// policy is whom the proof must convince.
func (o *auditCheckProofOptions) policy(env *env) (p proof.Policy, err error) {
	if len(o.log) == 0 {
		return p, withHint(usagef("no key of the log"), "--log VKEY, which kai audit status --vkey prints where the log is")
	}
	if p.Log, err = readVerifiers(env, "--log", o.log); err != nil {
		return p, err
	}
	if p.Witnesses, err = readVerifiers(env, "--witness", o.witnesses); err != nil {
		return p, err
	}
	var names []string
	for _, k := range p.Witnesses {
		names = append(names, k.Name())
	}
	slices.Sort(names)
	p.Quorum = len(slices.Compact(names))
	if o.hasQuorum {
		p.Quorum = o.quorum
	}
	return p, nil
}

// readRecord reads --record; nil without it.
func (o *auditCheckProofOptions) readRecord(ctx context.Context, env *env) ([]byte, error) {
	if o.record == "" {
		return nil, nil
	}
	data, err := env.readAll(ctx, o.record, proof.MaxRecord+64)
	if err != nil {
		return nil, err
	}
	var v event.View
	if line := bytes.TrimSuffix(data, []byte("\n")); event.Scan(line, &v) == nil {
		return event.AppendRecord(nil, line), nil
	}
	if record := bytes.TrimSuffix(data, []byte("\n")); scanRecord(record, &v) {
		return record, nil
	}
	if len(data) == 0 {
		return nil, proof.ErrNoRecord
	}
	return data, nil
}

// scanRecord reads a record, which is a line without its MAC.
func scanRecord(record []byte, v *event.View) bool {
	head, ok := bytes.CutSuffix(record, []byte("}"))
	return ok && event.Scan(event.AppendMAC(bytes.Clone(head), [16]byte{}), v) == nil
}

// readAll reads an input of at most limit bytes.
func (e *env) readAll(ctx context.Context, name string, limit int64) ([]byte, error) {
	in, err := e.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return sig.Limits{FileSize: limit}.ReadAll(in)
}

func printProven(env *env, v *proof.Verified) error {
	c, record := v.Checkpoint(), v.Record()
	leaf := audit.LeafHash(record)
	logID := strings.TrimPrefix(c.Origin, audit.OriginPrefix)
	var view event.View
	known := scanRecord(record, &view)
	if known && view.N != v.Index() {
		return failf(exitBad, "bad_proof", "the log holds event %d in the place of event %d", view.N, v.Index())
	}
	witnesses := []string{}
	for _, s := range v.Witnesses() {
		if !slices.Contains(witnesses, s.Key.Name()) {
			witnesses = append(witnesses, s.Key.Name())
		}
	}
	if env.json {
		answer := auditCheckProofJSON{
			head: env.head(true), N: v.Index(), Origin: c.Origin, Size: c.Size, Root: rootText(c),
			Leaf: fmt.Sprintf("%x", leaf), Witnesses: witnesses, Record: string(record),
		}
		if known {
			answer.Event = export.AppendSecurityEvent(nil, logID, &view, leaf)
		}
		return env.printJSON(answer)
	}
	rows := [][2]string{{"record", string(record)}}
	if known {
		rows = eventRows(logID, &view)
	}
	rows = append(rows,
		[2]string{"leaf", fmt.Sprintf("%x", leaf)},
		[2]string{"checkpoint", fmt.Sprintf("%d events, root %s", c.Size, rootText(c))},
		[2]string{"signed by", c.Origin})
	if len(witnesses) > 0 {
		rows = append(rows, [2]string{"cosigned by", strings.Join(witnesses, ", ")})
	}
	for _, r := range rows {
		if err := env.printf("%-18s %s\n", r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

// eventRows are an event of a log that is not here: what its line says.
func eventRows(logID string, v *event.View) [][2]string {
	rows := [][2]string{
		{"event", eventID(logID, v.N)},
		{"time", v.Time().Format(event.TimeLayout)},
		{"severity", v.Severity.String()},
		{"type", v.Type.String()},
		{"act", string(v.Act)},
		{"outcome", v.Outcome.String()},
	}
	rows = append(rows, memberRows("source", v.Source)...)
	rows = append(rows, memberRows("context", v.Context)...)
	return append(rows, memberRows("details", v.Details)...)
}

// rootText is a root as checkpoints write it.
func rootText(c checkpoint.Checkpoint) string { return base64.StdEncoding.EncodeToString(c.Root[:]) }
