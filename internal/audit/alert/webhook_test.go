package alert_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/audit/post"
	"kai/internal/secret"
)

const hookKey = "a key of the receiver"

func key() (*secret.Bytes, error) { return secret.Take([]byte(hookKey)), nil }

func clock() time.Time { return start.Add(1234567 * time.Microsecond) }

func hook(t testing.TB, url string, client alert.Doer) *alert.Webhook {
	t.Helper()
	w, err := alert.NewWebhook("hook", event.High, url, key, client, clock)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// trusting trusts a test server.
func trusting(server *httptest.Server) post.Client {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return post.Client{Roots: pool}
}

// receiver checks what it gets as a receiver would, and answers.
type receiver struct {
	t      testing.TB
	status atomic.Int64
	ids    chan string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	at := q.Header.Get("X-Kai-Timestamp")
	mac := hmac.New(sha256.New, []byte(hookKey))
	fmt.Fprintf(mac, "%s.%s", at, body)
	if q.Header.Get("X-Kai-Signature") != "v1="+hex.EncodeToString(mac.Sum(nil)) {
		r.t.Error("signature does not fit")
	}
	if at != strconv.FormatInt(clock().Unix(), 10) || q.Method != "POST" || q.Header.Get("Content-Type") != "application/json" {
		r.t.Errorf("%s %v", q.Method, q.Header)
	}
	if !strings.Contains(string(body), `"id":"`+q.Header.Get("X-Kai-Id")+`"`) {
		r.t.Error("id of the header is not that of the alert")
	}
	status := int(r.status.Load())
	if status == http.StatusTemporaryRedirect {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
	r.ids <- q.URL.RequestURI() + " " + q.Header.Get("X-Kai-Id")
}

func TestWebhook(t *testing.T) {
	r := &receiver{t: t, ids: make(chan string, 10)}
	r.status.Store(200)
	server := httptest.NewTLSServer(r)
	defer server.Close()
	w := hook(t, server.URL+"/a/b?c=d", trusting(server))
	a := violation(t, 1, "p", "g")
	if err := w.Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	if got := <-r.ids; got != "/a/b?c=d "+a.ID {
		t.Errorf("got %s", got)
	}
	for _, status := range []int64{204, 299} {
		r.status.Store(status)
		if err := w.Send(context.Background(), a); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		<-r.ids
	}
	for _, status := range []int64{300, 307, 400, 500} {
		r.status.Store(status)
		err := w.Send(context.Background(), a)
		if !errors.Is(err, alert.ErrRefused) || alert.Code(err) != "refused" || strings.Contains(err.Error(), hookKey) {
			t.Errorf("%d: %v", status, err)
		}
		if got := <-r.ids; strings.HasPrefix(got, "/elsewhere") {
			t.Error("redirect was followed")
		}
	}
	if len(r.ids) != 0 {
		t.Error("more requests than alerts")
	}
}

func TestWebhookOfAStranger(t *testing.T) {
	server := httptest.NewUnstartedServer(&receiver{t: t, ids: make(chan string, 1)})
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	err := hook(t, server.URL, post.Client{Roots: x509.NewCertPool()}).Send(context.Background(), exported(t, 1))
	if !errors.Is(err, alert.ErrUnreachable) {
		t.Errorf("a certificate of nobody was taken: %v", err)
	}
}

func TestWebhookThroughTheOutbox(t *testing.T) {
	r := &receiver{t: t, ids: make(chan string, 10)}
	r.status.Store(503)
	server := httptest.NewTLSServer(r)
	defer server.Close()
	o := open(t, t.TempDir())
	w := hook(t, server.URL, trusting(server))
	a := exported(t, 1)
	put(t, o, a, start, "hook")
	flush(t, o, start, w)
	r.status.Store(200)
	flush(t, o, start.Add(time.Minute), w)
	flush(t, o, start.Add(time.Hour), w)
	if len(r.ids) != 2 || len(pending(t, o)) != 0 {
		t.Errorf("%d requests, want one that was refused and one that was not", len(r.ids))
	}
	for len(r.ids) > 0 {
		if got := <-r.ids; got != "/ "+a.ID {
			t.Errorf("request %s", got)
		}
	}
}

func TestPlainHTTPToThisMachine(t *testing.T) {
	r := &receiver{t: t, ids: make(chan string, 10)}
	r.status.Store(200)
	server := httptest.NewServer(r)
	defer server.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		url := strings.Replace(server.URL, "127.0.0.1", host, 1)
		if err := hook(t, url, post.Client{}).Send(context.Background(), exported(t, 1)); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestWebhookAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"https://example.org/x":      true,
		"https://example.org:8443":   true,
		"http://127.0.0.1:80/":       true,
		"http://127.9.9.9/":          true,
		"http://[::1]:8080/":         true,
		"http://localhost/":          true,
		"http://example.org/":        false,
		"http://10.0.0.1/":           false,
		"http://localhost.evil.org/": false,
		"http://127.0.0.1.evil.org/": false,
		"https://user:pw@host/":      false,
		"https://host/#x":            false,
		"https:///x":                 false,
		"ftp://127.0.0.1/":           false,
		"unix:///x":                  false,
		"https://host/\r\nX: y":      false,
		"https://höst/":              false,
		"":                           false,
	} {
		_, err := alert.NewWebhook("hook", event.High, address, key, post.Client{}, clock)
		if good != (err == nil) || err != nil && !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestWebhookKey(t *testing.T) {
	for name, read := range map[string]func() (*secret.Bytes, error){
		"empty":   func() (*secret.Bytes, error) { return secret.New(0), nil },
		"missing": func() (*secret.Bytes, error) { return nil, errors.New("no such file") },
	} {
		w, err := alert.NewWebhook("hook", event.High, "https://127.0.0.1:1/", read, post.Client{}, clock)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(context.Background(), exported(t, 1)); !errors.Is(err, alert.ErrKey) || alert.Code(err) != "no_key" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The key is wiped after each attempt.
	var given *secret.Bytes
	w, err := alert.NewWebhook("hook", event.High, "https://127.0.0.1:1/", func() (*secret.Bytes, error) {
		given = secret.Take([]byte(hookKey))
		return given, nil
	}, post.Client{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(context.Background(), exported(t, 1)); !errors.Is(err, alert.ErrUnreachable) {
		t.Error(err)
	}
	if !given.Wiped() {
		t.Error("the key is still there")
	}
}

// answering serves raw bytes to one connection after another.
func answering(t testing.TB, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				io.Copy(io.Discard, request.Body)
			}
			io.WriteString(conn, answer)
			if answer != "" {
				conn.Close()
			} else {
				t.Cleanup(func() { conn.Close() }) // silence
			}
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

func TestAnswers(t *testing.T) {
	for answer, code := range map[string]string{
		"HTTP/1.1 200 OK\r\n\r\n":                                  "",
		"HTTP/1.0 204\r\n\r\n":                                     "",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n":     "",
		strings.Repeat("HTTP/1.1 103 Early\r\nA: b\r\n\r\n", 5):    "refused",
		"HTTP/1.1 99 OK\r\n\r\n":                                   "refused",
		"HTTP/2.0 200 OK\r\n\r\n":                                  "refused",
		"HTTP/1.1 2000 OK\r\n\r\n":                                 "refused",
		"SSH-2.0-OpenSSH_9.2\r\n":                                  "refused",
		"HTTP/1.1":                                                 "refused",
		"\r\n":                                                     "refused",
		"HTTP/1.1 100 Continue\r\n\r\n":                            "unreachable",
		"HTTP/1.1 100 Continue\r\n" + strings.Repeat("a", 100_000): "unreachable",
	} {
		err := hook(t, answering(t, answer), post.Client{}).Send(context.Background(), exported(t, 1))
		if (err == nil) != (code == "") || err != nil && alert.Code(err) != code {
			t.Errorf("%.40q: %v", answer, err)
		}
	}
}

func TestSilentReceiver(t *testing.T) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	err := hook(t, answering(t, ""), post.Client{}).Send(ctx, exported(t, 1))
	if alert.Code(err) != "timeout" || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if testing.Short() {
		return
	}
	began = time.Now()
	err = hook(t, answering(t, ""), post.Client{}).Send(context.Background(), exported(t, 1))
	if took := time.Since(began); alert.Code(err) != "timeout" || took < alert.SendLimit || took > alert.SendLimit+2*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}
