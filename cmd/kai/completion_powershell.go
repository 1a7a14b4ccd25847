package main

import (
	"fmt"
	"strings"
)

// powershellCompletion works in Windows PowerShell 5 and later. It reads the text of the
// words that were typed, never their value. Without an answer PowerShell completes files.
func powershellCompletion(verbs []completedVerb) string {
	var b strings.Builder
	b.WriteString(`# PowerShell completion for kai, made from its command tree by "kai completion powershell".
# Static text: nothing that is typed is evaluated, and kai is not run.

Register-ArgumentCompleter -Native -CommandName kai -ScriptBlock {
    param($word, $ast, $cursor)
    $at = 'kai'
    $pending = ''
    $rest = $false
    $kinds = [System.Collections.Generic.Dictionary[string, string]]::new([StringComparer]::Ordinal)
    $verbs = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::Ordinal)
    $flags = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::Ordinal)
`)
	for i, v := range verbs {
		for _, f := range v.flags {
			if !f.value || f.global && i > 0 {
				continue
			}
			for _, name := range f.names {
				key := v.path + " " + name
				if f.global {
					key = name
				}
				fmt.Fprintf(&b, "    $kinds[%s] = %s\n", psQuote(key), psQuote(strings.Join(f.words, " ")))
			}
		}
	}
	for _, v := range verbs {
		fmt.Fprintf(&b, "    $verbs[%s] = @(%s)\n", psQuote(v.path), psWords(v.argWords()))
		fmt.Fprintf(&b, "    $flags[%s] = @(%s)\n", psQuote(v.path), psWords(v.flagNames()))
	}
	fmt.Fprintf(&b, `    $pass = @(%s)
    $typed = $ast.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.Extent.Text }
    foreach ($text in $typed) {
        if ($rest) { continue }
        if ($pending) { $pending = ''; continue }
        if ($text -ceq '--') { $rest = $true; continue }
        if ($text.StartsWith('-') -and $text.Length -gt 1) {
            if ($kinds.ContainsKey($text)) { $pending = $text }
            elseif ($kinds.ContainsKey("$at $text")) { $pending = "$at $text" }
            continue
        }
        if ($verbs.ContainsKey("$at $text")) { $at = "$at $text" }
        elseif ($pass -ccontains $at) { $rest = $true }
    }
    if ($pending) { $choices = @($kinds[$pending].Split(' ', [StringSplitOptions]::RemoveEmptyEntries)) }
    elseif (-not $rest -and $word.StartsWith('-')) { $choices = $flags[$at] }
    else { $choices = $verbs[$at] }
    foreach ($choice in $choices) {
        if ($choice.StartsWith($word, [StringComparison]::Ordinal)) {
            [System.Management.Automation.CompletionResult]::new($choice, $choice, 'ParameterValue', $choice)
        }
    }
}
`, psWords(passPaths(verbs)))
	return b.String()
}

// passPaths are the commands that run another one.
func passPaths(verbs []completedVerb) []string {
	var paths []string
	for _, v := range verbs {
		if v.pass {
			paths = append(paths, v.path)
		}
	}
	return paths
}

// psQuote quotes text for PowerShell, where nothing is special in single quotes but they.
func psQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func psWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = psQuote(w)
	}
	return strings.Join(quoted, ", ")
}
