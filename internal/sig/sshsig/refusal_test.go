package sshsig_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// str and u32 are written here a second time on purpose: the tests must not
// take the format from the code under test.
func str(s string) string { return u32(uint32(len(s))) + s }

func u32(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

func blockOf(keyBlob, namespace, reserved, hash, value string) string {
	return "SSHSIG" + u32(1) + str(keyBlob) + str(namespace) + str(reserved) + str(hash) + str(value)
}

func TestRefusedArmor(t *testing.T) {
	good := string(sign(t, newSigner(t, key.Ed25519), "file", "sha256", memory(message)))
	hybrid := string(sign(t, newHybrid(t), "file", "sha256", memory(message)))
	kai := hybrid[strings.Index(hybrid, "-----BEGIN KAI"):]
	lines := strings.SplitAfter(good, "\n")
	for name, c := range map[string]struct {
		file   string
		offset int
	}{
		"empty":                     {"", 0},
		"text before armor":         {"hello\n" + good, 0},
		"blank line before armor":   {"\n" + good, 0},
		"byte order mark":           {"\xef\xbb\xbf" + good, 0},
		"text after armor":          {good + "hello\n", len(good)},
		"text between blocks":       {good + "hello\n" + good, len(good)},
		"no END line":               {strings.Join(lines[:len(lines)-2], ""), len(good) - len("-----END SSH SIGNATURE-----\n")},
		"other END line":            {strings.Replace(good, "END SSH", "END KAI", 1), len(good)},
		"blank in BEGIN line":       {strings.Replace(good, "-----\n", "----- \n", 1), 0},
		"lone CR in text":           {strings.Replace(good, lines[1][:10], lines[1][:9]+"\r", 1), len(lines[0]) + 9},
		"lone CR at the end":        {good + "\r", len(good)},
		"CR CR LF":                  {strings.Replace(good, "\n", "\r\r\n", 1), len("-----BEGIN SSH SIGNATURE-----")},
		"not a base64 digit":        {strings.Replace(good, lines[1][:10], lines[1][:9]+"!", 1), len(lines[0]) + 9},
		"URL alphabet":              {strings.Replace(good, lines[1][:10], lines[1][:9]+"_", 1), len(lines[0]) + 9},
		"NUL":                       {strings.Replace(good, lines[1][:10], lines[1][:9]+"\x00", 1), len(lines[0]) + 9},
		"nothing inside":            {lines[0] + lines[len(lines)-2], len(lines[0])},
		"KAI block first":           {kai + good, 0},
		"second KAI block":          {hybrid + kai, len(hybrid)},
		"KAI block of another kind": {good + strings.ReplaceAll(kai, "KAI SIG", "PGP SIG"), len(good)},
		"text after KAI block":      {hybrid + "x", len(hybrid)},
	} {
		wantSyntaxError(t, name, []byte(c.file), c.offset)
	}
}

// The same bits, written otherwise: unused bits set, padding left out or added.
func TestRefusedBase64(t *testing.T) {
	// Namespaces of different lengths end the base64 in all three ways.
	for _, namespace := range []string{"n", "ns", "ns1"} {
		good := string(sign(t, newSigner(t, key.Ed25519), namespace, "sha256", memory(message)))
		end := strings.Index(good, "\n-----END")
		head, tail := good[:end], good[end:]
		bad := map[string]string{"padding added": head + "=" + tail}
		if digits := strings.TrimRight(head, "="); digits != head {
			last := strings.IndexByte(alphabet, digits[len(digits)-1])
			changed := digits[:len(digits)-1] + alphabet[last+1:last+2] + head[len(digits):]
			bad["unused bits"] = changed + tail
			bad["padding left out"] = digits + tail
		}
		for name, file := range bad {
			if _, err := sshsig.Parse([]byte(file), sig.DetachedLimits); !errors.Is(err, sig.ErrMalformed) {
				t.Errorf("%s, namespace %s: %v", name, namespace, err)
			}
		}
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func TestAcceptedArmor(t *testing.T) {
	good := string(sign(t, newSigner(t, key.Ed25519), "file", "sha256", memory(message)))
	lines := strings.SplitAfter(good, "\n")
	for name, file := range map[string]string{
		"CR LF":                 strings.ReplaceAll(good, "\n", "\r\n"),
		"no last line feed":     strings.TrimRight(good, "\n"),
		"empty lines after":     good + "\n\r\n",
		"one line of base64":    lines[0] + strings.ReplaceAll(strings.Join(lines[1:len(lines)-2], ""), "\n", "") + "\n" + lines[len(lines)-2],
		"blanks and empty line": strings.Replace(good, lines[1], " "+lines[1][:9]+"\t"+lines[1][9:]+"\n", 1),
	} {
		if r := check(t, []byte(file), memory(message))[0]; !r.Good() {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}

func TestRefusedBlocks(t *testing.T) {
	s := newSigner(t, key.Ed25519)
	ed := string(s.Public.Wire())
	value := str("ssh-ed25519") + str(strings.Repeat("s", 64))
	p256 := string(newSigner(t, key.ECDSAP256).Public.Wire())
	number := "\x01"
	ecdsa := func(r, s string) string { return str("ecdsa-sha2-nistp256") + str(str(r)+str(s)) }
	good := blockOf(ed, "file", "", "sha256", value)
	for name, raw := range map[string]string{
		"magic":                     "SSHSIG"[:5] + "X" + good[6:],
		"cut in magic":              "SSH",
		"no version":                "SSHSIG\x00\x00",
		"key length":                strings.Replace(good, u32(51), u32(52), 1),
		"cut":                       good[:len(good)-1],
		"byte after":                good + "\x00",
		"reserved field":            blockOf(ed, "file", "x", "sha256", value),
		"huge length":               "SSHSIG" + u32(1) + u32(0xffffffff),
		"key of no type":            blockOf("", "file", "", "sha256", value),
		"key with byte after":       blockOf(ed+"x", "file", "", "sha256", value),
		"certificate cut":           blockOf(str("ssh-ed25519-cert-v01@openssh.com")+str("n"), "file", "", "sha256", value),
		"signature of 63 bytes":     blockOf(ed, "file", "", "sha256", str("ssh-ed25519")+str(strings.Repeat("s", 63))),
		"byte after signature":      blockOf(ed, "file", "", "sha256", value+"x"),
		"format of another key":     blockOf(p256, "file", "", "sha256", value),
		"empty value":               blockOf(ed, "file", "", "sha256", ""),
		"r with leading zero":       blockOf(p256, "file", "", "sha256", ecdsa("\x00\x01", number)),
		"r negative":                blockOf(p256, "file", "", "sha256", ecdsa("\x80", number)),
		"s with leading zero":       blockOf(p256, "file", "", "sha256", ecdsa(number, "\x00\x01")),
		"r zero":                    blockOf(p256, "file", "", "sha256", ecdsa("", number)),
		"byte after s":              blockOf(p256, "file", "", "sha256", str("ecdsa-sha2-nistp256")+str(str(number)+str(number)+"x")),
		"s missing":                 blockOf(p256, "file", "", "sha256", str("ecdsa-sha2-nistp256")+str(str(number))),
		"FIDO counter of 3 bytes":   blockOf(skOf(s), "file", "", "sha256", str("sk-ssh-ed25519@openssh.com")+str(strings.Repeat("s", 64))+"\x01\x00\x00\x00"),
		"FIDO byte after counter":   blockOf(skOf(s), "file", "", "sha256", str("sk-ssh-ed25519@openssh.com")+str(strings.Repeat("s", 64))+"\x01\x00\x00\x00\x00\x00"),
		"FIDO flags missing":        blockOf(skOf(s), "file", "", "sha256", str("sk-ssh-ed25519@openssh.com")+str(strings.Repeat("s", 64))),
		"composite of 2483 bytes":   blockOf(compositeOf(t), "file", "", "sha256", str("ssh-mldsa44-ed25519")+str(strings.Repeat("s", 2483))),
		"kai's own type as SSH key": blockOf(str("ml-dsa-65")+str(strings.Repeat("k", 1952)), "file", "", "sha256", value),
	} {
		var syntax *sig.SyntaxError
		_, err := sshsig.Parse(sshsig.ArmorSSH([]byte(raw)), sig.DetachedLimits)
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string]string{
		"empty namespace": blockOf(ed, "", "", "sha256", value),
		"long namespace":  blockOf(ed, strings.Repeat("n", 257), "", "sha256", value),
		"escape":          blockOf(ed, "\x1b[2J", "", "sha256", value),
		"not UTF-8":       blockOf(ed, "\xff", "", "sha256", value),
	} {
		if _, err := sshsig.Parse(sshsig.ArmorSSH([]byte(raw)), sig.DetachedLimits); !errors.Is(err, sig.ErrNamespace) {
			t.Errorf("%s: %v", name, err)
		}
	}
	later := "SSHSIG" + u32(2) + good[10:]
	if _, err := sshsig.Parse(sshsig.ArmorSSH([]byte(later)), sig.DetachedLimits); !errors.Is(err, sig.ErrUnsupported) {
		t.Errorf("version 2: %v", err)
	}
}

// What is not judged here does not keep the other signatures of a file from
// being judged.
func TestUnsupportedBlocks(t *testing.T) {
	s := newSigner(t, key.Ed25519)
	ed, value := string(s.Public.Wire()), str("ssh-ed25519")+str(strings.Repeat("s", 64))
	rsa := string(newSigner(t, key.RSA).Public.Wire())
	good := sign(t, s, "file", "sha256", memory(message))
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"SHA-1":               {blockOf(rsa, "file", "", "sha256", str("ssh-rsa")+str("s")), sig.ErrUnsupported},
		"DSA":                 {blockOf(str("ssh-dss")+str("x"), "file", "", "sha256", str("ssh-dss")+str("s")), sig.ErrUnsupported},
		"P-521":               {blockOf(str("ecdsa-sha2-nistp521")+str("x"), "file", "", "sha256", str("ecdsa-sha2-nistp521")+str("s")), sig.ErrUnsupported},
		"hash":                {blockOf(ed, "file", "", "sha1", value), sig.ErrUnsupported},
		"composite certified": {blockOf(str("ssh-mldsa44-ed25519-cert-v01@openssh.com")+str("x"), "file", "", "sha256", str("ssh-mldsa44-ed25519")+str(strings.Repeat("s", 2484))), sig.ErrUnsupported},
		"small order":         {blockOf(str("ssh-ed25519")+str(strings.Repeat("\x00", 32)), "file", "", "sha256", value), key.ErrWeak},
	} {
		file, err := sshsig.Append(sshsig.ArmorSSH([]byte(c.raw)), good, sig.DetachedLimits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := check(t, file, memory(message))
		if !errors.Is(r[0].Err, c.want) || r[0].Bad() || !r[1].Good() {
			t.Errorf("%s: %v, then %v", name, r[0].Err, r[1].Err)
		}
	}
}

func skOf(s sig.Signer) string {
	return str("sk-ssh-ed25519@openssh.com") + str(string(s.Public.Raw())) + str("ssh:")
}

func compositeOf(t *testing.T) string {
	return string(newSigner(t, key.MLDSA44Ed25519).Public.Wire())
}

func TestLimits(t *testing.T) {
	file := sign(t, newSigner(t, key.Ed25519), "file", "sha256", memory(message))
	if _, err := sshsig.Parse(bytes.Repeat(file, 64), sig.DetachedLimits); err != nil {
		t.Errorf("64 signatures: %v", err)
	}
	if _, err := sshsig.Parse(bytes.Repeat(file, 65), sig.DetachedLimits); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("65 signatures: %v", err)
	}
	long := append(file, bytes.Repeat([]byte("\n"), 1<<20)...)
	if _, err := (sshsig.Format{}).Parse(bytes.NewReader(long), sig.DetachedLimits); !errors.Is(err, sig.ErrTooLarge) {
		t.Errorf("more than 1 MiB: %v", err)
	}
}

func TestDetect(t *testing.T) {
	var f sshsig.Format
	if !f.Detect([]byte("-----BEGIN SSH SIGNATURE-----\n"), "x") || f.Detect([]byte("untrusted comment: x\n"), "x.sig") {
		t.Error("content does not decide")
	}
	if f.Name() != "sshsig" {
		t.Error(f.Name())
	}
}

// A KAI block belongs to the SSH block before it and to nothing else. Who holds
// its key is not visible here: that is for the trust decision.
func TestForeignHybrid(t *testing.T) {
	s := newHybrid(t)
	file := sign(t, s, "file", "sha256", memory(message))
	blocks := sshsig.Blocks(file)
	first := sshsig.ArmorSSH(blocks[0])
	second := func(s sig.Signer, namespace, hash, message string) []byte {
		return sshsig.ArmorKAI(sshsig.Blocks(sign(t, s, namespace, hash, memory(message)))[1])
	}
	for name, kai := range map[string][]byte{
		"of another file":      second(s, "file", "sha256", "other message"),
		"of another namespace": second(s, "git", "sha256", message),
		"of another hash":      second(s, "file", "sha512", message),
		"of another identity":  second(newHybrid(t), "file", "sha256", message),
		"bit in signature":     flipped(blocks[1], -1),
		"bit in key":           flipped(blocks[1], 200),
		"bit in bound":         flipped(blocks[1], -3309-4-1),
	} {
		r := check(t, append(bytes.Clone(first), kai...), memory(message))[0]
		var bad *sig.BadSignature
		if !errors.As(r.Err, &bad) || bad.Code != "pq" {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
	if r := check(t, first, memory(message))[0]; !r.Good() || r.Claim.PQ != nil {
		t.Errorf("stripped: %v", r.Err)
	}
}

func flipped(raw []byte, at int) []byte {
	raw = bytes.Clone(raw)
	if at < 0 {
		at += len(raw)
	}
	raw[at] ^= 1
	return sshsig.ArmorKAI(raw)
}

func TestRefusedHybrid(t *testing.T) {
	file := sign(t, newHybrid(t), "file", "sha256", memory(message))
	blocks := sshsig.Blocks(file)
	first, kai := sshsig.ArmorSSH(blocks[0]), string(blocks[1])
	for name, raw := range map[string]string{
		"magic":            "SSHSIG" + kai[6:],
		"cut":              kai[:len(kai)-1],
		"byte after":       kai + "\x00",
		"short key":        strings.Replace(kai, u32(1952)+kai[27:28], u32(1951), 1),
		"short bound":      strings.Replace(kai, u32(32)+kai[len(kai)-3309-4-32:len(kai)-3309-4-31], u32(31), 1),
		"short signature":  strings.Replace(kai, u32(3309)+kai[len(kai)-3309:len(kai)-3308], u32(3308), 1),
		"only a beginning": kai[:12],
	} {
		var syntax *sig.SyntaxError
		_, err := sshsig.Parse(append(bytes.Clone(first), sshsig.ArmorKAI([]byte(raw))...), sig.DetachedLimits)
		if !errors.As(err, &syntax) || syntax.Offset <= int64(len(first)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string]string{
		"version 2":         "KAISIG" + u32(2) + kai[10:],
		"another algorithm": strings.Replace(kai, "ml-dsa-65", "ml-dsa-87", 1),
	} {
		_, err := sshsig.Parse(append(bytes.Clone(first), sshsig.ArmorKAI([]byte(raw))...), sig.DetachedLimits)
		if !errors.Is(err, sig.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func wantSyntaxError(t *testing.T, name string, file []byte, offset int) {
	t.Helper()
	var syntax *sig.SyntaxError
	_, err := sshsig.Parse(file, sig.DetachedLimits)
	if !errors.As(err, &syntax) || !errors.Is(err, sig.ErrMalformed) {
		t.Errorf("%s: %v", name, err)
		return
	}
	if syntax.Offset != int64(offset) {
		t.Errorf("%s: %v, want the place %d", name, err, offset)
	}
}

// The post-quantum half hashed by another implementation of the format: the
// bytes under it as the documentation states them.
func TestHybridMessage(t *testing.T) {
	s := newHybrid(t)
	file := sign(t, s, "file", "sha256", memory(message))
	blocks := sshsig.Blocks(file)
	bound := memory(blocks[0]).sum("sha256")
	signed := "KAISIG" + str("file") + str("sha256") + str(string(memory(message).sum("sha256"))) + str(string(bound))
	value := blocks[1][len(blocks[1])-3309:]
	if !sig.MLDSA65SSHSig.Verify(s.PQ.Public, []byte(signed), value) {
		t.Error("signature is not over the documented bytes")
	}
	want := "KAISIG" + u32(1) + str("ml-dsa-65") + str(string(s.PQ.Public.Raw())) + str("file") + str("sha256") + str(string(bound)) + str(string(value))
	if string(blocks[1]) != want {
		t.Error("block is not the documented one")
	}
	if _, err := sshsig.Sign(rand.Reader, s, "file", "sha256", nil); !errors.Is(err, sig.ErrUnsupported) {
		t.Errorf("no sum: %v", err)
	}
}
