package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/urfave/cli/v2"

	"kai/internal/durable"
	"kai/internal/key"
	"kai/internal/key/openssh"
	"kai/internal/secret"
	"kai/internal/threshold"
	"kai/internal/vault"
	"kai/internal/vault/objectid"
	"kai/internal/vault/slot"
)

// factorFlags are of the commands that make slots.
func factorFlags(flags ...cli.Flag) []cli.Flag {
	return append(flags,
		&cli.StringFlag{Name: "label", Usage: "call the slot `TEXT`"},
		choiceFlag("kdf", "password: derive the key with `KDF`", "argon2id", "argon2id", "pbkdf2"),
		&cli.UintFlag{Name: "t", Value: 3, Usage: "argon2id: `N` passes"},
		&cli.UintFlag{Name: "m", Value: 65536, Usage: "argon2id: `N` KiB of memory"},
		&cli.UintFlag{Name: "p", Value: 4, Usage: "argon2id: `N` threads"},
		&cli.UintFlag{Name: "iterations", Value: 200_000, Usage: "pbkdf2: `N` iterations"},
		&cli.IntFlag{Name: "k", Value: 3, Usage: "recovery: `N` shares open it"},
		&cli.IntFlag{Name: "n", Value: 5, Usage: "recovery: of `N` shares"},
		&cli.StringSliceFlag{Name: "to", Usage: "recovery: encrypt a share to each `RECIPIENT`, share 1 first"},
		&cli.StringSliceFlag{Name: "recipient", Aliases: []string{"r"}, Usage: "age: who opens it, `RECIPIENT` age1…, ssh-… or a file of one"},
	)
}

// factorOptions say how the factors of a new slot are made.
type factorOptions struct {
	types           []string
	label           string
	kdf             string
	t, m, p, rounds uint
	k, n            int
	to, recipients  []string
	printed         []string                       // shares, with --json: a string is what that asks for
	shares          func([]*threshold.Share) error // what becomes of the shares of a recovery factor
}

func factorOptionsOf(c *cli.Context, types string) factorOptions {
	return factorOptions{
		types: strings.Split(types, "+"), label: c.String("label"), kdf: c.String("kdf"),
		t: c.Uint("t"), m: c.Uint("m"), p: c.Uint("p"), rounds: c.Uint("iterations"),
		k: c.Int("k"), n: c.Int("n"), to: c.StringSlice("to"), recipients: c.StringSlice("recipient"),
	}
}

// laterFactors are the types that this version reads and cannot make.
var laterFactors = []string{slot.TypePasskey, slot.TypePIV, slot.TypeTPM, slot.TypePKCS11, slot.TypeHashiVault, slot.TypeAWSKMS}

// factorWords are the types that slots are made of.
func factorWords() []string {
	return []string{slot.TypePassword, slot.TypeDevice, slot.TypeRecovery, slot.TypeAge}
}

func (f *factorOptions) check() error {
	for i, t := range f.types {
		switch {
		case slices.Contains(laterFactors, t):
			return failf(exitUndecidable, "unsupported_factor", "factor %s: not in this version", t)
		case !slices.Contains(factorWords(), t):
			return usagef("factor %q: want one of %s, or several joined by +", t, strings.Join(factorWords(), ", "))
		case slices.Contains(f.types[:i], t) && t != slot.TypeAge:
			return usagef("factor %s: given twice", t)
		}
	}
	if slices.Contains(f.types, slot.TypeAge) != (len(f.recipients) > 0) {
		return usagef("--recipient says who opens the factor age, and only that")
	}
	if slices.Contains(f.types, slot.TypeRecovery) {
		if err := threshold.CheckLimits(f.k, f.n); err != nil {
			return usagef("%w", err)
		}
	}
	if slices.Contains(f.types, slot.TypePassword) {
		if _, err := f.passwordKDF(); err != nil {
			return usagef("%w", err)
		}
	}
	if len(f.to) > 0 && (!slices.Contains(f.types, slot.TypeRecovery) || len(f.to) != f.n) {
		return usagef("--to: want a recipient for each of the %d shares of the factor recovery", f.n)
	}
	return nil
}

// passwordKDF is the derivation that the flags say.
func (f *factorOptions) passwordKDF() (slot.KDF, error) {
	if f.kdf == "pbkdf2" {
		return slot.PBKDF2(uint32(min(f.rounds, 1<<31)))
	}
	return slot.Argon2id(uint32(min(f.t, 1<<31)), uint32(min(f.m, 1<<31)), uint32(min(f.p, 1<<31)))
}

// slotMaker asks for all that the factors need and returns what makes the slot.
func (e *env) slotMaker(ctx context.Context, dir *durable.Dir, f *factorOptions) (vault.MakeSlot, func(), error) {
	var factors []slot.Factor
	var wipe []*secret.Bytes
	done := func() {
		for _, s := range wipe {
			s.Wipe()
		}
	}
	recipients := f.recipients
	for _, t := range f.types {
		switch t {
		case slot.TypePassword:
			kdf, err := f.passwordKDF()
			if err != nil {
				return nil, done, err
			}
			if f.kdf == "argon2id" {
				if err := e.afford("the vault's password", uint64(f.m)<<10); err != nil {
					return nil, done, err
				}
			}
			pass, err := e.newPassphrase(ctx, "the vault")
			if err != nil {
				return nil, done, err
			}
			wipe = append(wipe, pass)
			factors = append(factors, &slot.Password{Password: pass, KDF: kdf})
		case slot.TypeDevice:
			d, err := e.deviceFactor(dir, true)
			if err != nil {
				return nil, done, err
			}
			wipe = append(wipe, d.Secret)
			factors = append(factors, d)
		case slot.TypeRecovery:
			factors = append(factors, &slot.Recovery{K: f.k, N: f.n})
		case slot.TypeAge:
			p, err := e.recipientArgument(ctx, recipients[0])
			if err != nil {
				return nil, done, err
			}
			if recipients = recipients[1:]; len(recipients) == 0 {
				recipients = f.recipients
			}
			factors = append(factors, p)
		}
	}
	return func(id objectid.ID, root ed25519.PublicKey, seal func(string) ([]byte, error)) (*vault.NewSlot, error) {
		p := slot.Parameters{Vault: id, Root: root, Created: e.now(), Factors: factors}
		if f.label != "" {
			var err error
			if p.LabelCiphertext, err = seal(f.label); err != nil {
				return nil, err
			}
		}
		made, err := slot.Create(ctx, p, e.random)
		if err != nil {
			return nil, err
		}
		for _, one := range factors {
			if r, ok := one.(*slot.Recovery); ok {
				if err := f.shares(r.Shares()); err != nil {
					return nil, err
				}
			}
		}
		return &vault.NewSlot{ID: made.ID, File: made.File, Recipient: made.Recipient}, nil
	}, done, nil
}

// recipientArgument reads who opens a factor of type age: the text of a key, or a file of one.
func (e *env) recipientArgument(ctx context.Context, text string) (*slot.Age, error) {
	r, text, err := e.recipientOf(ctx, text)
	if err != nil {
		return nil, err
	}
	return &slot.Age{Recipient: r, Text: text}, nil
}

// recipientOf reads a recipient, or a file that holds one.
func (e *env) recipientOf(ctx context.Context, text string) (age.Recipient, string, error) {
	if !strings.HasPrefix(text, "age1") && !strings.HasPrefix(text, "ssh-") {
		in, err := e.open(ctx, text)
		if err != nil {
			return nil, "", err
		}
		defer in.Close()
		b, err := io.ReadAll(io.LimitReader(in, 64<<10))
		if err != nil {
			return nil, "", err
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				text = line
				break
			}
		}
	}
	text = strings.TrimSpace(text)
	if fields := strings.Fields(text); strings.HasPrefix(text, "ssh-") && len(fields) > 2 {
		text = strings.Join(fields[:2], " ") // without its comment
	}
	r, err := parseRecipient(text)
	if err != nil {
		return nil, "", fail(exitUndecidable, "bad_recipient", fmt.Errorf("recipient: %w", err))
	}
	return r, text, nil
}

const deviceSecretFile = "local/device.secret"

// deviceFactor is what this machine is known by: a secret in a file, and its machine-id.
func (e *env) deviceFactor(dir *durable.Dir, create bool) (*slot.Device, error) {
	b, err := dir.ReadFile(deviceSecretFile, slot.DeviceSecretSize)
	if errors.Is(err, fs.ErrNotExist) && create {
		b = make([]byte, slot.DeviceSecretSize)
		if _, err := io.ReadFull(e.random, b); err != nil {
			return nil, err
		}
		if err := dir.Mkdir("local", 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		err = dir.CreateNew(deviceSecretFile, b, 0o600)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failf(exitLocked, "not_this_device", "this machine holds no device secret of the vault")
	}
	if err != nil {
		return nil, err
	}
	id, err := e.machineID()
	if err != nil {
		return nil, err
	}
	return &slot.Device{Secret: secret.Take(b), MachineID: id}, nil
}

// machineID is machine-id(5), or the host's name where there is none.
func (e *env) machineID() (string, error) {
	for _, name := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if b, err := os.ReadFile(name); err == nil && strings.TrimSpace(string(b)) != "" {
			return strings.TrimSpace(string(b)), nil
		}
	}
	name, err := os.Hostname()
	if err == nil && name == "" {
		err = errors.New("this machine has neither a machine-id nor a name")
	}
	return name, err
}

// slotChoice says which slot is opened, and with what.
type slotChoice struct {
	slot       string   // id or type; "" is the first that needs no more than asking
	identities []string // files of age identities
	shares     []string // files of shares
}

// openSlot asks for the factors of a slot and returns the keys. A password is asked for once, and may
// be that of any slot that takes one.
func (o *openedVault) openSlot(ctx context.Context, c slotChoice) (*vault.Keys, error) {
	slots, err := o.chooseSlots(c)
	if err != nil {
		return nil, err
	}
	if err := o.env.backOff(ctx); err != nil {
		return nil, err
	}
	openers, forget := o.openers(c)
	defer forget()
	at, who, err := openAny(ctx, slots, func(s *slot.Slot) (*slot.Identity, error) {
		return s.Open(ctx, o.ID(), o.Root(), openers...)
	})
	o.env.fact("slot", at.ID().String())
	o.env.fact("method", strings.Join(at.Types(), "+"))
	if errors.Is(err, slot.ErrWrongFactor) && c.slot == "" && len(o.Slots()) > len(slots) {
		return nil, withHint(slotError(err), "kai vault unlock --slot ID, if it is for another one: kai vault slot list")
	}
	if err != nil {
		return nil, slotError(err)
	}
	defer who.Wipe()
	return o.Unlock(at.ID(), who)
}

// openAny opens the first slot for which the factors are right, and else says what is wrong with the
// first.
func openAny(ctx context.Context, slots []*slot.Slot, open func(*slot.Slot) (*slot.Identity, error)) (at *slot.Slot, who *slot.Identity, err error) {
	for i, s := range slots {
		got, wrong := open(s)
		if wrong == nil {
			return s, got, nil
		}
		if i == 0 {
			err = wrong
		}
		if !errors.Is(err, slot.ErrWrongFactor) || ctx.Err() != nil {
			break
		}
	}
	return slots[0], nil, err
}

// slotError gives what can go wrong with factors its exit code.
func slotError(err error) error {
	switch {
	case errors.Is(err, slot.ErrWrongFactor):
		return fail(exitLocked, "wrong_factor", err)
	case errors.Is(err, threshold.ErrAltered), errors.Is(err, threshold.ErrMissing), errors.Is(err, threshold.ErrMixed), errors.Is(err, threshold.ErrDuplicate):
		return fail(exitLocked, "shares", err)
	}
	return err
}

// chooseSlots finds the slot that is meant. Without a word it is the one with the fewest factors that
// can be asked for here, passwords first; those that take a password too follow a slot that does.
func (o *openedVault) chooseSlots(c slotChoice) ([]*slot.Slot, error) {
	var slots []*slot.Slot
	rank := func(s *slot.Slot) int {
		n := 10 * len(s.Types())
		for _, t := range s.Types() {
			switch t {
			case slot.TypePassword:
			case slot.TypeDevice:
				n++
			case slot.TypeAge:
				if len(c.identities) == 0 {
					n += 1000
				} else {
					n -= 5
				}
			case slot.TypeRecovery:
				if len(c.shares) == 0 {
					n += 1000
				} else {
					n -= 5
				}
			default:
				n += 10_000
			}
		}
		return n
	}
	for _, id := range o.Slots() {
		s, err := o.Slot(id)
		if err != nil {
			if c.slot == "" {
				o.env.warn("%v", err)
				continue
			}
			return nil, err
		}
		if c.slot != "" && id.String() != c.slot && strings.Join(s.Types(), "+") != c.slot {
			continue
		}
		slots = append(slots, s)
	}
	if len(slots) == 0 {
		if c.slot == "" {
			return nil, failf(exitBad, "vault_tampered", "the vault has no slot that can be read")
		}
		return nil, withHint(failf(exitNotFound, "no_such_slot", "no slot %s", c.slot), "kai vault slot list")
	}
	slices.SortStableFunc(slots, func(a, b *slot.Slot) int { return rank(a) - rank(b) })
	alike := 1
	if c.slot == "" && takesPassword(slots[0]) {
		for alike < len(slots) && takesPassword(slots[alike]) {
			alike++
		}
	}
	return slots[:alike], nil
}

// takesPassword reports whether nothing has to be given to a slot but a password.
func takesPassword(s *slot.Slot) bool {
	return slices.Contains(s.Types(), slot.TypePassword) &&
		!slices.ContainsFunc(s.Types(), func(t string) bool { return t != slot.TypePassword && t != slot.TypeDevice })
}

// openers ask for factors, for a password once. It is kept until forget is called.
func (o *openedVault) openers(c slotChoice) (openers []slot.Opener, forget func()) {
	e := o.env
	var password *secret.Bytes
	return []slot.Opener{
		slot.PasswordOpener(func(ctx context.Context, r slot.Request) (_ *secret.Bytes, err error) {
			if password == nil {
				if password, err = e.passphrase(ctx, "the vault"); err != nil {
					return nil, err
				}
			}
			return password.Clone(), nil
		}),
		slot.DeviceOpener(func(context.Context, slot.Request) (*slot.Device, error) { return e.deviceFactor(o.dir, false) }),
		slot.RecoveryOpener(func(ctx context.Context, _ slot.Request, set threshold.Set) ([]*threshold.Share, error) {
			return e.readShares(ctx, c.shares, set)
		}),
		slot.AgeOpener(func(ctx context.Context, _ slot.Request, recipient string) ([]age.Identity, error) {
			return e.ageIdentities(ctx, c.identities, recipient)
		}),
	}, func() { password.Wipe() }
}

// ageIdentities opens the key files that were named.
func (e *env) ageIdentities(ctx context.Context, files []string, recipient string) ([]age.Identity, error) {
	if len(files) == 0 {
		return nil, withHint(failf(exitLocked, "input_needed", "the slot needs the key of %s", recipient), "--identity FILE")
	}
	var list []age.Identity
	for _, name := range files {
		ref := name
		if !strings.Contains(name, ":") {
			ref = "file:" + name
		}
		_, who, err := e.openIdentity(ctx, ref)
		if err != nil {
			return nil, err
		}
		list = append(list, who)
	}
	return list, nil
}

// openIdentity opens a key that things are sealed to. The recipient is its text.
func (e *env) openIdentity(ctx context.Context, ref string) (recipient string, who age.Identity, err error) {
	_, k, err := e.findKey(ctx, ref)
	if err != nil {
		return "", nil, err
	}
	defer k.Close()
	holder, ok := k.(privateHolder)
	if !ok {
		return "", nil, failf(exitBackend, "unsupported_by_holder", "key %s: its holder does not open what is sealed", ref)
	}
	p, err := holder.Private(ctx)
	if err != nil {
		return "", nil, err
	}
	defer p.Wipe()
	if who, err = p.Identity(); err != nil {
		return "", nil, err
	}
	recipient, err = recipientText(p.Public())
	return recipient, who, err
}

// recipientText is how a key is written as a recipient.
func recipientText(p key.Public) (string, error) {
	switch p.Type() {
	case key.X25519, key.MLKEM768X25519:
		return p.AgeText()
	}
	line, err := openssh.AppendPublic(nil, p, "")
	return strings.TrimSpace(string(line)), err
}
