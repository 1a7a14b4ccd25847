package armor_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"kai/internal/key/armor"
)

const example = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"

func TestBlocksAreRead(t *testing.T) {
	crlf := strings.ReplaceAll(example, "\n", "\r\n")
	for name, in := range map[string]string{
		"one":             example,
		"two":             example + example,
		"empty lines":     "\n" + example + "\n\n" + example,
		"crlf":            crlf,
		"no last newline": strings.TrimSuffix(example, "\n"),
	} {
		blocks, err := armor.Decode([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, _ := pem.Decode([]byte(example))
		for _, b := range blocks {
			if b.Label != "PUBLIC KEY" || !bytes.Equal(b.Bytes, want.Bytes) {
				t.Errorf("%s: read %q %x", name, b.Label, b.Bytes)
			}
		}
	}
	if blocks, _ := armor.Decode([]byte("\n" + example + example)); len(blocks) != 2 || blocks[0].Line != 2 || blocks[1].Line != 5 {
		t.Errorf("blocks %+v", blocks)
	}
}

func TestOtherTextIsRefused(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(example, old, new, 1) }
	for name, c := range map[string]struct {
		in   string
		want error
	}{
		"empty":               {"", armor.ErrMalformed},
		"text before":         {"Bag Attributes\n" + example, armor.ErrMalformed},
		"text after":          {example + "x", armor.ErrMalformed},
		"no end":              {example[:60], armor.ErrMalformed},
		"other end":           {change("END PUBLIC", "END PRIVATE"), armor.ErrMalformed},
		"no padding":          {change("=\n", "\n"), armor.ErrMalformed},
		"space in base64":     {change("MCow", "MC ow"), armor.ErrMalformed},
		"return in base64":    {change("MCow", "MC\row"), armor.ErrMalformed},
		"trailing bits":       {change("uE=", "uF="), armor.ErrMalformed},
		"empty line inside":   {change("MCow", "\nMCow"), armor.ErrMalformed},
		"longer second line":  {change("MCow", "MCow\n"), armor.ErrMalformed},
		"no base64":           {"-----BEGIN A-----\n-----END A-----\n", armor.ErrMalformed},
		"lower case label":    {strings.ReplaceAll(example, "PUBLIC", "public"), armor.ErrMalformed},
		"space before":        {" " + example, armor.ErrMalformed},
		"header":              {change("MCow", "Proc-Type: 4,ENCRYPTED\n\nMCow"), armor.ErrHeaders},
		"byte order mark":     {"\ufeff" + example, armor.ErrMalformed},
		"only carriage ends":  {strings.ReplaceAll(example, "\n", "\r"), armor.ErrMalformed},
		"label of two spaces": {strings.ReplaceAll(example, "PUBLIC ", "PUBLIC  "), armor.ErrMalformed},
	} {
		if blocks, err := armor.Decode([]byte(c.in)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, blocks, err, c.want)
		}
	}
}

func TestWrittenAsTheStandardLibraryDoes(t *testing.T) {
	for n := 1; n < 200; n++ {
		data := bytes.Repeat([]byte{byte(n)}, n)
		want := pem.EncodeToMemory(&pem.Block{Type: "A KEY", Bytes: data})
		if got := armor.Encode("A KEY", data, 64); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	seeds := []string{example, example + "\n" + example, strings.ReplaceAll(example, "\n", "\r\n")}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		blocks, err := armor.Decode(data)
		if err != nil {
			return
		}
		var again []byte
		for _, b := range blocks {
			again = append(again, armor.Encode(b.Label, b.Bytes, 64)...)
		}
		blocks2, err := armor.Decode(again)
		if err != nil || len(blocks2) != len(blocks) {
			t.Fatalf("%q is written as %q: %v", data, again, err)
		}
		for i := range blocks {
			if blocks[i].Label != blocks2[i].Label || !bytes.Equal(blocks[i].Bytes, blocks2[i].Bytes) {
				t.Errorf("%q: block %d is written differently", data, i)
			}
		}
	})
}
