package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "kai"
	internal = module + "/internal/"
)

// layers says which of kai's own packages each package may import. A pattern that ends in
// "/*" covers the packages below it. Dependencies point one way; a new line here is a design
// decision and comes with its sentence.
var layers = []struct {
	pattern  string
	imports  []string
	sentence string
}{
	{"canon", nil, "strict canonical JSON"},
	{"digest", nil, "named hashes over streams and files"},
	{"durable", nil, "atomic, fsynced, locked files"},
	{"secret", nil, "bytes that cannot be printed and can be wiped"},
	{"home", []string{"durable"}, "the layout of ~/.kind"},
	{"keyctl", nil, "the user keyring of the Linux kernel"},
	{"key", []string{"canon", "secret", "key/bech32", "key/sshwire"}, "key types, ids, fingerprints, text encodings"},
	{"key/keyfile", []string{"key", "secret", "key/*"}, "files of keys in any form, by content"},
	{"key/did", []string{"key", "key/jwk"}, "did:key and its documents"},
	{"key/bech32", nil, "checksummed text for bytes"},
	{"key/*", []string{"canon", "secret", "key", "key/armor", "key/sshwire"}, "one encoding of keys each"},
	{"backend", []string{"key", "secret"}, "key references and the contract of key holders"},
	{"backend/all", []string{"backend", "backend/*", "key", "key/*", "secret"}, "the explicit list of key holders"},
	{"backend/file", []string{"backend", "backend/agent", "key", "key/*", "secret"}, "key files; a public one leads to ssh-agent"},
	{"backend/*", []string{"backend", "key", "key/*", "secret"}, "one key holder each"},
	{"sig", []string{"canon", "digest", "key", "key/*"}, "sign and verify under a named domain"},
	{"sig/formats", []string{"sig", "sig/*", "key"}, "the list of signature formats, found by content"},
	{"sig/sigstore", []string{"sig", "sig/dsse", "canon", "key"}, "sigstore bundles, which hold envelopes"},
	{"sig/*", []string{"sig", "canon", "digest", "key", "key/*", "sig/sshsig"}, "one signature format each"},
	{"signed", []string{"canon", "key", "sig", "sig/dsse"}, "the envelope of all that identities sign"},
	{"identity", []string{"signed", "canon", "key", "key/bech32", "sig"}, "identity documents and their chain of events"},
	{"trust/store", []string{"canon", "durable", "identity", "sig", "signed"}, "truststore.json: whom this home knows"},
	{"audit", []string{"audit/event", "audit/checkpoint", "audit/ulid", "canon", "durable"}, "the tamper-evident log"},
	{"audit/event", nil, "one record, its line, and the catalogue"},
	{"audit/ulid", nil, "identifiers in the order of time"},
	{"audit/checkpoint", []string{"key"}, "signed heads of logs, in C2SP's form"},
	{"audit/proof", []string{"audit/checkpoint"}, "proofs that a log holds a record"},
	{"audit/post", nil, "one request of HTTP"},
	{"audit/witness", []string{"audit/checkpoint", "audit/post", "canon", "durable"}, "cosignatures of somebody who saw the log grow"},
	{"audit/tiles", []string{"audit/checkpoint"}, "a log as static files"},
	{"audit/memory", []string{"audit", "audit/event", "canon", "durable", "keyctl"}, "heads of the log outside of it"},
	{"audit/rule", []string{"audit/event"}, "patterns of events"},
	{"audit/alert", []string{"audit/event", "audit/post", "audit/ulid", "canon", "durable", "secret"}, "alerts, and where they go"},
	{"audit/export", []string{"audit/event"}, "events in other people's forms"},
	{"audit/metrics", []string{"audit/event", "canon"}, "counters for Prometheus"},
	{"audit/report", []string{"audit/event", "canon"}, "totals, trends, recommendations"},
	{"audit/report/page", []string{"audit/event", "audit/report"}, "a report as one HTML page"},
	{"vault", []string{"canon", "durable", "secret", "vault/authority", "vault/derive", "vault/fields", "vault/objectid", "vault/reference", "vault/slot", "vault/vlog", "vault/xaes"}, "secrets and private keys at rest"},
	{"vault/overlay", []string{"durable"}, "two file systems seen as one, for reading"},
	{"vault/remote", nil, "the contract of places that hold a copy of a vault"},
	{"vault/remote/*", []string{"durable", "vault/remote"}, "one kind of such places each"},
	{"vault/replica", []string{"durable", "vault", "vault/authority", "vault/objectid", "vault/overlay", "vault/remote"}, "a vault and its copies elsewhere brought to one state"},
	{"vault/archive", []string{"canon", "durable", "vault", "vault/authority", "vault/objectid", "vault/overlay"}, "a vault in one file, and back"},
	{"vault/objectid", nil, "ids of the things of a vault"},
	{"vault/derive", []string{"secret", "vault/objectid"}, "keys of a vault from each other"},
	{"vault/authority", []string{"canon", "vault/derive", "vault/objectid"}, "documents that say who may do what in a vault"},
	{"vault/vlog", []string{"vault/objectid"}, "logs of records, one writing device each"},
	{"vault/fields", []string{"secret"}, "named byte strings, some of them secret"},
	{"threshold", []string{"key/bech32", "secret", "threshold/gf256"}, "secrets shared k-of-n"},
	{"threshold/gf256", nil, "the field that secrets are shared over"},
	{"vault/xaes", []string{"secret"}, "the AEAD of everything at rest"},
	{"vault/slot", []string{"canon", "key", "secret", "threshold", "vault/objectid", "vault/xaes"}, "ways to unlock a vault"},
	{"vault/mask", []string{"secret"}, "secret values taken out of a stream"},
	{"vault/template", []string{"secret", "vault/reference"}, "files with references in place of secrets"},
	{"vault/session", []string{"durable", "keyctl", "secret", "vault/derive", "vault/fields", "vault/objectid", "vault/xaes"}, "a vault unlocked for a time"},
	{"vault/reference", nil, "names of secrets: paths and kai:// references"},
	{"vault/transfer", []string{"secret", "vault/reference", "vault/transfer/scan"}, "secrets from and for other stores, in no format"},
	{"vault/transfer/scan", nil, "JSON, CSV and XML in place, since their values are secret"},
	{"vault/transfer/formats", []string{"vault/transfer", "vault/transfer/*"}, "the list of formats"},
	{"vault/transfer/*", []string{"secret", "vault/transfer", "vault/transfer/scan"}, "one format of secrets each"},
	{"verdict", []string{"key", "sig", "sig/allowedsigners"}, "from checked signatures to an answer"},
}

// isTestSupport reports whether a package exists for tests only: shipped code may not import
// it, and the rules for shipped code do not concern it.
func isTestSupport(pkg string) bool { return strings.HasSuffix(pkg, "test") }

// matches reports whether the package (without kai/internal/) falls under pattern.
func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(pkg, prefix)
	}
	return pkg == pattern
}

// allowedImports returns what a package may import.
func allowedImports(pkg string) (allowed []string, known bool) {
	for _, l := range layers {
		if matches(l.pattern, pkg) {
			return l.imports, true
		}
	}
	return nil, false
}

// listedPackage is what the test reads from go list.
type listedPackage struct {
	ImportPath string
	Imports    []string
}

// goList runs go list -json for one system, without cgo.
func goList(t *testing.T, goos string, args ...string) []listedPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0", "GOFLAGS=-mod=readonly")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var packages []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}

func TestLayers(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		packages := goList(t, goos, "./...")
		if len(packages) == 0 {
			t.Fatal("go list ./... found no packages")
		}
		for _, p := range packages {
			checkLayer(t, goos, p)
		}
	}
}

func checkLayer(t *testing.T, goos string, p listedPackage) {
	t.Helper()
	pkg, inside := strings.CutPrefix(p.ImportPath, internal)
	if !inside {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module+"/cmd/") || strings.HasPrefix(imported, internal) && isTestSupport(imported) {
				t.Errorf("%s: %s imports %s", goos, p.ImportPath, imported)
			}
		}
		return
	}
	if isTestSupport(pkg) {
		return
	}
	allowed, known := allowedImports(pkg)
	if !known {
		t.Errorf("%s has no line in layers", p.ImportPath)
	}
	for _, imported := range p.Imports {
		own, ok := strings.CutPrefix(imported, internal)
		if !ok {
			if strings.HasPrefix(imported, module+"/") {
				t.Errorf("%s: %s imports %s", goos, p.ImportPath, imported)
			}
			continue
		}
		if !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, own) }) {
			t.Errorf("%s: %s imports %s; its line in layers allows only %v", goos, p.ImportPath, imported, allowed)
		}
	}
}

// outsideOnly is what only cmd/kai may use: under internal/ these are parameters.
var outsideOnly = map[string]string{
	"os.Args":         "the command line belongs to cmd/kai",
	"os.Environ":      "the environment belongs to cmd/kai",
	"os.Getenv":       "the environment belongs to cmd/kai",
	"os.LookupEnv":    "the environment belongs to cmd/kai",
	"os.Setenv":       "the environment is not a parameter list",
	"os.Unsetenv":     "the environment is not a parameter list",
	"os.ExpandEnv":    "the environment belongs to cmd/kai",
	"os.UserHomeDir":  "directories are parameters",
	"os.Getwd":        "directories are parameters",
	"os.Chdir":        "the work directory belongs to the process",
	"os.Stdin":        "streams are parameters",
	"os.Stdout":       "the answer is printed by cmd/kai",
	"os.Stderr":       "libraries are silent",
	"os.Executable":   "the program's own path is a parameter",
	"os.Exit":         "a library never exits",
	"fmt.Print":       "libraries are silent",
	"fmt.Printf":      "libraries are silent",
	"fmt.Println":     "libraries are silent",
	"time.Now":        "the clock is a parameter",
	"time.Since":      "the clock is a parameter",
	"time.Until":      "the clock is a parameter",
	"runtime.Goexit":  "a library never exits",
	"runtime.NumCPU":  "the number of workers is a parameter",
	"runtime.GOOS":    "platforms are told apart by file names",
	"syscall.Exit":    "a library never exits",
	"syscall.Getenv":  "the environment belongs to cmd/kai",
	"syscall.Environ": "the environment belongs to cmd/kai",
}

// outsideImports are packages that nothing under internal/ imports.
var outsideImports = map[string]string{
	"flag":                     "flags belong to cmd/kai",
	"github.com/urfave/cli/v2": "only cmd/kai knows the command line library",
	"golang.org/x/term":        "only cmd/kai/terminal.go touches the terminal",
	"log":                      "libraries are silent",
	"log/slog":                 "libraries are silent",
	"math/rand":                "randomness is crypto/rand",
	"math/rand/v2":             "randomness is crypto/rand",
	"os/signal":                "signals belong to cmd/kai",
	"testing":                  "not in shipped code",
}

// exceptions are the files that may use what others may not.
var exceptions = map[string][]string{
	// What other files of cmd/kai get through system, env and the prompts.
	"child_signals.go":       {"os/signal"},
	"child_terminal_unix.go": {"golang.org/x/term"},
	"main.go":                {"os.Args", "os.Exit"},
	"signals.go":             {"os/signal"},
	"system.go":              {"os.Stdin", "os.Stdout", "os.Stderr", "os.Environ", "os.Unsetenv", "os.UserHomeDir", "os.Executable", "time.Now"},
	"terminal.go":            {"golang.org/x/term"},
	"version.go":             {"runtime.GOOS"},

	// Temporary names must differ, not be secret.
	"../../internal/durable/output.go": {"math/rand/v2"},

	// LogValue keeps a secret out of other people's structured logs.
	"../../internal/secret/mask.go": {"log/slog"},
}

// everywhereInCommand is what all of cmd/kai may use although internal/ may not.
var everywhereInCommand = []string{"github.com/urfave/cli/v2"}

// TestSourceRules walks the syntax of every shipped file.
func TestSourceRules(t *testing.T) {
	files := 0
	for _, dir := range []string{".", "../../internal"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && path == "../../internal" && os.IsNotExist(err):
				return filepath.SkipAll
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || isTestSupport(path)):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			files++
			return checkSource(t, path, dir == ".")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files == 0 {
		t.Fatal("no source files found")
	}
}

func checkSource(t *testing.T, path string, inCommand bool) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	may := func(what string) bool {
		return inCommand && slices.Contains(everywhereInCommand, what) || slices.Contains(exceptions[filepath.ToSlash(path)], what)
	}
	complain := func(pos token.Pos, what, why string) {
		t.Errorf("%s: %s: %s", set.Position(pos), what, why)
	}
	names := make(map[string]string) // local name → import path
	for _, imported := range file.Imports {
		p, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			return err
		}
		names[importName(imported, p)] = p
		if why, bad := outsideImports[p]; bad && !may(p) {
			complain(imported.Pos(), p, why)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				complain(n.Pos(), "init", "order and side effects nobody reads")
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				what := fmt.Sprintf("%s.%s", names[x.Name], n.Sel.Name)
				if why, bad := outsideOnly[what]; bad && !may(what) {
					complain(n.Pos(), what, why)
				}
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "println" || f.Name == "print") {
				complain(n.Pos(), f.Name, "debug print")
			}
		}
		return true
	})
	return nil
}

// importName is the name by which a file refers to an import.
func importName(spec *ast.ImportSpec, path string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path[strings.LastIndex(path, "/")+1:]
}
