package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kai/internal/audit/event"
	"kai/internal/audit/post"
	"kai/internal/secret"
)

// Doer makes requests; post.Client does.
type Doer interface {
	// Status sends the request, follows no redirect, and returns the status of the answer. With the
	// scheme http it talks to loopback addresses only. Errors are those of package post.
	Status(ctx context.Context, r *post.Request) (status int, err error)
}

// Webhook posts alerts.
type Webhook struct {
	label
	url    *url.URL
	key    func() (*secret.Bytes, error)
	client Doer
	now    func() time.Time
}

// NewWebhook makes a sink of a URL: https, or http when the host is a loopback address or localhost;
// without user and fragment. key reads the key for the signature, each time anew; the sink wipes it.
// The error is ErrInvalid.
func NewWebhook(name string, min event.Severity, address string, key func() (*secret.Bytes, error), client Doer, now func() time.Time) (*Webhook, error) {
	l, err := newLabel(name, min)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("%w: not a URL", ErrInvalid)
	}
	allowed := u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
	if !allowed || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%w: URL is neither https nor http to this machine, or has a user or fragment", ErrInvalid)
	}
	return &Webhook{l, u, key, client, now}, nil
}

// isLoopback reports whether a host is this machine by its name. Whether localhost is, the client
// sees when it is connected.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Send posts the alert's JSON. A status of 2xx is success; everything else is ErrRefused.
func (w *Webhook) Send(ctx context.Context, a Alert) error {
	body, err := a.JSON()
	if err != nil {
		return err
	}
	at := strconv.FormatInt(w.now().Unix(), 10)
	signature, err := w.sign(at, body)
	if err != nil {
		return fmt.Errorf("webhook of sink %s: %w", w.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, SendLimit)
	defer cancel()
	status, err := w.client.Status(ctx, &post.Request{
		URL: w.url,
		Header: [][2]string{
			{"Content-Type", "application/json"}, {"User-Agent", "kai"},
			{"X-Kai-Id", a.ID}, {"X-Kai-Timestamp", at}, {"X-Kai-Signature", signature},
		},
		Body: body,
	})
	switch {
	case errors.Is(err, post.ErrAnswer):
		return fmt.Errorf("webhook of sink %s: %w: %w", w.name, ErrRefused, err)
	case errors.Is(err, post.ErrUnreachable):
		return fmt.Errorf("webhook of sink %s: %w: %w", w.name, ErrUnreachable, err)
	case err != nil:
		return fmt.Errorf("webhook of sink %s: %w", w.name, err)
	case status < 200 || status > 299:
		return fmt.Errorf("webhook of sink %s: %w: status %d", w.name, ErrRefused, status)
	}
	return nil
}

// sign makes the value of X-Kai-Signature.
func (w *Webhook) sign(at string, body []byte) (string, error) {
	key, err := w.key()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	defer key.Wipe()
	if key.Len() == 0 {
		return "", fmt.Errorf("%w: it is empty", ErrKey)
	}
	mac := hmac.New(sha256.New, key.Expose())
	mac.Write([]byte(at + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil)), nil
}
