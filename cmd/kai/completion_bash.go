package main

import (
	"fmt"
	"strings"
)

// bashCompletion works in bash 3.2 and later. Typed words are only ever the subject of a
// case or the operand of compgen, neither of which evaluates them.
func bashCompletion(verbs []completedVerb) string {
	var b strings.Builder
	b.WriteString(`# bash completion for kai, made from its command tree by "kai completion bash".
# Static text: nothing that is typed is evaluated, and kai is not run.

`)
	writeFlagKinds(&b, verbs)
	writeVerbWords(&b, verbs)
	fmt.Fprintf(&b, `_kai_words() { # $1: words to choose from
    local word
    while IFS= read -r word; do
        COMPREPLY+=("$glued$word")
    done < <(compgen -W "$1" -- "$cur")
}

_kai_files() {
    local word
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen -f -- "$cur")
}

_kai() {
    local IFS=$' \t\n'
    local cur=${COMP_WORDS[COMP_CWORD]} at=kai pending= rest= glued=
    local kind flags words files word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -n $rest ]]; then
            continue
        fi
        if [[ -n $pending ]]; then
            [[ $word == "=" ]] || pending=
            continue
        fi
        case "$word" in
        --) rest=1 ;;
        =) pending="=" ;;
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
    if [[ -n $pending && $cur == "=" ]]; then
        cur=
    fi
    if [[ -z $rest && -z $pending ]]; then
        case "$cur" in
        --*=*)
            pending=${cur%%%%=*}
            cur=${cur#*=}
            glued=$pending=
            ;;
        esac
    fi
    if [[ -n $pending ]]; then
        _kai_flag "$at" "$pending"
        case "$kind" in
        file) _kai_files ;;
        "words "*) _kai_words "${kind#words }" ;;
        esac
        return
    fi
    _kai_verb "$at"
    if [[ -z $rest && $cur == -* ]]; then
        _kai_words "$flags"
        return
    fi
    if [[ -n $words ]]; then
        _kai_words "$words"
    fi
    if [[ -n $files ]]; then
        _kai_files
    fi
}

complete -F _kai kai
`, bashAlternatives(verbPaths(verbs)), passThroughCase(verbs, "            "))
	return b.String()
}

// writeFlagKinds writes the function that says what follows a flag. Bash and zsh share it.
func writeFlagKinds(b *strings.Builder, verbs []completedVerb) {
	b.WriteString(`_kai_flag() { # $1: command, $2: flag; sets kind to none, text, file or "words ..."
    case "$1 $2" in
`)
	write := func(path string, f completedFlag) {
		kind := "text"
		switch {
		case f.words != nil:
			kind = shellQuote("words " + strings.Join(f.words, " "))
		case f.file:
			kind = "file"
		}
		fmt.Fprintf(b, "    %s) kind=%s ;;\n", strings.Join(shellPatterns(path, f), "|"), kind)
	}
	for i, v := range verbs {
		for _, f := range v.flags {
			if f.value && (!f.global || i == 0) {
				write(v.path, f)
			}
		}
	}
	b.WriteString("    *) kind=none ;;\n    esac\n}\n\n")
}

// writeVerbWords writes the function that says what may follow a command.
func writeVerbWords(b *strings.Builder, verbs []completedVerb) {
	b.WriteString(`_kai_verb() { # $1: command; sets flags, words and files
    flags= words= files=
    case "$1" in
`)
	for _, v := range verbs {
		fmt.Fprintf(b, "    %s)\n        flags=%s\n", shellQuote(v.path), shellQuote(strings.Join(v.flagNames(), " ")))
		if words := v.argWords(); len(words) > 0 {
			fmt.Fprintf(b, "        words=%s\n", shellQuote(strings.Join(words, " ")))
		}
		if v.files {
			b.WriteString("        files=1\n")
		}
		b.WriteString("        ;;\n")
	}
	b.WriteString("    esac\n}\n\n")
}

// bashAlternatives writes paths as the alternatives of one case.
func bashAlternatives(paths []string) string {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = shellQuote(p)
	}
	return strings.Join(quoted, "|")
}

// passThroughCase ends the flags at the first argument of a pass-through command.
func passThroughCase(verbs []completedVerb, indent string) string {
	var patterns []string
	for _, v := range verbs {
		if v.pass {
			patterns = append(patterns, shellQuote(v.path+" ")+"*")
		}
	}
	if patterns == nil {
		return ""
	}
	return fmt.Sprintf("%s%s)\n%s    rest=1\n%s    ;;\n", indent, strings.Join(patterns, "|"), indent, indent)
}
