package alert

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// Client posts by HTTP/1.1, one connection a request, without proxies, redirects, cookies or
// compression.
//
// Why not net/http: it costs each start of kai milliseconds and the binary megabytes, and what is
// needed here is to write a request and read a line.
type Client struct {
	Roots *x509.CertPool // whom to trust; nil means the system's
}

// Do is Doer's.
func (c Client) Do(ctx context.Context, r *Request) (int, error) {
	head, err := requestHead(r)
	if err != nil {
		return 0, err
	}
	conn, err := c.dial(ctx, r.URL)
	if err != nil {
		return 0, unreachable(ctx, err)
	}
	defer conn.Close()
	stop := interruptible(ctx, conn)
	defer stop()
	_, writeErr := conn.Write(append(head, r.Body...))
	// A receiver may answer and close before it has read everything; its answer counts.
	status, err := readStatus(conn)
	switch {
	case err == nil:
		return status, nil
	case writeErr != nil:
		return 0, unreachable(ctx, writeErr)
	}
	return 0, unreachable(ctx, err)
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

// readStatus reads the status line, and skips answers that announce another one. The rest is not
// read.
func readStatus(r io.Reader) (int, error) {
	reader := textproto.NewReader(bufio.NewReader(io.LimitReader(r, maxResponse)))
	for range maxInterim {
		line, err := reader.ReadLine()
		if err != nil {
			return 0, err
		}
		rest, ok := strings.CutPrefix(line, "HTTP/1.")
		if !ok || len(rest) < 5 || rest[1] != ' ' || len(rest) > 5 && rest[5] != ' ' {
			return 0, fmt.Errorf("%w: not an answer of HTTP/1", ErrRefused)
		}
		status, err := strconv.ParseUint(rest[2:5], 10, 16)
		if err != nil || status < 100 {
			return 0, fmt.Errorf("%w: not an answer of HTTP/1", ErrRefused)
		}
		if status >= 200 {
			return int(status), nil
		}
		if _, err := reader.ReadMIMEHeader(); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: too many interim answers", ErrRefused)
}
