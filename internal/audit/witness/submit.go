package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
)

// SizeType is the content type of an answer that holds a size.
const SizeType = "text/x.tlog.size"

// HTTPDoer sends a request and returns the answer. *http.Client is one; Submit
// uses a copy of it that follows no redirects and has no cookies. Others must not
// follow redirects either.
type HTTPDoer interface {
	Do(*http.Request) (*http.Response, error)
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
func Submit(ctx context.Context, client HTTPDoer, prefix string, r *Request, tree tlog.HashReader) ([]byte, error) {
	target, err := address(prefix)
	if err != nil {
		return nil, err
	}
	if c, ok := client.(*http.Client); ok {
		direct := *c
		direct.Jar = nil
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		client = &direct
	}
	lines, err := post(ctx, client, target, r)
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
	lines, err = post(ctx, client, target, again)
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

// post sends a request once.
func post(ctx context.Context, client HTTPDoer, target string, r *Request) ([]byte, error) {
	body, err := r.Format()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 == 3 || resp.Request != nil && resp.Request.URL.String() != target {
		return nil, fmt.Errorf("%w: status %d", ErrRedirect, resp.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, MaxResponse+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("answer of the witness: %w", err)
	case len(answer) > MaxResponse:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrAnswer, MaxResponse)
	case resp.StatusCode == http.StatusConflict && isSize(resp.Header):
		text, ok := strings.CutSuffix(string(answer), "\n")
		size, ok2 := parseSize(text)
		if !ok || !ok2 || size > checkpoint.MaxSize {
			return nil, fmt.Errorf("%w: not a size", ErrAnswer)
		}
		return nil, &ConflictError{Size: size}
	case resp.StatusCode != http.StatusOK:
		return nil, &StatusError{Code: resp.StatusCode, Text: strings.ToValidUTF8(string(answer[:min(len(answer), maxRefusal)]), "")}
	}
	if _, err := checkpoint.ParseLines(answer); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return answer, nil
}

func isSize(h http.Header) bool {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && t == SizeType
}

// address is where requests go for a submission prefix.
func address(prefix string) (string, error) {
	u, err := url.Parse(prefix)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: not a URL", ErrURL)
	case u.Opaque != "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(prefix, "#"):
		return "", fmt.Errorf("%w: %q is not scheme://host/path", ErrURL, u.Redacted())
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return "", fmt.Errorf("%w: %q is not https", ErrURL, u.Redacted())
	}
	return strings.TrimRight(u.String(), "/") + "/add-checkpoint", nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost"
}
