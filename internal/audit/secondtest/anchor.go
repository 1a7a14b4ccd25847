//go:build unix

package secondtest

import (
	"bytes"
	"fmt"
)

// anchors checks the heads that were told to somebody outside.
func (j *judge) anchors() {
	rest := j.files.anchors
	for i := 1; ; i++ {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		if !complete {
			return
		}
		rest = after
		what := fmt.Sprintf("anchor: line %d", i)
		o, err := object(line, "kind", "n", "ref", "root", "t", "v")
		if err != nil {
			j.find("%s: %v", what, err)
			continue
		}
		_, kind := o["kind"].(string)
		_, ref := o["ref"].(string)
		size, sized := o["n"].(int64)
		root, rooted := o["root"].(string)
		t, timed := o["t"].(string)
		if !kind || !ref || !sized || size < 0 || !rooted || !timed || !isTime(t) || o["v"] != int64(1) {
			j.find("%s: a value that it cannot have", what)
			continue
		}
		j.head(what, uint64(size), root)
	}
}
