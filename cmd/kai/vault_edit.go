package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"kai/internal/audit"
	"kai/internal/audit/event"
	"kai/internal/secret"
	"kai/internal/vault/fields"
)

func vaultEditCommand() command {
	return command{
		name:    "edit",
		summary: "change a secret in an editor",
		examples: []example{
			{"kai vault edit default/notes", "in VISUAL or EDITOR"},
			{"EDITOR=nano kai vault edit ci/app#config", "one field"},
		},
		about: "The editor gets a file in the runtime directory, which must be in memory (a tmpfs), and which\n" +
			"is gone when the editor is. Swap, backup and undo files are switched off for vi, vim, nvim,\n" +
			"emacs and nano; what another editor keeps elsewhere is its own affair. An unchanged text is\n" +
			"not written. A secret that somebody else has changed meanwhile stays: exit 10.",
		args: "PATH[#FIELD]", minArgs: 1, maxArgs: 1,
		flags:    vaultFlags(),
		recorded: inVault(records("secret_stored")),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return editSecret(ctx, env, vaultAccessOf(c), c.Args().First())
		},
	}
}

var (
	errNoEditor   = errors.New("neither VISUAL nor EDITOR is set")
	errNotInMem   = errors.New("not in memory: what is written there may stay on the disk")
	errEditBinary = errors.New("it is no text")
	errEditEmpty  = errors.New("an empty text is no secret")
)

func editSecret(ctx context.Context, env *env, a vaultAccess, name string) error {
	ref, err := parseSecretName(name)
	if err != nil {
		return err
	}
	if ref.Version != 0 {
		return usagef("old versions do not change: kai vault rollback makes one the present one")
	}
	editor, err := env.editor()
	if err != nil {
		return err
	}
	runtimeDir, err := env.editDir()
	if err != nil {
		return err
	}
	if err := env.mayReadSecrets(ctx); err != nil {
		return err
	}
	o, err := env.unlockedVault(ctx, a)
	if err != nil {
		return err
	}
	defer o.close()
	found, err := o.lookup(ctx, ref, true)
	if err != nil {
		return err
	}
	defer found.buf.Wipe()
	if found.version.Conflict {
		return withHint(failf(exitConflict, "conflict", "%s: two devices changed it at once", ref.Full), "kai vault resolve %s", shellWord(ref.Full))
	}
	if ref.Field == "" {
		if ref.Field, err = mainField(found.fields); err != nil {
			return withHint(fmt.Errorf("%s: %w", ref.Full, err), "#FIELD, one of: %s", strings.Join(found.names(), " "))
		}
	}
	old, ok := fields.Find(found.fields, ref.Field)
	if !ok {
		return withHint(failf(exitNotFound, "no_such_field", "%s has no field %s", ref.Full, ref.Field), "its fields: %s", strings.Join(found.names(), " "))
	}
	if !utf8.Valid(old) || bytes.IndexByte(old, 0) >= 0 {
		return fail(exitUsage, "binary", fmt.Errorf("%s: %w", ref.Full, errEditBinary))
	}
	// It is shown now, whatever comes of it.
	shown := audit.Draft{Act: "secret_retrieved", Outcome: event.OK, Details: event.Details{{Name: "path", Value: found.space.PathTag(found.version.Path)}}}
	if err := env.recordNow(ctx, shown); err != nil {
		return err
	}
	text, err := env.runEditor(ctx, editor, runtimeDir, old)
	if err != nil {
		return err
	}
	defer text.Wipe()
	switch {
	case text.EqualBytes(old):
		env.note("unchanged: nothing was written")
		return nil
	case text.Len() == 0:
		return fail(exitFailure, "empty", fmt.Errorf("%s: %w: nothing was written", ref.Full, errEditEmpty))
	}
	so := secretOptions{ifVersion: found.version.Version}
	meta, err := so.meta(env)
	if err != nil {
		return err
	}
	return o.putFields(ctx, found.space, found.version.Path, []secretField{{ref.Field, text}}, meta, &so)
}

// editor is the program and its arguments. A variable that names no program is taken apart at its
// blanks, as in "code --wait"; no shell sees it.
func (e *env) editor() ([]string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		value := strings.TrimSpace(e.getenv(name))
		if value == "" {
			continue
		}
		if info, err := os.Stat(value); err == nil && info.Mode().IsRegular() && filepath.IsAbs(value) {
			return []string{value}, nil
		}
		return strings.Fields(value), nil
	}
	return nil, withHint(fail(exitUsage, "no_editor", errNoEditor), "EDITOR=PROGRAM kai vault edit PATH")
}

// editDir is the runtime directory, if it is in memory.
func (e *env) editDir() (string, error) {
	dir := e.getenv("XDG_RUNTIME_DIR")
	err := errNoRuntimeDir
	if filepath.IsAbs(dir) {
		if err = inMemory(dir); err == nil {
			return dir, nil
		}
		err = fmt.Errorf("runtime directory %s: %w", printable(dir), err)
	}
	return "", withHint(fail(exitFailure, "no_runtime_dir", err), "XDG_RUNTIME_DIR=DIR, a directory of your own on a tmpfs; or kai vault set PATH < FILE")
}

// quietOptions keep an editor from writing the text anywhere else. They are put before the file.
func quietOptions(editor string) []string {
	name := filepath.Base(editor)
	if path, err := filepath.EvalSymlinks(editor); err == nil && (name == "vi" || name == "view") {
		name = filepath.Base(path) // vi is vim, or something simpler
	}
	name = strings.TrimSuffix(name, ".exe")
	switch base, _, _ := strings.Cut(name, "."); base {
	case "vim", "nvim", "gvim", "vi":
		var options []string
		if base != "vi" || name != "vi" {
			options = []string{"-n", "-i", "NONE"} // no swap file, no viminfo or shada file
		}
		for _, o := range []string{"nobackup", "nowritebackup", "noundofile", "noswapfile", "nomodeline"} {
			options = append(options, "-c", "silent! set "+o)
		}
		return options
	case "emacs", "emacs-gtk", "emacs-nox":
		return []string{"--eval", "(setq make-backup-files nil auto-save-default nil auto-save-list-file-prefix nil create-lockfiles nil undo-tree-auto-save-history nil)"}
	case "nano":
		return []string{"--ignorercfiles"}
	}
	return nil
}

// errEnding ends the editor when we are to end.
var errEnding = errors.New("kai was told to end")

// editName is what the file is called: editors show it.
const editName = "secret.txt"

// runEditor lets a person edit a text, and returns what became of it.
func (e *env) runEditor(ctx context.Context, editor []string, runtimeDir string, text []byte) (*secret.Bytes, error) {
	d, err := makeRunDir(ctx, runtimeDir)
	if err != nil {
		return nil, err
	}
	defer d.remove()
	if err := d.write(editName, text, 0o600); err != nil {
		return nil, err
	}
	// What stops us stops the editor as well.
	editing, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	defer context.AfterFunc(ctx, func() { end(errEnding) })()

	program := editor[0]
	c := &child{unmasked: true, stdin: e.sys.stdinFile, stdout: e.sys.stdoutFile, stderr: e.sys.stderrFile}
	c.environ = slices.DeleteFunc(e.childEnviron(), func(pair string) bool { return strings.HasPrefix(pair, "TMPDIR=") })
	c.environ = append(c.environ, "TMPDIR="+filepath.Dir(d.path(editName))) // for editors with files of their own
	c.command = []string{program}
	if found, _, err := c.find(); err == nil {
		program = found
	}
	c.command = append(append(append(c.command, editor[1:]...), quietOptions(program)...), d.path(editName))
	code, err := c.run(editing)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && code > exitBeforeChild:
		return nil, withHint(fail(exitFailure, "no_editor", fmt.Errorf("editor: %w", err)), "EDITOR=PROGRAM kai vault edit PATH")
	case err != nil:
		return nil, fmt.Errorf("editor: %w", err)
	case code != exitDone:
		return nil, failf(exitFailure, "editor_failed", "editor %s ended with exit code %d: nothing was written", printable(editor[0]), code)
	}
	return d.read(editName, text)
}

// read reads a file that an editor has written, perhaps anew. The line ending that editors add to a
// text without one is taken off again.
func (d *runDir) read(name string, old []byte) (*secret.Bytes, error) {
	info, err := d.root.Lstat(d.name + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failf(exitFailure, "editor_failed", "the editor has removed the file: nothing was written")
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, failf(exitFailure, "editor_failed", "the editor has left no regular file: nothing was written")
	}
	f, err := d.root.Open(d.name + "/" + name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := secret.Read(f, maxValue)
	if err != nil {
		return nil, fmt.Errorf("edited text: %w", err)
	}
	b := text.Expose()
	if n := len(b) - 1; n >= 0 && b[n] == '\n' && !bytes.HasSuffix(old, []byte("\n")) {
		defer text.Wipe()
		cut := secret.New(n)
		copy(cut.Expose(), b)
		return cut, nil
	}
	return text, nil
}
