// Package post sends one request of HTTP/1.1 and reads its answer: what webhooks and witnesses need.
//
// Why not net/http: it costs each start of kai milliseconds and the binary megabytes, and what is
// needed here is to write a request and read a line. There are no proxies, redirects, cookies,
// compression, and no second request on a connection.
package post

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Request is one POST.
type Request struct {
	URL    *url.URL
	Header [][2]string // names and values, without line breaks
	Body   []byte
}

// Answer is what came back.
type Answer struct {
	Status int
	Type   string // the content type as it was sent
	Body   []byte // at most MaxBody bytes; nil when only the status was read
	Long   bool   // the body was longer
}

// MaxBody bounds what is read of a body.
const MaxBody = 64 << 10

// maxHead bounds what is read before it, maxInterim the 1xx answers.
const (
	maxHead    = 64 << 10
	maxInterim = 4
)

var (
	// ErrInvalid means that a request cannot be made.
	ErrInvalid = errors.New("invalid request")

	// ErrAnswer means that what came back is no answer of HTTP/1.
	ErrAnswer = errors.New("not an answer of HTTP/1")

	// ErrUnreachable means that nobody answered.
	ErrUnreachable = errors.New("not reachable")
)

// Client makes requests. The zero value trusts whom the system trusts.
type Client struct {
	Roots *x509.CertPool // whom to trust; nil means the system's
}

// Status sends a request and returns the status of its answer, of which nothing more is read. With
// the scheme http it talks to loopback addresses only. The errors are ErrInvalid, ErrAnswer,
// ErrUnreachable, and the cause of ctx.
func (c Client) Status(ctx context.Context, r *Request) (int, error) {
	a, err := c.exchange(ctx, r, func(*textproto.Reader, *Answer) error { return nil })
	return a.Status, err
}

// Do sends a request and reads its answer. The errors are those of Status.
func (c Client) Do(ctx context.Context, r *Request) (Answer, error) {
	return c.exchange(ctx, r, readRest)
}

func (c Client) exchange(ctx context.Context, r *Request, rest func(*textproto.Reader, *Answer) error) (Answer, error) {
	head, err := requestHead(r)
	if err != nil {
		return Answer{}, err
	}
	conn, err := c.dial(ctx, r.URL)
	if err != nil {
		return Answer{}, unreachable(ctx, err)
	}
	defer conn.Close()
	stop := interruptible(ctx, conn)
	defer stop()
	_, writeErr := conn.Write(append(head, r.Body...))
	// A receiver may answer and close before it has read everything; its answer counts.
	reader := textproto.NewReader(bufio.NewReader(io.LimitReader(conn, maxHead+2*MaxBody)))
	var a Answer
	a.Status, err = readStatus(reader)
	if err == nil {
		err = rest(reader, &a)
	}
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, ErrAnswer):
		return Answer{}, err
	case writeErr != nil:
		return Answer{}, unreachable(ctx, writeErr)
	}
	return Answer{}, unreachable(ctx, err)
}

// interruptible ends all waiting on a connection when ctx ends.
func interruptible(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// unreachable is the error of a connection, which is that of ctx when ctx was the reason.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, ErrInvalid) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// dial connects, and for https speaks TLS.
func (c Client) dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" {
		secured := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), RootCAs: c.Roots, NextProtos: []string{"http/1.1"}})
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return secured, nil
	}
	// localhost is what the resolver says it is.
	remote, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if u.Scheme != "http" || err != nil || !remote.Addr().Unmap().IsLoopback() {
		conn.Close()
		return nil, fmt.Errorf("%w: http to another machine", ErrInvalid)
	}
	return conn, nil
}

// requestHead is everything before the body.
func requestHead(r *Request) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\n", r.URL.RequestURI(), r.URL.Host)
	for _, h := range r.Header {
		if strings.ContainsAny(h[0]+h[1], "\r\n") {
			return nil, fmt.Errorf("%w: line break in a header", ErrInvalid)
		}
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\nConnection: close\r\n\r\n", len(r.Body))
	return []byte(b.String()), nil
}

// readStatus reads the status line, and skips answers that announce another one.
func readStatus(reader *textproto.Reader) (int, error) {
	for range maxInterim {
		line, err := reader.ReadLine()
		if err != nil {
			return 0, err
		}
		rest, ok := strings.CutPrefix(line, "HTTP/1.")
		if !ok || len(rest) < 5 || rest[1] != ' ' || len(rest) > 5 && rest[5] != ' ' {
			return 0, ErrAnswer
		}
		status, err := strconv.ParseUint(rest[2:5], 10, 16)
		if err != nil || status < 100 {
			return 0, ErrAnswer
		}
		if status >= 200 {
			return int(status), nil
		}
		if _, err := reader.ReadMIMEHeader(); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: too many interim answers", ErrAnswer)
}

// readRest reads the header and the body.
func readRest(reader *textproto.Reader, a *Answer) error {
	header, err := reader.ReadMIMEHeader()
	if err != nil {
		return err
	}
	a.Type = header.Get("Content-Type")
	body := io.Reader(reader.R)
	length := header.Get("Content-Length")
	switch chunked := header.Get("Transfer-Encoding"); {
	case strings.EqualFold(chunked, "chunked"):
		body = &chunks{r: reader}
	case chunked != "":
		return fmt.Errorf("%w: transfer encoding", ErrAnswer)
	case length != "":
		n, err := strconv.ParseUint(length, 10, 62)
		if err != nil {
			return fmt.Errorf("%w: content length", ErrAnswer)
		}
		body = &exactly{body, n}
	}
	data, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	if len(data) > MaxBody {
		data, a.Long, err = data[:MaxBody], true, nil
	}
	a.Body = data
	return err
}

// exactly reads a body of known length; one that ends early is an error.
type exactly struct {
	r    io.Reader
	left uint64
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(uint64(len(p)), e.left)])
	if e.left -= uint64(n); err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// chunks reads a body in chunks, RFC 9112 §7.1. What follows the last one is not read.
type chunks struct {
	r    *textproto.Reader
	left uint64
	some bool // a chunk was read: its end must follow
	done bool
}

func (c *chunks) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.done {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n, err := c.r.R.Read(p[:min(uint64(len(p)), c.left)])
	if c.left -= uint64(n); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next reads the line before a chunk.
func (c *chunks) next() error {
	if c.some {
		line, err := c.line()
		if err != nil {
			return err
		}
		if line != "" {
			return fmt.Errorf("%w: end of a chunk", ErrAnswer)
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	if c.left, err = strconv.ParseUint(strings.TrimSpace(size), 16, 62); err != nil {
		return fmt.Errorf("%w: length of a chunk", ErrAnswer)
	}
	c.some, c.done = true, c.left == 0
	return nil
}

// line reads a line, which must not be missing.
func (c *chunks) line() (string, error) {
	line, err := c.r.ReadLine()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return line, err
}
