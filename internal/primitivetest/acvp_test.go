package primitivetest

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	_ "crypto/sha256" // SHA-224 for crypto.Hash
	_ "crypto/sha3"
	_ "crypto/sha512"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/slhdsa"
	"github.com/cloudflare/circl/xof"
)

// acvpCase has every member that some file has.
type acvpCase struct {
	TcID int

	Seed, D, Z            octets
	SkSeed, SkPrf, PkSeed octets
	Ek, Dk, Pk, Sk        octets
	M, C, K               octets
	Message, Context      octets
	Signature             octets
	Rnd                   octets
	AdditionalRandomness  octets
	HashAlg               string
	TestPassed            bool
}

type acvpGroup struct {
	TgID               int
	ParameterSet       string
	Function           string
	SignatureInterface string
	PreHash            string
	Deterministic      bool
	Pk                 octets
	Tests              []acvpCase
}

type acvpFile struct{ TestGroups []acvpGroup }

// acvp reads a file from the module that carries it.
func acvp(t *testing.T, name string) acvpFile {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cloudflare/circl").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	f, err := os.Open(filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var file acvpFile
	if err := json.NewDecoder(unzipped).Decode(&file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file
}

// acvpRun pairs prompts and results by their numbers and runs those of the
// groups that use takes, of which there must be want.
func acvpRun(t *testing.T, prompts, results string, want int, use func(*acvpGroup) bool, one func(t *testing.T, g *acvpGroup, prompt, result *acvpCase)) {
	t.Helper()
	expected := map[[2]int]*acvpCase{}
	answers := acvp(t, results)
	for i, g := range answers.TestGroups {
		for j, c := range g.Tests {
			expected[[2]int{g.TgID, c.TcID}] = &answers.TestGroups[i].Tests[j]
		}
	}
	ran := 0
	file := acvp(t, prompts)
	for i := range file.TestGroups {
		g := &file.TestGroups[i]
		if !use(g) {
			continue
		}
		for j := range g.Tests {
			c := &g.Tests[j]
			result := expected[[2]int{g.TgID, c.TcID}]
			if result == nil {
				t.Fatalf("%s: no result for case %d", results, c.TcID)
			}
			ran++
			if testing.Short() && j > 0 {
				continue // one of each group
			}
			one(t, g, c, result)
		}
	}
	if ran != want {
		t.Errorf("%s: %d cases, want %d", prompts, ran, want)
	}
}

// ML-KEM-512 has no implementation in the standard library. Decapsulation
// prompts have expanded keys, which it does not read; Wycheproof covers
// decapsulation from seeds, implicit rejection included.
func TestMLKEMOfNIST(t *testing.T) {
	const keyGen, encaps = "kem/mlkem/testdata/ML-KEM-keyGen-FIPS203/", "kem/mlkem/testdata/ML-KEM-encapDecap-FIPS203/"
	acvpRun(t, keyGen+"prompt.json.gz", keyGen+"expectedResults.json.gz", 50, func(g *acvpGroup) bool {
		return g.ParameterSet != "ML-KEM-512"
	}, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		seed := append(bytes.Clone(c.D), c.Z...)
		var ek []byte
		if g.ParameterSet == "ML-KEM-768" {
			dk, err := mlkem.NewDecapsulationKey768(seed)
			if err != nil {
				t.Fatal(err)
			}
			ek = dk.EncapsulationKey().Bytes()
		} else {
			dk, err := mlkem.NewDecapsulationKey1024(seed)
			if err != nil {
				t.Fatal(err)
			}
			ek = dk.EncapsulationKey().Bytes()
		}
		if !bytes.Equal(ek, want.Ek) {
			t.Errorf("%s %d: encapsulation key differs", g.ParameterSet, c.TcID)
		}
	})
	acvpRun(t, encaps+"prompt.json.gz", encaps+"expectedResults.json.gz", 25, func(g *acvpGroup) bool {
		return g.ParameterSet == "ML-KEM-768" && g.Function == "encapsulation"
	}, func(t *testing.T, _ *acvpGroup, c, want *acvpCase) {
		ek, err := mlkem.NewEncapsulationKey768(c.Ek)
		if err != nil {
			t.Fatal(err)
		}
		shared, value, err := mlkemtest.Encapsulate768(ek, c.M)
		if err != nil || !bytes.Equal(shared, want.K) || !bytes.Equal(value, want.C) {
			t.Errorf("%d: encapsulates differently: %v", c.TcID, err)
		}
	})
}

var mldsaParameters = map[string]mldsa.Parameters{
	"ML-DSA-44": mldsa.MLDSA44(), "ML-DSA-65": mldsa.MLDSA65(), "ML-DSA-87": mldsa.MLDSA87(),
}

func all(*acvpGroup) bool { return true }

func TestMLDSAOfNIST(t *testing.T) {
	const keyGen, sigGen, sigVer = "sign/mldsa/testdata/ML-DSA-keyGen-FIPS204/", "sign/mldsa/testdata/ML-DSA-sigGen-FIPS204/", "sign/mldsa/testdata/ML-DSA-sigVer-FIPS204/"
	acvpRun(t, keyGen+"prompt.json.gz", keyGen+"expectedResults.json.gz", 75, all, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		p := mldsaParameters[g.ParameterSet]
		sk, err := mldsa.NewPrivateKey(p, c.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(sk.PublicKey().Bytes(), want.Pk) {
			t.Errorf("%s %d: public key differs", g.ParameterSet, c.TcID)
		}
		internal, err := newInternalKey(p, c.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(expandedBytes(internal), want.Sk) {
			t.Errorf("%s %d: private key differs", g.ParameterSet, c.TcID)
		}
	})
	acvpRun(t, sigGen+"prompt.json.gz", sigGen+"expectedResults.json.gz", 60, all, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		sk, err := expandedKey(c.Sk)
		if err != nil {
			t.Fatal(err)
		}
		rnd := c.Rnd
		if g.Deterministic {
			rnd = make([]byte, 32)
		}
		tr := c.Sk[64:128] // FIPS 204 §5.4: ρ ‖ K ‖ tr ‖ …
		value, err := signMu(sk, messageHashOf(tr, nil, c.Message), rnd)
		if err != nil || !bytes.Equal(value, want.Signature) {
			t.Errorf("%s %d: signs differently: %v", g.ParameterSet, c.TcID, err)
		}
	})
	acvpRun(t, sigVer+"prompt.json.gz", sigVer+"expectedResults.json.gz", 45, all, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		pk, err := newInternalPublicKey(mldsaParameters[g.ParameterSet], g.Pk)
		if err != nil {
			t.Fatal(err)
		}
		if passed := verifyMu(pk, messageHash(g.Pk, nil, c.Message), c.Signature) == nil; passed != want.TestPassed {
			t.Errorf("%s %d: verifies %v", g.ParameterSet, c.TcID, passed)
		}
	})
}

// kai uses one parameter set of twelve, and signs messages as they are. Signing
// takes the better part of a second, so that -short does not sign otherwise.
func TestSLHDSAOfNIST(t *testing.T) {
	const dir = "sign/slhdsa/testdata/"
	used := func(g *acvpGroup) bool { return g.ParameterSet == "SLH-DSA-SHA2-128s" }
	acvpRun(t, dir+"keyGen_prompt.json.gz", dir+"keyGen_results.json.gz", 10, used, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		random := bytes.NewReader(bytes.Join([][]byte{c.SkSeed, c.SkPrf, c.PkSeed}, nil))
		pk, sk, err := slhdsa.GenerateKey(random, slhdsa.SHA2_128s)
		if err != nil {
			t.Fatal(err)
		}
		pkRaw, pkErr := pk.MarshalBinary()
		skRaw, skErr := sk.MarshalBinary()
		if pkErr != nil || skErr != nil || !bytes.Equal(pkRaw, want.Pk) || !bytes.Equal(skRaw, want.Sk) {
			t.Errorf("%d: another key", c.TcID)
		}
	})
	acvpRun(t, dir+"sigGen_prompt.json.gz", dir+"sigGen_results.json.gz", 52, used, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		if testing.Short() && g.PreHash != "pure" {
			return
		}
		sk := slhdsa.PrivateKey{ID: slhdsa.SHA2_128s}
		if err := sk.UnmarshalBinary(c.Sk); err != nil {
			t.Fatal(err)
		}
		value, err := slhSignLike(t, &sk, g, c)
		if err != nil || !bytes.Equal(value, want.Signature) {
			t.Errorf("%d: signs differently: %v", c.TcID, err)
		}
	})
	acvpRun(t, dir+"verify_prompt.json.gz", dir+"verify_results.json.gz", 42, used, func(t *testing.T, g *acvpGroup, c, want *acvpCase) {
		pk := slhdsa.PublicKey{ID: slhdsa.SHA2_128s}
		if err := pk.UnmarshalBinary(c.Pk); err != nil {
			t.Fatal(err)
		}
		var passed bool
		if g.SignatureInterface == "internal" {
			passed = slhVerify(&pk, c.Message, c.Signature)
		} else {
			passed = slhdsa.Verify(&pk, slhMessage(t, g, c), c.Signature, c.Context)
		}
		if passed != want.TestPassed {
			t.Errorf("%d: verifies %v", c.TcID, passed)
		}
	})
}

func slhSignLike(t *testing.T, sk *slhdsa.PrivateKey, g *acvpGroup, c *acvpCase) ([]byte, error) {
	t.Helper()
	switch {
	case g.SignatureInterface == "internal":
		random := c.AdditionalRandomness
		if g.Deterministic {
			random = c.Sk[2*16 : 3*16] // FIPS 205 §9.2: PK.seed
		}
		return slhSign(sk, c.Message, random)
	case g.Deterministic:
		return slhdsa.SignDeterministic(sk, slhMessage(t, g, c), c.Context)
	}
	return slhdsa.SignRandomized(sk, bytes.NewReader(c.AdditionalRandomness), slhMessage(t, g, c), c.Context)
}

// slhMessage is the message, or its hash with the hash's name in front.
func slhMessage(t *testing.T, g *acvpGroup, c *acvpCase) *slhdsa.Message {
	t.Helper()
	if g.PreHash == "pure" {
		return slhdsa.NewMessage(c.Message)
	}
	hashes := map[string]crypto.Hash{
		"SHA2-224": crypto.SHA224, "SHA2-256": crypto.SHA256, "SHA2-384": crypto.SHA384, "SHA2-512": crypto.SHA512,
		"SHA2-512/224": crypto.SHA512_224, "SHA2-512/256": crypto.SHA512_256,
		"SHA3-224": crypto.SHA3_224, "SHA3-256": crypto.SHA3_256, "SHA3-384": crypto.SHA3_384, "SHA3-512": crypto.SHA3_512,
	}
	xofs := map[string]xof.ID{"SHAKE-128": xof.SHAKE128, "SHAKE-256": xof.SHAKE256}
	var h *slhdsa.PreHash
	var err error
	if id, ok := hashes[c.HashAlg]; ok {
		h, err = slhdsa.NewPreHashWithHash(id)
	} else {
		h, err = slhdsa.NewPreHashWithXof(xofs[c.HashAlg])
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Write(c.Message); err != nil {
		t.Fatal(err)
	}
	m, err := h.BuildMessage()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
