package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

func gitCommand() command {
	return command{
		name:    "git",
		summary: "sign and verify commits and tags",
		examples: []example{
			{"kai git setup --global --key file:$HOME/.ssh/id_ed25519", "git signs with kai"},
			{"kai git verify origin/main..HEAD --signer ada.pub", "what came in is by Ada"},
		},
		children: []verb{{"setup", gitSetupCommand}, {"verify", gitVerifyCommand}},
	}
}

// gitPatience bounds how long a finished git may keep its streams open.
const gitPatience = 5 * time.Second

// gitRunner starts git, always with a list of arguments and never through a shell.
type gitRunner struct {
	env *env
	// settings come before the verb: -c NAME=VALUE.
	settings []string
	// variables are added to kai's environment.
	variables []string
}

// newGit returns a runner with kai's own environment, so that GIT_DIR, GIT_CONFIG_* and the
// like mean what they mean to git.
func newGit(env *env) *gitRunner {
	return &gitRunner{env: env, variables: []string{"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0"}}
}

// newStrictGit returns a runner for questions about what is really in a repository: nothing
// is replaced, grafted or fetched, and history is read from the commits themselves and not
// from files beside them.
func newStrictGit(env *env) *gitRunner {
	g := newGit(env)
	g.settings = []string{"-c", "core.commitGraph=false", "-c", "advice.graftFileDeprecated=false"}
	g.variables = append(g.variables,
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull,
		"GIT_NO_LAZY_FETCH=1",     // git 2.44 and later; before,
		"GIT_ALLOW_PROTOCOL=none") // fetching has no way to go
	return g
}

// command prepares a run. Its complaints are kept.
func (g *gitRunner) command(ctx context.Context, args ...string) (*exec.Cmd, *complaints) {
	cmd := exec.CommandContext(ctx, "git", append(g.settings[:len(g.settings):len(g.settings)], args...)...)
	cmd.Dir = g.env.sys.workDir
	cmd.Env = append(g.env.childEnviron(), g.variables...)
	cmd.WaitDelay = gitPatience
	said := &complaints{}
	cmd.Stderr = said
	return cmd, said
}

// output runs git and returns what it prints.
func (g *gitRunner) output(ctx context.Context, args ...string) (string, error) {
	cmd, said := g.command(ctx, args...)
	out, err := cmd.Output()
	if err != nil {
		return "", gitFailure(ctx, err, said)
	}
	return string(out), nil
}

// complaints keep the beginning of what a program says on stderr. The buffer is not embedded:
// its ReadFrom would take everything.
type complaints struct{ text bytes.Buffer }

const maxComplaints = 4096

// Write keeps what fits and takes all: the program must not be stopped by it.
func (c *complaints) Write(p []byte) (int, error) {
	c.text.Write(p[:min(len(p), maxComplaints-c.text.Len())])
	return len(p), nil
}

// lines are the complaints without their empty lines.
func (c *complaints) lines() []string {
	return strings.FieldsFunc(c.text.String(), func(r rune) bool { return r == '\n' || r == '\r' })
}

// gitFailure is why a run of git failed, in its own words.
func gitFailure(ctx context.Context, err error, said *complaints) error {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return withHint(failf(exitNotFound, "no_git", "git: %w", err), "install git %d.%d or later", oldestGit[0], oldestGit[1])
	case !errors.As(err, &exit):
		return fmt.Errorf("git: %w", err)
	}
	lines := said.lines()
	if len(lines) == 0 {
		return failf(exitFailure, "git", "git: %w", err)
	}
	text := strings.TrimPrefix(lines[0], "fatal: ")
	for _, known := range []struct {
		words string
		code  int
		ident string
	}{
		{"not a git repository", exitNotFound, "no_repository"},
		{"only be used inside a git repository", exitNotFound, "no_repository"},
		{"bad revision", exitNotFound, "no_such_revision"},
		{"Invalid revision range", exitNotFound, "no_such_revision"},
		{"bad object", exitNotFound, "no_such_revision"},
		{"dubious ownership", exitDenied, "not_owner"},
	} {
		if strings.Contains(text, known.words) {
			return failf(known.code, known.ident, "git: %s", text)
		}
	}
	return failf(exitFailure, "git", "git: %s", text)
}

// gitPipe runs one git into another. out is what the last prints: it is read to its end and
// then wait says how they ended, or it is left and close ends them.
type gitPipe struct {
	ctx    context.Context
	stop   context.CancelFunc
	out    io.ReadCloser
	stages []gitStage
}

type gitStage struct {
	cmd  *exec.Cmd
	said *complaints
}

// pipe starts the stages; input is read by the first, if it is not nil.
func (g *gitRunner) pipe(ctx context.Context, input io.Reader, stages ...[]string) (*gitPipe, error) {
	p := &gitPipe{ctx: ctx}
	inner, stop := context.WithCancel(ctx)
	p.stop = stop
	for _, args := range stages {
		cmd, said := g.command(inner, args...)
		cmd.Stdin = input
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if f, ok := input.(*os.File); ok {
			f.Close() // the stage before; only this stage reads it now
		}
		if err != nil {
			p.close()
			return nil, gitFailure(ctx, err, said)
		}
		p.stages = append(p.stages, gitStage{cmd, said})
		p.out, input = out, out
	}
	return p, nil
}

// wait returns what git warned of, and the last failure: one that ends early takes those
// before it along.
func (p *gitPipe) wait() (warnings []string, err error) {
	defer p.stop()
	for _, s := range p.stages {
		if waitErr := s.cmd.Wait(); waitErr != nil {
			err = gitFailure(p.ctx, waitErr, s.said)
		}
		warnings = append(warnings, s.said.lines()...)
	}
	p.stages = nil
	return warnings, err
}

// close ends what still runs. It may follow wait.
func (p *gitPipe) close() {
	p.stop()
	for _, s := range p.stages {
		_ = s.cmd.Wait() // it was killed
	}
	p.stages = nil
}
