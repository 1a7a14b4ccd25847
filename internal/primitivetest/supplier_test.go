package primitivetest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// suppliers says of each primitive who calls it: functions, types or constants
// of its package, one of which must occur in kai's own code outside tests. A
// primitive that nobody calls yet has a reason instead, which must go when it
// is called.
var suppliers = []struct {
	primitive string
	called    []string
	notYet    string
}{
	{"AES-256-GCM", []string{"crypto/cipher.NewGCM", "crypto/cipher.NewGCMWithRandomNonce"}, ""},
	{"ChaCha20-Poly1305", []string{"golang.org/x/crypto/chacha20poly1305.New", "filippo.io/age.Encrypt"}, ""},
	{"XSalsa20-Poly1305", []string{"golang.org/x/crypto/nacl/secretbox.Seal"}, "the xsalsa20-poly1305 suite of seal"},
	{"X25519", []string{"crypto/ecdh.X25519"}, ""},
	{"Ed25519", []string{"crypto/ed25519.Verify"}, ""},
	{"Ed25519, streamed", []string{"filippo.io/edwards25519.NewScalar"}, ""},
	{"ECDSA P-256", []string{"crypto/ecdsa.VerifyASN1"}, ""},
	{"ECDSA P-384", []string{"crypto/elliptic.P384"}, ""},
	{"RSA OAEP", []string{"crypto/rsa.EncryptOAEP", "filippo.io/age/agessh.NewRSARecipient"}, ""},
	{"RSA PSS", []string{"crypto/rsa.VerifyPSS"}, ""},
	{"RSA PKCS#1 v1.5", []string{"crypto/rsa.VerifyPKCS1v15"}, ""},
	{"ML-KEM-768 in X-Wing", []string{"crypto/hpke.MLKEM768X25519"}, ""},
	{"ML-DSA-65", []string{"filippo.io/mldsa.MLDSA65"}, ""},
	{"ML-DSA-44", []string{"filippo.io/mldsa.MLDSA44"}, ""},
	{"SLH-DSA-SHA2-128s", []string{"github.com/cloudflare/circl/sign/slhdsa.SHA2_128s"}, ""},
	{"SHA-256", []string{"crypto/sha256.New"}, ""},
	{"SHA-512", []string{"crypto/sha512.New"}, ""},
	{"SHA3-256", []string{"crypto/sha3.New256"}, ""},
	{"BLAKE2b-512", []string{"golang.org/x/crypto/blake2b.New512"}, ""},
	{"BLAKE3, streamed", []string{"github.com/zeebo/blake3.New"}, ""},
	{"BLAKE3, parallel", []string{"lukechampine.com/blake3/guts.CompressBuffer"}, ""},
	{"Argon2id", []string{"golang.org/x/crypto/argon2.IDKey"}, ""},
	{"PBKDF2", []string{"crypto/pbkdf2.Key"}, ""},
	{"HKDF", []string{"crypto/hkdf.Key", "crypto/hkdf.Expand"}, ""},
	{"scrypt", []string{"golang.org/x/crypto/scrypt.Key", "filippo.io/age.NewScryptIdentity", "filippo.io/age.NewScryptRecipient"}, ""},
	{"bcrypt_pbkdf", []string{"golang.org/x/crypto/blowfish.NewSaltedCipher"}, ""},
}

func TestSuppliersAreCalled(t *testing.T) {
	callers := callsOfSuppliers(t)
	for _, s := range suppliers {
		var by []string
		for _, name := range s.called {
			by = append(by, callers[name]...)
		}
		switch {
		case len(by) == 0 && s.notYet == "":
			t.Errorf("%s: nobody calls %s", s.primitive, strings.Join(s.called, " or "))
		case len(by) > 0 && s.notYet != "":
			t.Errorf("%s: called in %s, strike the reason %q", s.primitive, by[0], s.notYet)
		}
	}
}

// callsOfSuppliers finds every IMPORT.NAME in kai's shipped code, and the files
// that have it.
func callsOfSuppliers(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles", "kai/...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string][]string{}
	files := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Dir string
			GoFiles         []string
		}
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(p.ImportPath, "test") {
			continue
		}
		for _, name := range p.GoFiles {
			files++
			for _, use := range usesOf(t, filepath.Join(p.Dir, name)) {
				found[use] = append(found[use], p.ImportPath+"/"+name)
			}
		}
	}
	if files == 0 {
		t.Fatal("no source files")
	}
	return found
}

// usesOf lists the IMPORT.NAME of a file.
func usesOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string]string{}
	for _, spec := range parsed.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = importPath
	}
	var uses []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && imports[x.Name] != "" {
				uses = append(uses, imports[x.Name]+"."+selector.Sel.Name)
			}
		}
		return true
	})
	return uses
}
