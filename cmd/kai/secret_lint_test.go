package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// exposedAsText is where the bytes of a secret become a string, which nobody can wipe. By file and
// function, with the reason.
var exposedAsText = map[string]string{
	"cmd/kai/vault_export.go sealTo":                            "age.NewScryptRecipient takes a string",
	"cmd/kai/vault_import.go Unwrap":                            "age.NewScryptIdentity takes a string",
	"cmd/kai/vault_generate.go vaultGenerateCommand":            "JSON that was asked for",
	"cmd/kai/vault_shares.go giveShares":                        "JSON that was asked for",
	"internal/key/age.go Identity":                              "age parses identities from strings",
	"internal/key/agefile/agefile.go Unlock":                    "age.NewScryptIdentity takes a string",
	"internal/key/agefile/agefile.go encrypt":                   "age.NewScryptRecipient takes a string",
	"internal/key/minisign/secret.go Unlock":                    "minisign.DecryptKey takes a string",
	"internal/key/minisign/secret.go MarshalSecret":             "minisign.EncryptKey takes a string",
	"internal/key/pkix/pbes2.go cipherOf":                       "crypto/pbkdf2 takes a string",
	"internal/vault/keys.go userIdentity":                       "age parses identities from strings",
	"internal/vault/unlock.go checkUser":                        "age parses identities from strings",
	"internal/vault/unlock.go roleIdentity":                     "age parses identities from strings",
	"internal/vault/roles.go roleSeed":                          "age parses identities from strings",
	"internal/vault/transfer/keepass/entry.go str":              "the title of an entry, which is its name",
	"internal/vault/transfer/transfertest/transfertest.go Flat": "only tests use it",
}

// notKeys is text that looks like a key and is none, with what it is.
var notKeys = map[string]string{
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789":   "an alphabet",
	"abcdefghijklmnopqrstuvwxyz234567":                                 "an alphabet",
	"8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69": "the SHA-256 of sops",
}

// sources parses the sources of kai below a directory, without tests.
func sources(t *testing.T, dir string, visit func(name string, files *token.FileSet, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	files, count := token.NewFileSet(), 0
	err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		count++
		visit(filepath.ToSlash(name), files, file)
		return err
	})
	if err != nil || count == 0 {
		t.Fatalf("%d files: %v", count, err)
	}
}

// exposes reports whether an expression is the bytes of a secret, or a part of them.
func exposes(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return exposes(e.X)
	case *ast.SliceExpr:
		return exposes(e.X)
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && s.Sel.Name == "Expose" && len(e.Args) == 0
	}
	return false
}

// makesText names what makes text of an argument: a conversion, or a function of package fmt.
func makesText(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
		if f.Name == "string" {
			return "string"
		}
	case *ast.SelectorExpr:
		if p, ok := f.X.(*ast.Ident); ok && p.Name == "fmt" {
			return "fmt." + f.Sel.Name
		}
	}
	return ""
}

// Secrets do not become strings, but where a library wants one.
func TestSecretsAreNoText(t *testing.T) {
	used := map[string]bool{}
	for _, dir := range []string{"cmd", "internal"} {
		sources(t, dir, func(name string, files *token.FileSet, file *ast.File) {
			for _, d := range file.Decls {
				in := "the file"
				if f, ok := d.(*ast.FuncDecl); ok {
					in = f.Name.Name
				}
				ast.Inspect(d, func(n ast.Node) bool {
					call, ok := n.(*ast.CallExpr)
					if !ok {
						return true
					}
					what := makesText(call.Fun)
					for _, arg := range call.Args {
						if what == "" || !exposes(arg) {
							continue
						}
						place := name + " " + in
						if used[place] = true; exposedAsText[place] == "" {
							t.Errorf("%v: %s makes text of a secret, in %s", files.Position(call.Pos()), what, in)
						}
					}
					return true
				})
			}
		})
	}
	for place := range exposedAsText {
		if !used[place] {
			t.Errorf("%s: in the table, and not so", place)
		}
	}
}

// keyLike is text that could be 16 random bytes or more.
var keyLike = regexp.MustCompile(`^(?:[0-9a-fA-F]{32,}|[A-Za-z0-9+/_-]{22,}={0,2})$`)

// There is no key in the program: no bytes and no text of the vault's sources could be one.
func TestNoConstantKeys(t *testing.T) {
	for _, dir := range []string{"internal/vault", "internal/secret", "internal/keyctl"} {
		sources(t, dir, func(name string, files *token.FileSet, file *ast.File) {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ImportSpec:
					return false
				case *ast.CompositeLit:
					element := ""
					if a, ok := n.Type.(*ast.ArrayType); ok {
						element = fmt.Sprint(a.Elt)
					}
					if (element == "byte" || element == "uint8" || element == "uint32" || element == "uint64") && len(n.Elts) >= 16 {
						t.Errorf("%v: %d constant bytes", files.Position(n.Pos()), len(n.Elts))
					}
				case *ast.BasicLit:
					text, err := strconv.Unquote(n.Value)
					digits := strings.ContainsAny(text, "0123456789") && strings.ContainsFunc(text, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
					if n.Kind == token.STRING && err == nil && digits && notKeys[text] == "" && keyLike.MatchString(text) {
						t.Errorf("%v: %q could be a key", files.Position(n.Pos()), text)
					}
				}
				return true
			})
		})
	}
	for _, text := range []string{"000102030405060708090a0b0c0d0e0f", "oLbd3lD0TnE8Xc9pmpF9Iw=="} {
		if !keyLike.MatchString(text) {
			t.Errorf("%s is like no key", text)
		}
	}
}
