package allowedsigners_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"kai/internal/key"
	"kai/internal/sig/allowedsigners"
)

// FuzzParse: no panic, and each well-formed line says the same when it is
// written in one plain way.
func FuzzParse(f *testing.F) {
	k := newSigner(f, key.Ed25519).Public
	seeds := []string{
		line("alice,*@example.org", "", k),
		line(`"alice b,!carol"`, `cert-authority,namespaces="git,\"f*",valid-after="20230101Z",valid-before="202401011200Z"`, k),
		line("*", "no-touch-required,verify-required", k),
	}
	for _, s := range seeds {
		list, err := allowedsigners.Parse([]byte(s), time.UTC)
		if err != nil || len(list.Faults()) > 0 {
			f.Fatalf("seed %q: %v", s, err)
		}
		f.Add(s)
	}
	f.Add("# comment\nalice\nbob nonsense\n\x00\n\"open\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := allowedsigners.Parse([]byte(text), time.UTC)
		if err != nil {
			return
		}
		list.MatchPrincipals("alice")
		for e := range list.Entries() {
			if e.Key.IsZero() {
				continue
			}
			again, err := allowedsigners.Parse([]byte(line(`"`+e.Principals+`"`, plainOptions(e), e.Key)), time.UTC)
			if err != nil || len(again.Faults()) > 0 {
				t.Fatalf("line %d, written again: %v %v", e.Line, err, again.Faults())
			}
			for same := range again.Entries() {
				want := *e
				same.Line, same.Comment = want.Line, want.Comment
				if !sameMeaning(same, &want) {
					t.Fatalf("line %d, written again, says %+v, not %+v", e.Line, same, want)
				}
			}
		}
	})
}

func plainOptions(e *allowedsigners.Entry) string {
	var options []string
	for name, set := range map[string]bool{"cert-authority": e.CertAuthority, "no-touch-required": e.NoTouchRequired, "verify-required": e.VerifyRequired} {
		if set {
			options = append(options, name)
		}
	}
	if e.Namespaces != nil {
		options = append(options, fmt.Sprintf(`namespaces="%s"`, strings.ReplaceAll(*e.Namespaces, `"`, `\"`)))
	}
	for name, at := range map[string]time.Time{"valid-after": e.ValidAfter, "valid-before": e.ValidBefore} {
		if !at.IsZero() {
			options = append(options, fmt.Sprintf(`%s="%sZ"`, name, at.UTC().Format("20060102150405")))
		}
	}
	return strings.Join(options, ",")
}

func sameMeaning(a, b *allowedsigners.Entry) bool {
	return a.Principals == b.Principals && a.Key == b.Key && a.CertAuthority == b.CertAuthority &&
		reflect.DeepEqual(a.Namespaces, b.Namespaces) && a.ValidAfter.Equal(b.ValidAfter) && a.ValidBefore.Equal(b.ValidBefore) &&
		a.NoTouchRequired == b.NoTouchRequired && a.VerifyRequired == b.VerifyRequired
}
