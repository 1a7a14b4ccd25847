package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"kai/internal/secret"
	"kai/internal/vault/fields"
	"kai/internal/vault/mask"
)

const (
	// rotatorTime is how long the program of a rotator may take.
	rotatorTime = 60 * time.Second
	// rotatorWait is how long its streams may stay open when it is gone: programs it left behind.
	rotatorWait = 2 * time.Second
)

var (
	errRotatorTime  = errors.New("the program took longer than 60 seconds")
	errRotatorSame  = errors.New("the program returned what there was")
	errRotatorEmpty = errors.New("the program returned no fields")
)

// exec gives the old fields to a program and takes the new ones from it.
func (r *rotation) exec(ctx context.Context, env *env, argv []string) error {
	in, err := fields.Encode(r.fields)
	if err != nil {
		return err
	}
	defer in.Wipe()
	out, err := runRotator(ctx, env, rotatorTime, argv, in, r.fields)
	if err != nil {
		return fail(exitBackend, "rotator_failed", fmt.Errorf("rotator %s: %w", printable(argv[0]), err))
	}
	r.made = append(r.made, out)
	next, err := fields.Parse(out.Expose())
	switch {
	case err == nil && len(next) == 0:
		err = errRotatorEmpty
	case err == nil && out.Equal(in):
		err = errRotatorSame
	}
	if err != nil {
		return fail(exitBackend, "rotator_failed", fmt.Errorf("rotator %s: %w", printable(argv[0]), err))
	}
	r.fields = next
	return nil
}

// runRotator runs the program without a shell. What it complains about is passed on, with the old
// values masked. After limit it is killed. The caller wipes what it returns.
func runRotator(ctx context.Context, env *env, limit time.Duration, argv []string, in *secret.Bytes, old []fields.Field) (*secret.Bytes, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errRotatorTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.Env = slices.DeleteFunc(env.childEnviron(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return isOwnVariable(name)
	})
	cmd.Stdin = bytes.NewReader(in.Expose())
	var values []*secret.Bytes
	for _, f := range old {
		value := secret.New(len(f.Value))
		copy(value.Expose(), f.Value)
		defer value.Wipe()
		values = append(values, value)
	}
	m := mask.New(values)
	defer m.Close()
	complaints := m.Writer(env.stderr)
	cmd.Stderr = complaints
	cmd.WaitDelay = rotatorWait
	ownGroup(cmd)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_ = complaints.Close()
		return nil, startError(err)
	}
	read := make(chan struct{})
	var out *secret.Bytes
	var readErr error
	go func() {
		defer close(read)
		out, readErr = secret.Read(stdout, fields.MaxSize)
		if readErr != nil {
			cancel() // it writes more than any secret has
		}
	}()
	select {
	case <-read:
	case <-ctx.Done():
		stdout.Close()
		<-read
	}
	err = cmd.Wait()
	_ = complaints.Close()
	switch cause := context.Cause(ctx); {
	case errors.Is(readErr, secret.ErrTooLong):
		err = readErr
	case cause != nil:
		err = cause
	case readErr != nil:
		err = readErr
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // it is gone and has said all
	}
	if err != nil {
		out.Wipe()
		return nil, err
	}
	return out, nil
}
