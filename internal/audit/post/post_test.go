package post_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"kai/internal/audit/post"
)

func to(t *testing.T, address string) *post.Request {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &post.Request{URL: u, Header: [][2]string{{"X-Test", "yes"}}, Body: []byte("question")}
}

// A real server, with and without TLS, answers in each of its ways.
func TestServer(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", post.MaxBody/16)
	answer := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "question" || r.Header.Get("X-Test") != "yes" || r.Method != http.MethodPost {
			t.Errorf("%s %q, %v", r.Method, body, err)
		}
		w.Header().Set("Content-Type", "text/x.test; charset=utf-8")
		switch r.URL.Path {
		case "/long":
			io.WriteString(w, big+"x")
		case "/whole":
			io.WriteString(w, big)
		case "/chunks":
			for i := range 3 {
				io.WriteString(w, strings.Repeat("ab", 1+i))
				w.(http.Flusher).Flush()
			}
		case "/early":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "short")
		case "/hints":
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "later")
		default:
			w.WriteHeader(http.StatusConflict)
			io.WriteString(w, "answer")
		}
	}
	plain, secured := httptest.NewServer(http.HandlerFunc(answer)), httptest.NewTLSServer(http.HandlerFunc(answer))
	defer plain.Close()
	defer secured.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secured.Certificate())
	for _, server := range []string{plain.URL, secured.URL} {
		c := post.Client{Roots: roots}
		for path, want := range map[string]post.Answer{
			"/":       {Status: 409, Body: []byte("answer")},
			"/chunks": {Status: 200, Body: []byte("abababababab")},
			"/whole":  {Status: 200, Body: []byte(big)},
			"/long":   {Status: 200, Body: []byte(big), Long: true},
			"/hints":  {Status: 200, Body: []byte("later")},
		} {
			got, err := c.Do(t.Context(), to(t, server+path))
			if err != nil || got.Status != want.Status || !bytes.Equal(got.Body, want.Body) || got.Long != want.Long || got.Type != "text/x.test; charset=utf-8" {
				t.Errorf("%s: %d, %d bytes, long %v, %q, %v", path, got.Status, len(got.Body), got.Long, got.Type, err)
			}
		}
		if _, err := c.Do(t.Context(), to(t, server+"/early")); !errors.Is(err, post.ErrUnreachable) {
			t.Errorf("an answer that ends early: %v", err)
		}
		if status, err := c.Status(t.Context(), to(t, server+"/early")); status != 200 || err != nil {
			t.Errorf("its status: %d, %v", status, err)
		}
	}
	if _, err := (post.Client{Roots: x509.NewCertPool()}).Do(t.Context(), to(t, secured.URL)); !errors.Is(err, post.ErrUnreachable) {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
}

// answering is a server that says the same to everybody.
func answering(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

func TestOddAnswers(t *testing.T) {
	for text, want := range map[string]error{
		"HTTP/1.1 200 OK\r\n\r\nto the end":                                             nil,
		"HTTP/1.0 200\r\nContent-Length: 2\r\n\r\nok and more":                          nil,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n":     nil,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n": nil,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok":                  post.ErrUnreachable,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n":   post.ErrAnswer,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n":                   post.ErrAnswer,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n":                            post.ErrAnswer,
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n":                                 post.ErrAnswer,
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok":                                post.ErrUnreachable,
		"HTTP/2 200\r\n\r\n":     post.ErrAnswer,
		"HTTP/1.1 20 OK\r\n\r\n": post.ErrAnswer,
		"hello\r\n":              post.ErrAnswer,
		"":                       post.ErrUnreachable,
		strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 5) + "HTTP/1.1 200 OK\r\n\r\n": post.ErrAnswer,
	} {
		a, err := post.Client{}.Do(t.Context(), to(t, answering(t, text)))
		if !errors.Is(err, want) || want == nil && (err != nil || a.Status != 200) {
			t.Errorf("%.70q: %+v, %v; want %v", text, a, err, want)
		}
	}
}

func TestRefused(t *testing.T) {
	r := to(t, "http://127.0.0.1:1/")
	if _, err := (post.Client{}).Do(t.Context(), r); !errors.Is(err, post.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	r.Header = [][2]string{{"X", "a\r\nEvil: yes"}}
	if _, err := (post.Client{}).Do(t.Context(), r); !errors.Is(err, post.ErrInvalid) {
		t.Errorf("line break in a header: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (post.Client{}).Do(ctx, to(t, answering(t, ""))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
