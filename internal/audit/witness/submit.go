package witness

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/post"
)

// SizeType is the content type of an answer that holds a size.
const SizeType = "text/x.tlog.size"

// Doer sends a request and returns the answer; post.Client is one. It must not follow
// redirects.
type Doer interface {
	Do(ctx context.Context, r *post.Request) (post.Answer, error)
}

// Submit sends a request to a witness and returns the signature lines that it
// answers with, 1 to 32 of them. They are parsed and not verified: checkpoint.Merge
// does that, against the keys of trusted witnesses.
//
// prefix is the witness's submission prefix, to which "/add-checkpoint" is added:
// an https URL without user, query and fragment, or an http URL of a loopback
// host. When the witness answers 409 with another size, the request is made again
// for that size from tree and sent once more; a nil tree means that it is not.
//
// The errors are ErrURL, ErrRedirect, ErrAnswer, *StatusError, *ConflictError when
// the last answer was a size, with ErrRollback when the witness has cosigned a
// larger tree and with ErrFork when it refuses the size that it has cosigned; those
// of NewRequest, and the client's.
//
// Source: https://c2sp.org/tlog-witness, "add-checkpoint"
func Submit(ctx context.Context, client Doer, prefix string, r *Request, tree tlog.HashReader) ([]byte, error) {
	target, err := address(prefix)
	if err != nil {
		return nil, err
	}
	lines, err := send(ctx, client, target, r)
	var conflict *ConflictError
	if !errors.As(err, &conflict) {
		return lines, err
	}
	if err := judge(conflict, r); err != nil {
		return nil, err
	}
	if tree == nil {
		return nil, conflict
	}
	again, err := NewRequest(conflict.Size, r.Checkpoint, tree)
	if err != nil {
		return nil, err
	}
	lines, err = send(ctx, client, target, again)
	if errors.As(err, &conflict) {
		if err := judge(conflict, again); err != nil {
			return nil, err
		}
	}
	return lines, err
}

// judge says why a request cannot be made again for the size that a witness has
// answered, or nil when it can.
func judge(conflict *ConflictError, r *Request) error {
	n, err := checkpoint.ParseNote(r.Checkpoint)
	if err != nil {
		return err
	}
	size := n.Claimed().Size
	conflict.Rollback = conflict.Size > size
	switch {
	case conflict.Rollback:
		return conflict
	case conflict.Size == r.Old && size == r.Old:
		// It knows this very size and refuses it: by another root.
		return fmt.Errorf("%w: %w", ErrFork, conflict)
	case conflict.Size == r.Old:
		return fmt.Errorf("%w: it asks for the old size that it was given: %w", ErrAnswer, conflict)
	}
	return nil
}

// send sends a request once.
func send(ctx context.Context, client Doer, target *url.URL, r *Request) ([]byte, error) {
	body, err := r.Format()
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(ctx, &post.Request{
		URL: target, Header: [][2]string{{"Content-Type", "text/plain; charset=utf-8"}, {"User-Agent", "kai"}}, Body: body,
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("witness: %w", err)
	case answer.Status/100 == 3:
		return nil, fmt.Errorf("%w: status %d", ErrRedirect, answer.Status)
	case answer.Long || len(answer.Body) > MaxResponse:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrAnswer, MaxResponse)
	case answer.Status == statusConflict && isSize(answer.Type):
		text, ok := strings.CutSuffix(string(answer.Body), "\n")
		size, ok2 := parseSize(text)
		if !ok || !ok2 || size > checkpoint.MaxSize {
			return nil, fmt.Errorf("%w: not a size", ErrAnswer)
		}
		return nil, &ConflictError{Size: size}
	case answer.Status != statusOK:
		return nil, &StatusError{Code: answer.Status, Text: strings.ToValidUTF8(string(answer.Body[:min(len(answer.Body), maxRefusal)]), "")}
	}
	if _, err := checkpoint.ParseLines(answer.Body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return answer.Body, nil
}

func isSize(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == SizeType
}

// address is where requests go for a submission prefix.
func address(prefix string) (*url.URL, error) {
	u, err := url.Parse(prefix)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: not a URL", ErrURL)
	case u.Opaque != "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(prefix, "#"):
		return nil, fmt.Errorf("%w: %q is not scheme://host/path", ErrURL, u.Redacted())
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, fmt.Errorf("%w: %q is not https", ErrURL, u.Redacted())
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/add-checkpoint"
	u.RawPath = ""
	return u, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost"
}
