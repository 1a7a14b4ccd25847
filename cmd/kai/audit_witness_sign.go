package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/witness"
	"kai/internal/durable"
	"kai/internal/key"
)

func auditWitnessSignCommand() command {
	return command{
		name:    "sign",
		summary: "cosign a log of somebody else, as its witness",
		examples: []example{
			{"kai audit witness sign r1 -o c1 --log VKEY --key file:witness.key", "send c1 back"},
		},
		about: "Checks that the log's key has signed, and that the checkpoint continues what was\n" +
			"cosigned before; remembers it in vault/local/witness, and only then signs. Use the key\n" +
			"for nothing else. Keys of type ed25519 make a line of type 0x04; those of type\n" +
			"mldsa44-ed25519 one of type 0x06 too. The log's owner needs the verifier keys, which\n" +
			"are printed on standard error, for kai audit witness trust.",
		args:    "REQ|-",
		minArgs: 1, maxArgs: 1,
		readsStdin: true,
		flags: []cli.Flag{
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the signature lines to `FILE`"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace FILE"},
			&cli.StringSliceFlag{Name: "log", Usage: "the log signs with `VKEY`; may be repeated"},
			&cli.StringSliceFlag{Name: "key", Usage: "sign with the key `REF`, as in file:KEY; may be repeated"},
			&cli.StringFlag{Name: "name", Usage: "sign as the witness `NAME`; made from the key if not given"},
		},
		recorded: records("signature_created"),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditWitnessSign(ctx, env, auditWitnessSignOptions{
				request: c.Args().First(), output: c.Path("output"), force: c.Bool("force"),
				log: c.StringSlice("log"), keys: c.StringSlice("key"), name: c.String("name"),
			})
		},
	}
}

type auditWitnessSignOptions struct {
	request   string
	output    string
	force     bool
	log, keys []string
	name      string
}

// auditWitnessSignJSON is the answer of kai audit witness sign --json.
type auditWitnessSignJSON struct {
	head
	Origin string   `json:"origin"`
	Size   uint64   `json:"size"`
	VKeys  []string `json:"vkeys"`
	Lines  string   `json:"lines"`
	File   string   `json:"file,omitempty"`
}

func auditWitnessSign(ctx context.Context, env *env, o auditWitnessSignOptions) error {
	if len(o.log) == 0 {
		return withHint(usagef("no key of the log"), "--log VKEY, which kai audit status --vkey prints where the log is")
	}
	logs, err := readVerifiers(env, "--log", o.log)
	if err != nil {
		return err
	}
	if len(o.keys) == 0 {
		return withHint(failf(exitLocked, "no_signer", "no key to cosign with"), "--key file:KEY")
	}
	if o.output != "" && o.output != "-" && !o.force {
		if err := env.vacant(o.output, "-f"); err != nil {
			return err
		}
	}
	data, err := env.readAll(ctx, o.request, witness.MaxRequest)
	if err != nil {
		return err
	}
	r, err := witness.ParseRequest(data)
	if err != nil {
		return fmt.Errorf("%s: %w", o.request, err)
	}
	signers, err := openNoteSigners(ctx, env, o.keys, checkpoint.Cosignature, func(k key.Public) string {
		if o.name != "" {
			return o.name
		}
		return witnessName(k)
	})
	if err != nil {
		return err
	}
	defer signers.close()
	env.fact("key_id", signers.keys[0].Public().Fingerprint())
	env.fact("key_type", string(signers.keys[0].Public().Type()))
	lines, err := cosign(ctx, env, signers, logs, r)
	if err != nil {
		return refusedBy(err)
	}
	toFile := o.output != "" && o.output != "-"
	if toFile || !env.json {
		if err := env.writeFile(ctx, o.output, lines, outputOptions{mode: 0o644, force: o.force, flag: "-f"}); err != nil {
			return err
		}
	}
	note, err := checkpoint.ParseNote(r.Checkpoint)
	if err != nil {
		return err
	}
	if env.json {
		answer := auditWitnessSignJSON{head: env.head(true), Origin: note.Claimed().Origin, Size: note.Claimed().Size, VKeys: signers.vkeys(), Lines: string(lines)}
		if toFile {
			answer.File = o.output
		}
		return env.printJSON(answer)
	}
	env.note("cosigned %d events as %s", note.Claimed().Size, signers.vkeys()[0])
	if len(signers.list) > 1 {
		env.note("and with an ML-DSA-44 key, whose verifier key is long: --json prints it too")
	}
	return nil
}

// witnessName is the name of a witness that was given none: keys have different names.
func witnessName(k key.Public) string {
	sum := sha256.Sum256(k.Raw())
	return fmt.Sprintf("kind.local/witness/%x", sum[:8])
}

// cosign does it under the lock of the memory.
func cosign(ctx context.Context, env *env, signers *noteSigners, logs []*checkpoint.Verifier, r *witness.Request) ([]byte, error) {
	w, err := witness.New(signers.list, logs)
	if err != nil {
		return nil, err
	}
	root, err := env.witnessMemory()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	waiting, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	memory, err := witness.OpenFiles(waiting, durable.NewDir(root), witnessPoll)
	if err != nil {
		return nil, err
	}
	defer memory.Close()
	return w.Cosign(r, memory)
}

// witnessMemory is vault/local/witness, which is made when there is none. The caller closes it.
func (e *env) witnessMemory() (*os.Root, error) {
	h, err := e.createHome()
	if err != nil {
		return nil, err
	}
	local, err := h.CreateLocal()
	if err != nil {
		return nil, err
	}
	defer local.Close()
	if err := durable.NewDir(local).Mkdir("witness", 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return local.OpenRoot("witness")
}

// refusedBy adds to the refusal of a witness what the log's owner has to do.
func refusedBy(err error) error {
	var conflict *witness.ConflictError
	if errors.As(err, &conflict) && !conflict.Rollback {
		return withHint(err, "kai audit witness request --old %d, where the log is", conflict.Size)
	}
	return err
}
