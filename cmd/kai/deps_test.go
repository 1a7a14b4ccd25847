package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// direct is each module that kai's own packages import, with its reason. A new module needs
// a new line, and a better reason than comfort.
var direct = map[string]string{
	"aead.dev/minisign":               "minisign keys and signatures as minisign reads them",
	"filippo.io/age":                  "age files, recipients and identities; post-quantum ones too",
	"filippo.io/edwards25519":         "streamed Ed25519 verification over files that do not fit in memory",
	"filippo.io/mldsa":                "ML-DSA, the second signature of every identity",
	"github.com/cloudflare/circl":     "SLH-DSA for root keys",
	"github.com/creack/pty":           "pseudo terminals, which each system opens in its own way; vault run",
	"github.com/go-jose/go-jose/v4":   "the other side of JWK and JWS (tests only)",
	"github.com/klauspost/compress":   "zstd: archived segments of the audit log",
	"github.com/mr-tron/base58":       "did:key",
	"github.com/pelletier/go-toml/v2": "config.toml; unlike BurntSushi/toml it gives the line of every key and does nothing at start",
	"github.com/rogpeppe/go-internal": "testscript: end-to-end scripts (tests only)",
	"github.com/urfave/cli/v2":        "flag parsing; only cmd/kai imports it",
	"github.com/zeebo/blake3":         "fast streaming BLAKE3; manifests and hash",
	"go.yaml.in/yaml/v3":              "rules of the audit log, in the YAML of Sigma; files of sops",
	"golang.org/x/crypto":             "ssh keys and certificates, argon2, scrypt, blake2b",
	"golang.org/x/mod":                "signed notes (sumdb/note) and their Merkle trees",
	"golang.org/x/sys":                "system calls that package syscall lacks",
	"golang.org/x/term":               "the terminal: echo off, size",
	"golang.org/x/text":               "Unicode normal form C: one spelling for the name of a secret",
	"lukechampine.com/blake3":         "BLAKE3 guts: one large file on all processors",
}

// notLinked must not be in the kai binary.
var notLinked = map[string]string{
	"expvar":                             "registers handlers at start",
	"github.com/cpuguy83/go-md2man/v2":   "man pages are written by hand; build with urfave_cli_no_docs",
	"github.com/russross/blackfriday/v2": "comes with go-md2man",
	"github.com/xrash/smetrics":          "did-you-mean is our own; build with urfave_cli_no_suggest",
	"net/http":                           "kai asks the network for nothing; megabytes and start time",
	"net/http/pprof":                     "a debugging door",
	"plugin":                             "needs cgo and runs foreign code",
	"runtime/cgo":                        "the binary is static",
	"testing":                            "not in production code",
}

// releaseTags are the build tags of released binaries.
const releaseTags = "urfave_cli_no_docs,urfave_cli_no_suggest"

// goListLines runs go list and returns its lines.
func goListLines(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-mod=readonly"}, args...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func TestDirectModules(t *testing.T) {
	modules := goListLines(t, "-m", "-f", "{{if not .Main}}{{.Path}}{{end}}", "all")
	imports := goListLines(t, "-f", `{{join .Imports "\n"}}
{{join .TestImports "\n"}}
{{join .XTestImports "\n"}}`, "./...")
	slices.Sort(imports)
	used := make(map[string]string) // module → one import
	for _, path := range slices.Compact(imports) {
		if m := moduleOf(path, modules); m != "" && used[m] == "" {
			used[m] = path
		}
	}
	if len(used) == 0 {
		t.Fatal("no module is imported: the test is blind")
	}
	required := goListLines(t, "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all")
	for m, path := range used {
		if direct[m] == "" {
			t.Errorf("%s (imported as %s) has no reason in the table", m, path)
		}
		if !slices.Contains(required, m) {
			t.Errorf("%s (imported as %s) is not a direct module in go.mod", m, path)
		}
	}
	for m := range direct {
		if used[m] == "" {
			t.Errorf("%s is in the table, but nothing imports it", m)
		}
	}
	for _, m := range required {
		if used[m] == "" {
			t.Errorf("%s is a direct module in go.mod, but nothing imports it", m)
		}
	}
}

// moduleOf returns the module that provides path, "" for the standard library and our own.
func moduleOf(path string, modules []string) string {
	best := ""
	for _, m := range modules {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

func TestNotLinked(t *testing.T) {
	linked := goListLines(t, "-deps", "-tags", releaseTags, "./cmd/kai")
	if !slices.Contains(linked, "github.com/urfave/cli/v2") {
		t.Fatal("the list of linked packages is blind")
	}
	for _, p := range linked {
		if why := notLinked[p]; why != "" {
			t.Errorf("%s is linked into kai: %s", p, why)
		}
	}
}
