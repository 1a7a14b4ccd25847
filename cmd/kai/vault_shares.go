package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"kai/internal/durable"
	"kai/internal/threshold"
)

// readShares reads shares from files, or, without files, asks for as many as are needed.
func (e *env) readShares(ctx context.Context, files []string, set threshold.Set) (shares []*threshold.Share, err error) {
	defer func() {
		if err != nil {
			for _, s := range shares {
				s.Wipe()
			}
		}
	}()
	if len(files) == 0 {
		return e.askShares(ctx, set)
	}
	for _, name := range files {
		in, err := e.open(ctx, name)
		if err != nil {
			return shares, err
		}
		text, err := io.ReadAll(io.LimitReader(in, 64<<10))
		if err := errors.Join(err, in.Close()); err != nil {
			return shares, err
		}
		defer clear(text)
		for line := range bytes.Lines(text) {
			line = bytes.TrimSpace(line)
			if len(line) == 0 || line[0] == '#' {
				continue
			}
			s, err := threshold.Parse(line)
			if err != nil {
				return shares, fail(exitLocked, "shares", fmt.Errorf("%s: %w", name, err))
			}
			shares = append(shares, s)
		}
	}
	return shares, nil
}

func (e *env) askShares(ctx context.Context, set threshold.Set) (shares []*threshold.Share, err error) {
	t, err := e.terminal("shares", "--share FILE")
	if err != nil {
		return nil, err
	}
	defer t.Close()
	for n := 1; len(shares) < set.Threshold; n++ {
		text, err := t.readSecret(ctx, fmt.Sprintf("Share %d of %d:", len(shares)+1, set.Threshold))
		if err != nil {
			return shares, answerError(err)
		}
		s, err := threshold.Parse(bytes.TrimSpace(text.Expose()))
		text.Wipe()
		if err != nil {
			return shares, fail(exitLocked, "shares", err)
		}
		shares = append(shares, s)
	}
	return shares, nil
}

// giveShares gives the shares of a new slot away: to files that only a custodian can open, or, on
// standard output, one a line. kai keeps none.
func (e *env) giveShares(ctx context.Context, f *factorOptions) func([]*threshold.Share) error {
	return func(shares []*threshold.Share) error {
		defer func() {
			for _, s := range shares {
				s.Wipe()
			}
		}()
		if len(f.to) == 0 {
			e.note("%d shares, of which any %d open the vault: give each to somebody else, and keep none here", f.n, f.k)
			for _, s := range shares {
				text := s.Text()
				if e.json {
					f.printed = append(f.printed, string(text.Expose()))
					text.Wipe()
					continue
				}
				_, err := e.stdout.Write(append(text.Expose(), '\n'))
				text.Wipe()
				if err != nil {
					return err
				}
			}
			return nil
		}
		for i, s := range shares {
			if err := e.sealShare(ctx, s, f.to[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// sealShare writes share-N.age, for one custodian.
func (e *env) sealShare(ctx context.Context, s *threshold.Share, to string) error {
	r, _, err := e.recipientOf(ctx, to)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("kai-share-%d.age", s.Index())
	out, err := durable.CreatePath(e.path(name), durable.CreateOptions{Mode: 0o600})
	if err != nil {
		return err
	}
	defer func() { _ = out.Abort() }()
	text := s.Text()
	defer text.Wipe()
	w, err := age.Encrypt(out, r)
	if err == nil {
		_, err = w.Write(append(text.Expose(), '\n'))
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = out.Commit()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		return err
	}
	e.note("wrote %s for %s", name, to)
	return nil
}
