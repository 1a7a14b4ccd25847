package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/canon"
)

func auditWitnessCommand() command {
	return command{
		name:    "witness",
		summary: "have somebody else confirm that the log only grows",
		examples: []example{
			{"kai audit witness request -o r1", "a file for the witness"},
			{"kai audit witness sign r1 -o c1 --log VKEY --key file:witness.key", "by the witness, in a home of its own"},
			{"kai audit witness add c1", "what came back"},
		},
		about: "A witness remembers the largest head of each log that it has signed, and signs another\n" +
			"one only when it continues that. With cosignatures a log cannot show one history to\n" +
			"one reader and another to the next, nor be put back. C2SP tlog-witness describes the\n" +
			"exchange, by files or over HTTPS.",
		children: []verb{
			{"request", auditWitnessRequestCommand},
			{"submit", auditWitnessSubmitCommand},
			{"add", auditWitnessAddCommand},
			{"sign", auditWitnessSignCommand},
			{"trust", auditWitnessTrustCommand},
			{"forget", auditWitnessForgetCommand},
			{"list", auditWitnessListCommand},
		},
	}
}

func auditWitnessTrustCommand() command {
	return command{
		name:    "trust",
		summary: "count the cosignatures of a witness",
		examples: []example{
			{"kai audit witness trust example.com/witness+1a2b3c4d+BAAA…", "the key that the witness has published"},
			{"kai audit witness trust witness.vkey", "all keys of a file, one a line"},
		},
		about: "VKEY is a verifier key of type 0x04 (Ed25519) or 0x06 (ML-DSA-44). A witness with two\n" +
			"keys is trusted by both, under one name.",
		args:    "VKEY|FILE",
		minArgs: 1, maxArgs: 1,
		recorded: records("config_changed"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditWitnessTrust(ctx, env, c.Args().First())
		},
	}
}

func auditWitnessForgetCommand() command {
	return command{
		name:    "forget",
		summary: "count the cosignatures of a witness no more",
		examples: []example{
			{"kai audit witness forget example.com/witness", "all of its keys"},
		},
		about:   "Cosignatures that are there stay. Witnesses of config.toml are taken out there.",
		args:    "NAME",
		minArgs: 1, maxArgs: 1,
		recorded: records("config_changed"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditWitnessForget(ctx, env, c.Args().First())
		},
	}
}

func auditWitnessListCommand() command {
	return command{
		name:    "list",
		summary: "list the witnesses that are trusted",
		examples: []example{
			{"kai audit witness list", "a verifier key a line"},
		},
		about:    "Those that were trusted here, and those of config.toml.",
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, _ *cli.Context) error {
			return auditWitnessList(ctx, env)
		},
	}
}

// trustedWitness is a key whose cosignatures count.
type trustedWitness struct {
	*checkpoint.Verifier
	source string // "trust" or "config"
}

// Equal reports whether it is that key.
func (w trustedWitness) Equal(k *checkpoint.Verifier) bool { return w.Verifier.Equal(k) }

// witnessesFile holds those that were trusted by command.
const (
	witnessesFile = "witnesses.json"
	maxWitnesses  = 256 << 10 // of ML-DSA keys, some 140
	// witnessPatience is how long a change of it, or of a witness's memory, waits for another.
	witnessPatience = 5 * time.Second
	witnessPoll     = 4 * time.Millisecond
)

type witnessList struct {
	V     int      `json:"v"`
	VKeys []string `json:"vkeys"`
}

// witnesses are those that were trusted, and those of config.toml.
func (o *openedLog) witnesses() ([]trustedWitness, error) {
	trusted, err := o.readWitnesses()
	if err != nil {
		return nil, err
	}
	var list []trustedWitness
	for _, group := range []struct {
		source string
		vkeys  []string
	}{{"trust", trusted}, {"config", o.config.Witnesses}} {
		for _, text := range group.vkeys {
			k, err := checkpoint.ParseVerifier(text)
			if err != nil {
				return nil, fail(exitUndecidable, "malformed", fmt.Errorf("trusted witnesses (%s): %w", group.source, err))
			}
			if !slices.ContainsFunc(list, func(w trustedWitness) bool { return w.Equal(k) }) {
				list = append(list, trustedWitness{k, group.source})
			}
		}
	}
	return list, nil
}

// verifiers are the keys alone.
func verifiers(list []trustedWitness) []*checkpoint.Verifier {
	var keys []*checkpoint.Verifier
	for _, w := range list {
		keys = append(keys, w.Verifier)
	}
	return keys
}

func (o *openedLog) readWitnesses() ([]string, error) {
	data, err := o.dir.ReadFile(witnessesFile, maxWitnesses)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list witnessList
	if err := canon.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("audit/%s: %w", witnessesFile, err)
	}
	if list.V != 1 {
		return nil, failf(exitUndecidable, "unsupported_format", "audit/%s: of another version", witnessesFile)
	}
	return list.VKeys, nil
}

// changeWitnesses rewrites the list under a lock.
func (o *openedLog) changeWitnesses(ctx context.Context, change func([]string) ([]string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	held, err := o.dir.Lock(ctx, "witnesses.lock", witnessPoll)
	if err != nil {
		return err
	}
	defer held.Unlock()
	vkeys, err := o.readWitnesses()
	if err != nil {
		return err
	}
	if vkeys, err = change(vkeys); err != nil {
		return err
	}
	text, err := canon.Marshal(witnessList{1, append([]string{}, vkeys...)})
	if err != nil {
		return err
	}
	return o.dir.WriteFile(witnessesFile, text, 0o600)
}

// witnessJSON is one line of kai audit witness list --json, and the answer of trust.
type witnessJSON struct {
	head
	Name   string `json:"name"`
	Type   string `json:"type"`
	VKey   string `json:"vkey"`
	Source string `json:"source"`
}

func witnessAnswer(env *env, w trustedWitness) witnessJSON {
	return witnessJSON{env.head(true), w.Name(), w.Type().String(), w.String(), w.source}
}

func auditWitnessTrust(ctx context.Context, env *env, vkey string) error {
	keys, err := readVerifiers(env, "VKEY", []string{vkey})
	if err != nil {
		return err
	}
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	for _, k := range keys {
		switch {
		case !k.Type().Timed():
			return usagef("VKEY: a key of type %s signs for a log; witnesses have types 0x04 and 0x06", k.Type())
		case k.Name() == log.Info().Origin:
			return usagef("VKEY: that is this log itself")
		}
		env.fact("what", "witness")
		env.fact("new", event.Outside(fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash())))
	}
	err = log.changeWitnesses(ctx, func(vkeys []string) ([]string, error) {
		for _, k := range keys {
			if vkeys, err = withWitness(vkeys, k); err != nil {
				return nil, err
			}
		}
		return vkeys, nil
	})
	if err != nil || !env.json {
		return err
	}
	for _, k := range keys {
		if err := env.printJSON(witnessAnswer(env, trustedWitness{k, "trust"})); err != nil {
			return err
		}
	}
	return nil
}

// withWitness adds a key. One key under two names would be two witnesses.
func withWitness(vkeys []string, k *checkpoint.Verifier) ([]string, error) {
	for _, text := range vkeys {
		old, err := checkpoint.ParseVerifier(text)
		if err == nil && old.Name() != k.Name() && string(old.PublicKey()) == string(k.PublicKey()) {
			return nil, failf(exitConflict, "exists", "the key is trusted already, as %s: one key is one witness", old.Name())
		}
	}
	if slices.Contains(vkeys, k.String()) {
		return vkeys, nil
	}
	return append(vkeys, k.String()), nil
}

// auditWitnessForgetJSON is the answer of kai audit witness forget --json.
type auditWitnessForgetJSON struct {
	head
	Forgotten []string `json:"forgotten"`
}

func auditWitnessForget(ctx context.Context, env *env, name string) error {
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	env.fact("what", "witness")
	env.fact("old", event.Outside(name))
	var gone []string
	err = log.changeWitnesses(ctx, func(vkeys []string) ([]string, error) {
		var kept []string
		for _, text := range vkeys {
			if k, err := checkpoint.ParseVerifier(text); err == nil && k.Name() == name {
				gone = append(gone, text)
			} else {
				kept = append(kept, text)
			}
		}
		if len(gone) == 0 {
			return nil, withHint(failf(exitNotFound, "no_such_witness", "no trusted witness %s", name), "kai audit witness list")
		}
		return kept, nil
	})
	if err != nil || !env.json {
		return err
	}
	return env.printJSON(auditWitnessForgetJSON{env.head(true), gone})
}

func auditWitnessList(ctx context.Context, env *env) error {
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	list, err := log.witnesses()
	if err != nil {
		return err
	}
	for _, w := range list {
		if env.json {
			err = env.printJSON(witnessAnswer(env, w))
		} else {
			err = env.printf("%s\n", w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
