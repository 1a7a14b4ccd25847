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
    $kinds['kai keygen --type'] = 'ed25519 ecdsa-p256 rsa-4096 ml-dsa-65 mldsa44-ed25519 slh-dsa-128s'
    $kinds['kai keygen --output'] = ''
    $kinds['kai keygen -o'] = ''
    $kinds['kai keygen --comment'] = ''
    $kinds['kai id show --as'] = 'openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text'
    $kinds['kai id show --key'] = ''
    $kinds['kai id show --name'] = ''
    $kinds['kai id show --namespace'] = ''
    $kinds['kai id show -n'] = ''
    $kinds['kai id export --as'] = 'openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text'
    $kinds['kai id export --key'] = ''
    $kinds['kai id export --name'] = ''
    $kinds['kai id export --namespace'] = ''
    $kinds['kai id export -n'] = ''
    $kinds['kai id export --output'] = ''
    $kinds['kai id export -o'] = ''
    $kinds['kai sign --identity'] = ''
    $kinds['kai sign -i'] = ''
    $kinds['kai sign --key'] = ''
    $kinds['kai sign --namespace'] = ''
    $kinds['kai sign -n'] = ''
    $kinds['kai sign --format'] = 'sshsig manifest minisign dsse jws jws-detached a2a note raw'
    $kinds['kai sign --hash'] = 'sha256 sha512 sha3-256 blake2b blake3'
    $kinds['kai sign --output'] = ''
    $kinds['kai sign -o'] = ''
    $kinds['kai sign --comment'] = ''
    $kinds['kai sign -t'] = ''
    $kinds['kai sign --note-name'] = ''
    $kinds['kai sign --payload-type'] = ''
    $kinds['kai sign --exclude'] = ''
    $kinds['kai verify --signature'] = ''
    $kinds['kai verify -s'] = ''
    $kinds['kai verify --signer'] = ''
    $kinds['kai verify --allowed-signers'] = ''
    $kinds['kai verify --principal'] = ''
    $kinds['kai verify -I'] = ''
    $kinds['kai verify --krl'] = ''
    $kinds['kai verify --key'] = ''
    $kinds['kai verify --namespace'] = ''
    $kinds['kai verify -n'] = ''
    $kinds['kai verify --format'] = 'manifest proof sshsig minisign signify sigstore dsse jws a2a note raw'
    $kinds['kai verify --threshold'] = ''
    $kinds['kai verify --at'] = ''
    $kinds['kai verify --audience'] = ''
    $kinds['kai verify --predicate-type'] = ''
    $kinds['kai verify --prove'] = ''
    $kinds['kai verify --output'] = ''
    $kinds['kai verify -o'] = ''
    $kinds['kai attest --identity'] = ''
    $kinds['kai attest -i'] = ''
    $kinds['kai attest --key'] = ''
    $kinds['kai attest --predicate-type'] = ''
    $kinds['kai attest --predicate'] = ''
    $kinds['kai attest --builder-id'] = ''
    $kinds['kai attest --build-type'] = ''
    $kinds['kai attest --param'] = ''
    $kinds['kai attest --dep'] = ''
    $kinds['kai attest --invocation'] = ''
    $kinds['kai attest --started'] = ''
    $kinds['kai attest --finished'] = ''
    $kinds['kai attest --output'] = ''
    $kinds['kai attest -o'] = ''
    $kinds['kai hash --algo'] = 'sha256 sha512 sha3-256 blake2b blake3'
    $kinds['kai hash --jobs'] = ''
    $kinds['kai hash -j'] = ''
    $kinds['kai git setup --key'] = ''
    $kinds['kai git setup --identity'] = ''
    $kinds['kai git setup -i'] = ''
    $kinds['kai git setup --allowed-signers'] = ''
    $kinds['kai git verify --signer'] = ''
    $kinds['kai git verify --allowed-signers'] = ''
    $kinds['kai git verify --krl'] = ''
    $kinds['kai git verify --allow-unsigned-before'] = ''
    $kinds['kai git verify --at'] = ''
    $kinds['kai tour --keep'] = ''
    $verbs['kai'] = @('keygen', 'id', 'sign', 'verify', 'attest', 'hash', 'git', 'tour', 'doctor', 'completion', 'help', 'version')
    $flags['kai'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai keygen'] = @()
    $flags['kai keygen'] = @('--type', '--output', '-o', '--no-passphrase', '--comment', '--visual', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai id'] = @('show', 'export', 'import')
    $flags['kai id'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai id show'] = @()
    $flags['kai id show'] = @('--as', '--key', '--name', '--namespace', '-n', '--visual', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai id export'] = @()
    $flags['kai id export'] = @('--as', '--key', '--name', '--namespace', '-n', '--private', '--no-passphrase', '--output', '-o', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai id import'] = @()
    $flags['kai id import'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai sign'] = @()
    $flags['kai sign'] = @('--identity', '-i', '--key', '--classical', '--namespace', '-n', '--format', '--hash', '--add', '--output', '-o', '--force', '-f', '--comment', '-t', '--note-name', '--payload-type', '--jcs', '--exclude', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai verify'] = @()
    $flags['kai verify'] = @('--signature', '-s', '--signer', '--allowed-signers', '--principal', '-I', '--krl', '--key', '--namespace', '-n', '--format', '--threshold', '--require-pq', '--at', '--audience', '--predicate-type', '--allow-extra', '--prove', '--output', '-o', '--force', '-f', '--explain', '--quiet', '-q', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai attest'] = @()
    $flags['kai attest'] = @('--identity', '-i', '--key', '--classical', '--predicate-type', '--predicate', '--builder-id', '--build-type', '--param', '--dep', '--invocation', '--started', '--finished', '--output', '-o', '--add', '--force', '-f', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai hash'] = @()
    $flags['kai hash'] = @('--algo', '--recursive', '-r', '--tag', '--zero', '-z', '--jobs', '-j', '--check', '-c', '--ignore-missing', '--quiet', '--status', '--strict', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai git'] = @('setup', 'verify')
    $flags['kai git'] = @('--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai git setup'] = @()
    $flags['kai git setup'] = @('--global', '--local', '--key', '--identity', '-i', '--allowed-signers', '--no-auto-sign', '--undo', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai git verify'] = @()
    $flags['kai git verify'] = @('--tags', '--history', '--signer', '--allowed-signers', '--krl', '--match-committer', '--allow-unsigned-before', '--at', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
    $verbs['kai tour'] = @()
    $flags['kai tour'] = @('--keep', '--home', '--json', '--no-input', '--passphrase-fd', '--passphrase-file', '--allow-agent-reveal', '--help', '-h')
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
