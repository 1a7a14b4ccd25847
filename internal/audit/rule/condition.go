package rule

import (
	"strings"

	"kai/internal/audit/event"
)

// expression is a condition, or a part of one.
type expression interface {
	holds(e *event.Event) bool
}

type (
	conjunction []expression // and, all of
	disjunction []expression // or, 1 of
	negation    struct{ of expression }
)

func (c conjunction) holds(e *event.Event) bool {
	for _, part := range c {
		if !part.holds(e) {
			return false
		}
	}
	return true
}

func (d disjunction) holds(e *event.Event) bool {
	for _, part := range d {
		if part.holds(e) {
			return true
		}
	}
	return false
}

func (n negation) holds(e *event.Event) bool { return !n.of.holds(e) }

// conditionReader reads a condition by recursive descent. After the first error the readers return
// at once.
type conditionReader struct {
	words    []string
	searches map[string]search
	used     map[string]bool
	depth    int
	word     string // the wrong one
	reason   string // why; "" when all is well
}

// condition reads a condition and reports which searches it uses.
func (p *parser) condition(m pair, searches map[string]search) (expression, map[string]bool, error) {
	s, err := p.text(m, maxCondition)
	if err != nil {
		return nil, nil, err
	}
	r := &conditionReader{
		words:    strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s)),
		searches: searches, used: make(map[string]bool),
	}
	expr := r.or()
	if r.reason == "" && len(r.words) > 0 {
		r.fail(r.words[0], "neither and nor or")
	}
	if r.reason != "" {
		return nil, nil, p.fail(m.value, r.word, "condition: "+r.reason)
	}
	return expr, r.used, nil
}

func (r *conditionReader) fail(word, reason string) {
	if r.reason == "" {
		r.word, r.reason, r.words = word, reason, nil
	}
}

// take consumes the next word if it is the given one.
func (r *conditionReader) take(word string) bool {
	if len(r.words) == 0 || r.words[0] != word {
		return false
	}
	r.words = r.words[1:]
	return true
}

// next consumes the next word, "" at the end.
func (r *conditionReader) next() string {
	if len(r.words) == 0 {
		return ""
	}
	word := r.words[0]
	r.words = r.words[1:]
	return word
}

// or: and { "or" and }
func (r *conditionReader) or() expression {
	parts := disjunction{r.and()}
	for r.take("or") {
		parts = append(parts, r.and())
	}
	return parts
}

// and: not { "and" not }
func (r *conditionReader) and() expression {
	parts := conjunction{r.not()}
	for r.take("and") {
		parts = append(parts, r.not())
	}
	return parts
}

// not: "not" not | "(" or ")" | ( "1" | "all" ) "of" ( "them" | NAME | PREFIX* ) | NAME
func (r *conditionReader) not() expression {
	if r.depth++; r.depth > maxDepth {
		r.fail("", "nested too deep")
		return nil
	}
	defer func() { r.depth-- }()
	switch word := r.next(); word {
	case "":
		r.fail("", "ends too early")
	case "not":
		return negation{r.not()}
	case "(":
		inner := r.or()
		if !r.take(")") {
			r.fail("(", "without its )")
		}
		return inner
	case "1":
		return disjunction(r.of(word))
	case "all":
		return conjunction(r.of(word))
	default:
		return r.search(word)
	}
	return nil
}

func (r *conditionReader) search(name string) expression {
	s, ok := r.searches[name]
	if !ok {
		r.fail(name, "no search of this name")
		return nil
	}
	r.used[name] = true
	return s
}

// of reads what stands behind 1 or all.
func (r *conditionReader) of(quantity string) []expression {
	if !r.take("of") {
		r.fail(quantity, "without of")
		return nil
	}
	word := r.next()
	prefix, starred := strings.CutSuffix(word, "*")
	var parts []expression
	for name, s := range r.searches {
		if word == "them" || name == word || starred && strings.HasPrefix(name, prefix) {
			r.used[name] = true
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		r.fail(word, "no search of this name")
	}
	return parts
}
