package rule

import (
	_ "embed"
	"sync"
)

//go:embed builtin.yml
var builtinFile []byte

// BuiltinFile is the file of the rules that kai has without any of the user's, as it would be
// written by a user.
func BuiltinFile() []byte { return append([]byte(nil), builtinFile...) }

// Builtin is its rules.
func Builtin() []Rule { return builtin() }

var builtin = sync.OnceValue(func() []Rule {
	rules, err := Parse(builtinFile)
	if err != nil {
		panic("rule: builtin.yml: " + err.Error())
	}
	return rules
})
