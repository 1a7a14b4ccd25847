package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit"
	"kai/internal/audit/checkpoint"
)

// anchorTarget is a place that is to be told of a head: KIND[:ARG].
type anchorTarget struct{ kind, arg string }

func (t anchorTarget) String() string {
	if t.arg == "" {
		return t.kind
	}
	return t.kind + ":" + t.arg
}

// readAnchor reads what --anchor says. Whatever cannot be done is refused before anything is
// signed.
func readAnchor(text string) (anchorTarget, error) {
	kind, arg, _ := strings.Cut(text, ":")
	t := anchorTarget{kind, arg}
	switch kind {
	case "keyring", "local":
		if arg != "" {
			return t, usagef("--anchor %s: %s takes nothing", text, kind)
		}
	case "journald", "git":
	case "cosig":
		if arg == "" {
			return t, usagef("--anchor cosig: want cosig:FILE, or cosig:URL of a witness")
		}
	case "tpm":
		return t, failf(exitBackend, "not_offered", "--anchor tpm: this version holds no keys or counters in a TPM")
	case "rekor":
		return t, withHint(failf(exitBackend, "not_offered", "--anchor rekor: not offered: its entries take no Ed25519 signature of a checkpoint"),
			"--anchor git:DIR, or --anchor cosig:URL of a witness")
	case "gossip":
		return t, failf(exitBackend, "not_offered", "--anchor gossip: heads travel in messages, which this version does not send")
	default:
		return t, withHint(usagef("--anchor %s: unknown kind", text), "keyring, local, journald, git:DIR, cosig:FILE or cosig:URL")
	}
	return t, nil
}

// toldAnchor says how telling an anchor went, for JSON.
type toldAnchor struct {
	Kind string `json:"kind"`
	Ref  string `json:"ref,omitempty"`
	OK   bool   `json:"ok"`
	Text string `json:"text,omitempty"`
}

// tell tells a place of a head, whose signed note is given. ref is where it can be found again.
// told is false when the place is told with every event anyway.
func (t anchorTarget) tell(ctx context.Context, env *env, log *openedLog, head audit.Head, note []byte) (ref string, told bool, err error) {
	switch t.kind {
	case "journald":
		ref, err = tellJournal(ctx, t.arg, head, log.Info().Origin)
	case "git":
		ref, err = tellGit(ctx, env, t.arg, head, log.Info().Origin)
	case "cosig":
		if isURL(t.arg) {
			_, err = submitToWitness(ctx, env, log, t.arg, note)
			return t.arg, true, err
		}
		if ref, err = filepath.Abs(env.path(t.arg)); err == nil {
			err = env.writeFile(ctx, ref, note, outputOptions{mode: 0o644, force: true})
		}
	default:
		return "", false, nil
	}
	return ref, true, err
}

// isURL tells a witness's address from a file.
func isURL(text string) bool {
	return strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")
}

// statement is the line by which places that keep text are told of a head.
func statement(origin string, n uint64, root [32]byte) string {
	return fmt.Sprintf("kai-audit %s %d %s", origin, n, base64.StdEncoding.EncodeToString(root[:]))
}

// parseStatement reads such a line; false for every other.
func parseStatement(line, origin string) (n uint64, root [32]byte, ok bool) {
	rest, ok := strings.CutPrefix(line, "kai-audit "+origin+" ")
	number, encoded, ok2 := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(number, 10, 53)
	hash, hashErr := tlog.ParseHash(encoded)
	return n, hash, ok && ok2 && err == nil && hashErr == nil
}

const (
	// journalSocket is where journald listens.
	journalSocket = "/run/systemd/journal/socket"
	// journalPatience bounds a datagram to it.
	journalPatience = 3 * time.Second
)

// tellJournal writes one entry in journald's native protocol. No value has a line feed.
func tellJournal(ctx context.Context, socket string, head audit.Head, origin string) (string, error) {
	if socket == "" {
		socket = journalSocket
	}
	root := base64.StdEncoding.EncodeToString(head.Root[:])
	message := fmt.Sprintf("MESSAGE=%s\nPRIORITY=6\nSYSLOG_IDENTIFIER=kai\nKAI_ORIGIN=%s\nKAI_N=%d\nKAI_ROOT=%s\n",
		statement(origin, head.N, head.Root), origin, head.N, root)
	ctx, cancel := context.WithTimeout(ctx, journalPatience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unixgram", socket)
	if err != nil {
		return "", fmt.Errorf("journald: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(message)); err != nil {
		return "", fmt.Errorf("journald: %w", err)
	}
	return "KAI_ORIGIN=" + origin, nil
}

// gitNotes is the ref of our notes, below refs/notes.
const gitNotes = "kai-audit"

// tellGit adds a line to the note of the commit that a work tree is at.
func tellGit(ctx context.Context, env *env, dir string, head audit.Head, origin string) (string, error) {
	dir, err := filepath.Abs(env.path(cmp.Or(dir, ".")))
	if err != nil {
		return "", err
	}
	git := newGit(env)
	commit, err := git.output(ctx, "-C", dir, "rev-parse", "--verify", "HEAD^{commit}")
	if err != nil {
		return "", err
	}
	commit = strings.TrimSpace(commit)
	_, err = git.output(ctx, "-C", dir, "notes", "--ref="+gitNotes, "append", "-m", statement(origin, head.N, head.Root), commit)
	return commit + " " + dir, err
}

// askedAnchor is what an anchor has answered.
type askedAnchor struct {
	Kind  string `json:"kind"`
	Ref   string `json:"ref,omitempty"`
	N     uint64 `json:"n"`     // the newest size that it knows
	State string `json:"state"` // agrees, contradicts, empty, unreachable, not asked
	Text  string `json:"text,omitempty"`
}

func (a askedAnchor) String() string {
	text := a.Kind + ": " + a.State
	if a.N > 0 {
		text += fmt.Sprintf(", %d events", a.N)
	}
	if a.Text != "" {
		text += ": " + a.Text
	}
	return text
}

// askAnchors asks what can be asked for the heads that it knows, and makes every contradiction a
// finding.
func askAnchors(ctx context.Context, env *env, log *openedLog, v *audit.Verification) ([]askedAnchor, error) {
	q := &anchorQuestions{env: env, log: log, v: v}
	q.askKeyring()
	anchors, err := log.Anchors()
	if err != nil {
		return q.answers, nil //nolint:nilerr // a finding already
	}
	newest := map[[2]string]audit.Anchor{}
	var order [][2]string
	for _, a := range anchors {
		k := [2]string{a.Kind, a.Ref}
		if _, seen := newest[k]; !seen {
			order = append(order, k)
		}
		newest[k] = a
	}
	for _, k := range order {
		if err := q.ask(ctx, newest[k]); err != nil {
			return nil, err
		}
	}
	return q.answers, nil
}

type anchorQuestions struct {
	env     *env
	log     *openedLog
	v       *audit.Verification
	answers []askedAnchor
}

// askKeyring says what the kernel remembers; Verify has held it against the log.
func (q *anchorQuestions) askKeyring() {
	a := askedAnchor{Kind: "keyring"}
	if q.env.sys.keyring == nil {
		return
	}
	head, ok, err := q.env.sys.keyring.Load(q.log.Info().LogID)
	switch {
	case err != nil:
		a.State, a.Text = "unreachable", err.Error()
	case !ok:
		a.State = "empty"
	default:
		a.N, a.State = head.N, "agrees"
		if text := q.against(head.N, head.Root); text != "" {
			a.State, a.Text = "contradicts", text
		}
	}
	q.answers = append(q.answers, a)
}

func (q *anchorQuestions) ask(ctx context.Context, anchor audit.Anchor) error {
	a := askedAnchor{Kind: anchor.Kind, Ref: anchor.Ref}
	var heads []checkpoint.Checkpoint
	var err error
	switch {
	case anchor.Kind == "git":
		heads, err = q.gitHeads(ctx, anchor.Ref)
	case anchor.Kind == "cosig" && !isURL(anchor.Ref):
		heads, err = q.fileHeads(anchor.Ref)
	default:
		a.N, a.State = anchor.N, "not asked"
		q.answers = append(q.answers, a)
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch {
	case err != nil:
		a.State, a.Text = "unreachable", err.Error()
	case len(heads) == 0:
		a.State, a.Text = "empty", fmt.Sprintf("it was told of %d events", anchor.N)
	default:
		a.State = "agrees"
	}
	for _, h := range heads {
		a.N = max(a.N, h.Size)
		if text := q.against(h.Size, h.Root); text != "" {
			a.State, a.Text = "contradicts", text
			q.contradict(h.Size, anchor.Kind+": "+text)
		}
	}
	q.answers = append(q.answers, a)
	return nil
}

// contradict adds a finding, unless Verify has come to it by itself.
func (q *anchorQuestions) contradict(n uint64, text string) {
	q.v.Findings = append(q.v.Findings, audit.Finding{N: n, Check: audit.CheckAnchor, Text: text})
	q.v.Verdict = audit.VerdictTampered
}

// against says what is wrong with the log if it once had n events with that root; "" when
// nothing is.
func (q *anchorQuestions) against(n uint64, root [32]byte) string {
	if n > q.v.Size {
		return fmt.Sprintf("knows %d events, the log has %d", n, q.v.Size)
	}
	if n == 0 {
		return ""
	}
	got, err := tlog.TreeHash(int64(n), q.log.Hashes())
	switch {
	case err != nil && q.v.Verdict == audit.VerdictOK:
		return fmt.Sprintf("%d events: %v", n, err)
	case err == nil && got != tlog.Hash(root):
		return fmt.Sprintf("knows another root for %d events", n)
	}
	return ""
}

// gitHeads reads the note of the commit.
func (q *anchorQuestions) gitHeads(ctx context.Context, ref string) ([]checkpoint.Checkpoint, error) {
	commit, dir, ok := strings.Cut(ref, " ")
	if !ok {
		return nil, errors.New("not a reference to a commit")
	}
	text, err := newStrictGit(q.env).output(ctx, "-C", dir, "notes", "--ref="+gitNotes, "show", commit)
	if err != nil {
		return nil, err
	}
	var heads []checkpoint.Checkpoint
	for line := range strings.Lines(text) {
		if n, root, ok := parseStatement(strings.TrimSpace(line), q.log.Info().Origin); ok {
			heads = append(heads, checkpoint.Checkpoint{Size: n, Root: root})
		}
	}
	return heads, nil
}

// fileHeads reads a checkpoint that was kept outside, if a key of this log has signed it.
func (q *anchorQuestions) fileHeads(path string) ([]checkpoint.Checkpoint, error) {
	data, err := readBounded(path, checkpoint.MaxNote)
	if err != nil {
		return nil, err
	}
	status, err := q.log.Status()
	if err != nil {
		return nil, err
	}
	keys, err := readVerifiers(q.env, "key of the log", status.VKeys)
	if err != nil {
		return nil, err
	}
	verified, err := checkpoint.Open(data, keys...)
	if err != nil {
		return nil, err
	}
	c := verified.Checkpoint()
	if c.Origin != q.log.Info().Origin {
		return nil, errors.New("it is of another log")
	}
	return []checkpoint.Checkpoint{c}, nil
}
