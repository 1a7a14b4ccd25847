package slot

import (
	"context"
	"fmt"
	"io"

	"kai/internal/canon"
	"kai/internal/secret"
)

const saltSize = 32

// passwordObject is a password factor in a head.
type passwordObject struct {
	Iterations uint32 `json:"iterations,omitempty"`
	KDF        string `json:"kdf"`
	M          uint32 `json:"m,omitempty"`
	P          uint32 `json:"p,omitempty"`
	Salt       text64 `json:"salt"`
	T          uint32 `json:"t,omitempty"`
	Type       string `json:"type"`
}

func (o *passwordObject) kdf() KDF {
	return KDF{name: o.KDF, time: o.T, memory: o.M, threads: o.P, iterations: o.Iterations}
}

func parsePassword(object []byte) (*passwordObject, error) {
	var o passwordObject
	if err := unmarshal(object, "password factor", &o); err != nil {
		return nil, err
	}
	if err := o.kdf().check(); err != nil {
		return nil, fmt.Errorf("password factor: %w", err)
	}
	if o.Type != TypePassword || len(o.Salt) != saltSize {
		return nil, fmt.Errorf("password factor: %w", ErrMalformed)
	}
	return &o, nil
}

// Password is a password for a new slot.
type Password struct {
	Password *secret.Bytes // 1 to MaxPassword bytes, not wiped; they are not normalised
	KDF      KDF
}

// Enrol is that of Factor.
func (p *Password) Enrol(_ context.Context, _ Request, random io.Reader) ([]byte, *secret.Bytes, error) {
	if p.Password.Len() == 0 || p.Password.Len() > MaxPassword {
		return nil, nil, fmt.Errorf("password of %d bytes: %w", p.Password.Len(), ErrLimits)
	}
	k := p.KDF
	if err := k.check(); err != nil {
		return nil, nil, err
	}
	o := passwordObject{
		Iterations: k.iterations, KDF: k.name, M: k.memory, P: k.threads, T: k.time,
		Salt: make([]byte, saltSize), Type: TypePassword,
	}
	if _, err := io.ReadFull(random, o.Salt); err != nil {
		return nil, nil, fmt.Errorf("salt of a password: %w", err)
	}
	object, err := canon.Marshal(&o)
	if err != nil {
		return nil, nil, err
	}
	yield, err := k.derive(p.Password, o.Salt)
	return object, yield, err
}

// PasswordOpener opens password factors with the password that ask returns, which it wipes.
func PasswordOpener(ask func(ctx context.Context, r Request) (*secret.Bytes, error)) Opener {
	return opener{TypePassword, func(ctx context.Context, r Request, object []byte) (*secret.Bytes, error) {
		o, err := parsePassword(object)
		if err != nil {
			return nil, err
		}
		password, err := ask(ctx, r)
		if err != nil {
			return nil, err
		}
		defer password.Wipe()
		if password.Len() == 0 || password.Len() > MaxPassword {
			return nil, ErrWrongFactor
		}
		return o.kdf().derive(password, o.Salt)
	}}
}

// opener is an Opener made of a function.
type opener struct {
	word string
	open func(ctx context.Context, r Request, object []byte) (*secret.Bytes, error)
}

func (o opener) Type() string { return o.word }

func (o opener) Open(ctx context.Context, r Request, object []byte) (*secret.Bytes, error) {
	return o.open(ctx, r, object)
}
