package main

import (
	"fmt"
	"strings"
)

// fishCompletion is a list of rules, each with the command it holds for. The conditions that
// fish runs are our own text; what is typed is only compared.
func fishCompletion(verbs []completedVerb) string {
	var b strings.Builder
	b.WriteString(`# fish completion for kai, made from its command tree by "kai completion fish".
# Static text: nothing that is typed is evaluated, and kai is not run.

function __kai_at --description 'is the line at the command $argv[1] (any: at one of ours)?'
    set -l words (commandline -opc)
    set -e words[1]
    set -l at kai
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch "$at $word"
            case '* --'
                break
`)
	for i, v := range verbs {
		for _, f := range v.flags {
			if !f.value || f.global && i > 0 {
				continue
			}
			for _, name := range f.names {
				pattern := v.path + " " + name
				if f.global {
					pattern = "* " + name
				}
				fmt.Fprintf(&b, "            case %s\n                set skip 1\n", shellQuote(pattern))
			}
		}
	}
	fmt.Fprintf(&b, "            case %s\n                set at \"$at $word\"\n", fishWords(verbPaths(verbs)))
	b.WriteString("            case '* -*'\n                continue\n")
	for _, v := range verbs {
		if v.pass {
			fmt.Fprintf(&b, "            case %s\n                set at other\n                break\n", shellQuote(v.path+" *"))
		}
	}
	b.WriteString(`        end
    end
    if test "$argv[1]" = any
        test "$at" != other
    else
        test "$at" = "$argv[1]"
    end
end

complete -c kai -f
complete -c kai -n "__kai_at other" -F
`)
	for i, v := range verbs {
		writeFishVerb(&b, v, i == 0)
	}
	return b.String()
}

// writeFishVerb writes the rules of a command; the root's hold the flags of every command.
func writeFishVerb(b *strings.Builder, v completedVerb, root bool) {
	at := fmt.Sprintf(`-n "__kai_at %s"`, shellQuote(v.path))
	for _, c := range v.children {
		fmt.Fprintf(b, "complete -c kai %s -a %s -d %s\n", at, c.name, shellQuote(c.summary))
	}
	for _, word := range v.words {
		fmt.Fprintf(b, "complete -c kai %s -a %s\n", at, word)
	}
	if v.files {
		fmt.Fprintf(b, "complete -c kai %s -F\n", at)
	}
	for _, f := range v.flags {
		condition := " " + at
		if f.global {
			if !root {
				continue
			}
			condition = ` -n "__kai_at any"`
		}
		b.WriteString("complete -c kai" + condition)
		for _, name := range f.names {
			if long, ok := strings.CutPrefix(name, "--"); ok {
				b.WriteString(" -l " + long)
			} else {
				b.WriteString(" -s " + strings.TrimPrefix(name, "-"))
			}
		}
		switch {
		case f.words != nil:
			fmt.Fprintf(b, " -x -a %s", shellQuote(strings.Join(f.words, " ")))
		case f.file:
			b.WriteString(" -r -F")
		case f.value:
			b.WriteString(" -x")
		}
		fmt.Fprintf(b, " -d %s\n", shellQuote(f.usage))
	}
}

func fishWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellQuote(w)
	}
	return strings.Join(quoted, " ")
}
