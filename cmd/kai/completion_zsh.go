package main

import (
	"fmt"
	"strings"
)

// zshCompletion works as a file _kai in fpath and when it is sourced.
func zshCompletion(verbs []completedVerb) string {
	var b strings.Builder
	b.WriteString(`#compdef kai
# zsh completion for kai, made from its command tree by "kai completion zsh".
# Static text: nothing that is typed is evaluated, and kai is not run.

`)
	writeFlagKinds(&b, verbs)
	b.WriteString(`_kai_verb() { # $1: command; sets flags, verbs, args and files
    flags=() verbs=() args=() files=
    case "$1" in
`)
	for _, v := range verbs {
		fmt.Fprintf(&b, "    %s)\n        flags=(\n", shellQuote(v.path))
		for _, f := range v.flags {
			for _, name := range f.names {
				fmt.Fprintf(&b, "            %s\n", shellQuote(name+":"+f.usage))
			}
		}
		b.WriteString("        )\n")
		if len(v.children) > 0 {
			b.WriteString("        verbs=(\n")
			for _, c := range v.children {
				fmt.Fprintf(&b, "            %s\n", shellQuote(c.name+":"+c.summary))
			}
			b.WriteString("        )\n")
		}
		if len(v.words) > 0 {
			fmt.Fprintf(&b, "        args=(%s)\n", strings.Join(v.words, " "))
		}
		if v.files {
			b.WriteString("        files=1\n")
		}
		b.WriteString("        ;;\n")
	}
	fmt.Fprintf(&b, `    esac
}

_kai_value() { # completes by kind
    case "$kind" in
    file) _files ;;
    "words "*) compadd -- ${(s: :)${kind#words }} ;;
    esac
}

_kai() {
    local at=kai pending= rest= kind= files= word
    local -a flags verbs args
    integer i
    for ((i = 2; i < CURRENT; i++)); do
        word=${words[i]}
        if [[ -n $rest ]]; then
            continue
        fi
        if [[ -n $pending ]]; then
            pending=
            continue
        fi
        case "$word" in
        --) rest=1 ;;
        -?*)
            _kai_flag "$at" "$word"
            [[ $kind == none ]] || pending=$word
            ;;
        *)
            case "$at $word" in
            %s)
                at="$at $word"
                ;;
%s            esac
            ;;
        esac
    done
    word=${words[CURRENT]}
    if [[ -n $pending ]]; then
        _kai_flag "$at" "$pending"
        _kai_value
        return
    fi
    if [[ -z $rest && $word == --*=* ]]; then
        _kai_flag "$at" "${word%%%%=*}"
        compset -P '*='
        _kai_value
        return
    fi
    _kai_verb "$at"
    if [[ -z $rest && $word == -* ]]; then
        _describe -o -t options flag flags
        return
    fi
    if (( $#verbs )); then
        _describe -t commands command verbs
    fi
    if (( $#args )); then
        compadd -- $args
    fi
    if [[ -n $files ]]; then
        _files
    fi
}

if [[ ${funcstack[1]} == _kai ]]; then
    _kai "$@"
else
    compdef _kai kai
fi
`, bashAlternatives(verbPaths(verbs)), passThroughCase(verbs, "            "))
	return b.String()
}
