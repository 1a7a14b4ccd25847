package vault

import (
	"path"
	"strings"
	"testing"

	"kai/internal/vault/authority"
)

func TestParseFile(t *testing.T) {
	const id, h16 = "aaaaaaaaaaaaaaaaaaaaaaaaaa", "0123456789abcdef"
	for name, kind := range map[string]FileKind{
		"vault.json":                                         RootFile,
		"admin/0000000001-" + h16 + ".json":                  ManifestFile,
		"slots/" + id + "-" + h16 + ".json":                  DocumentFile,
		"slots/" + id + ".1.vrk":                             WrapFile,
		"slots/" + id + ".12.usr":                            WrapFile,
		"devices/" + id + "-" + h16 + ".json":                DocumentFile,
		"roles/" + id + "-" + h16 + ".json":                  DocumentFile,
		"roles/" + id + "/1/" + id + ".age":                  WrapFile,
		"roles/" + id + "/1/" + rootSeed:                     WrapFile,
		"ns/" + id + "/policy-" + h16 + ".json":              DocumentFile,
		"ns/" + id + "/1/vrk.nsk":                            WrapFile,
		"ns/" + id + "/1/vrk-" + h16 + ".nsk":                WrapFile,
		"ns/" + id + "/2/" + id + ".csk":                     WrapFile,
		"ns/" + id + "/" + id + ".1.1.vlog":                  LogFile,
		"":                                                   0,
		"vault.json/":                                        0,
		"./vault.json":                                       0,
		"../vault.json":                                      0,
		"local/device.key":                                   0,
		"admin/1-" + h16 + ".json":                           0,
		"admin/+000000001-" + h16 + ".json":                  0,
		"admin/0000000001-" + strings.ToUpper(h16) + ".json": 0,
		"slots/" + id + ".0.vrk":                             0,
		"slots/" + id + ".01.vrk":                            0,
		"slots/" + id + ".1.key":                             0,
		"ns/" + id + "/1/x.nsk":                              0,
		"ns/" + id + "/1/" + id + ".age":                     0,
		"ns/" + id + "/../1/vrk.nsk":                         0,
		"ns/" + id + "/" + id + ".01.1.vlog":                 0,
		"ns/" + id + "/" + id + ".1.1.vlog/x":                0,
		"devices/" + id + ".1.vrk":                           0,
	} {
		f, ok := ParseFile(name)
		if ok != (kind != 0) || ok && f.Kind != kind {
			t.Errorf("%q: %+v, %v, want kind %d", name, f, ok, kind)
		}
	}
}

func TestBeside(t *testing.T) {
	name := "ns/aaaaaaaaaaaaaaaaaaaaaaaaaa/1/vrk.nsk"
	d := authority.DigestOf([]byte("x"))
	f, ok := ParseFile(Beside(name, d))
	if !ok || f.Kind != WrapFile || f.Short != d.Short() {
		t.Errorf("%+v, %v", f, ok)
	}
}

func FuzzParseFile(f *testing.F) {
	for _, name := range []string{
		"vault.json", "admin/0000000001-0123456789abcdef.json", "slots/aaaaaaaaaaaaaaaaaaaaaaaaaa.1.vrk",
		"ns/aaaaaaaaaaaaaaaaaaaaaaaaaa/1/vrk-0123456789abcdef.nsk", "ns/aaaaaaaaaaaaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaaaaaaaaaaaa.1.1.vlog",
		"../x", "local/seen.log", "ns//1/vrk.nsk", "\x00",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		file, ok := ParseFile(name)
		if !ok {
			return
		}
		if file.Name != name || path.Clean(name) != name || path.IsAbs(name) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-./") != "" || strings.Contains(name, "..") || strings.HasPrefix(name, localDir) || file.Limit <= 0 || file.Kind == 0 {
			t.Errorf("%q: %+v", name, file)
		}
	})
}
