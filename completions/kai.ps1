# PowerShell completion for kai, made from its command tree by "kai completion powershell".
# Static text: nothing that is typed is evaluated, and kai is not run.

Register-ArgumentCompleter -Native -CommandName kai -ScriptBlock {
    param($word, $ast, $cursor)
    $at = 'kai'
    $pending = ''
    $rest = $false
    $kinds = [System.Collections.Generic.Dictionary[string, string]]::new([StringComparer]::Ordinal)
    $verbs = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::Ordinal)
    $flags = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::Ordinal)
    $kinds['--home'] = ''
    $kinds['--passphrase-fd'] = ''
    $kinds['--passphrase-file'] = ''
    $kinds['kai hash --algo'] = 'sha256 sha512 sha3-256 blake2b blake3'
    $kinds['kai hash --jobs'] = ''
    $kinds['kai hash -j'] = ''
    $verbs['kai'] = @('hash', 'doctor', 'completion', 'help', 'version')
    $flags['kai'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai hash'] = @()
    $flags['kai hash'] = @('--algo', '--recursive', '-r', '--tag', '--zero', '-z', '--jobs', '-j', '--check', '-c', '--ignore-missing', '--quiet', '--status', '--strict', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai doctor'] = @()
    $flags['kai doctor'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai completion'] = @('bash', 'zsh', 'fish', 'powershell')
    $flags['kai completion'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai help'] = @('exit-codes', 'environment', 'formats')
    $flags['kai help'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai version'] = @()
    $flags['kai version'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $pass = @()
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
