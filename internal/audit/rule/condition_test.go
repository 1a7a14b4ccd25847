package rule_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kai/internal/audit/event"
	"kai/internal/audit/rule"
)

// Each search of these conditions holds when its letter is in the event's d.kind; b2 and b3 exist
// beside b so that prefixes have something to find.
func TestConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		holds     string // the sets of letters for which it holds, separated by spaces; - is none
	}{
		{"a", "a ab ac abc"},
		{"not a", "- b c bc"},
		{"a and b", "ab abc"},
		{"a or b", "a b ab ac bc abc"},
		{"a or b and c", "a ab ac bc abc"},
		{"(a or b) and c", "ac bc abc"},
		{"not a and b", "b bc"},
		{"not (a and b)", "- a b c ac bc"},
		{"not not a", "a ab ac abc"},
		{"a and not b and not c", "a"},
		{"1 of them", "a b c ab ac bc abc"},
		{"all of them", "abc"},
		{"not 1 of them", "-"},
		{"1 of a* or c", "a c ab ac bc abc"},
		{"all of a*", "a ab ac abc"},
		{"1 of a and all of b", "ab abc"},
		{"1 of * and not a", "b c bc"},
		{"((((a))))", "a ab ac abc"},
		{"  a   and(b)or c ", "c ab ac bc abc"},
	} {
		var searches string
		for _, letter := range []string{"a", "b", "c"} {
			searches += fmt.Sprintf("  %s: {d.kind|contains: %s}\n", letter, letter)
		}
		// The last alternative uses what the condition leaves out, and never holds.
		unused := " or (a and not a and b and c)"
		rules := parse(t, "title: T\nlevel: low\nlogsource: {product: kai}\ndetection:\n"+searches+"  condition: '"+c.condition+unused+"'\n")
		var holds []string
		for _, letters := range []string{"-", "a", "b", "c", "ab", "ac", "bc", "abc"} {
			e := made("secret_listed", event.OK, d("kind", letters))
			if rule.Matches(rules[0], &e) {
				holds = append(holds, letters)
			}
		}
		if got := strings.Join(holds, " "); got != c.holds {
			t.Errorf("%s holds for %s, want %s", c.condition, got, c.holds)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for _, c := range []struct{ condition, word, reason string }{
		{"a b", "b", "neither and nor or"},
		{"a AND b", "AND", "neither and nor or"},
		{"a and", "", "ends too early"},
		{"and a", "and", "no search"},
		{"not", "", "ends too early"},
		{"(a", "(", "without its )"},
		{"a)", ")", "neither"},
		{"()", ")", "no search"},
		{"d", "d", "no search"},
		{"1 a", "1", "without of"},
		{"all a", "all", "without of"},
		{"2 of them", "2", "no search"},
		{"any of them", "any", "no search"},
		{"1 of d*", "d*", "no search"},
		{"1 of", "", "no search"},
		{"1 of *a", "*a", "no search"},
		{"a | count() > 5", "|", "neither"},
		{"a near b", "near", "neither"},
		{strings.Repeat("not ", 20) + "a", "", "nested too deep"},
		{strings.Repeat("(", 20) + "a" + strings.Repeat(")", 20), "", "nested too deep"},
	} {
		file := "title: T\nlevel: low\nlogsource: {product: kai}\ndetection:\n  a: {n: 1}\n  b: {n: 2}\n  condition: '" + c.condition + "'\n"
		_, err := rule.Parse([]byte(file))
		var syntax *rule.SyntaxError
		if !errors.As(err, &syntax) || syntax.Key != c.word || !strings.Contains(syntax.Reason, c.reason) || syntax.Line != 7 {
			t.Errorf("%s: %v", c.condition, err)
		}
	}
	for condition, reason := range map[string]string{
		"''": "1 to 1024", "[a, b]": "not a string", strings.Repeat("a or ", 300) + "b": "1 to 1024",
	} {
		file := "title: T\nlevel: low\nlogsource: {product: kai}\ndetection:\n  a: {n: 1}\n  b: {n: 2}\n  condition: " + condition + "\n"
		if _, err := rule.Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.20s: %v", condition, err)
		}
	}
}
