package witness_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"kai/internal/audit/checkpoint"
	"kai/internal/audit/post"
	"kai/internal/audit/witness"
)

// serve answers add-checkpoint calls with our own witness, and counts them.
func serve(t testing.TB, m witness.Memory) (prefix string, calls *int) {
	t.Helper()
	w, calls := cosigner(t), new(int)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /w/add-checkpoint", func(out http.ResponseWriter, in *http.Request) {
		*calls++
		data, err := io.ReadAll(io.LimitReader(in.Body, witness.MaxRequest+1))
		if err != nil {
			t.Error(err)
		}
		r, err := witness.ParseRequest(data)
		var lines []byte
		if err == nil {
			lines, err = w.Cosign(r, m)
		}
		var conflict *witness.ConflictError
		if errors.As(err, &conflict) {
			out.Header().Set("Content-Type", witness.SizeType)
			lines = fmt.Appendf(nil, "%d\n", conflict.Size)
		}
		out.WriteHeader(witness.Status(err))
		out.Write(lines)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/w", calls
}

func TestSubmit(t *testing.T) {
	l, fork := numbered(t, 30, 30), numbered(t, 30, 5)
	for name, c := range map[string]struct {
		memory  *inMemory
		request *witness.Request
		tree    tlog.HashReader
		want    error
		calls   int
	}{
		"first":                      {&inMemory{}, request(t, l, 0, 20), l, nil, 1},
		"grows":                      {remembers(t, l, 10), request(t, l, 10, 20), l, nil, 1},
		"old size is not known":      {remembers(t, l, 10), request(t, l, 0, 20), l, nil, 2},
		"witness is behind":          {remembers(t, l, 5), request(t, l, 10, 20), l, nil, 2},
		"witness knows nothing":      {&inMemory{}, request(t, l, 10, 20), l, nil, 2},
		"witness has the same":       {remembers(t, l, 20), request(t, l, 10, 20), l, nil, 2},
		"no tree":                    {remembers(t, l, 10), request(t, l, 0, 20), nil, witness.ErrConflict, 1},
		"witness is ahead":           {remembers(t, l, 25), request(t, l, 10, 20), l, witness.ErrRollback, 1},
		"fork beyond":                {remembers(t, l, 10), request(t, fork, 10, 20), fork, nil, 1},
		"fork, old size not known":   {remembers(t, l, 10), request(t, fork, 0, 20), fork, nil, 2},
		"fork at the size":           {remembers(t, l, 20), request(t, fork, 20, 20), fork, nil, 1},
		"tree is not the log's":      {remembers(t, l, 10), request(t, l, 0, 20), fork, witness.ErrTree, 1},
		"request that no body holds": {remembers(t, l, 10), &witness.Request{}, l, witness.ErrMalformed, 0},
	} {
		prefix, calls := serve(t, c.memory)
		lines, err := witness.Submit(t.Context(), post.Client{}, prefix, c.request, c.tree)
		if status := (*witness.StatusError)(nil); strings.HasPrefix(name, "fork") {
			if !errors.As(err, &status) || status.Code != 422 && status.Code != 409 || lines != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.Is(err, c.want) || (lines == nil) != (c.want != nil) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if *calls != c.calls {
			t.Errorf("%s: %d calls, want %d", name, *calls, c.calls)
		}
		if err == nil {
			var known []*checkpoint.Verifier
			for _, s := range cosigners(t) {
				known = append(known, s.Verifier())
			}
			if _, err := checkpoint.Merge(c.request.Checkpoint, lines, known...); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// answers is a witness that says the same whatever it is asked.
type answers struct {
	status int
	typ    string
	body   string
	calls  int
}

func (a *answers) Do(context.Context, *post.Request) (post.Answer, error) {
	a.calls++
	if a.status == 0 {
		return post.Answer{}, errShort
	}
	return post.Answer{Status: a.status, Type: a.typ, Body: []byte(a.body[:min(len(a.body), post.MaxBody)]), Long: len(a.body) > post.MaxBody}, nil
}

func TestSubmitRefusesAnswers(t *testing.T) {
	l := numbered(t, 30, 30)
	line, err := cosigners(t)[0].Line([]byte("a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answer answers
		want   error
		code   int // of a StatusError
		calls  int
	}{
		"lines":                       {answers{status: 200, body: line + line}, nil, 0, 1},
		"empty":                       {answers{status: 200}, witness.ErrAnswer, 0, 1},
		"no line feed":                {answers{status: 200, body: strings.TrimSuffix(line, "\n")}, witness.ErrAnswer, 0, 1},
		"page":                        {answers{status: 200, typ: "text/html", body: "<html>\n"}, witness.ErrAnswer, 0, 1},
		"33 lines":                    {answers{status: 200, body: strings.Repeat(line, 33)}, witness.ErrAnswer, 0, 1},
		"longer than 64 KiB":          {answers{status: 200, body: strings.Repeat("x", 64<<10+1)}, witness.ErrAnswer, 0, 1},
		"redirect":                    {answers{status: 307}, witness.ErrRedirect, 0, 1},
		"404":                         {answers{status: 404, body: "no\x1b[31m such log"}, nil, 404, 1},
		"500":                         {answers{status: 500, body: strings.Repeat("x", 1000)}, nil, 500, 1},
		"201":                         {answers{status: 201, body: line}, nil, 201, 1},
		"409 without a size":          {answers{status: 409, body: "10\n"}, nil, 409, 1},
		"409, not a number":           {answers{status: 409, typ: witness.SizeType, body: "ten\n"}, witness.ErrAnswer, 0, 1},
		"409, leading zero":           {answers{status: 409, typ: witness.SizeType, body: "010\n"}, witness.ErrAnswer, 0, 1},
		"409, no line feed":           {answers{status: 409, typ: witness.SizeType, body: "10"}, witness.ErrAnswer, 0, 1},
		"409, too large":              {answers{status: 409, typ: witness.SizeType, body: "9007199254740992\n"}, witness.ErrAnswer, 0, 1},
		"409 with the size we sent":   {answers{status: 409, typ: witness.SizeType, body: "5\n"}, witness.ErrAnswer, 0, 1},
		"409 twice":                   {answers{status: 409, typ: witness.SizeType + "; charset=utf-8", body: "10\n"}, witness.ErrAnswer, 0, 2},
		"409 with our size, twice":    {answers{status: 409, typ: witness.SizeType, body: "20\n"}, witness.ErrFork, 0, 2},
		"409, ahead of us":            {answers{status: 409, typ: witness.SizeType, body: "21\n"}, witness.ErrRollback, 0, 1},
		"network down":                {answers{}, errShort, 0, 1},
		"409, a size of 2^63 and all": {answers{status: 409, typ: witness.SizeType, body: "9223372036854775807\n"}, witness.ErrAnswer, 0, 1},
	} {
		lines, err := witness.Submit(t.Context(), &c.answer, "https://witness.example", request(t, l, 5, 20), l)
		var status *witness.StatusError
		if c.code == 0 && !errors.Is(err, c.want) || errors.As(err, &status) != (c.code != 0) || status != nil && (status.Code != c.code || len(status.Text) > 200) || c.answer.calls != c.calls {
			t.Errorf("%s: %d calls, error %v", name, c.answer.calls, err)
		}
		if (lines != nil) != (name == "lines") {
			t.Errorf("%s: lines %q", name, lines)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s: control characters in %q", name, err)
		}
	}
}

func TestSubmitAddresses(t *testing.T) {
	l := numbered(t, 5, 5)
	r := request(t, l, 0, 5)
	line := "— w AAAAAAA=\n"
	for prefix, want := range map[string]string{
		"https://witness.example":        "https://witness.example/add-checkpoint",
		"https://witness.example/":       "https://witness.example/add-checkpoint",
		"https://witness.example:8/a/b/": "https://witness.example:8/a/b/add-checkpoint",
		"http://127.0.0.1:8080":          "http://127.0.0.1:8080/add-checkpoint",
		"http://127.9.9.9":               "http://127.9.9.9/add-checkpoint",
		"http://[::1]:8080/x":            "http://[::1]:8080/x/add-checkpoint",
		"http://localhost:8080":          "http://localhost:8080/add-checkpoint",
		"http://witness.example":         "",
		"http://127.0.0.1.example":       "",
		"http://localhost.example":       "",
		"http://0.0.0.0":                 "",
		"http://10.0.0.1":                "",
		"ftp://witness.example":          "",
		"file:///etc/passwd":             "",
		"witness.example":                "",
		"//witness.example":              "",
		"https:witness.example":          "",
		"https://":                       "",
		"https:///x":                     "",
		"https://user@witness.example":   "",
		"https://u:p@witness.example":    "",
		"https://witness.example?x":      "",
		"https://witness.example?":       "",
		"https://witness.example#x":      "",
		"https://witness.example/%zz":    "",
		"https://witness.example\n":      "",
		"":                               "",
	} {
		var asked []string
		client := doer(func(ctx context.Context, req *post.Request) (post.Answer, error) {
			asked = append(asked, req.URL.String())
			return (&answers{status: 200, body: line}).Do(ctx, req)
		})
		_, err := witness.Submit(t.Context(), client, prefix, r, nil)
		if want == "" && (!errors.Is(err, witness.ErrURL) || asked != nil) || want != "" && (err != nil || len(asked) != 1 || asked[0] != want) {
			t.Errorf("%q: asked %q, %v", prefix, asked, err)
		}
		if err != nil && strings.Contains(err.Error(), "u:p@") {
			t.Errorf("password in %q", err)
		}
	}
}

type doer func(context.Context, *post.Request) (post.Answer, error)

func (d doer) Do(ctx context.Context, r *post.Request) (post.Answer, error) { return d(ctx, r) }

// A real client meets a real redirect, and does not take the request along.
func TestSubmitFollowsNoRedirect(t *testing.T) {
	l := numbered(t, 5, 5)
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := 0
		mux := http.NewServeMux()
		mux.HandleFunc("/add-checkpoint", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", status) })
		mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { elsewhere++ })
		server := httptest.NewTLSServer(mux)
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		client := post.Client{Roots: roots}
		_, err := witness.Submit(t.Context(), client, server.URL, request(t, l, 0, 5), l)
		if !errors.Is(err, witness.ErrRedirect) || elsewhere != 0 {
			t.Errorf("%d: followed %d times, %v", status, elsewhere, err)
		}
		server.Close()
	}
}

// An answer without an end costs MaxResponse bytes and the caller's patience.
func TestSubmitIsBounded(t *testing.T) {
	l := numbered(t, 5, 5)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 4<<10)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	if _, err := witness.Submit(t.Context(), post.Client{}, server.URL, request(t, l, 0, 5), l); !errors.Is(err, witness.ErrAnswer) {
		t.Errorf("endless: %v", err)
	}

	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	client := doer(func(ctx context.Context, r *post.Request) (post.Answer, error) {
		cancel()
		return post.Client{}.Do(ctx, r)
	})
	if _, err := witness.Submit(ctx, client, silent.URL, request(t, l, 0, 5), l); !errors.Is(err, context.Canceled) {
		t.Errorf("silent: %v", err)
	}
}
