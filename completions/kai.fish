# fish completion for kai, made from its command tree by "kai completion fish".
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
            case '* --home'
                set skip 1
            case '* --passphrase-fd'
                set skip 1
            case '* --passphrase-file'
                set skip 1
            case 'kai keygen --type'
                set skip 1
            case 'kai keygen --kind'
                set skip 1
            case 'kai keygen --owner'
                set skip 1
            case 'kai keygen --capability'
                set skip 1
            case 'kai keygen --derive-from'
                set skip 1
            case 'kai keygen --output'
                set skip 1
            case 'kai keygen -o'
                set skip 1
            case 'kai keygen --comment'
                set skip 1
            case 'kai id show --as'
                set skip 1
            case 'kai id show --key'
                set skip 1
            case 'kai id show --name'
                set skip 1
            case 'kai id show --namespace'
                set skip 1
            case 'kai id show -n'
                set skip 1
            case 'kai id export --as'
                set skip 1
            case 'kai id export --key'
                set skip 1
            case 'kai id export --name'
                set skip 1
            case 'kai id export --namespace'
                set skip 1
            case 'kai id export -n'
                set skip 1
            case 'kai id export --output'
                set skip 1
            case 'kai id export -o'
                set skip 1
            case 'kai id import --name'
                set skip 1
            case 'kai id import --kind'
                set skip 1
            case 'kai sign --identity'
                set skip 1
            case 'kai sign -i'
                set skip 1
            case 'kai sign --key'
                set skip 1
            case 'kai sign --namespace'
                set skip 1
            case 'kai sign -n'
                set skip 1
            case 'kai sign --format'
                set skip 1
            case 'kai sign --hash'
                set skip 1
            case 'kai sign --output'
                set skip 1
            case 'kai sign -o'
                set skip 1
            case 'kai sign --comment'
                set skip 1
            case 'kai sign -t'
                set skip 1
            case 'kai sign --note-name'
                set skip 1
            case 'kai sign --payload-type'
                set skip 1
            case 'kai sign --exclude'
                set skip 1
            case 'kai verify --signature'
                set skip 1
            case 'kai verify -s'
                set skip 1
            case 'kai verify --signer'
                set skip 1
            case 'kai verify --allowed-signers'
                set skip 1
            case 'kai verify --principal'
                set skip 1
            case 'kai verify -I'
                set skip 1
            case 'kai verify --krl'
                set skip 1
            case 'kai verify --key'
                set skip 1
            case 'kai verify --namespace'
                set skip 1
            case 'kai verify -n'
                set skip 1
            case 'kai verify --format'
                set skip 1
            case 'kai verify --threshold'
                set skip 1
            case 'kai verify --at'
                set skip 1
            case 'kai verify --audience'
                set skip 1
            case 'kai verify --predicate-type'
                set skip 1
            case 'kai verify --prove'
                set skip 1
            case 'kai verify --output'
                set skip 1
            case 'kai verify -o'
                set skip 1
            case 'kai attest --identity'
                set skip 1
            case 'kai attest -i'
                set skip 1
            case 'kai attest --key'
                set skip 1
            case 'kai attest --predicate-type'
                set skip 1
            case 'kai attest --predicate'
                set skip 1
            case 'kai attest --builder-id'
                set skip 1
            case 'kai attest --build-type'
                set skip 1
            case 'kai attest --param'
                set skip 1
            case 'kai attest --dep'
                set skip 1
            case 'kai attest --invocation'
                set skip 1
            case 'kai attest --started'
                set skip 1
            case 'kai attest --finished'
                set skip 1
            case 'kai attest --output'
                set skip 1
            case 'kai attest -o'
                set skip 1
            case 'kai hash --algo'
                set skip 1
            case 'kai hash --jobs'
                set skip 1
            case 'kai hash -j'
                set skip 1
            case 'kai git setup --key'
                set skip 1
            case 'kai git setup --identity'
                set skip 1
            case 'kai git setup -i'
                set skip 1
            case 'kai git setup --allowed-signers'
                set skip 1
            case 'kai git verify --signer'
                set skip 1
            case 'kai git verify --allowed-signers'
                set skip 1
            case 'kai git verify --krl'
                set skip 1
            case 'kai git verify --allow-unsigned-before'
                set skip 1
            case 'kai git verify --at'
                set skip 1
            case 'kai vault init --slot'
                set skip 1
            case 'kai vault init --label'
                set skip 1
            case 'kai vault init --kdf'
                set skip 1
            case 'kai vault init -t'
                set skip 1
            case 'kai vault init -m'
                set skip 1
            case 'kai vault init -p'
                set skip 1
            case 'kai vault init --iterations'
                set skip 1
            case 'kai vault init -k'
                set skip 1
            case 'kai vault init -n'
                set skip 1
            case 'kai vault init --to'
                set skip 1
            case 'kai vault init --recipient'
                set skip 1
            case 'kai vault init -r'
                set skip 1
            case 'kai vault init --ttl'
                set skip 1
            case 'kai vault init --idle'
                set skip 1
            case 'kai vault unlock --slot'
                set skip 1
            case 'kai vault unlock --ns'
                set skip 1
            case 'kai vault unlock --module'
                set skip 1
            case 'kai vault unlock --service'
                set skip 1
            case 'kai vault unlock --agent'
                set skip 1
            case 'kai vault unlock --as'
                set skip 1
            case 'kai vault unlock --identity'
                set skip 1
            case 'kai vault unlock --share'
                set skip 1
            case 'kai vault unlock --ttl'
                set skip 1
            case 'kai vault unlock --idle'
                set skip 1
            case 'kai vault lock --session-fd'
                set skip 1
            case 'kai vault status --as'
                set skip 1
            case 'kai vault status --session-fd'
                set skip 1
            case 'kai vault slot add --session-fd'
                set skip 1
            case 'kai vault slot add --label'
                set skip 1
            case 'kai vault slot add --kdf'
                set skip 1
            case 'kai vault slot add -t'
                set skip 1
            case 'kai vault slot add -m'
                set skip 1
            case 'kai vault slot add -p'
                set skip 1
            case 'kai vault slot add --iterations'
                set skip 1
            case 'kai vault slot add -k'
                set skip 1
            case 'kai vault slot add -n'
                set skip 1
            case 'kai vault slot add --to'
                set skip 1
            case 'kai vault slot add --recipient'
                set skip 1
            case 'kai vault slot add -r'
                set skip 1
            case 'kai vault slot list --as'
                set skip 1
            case 'kai vault slot list --session-fd'
                set skip 1
            case 'kai vault slot rm --as'
                set skip 1
            case 'kai vault slot rm --session-fd'
                set skip 1
            case 'kai vault ns add --as'
                set skip 1
            case 'kai vault ns add --session-fd'
                set skip 1
            case 'kai vault ns list --as'
                set skip 1
            case 'kai vault ns list --session-fd'
                set skip 1
            case 'kai vault ns rm --yes'
                set skip 1
            case 'kai vault ns rm --as'
                set skip 1
            case 'kai vault ns rm --session-fd'
                set skip 1
            case 'kai vault set --field'
                set skip 1
            case 'kai vault set --public'
                set skip 1
            case 'kai vault set --if-version'
                set skip 1
            case 'kai vault set --kind'
                set skip 1
            case 'kai vault set --tag'
                set skip 1
            case 'kai vault set --module'
                set skip 1
            case 'kai vault set --service'
                set skip 1
            case 'kai vault set --agent'
                set skip 1
            case 'kai vault set --expires'
                set skip 1
            case 'kai vault set --rotate-every'
                set skip 1
            case 'kai vault set --rotate-with'
                set skip 1
            case 'kai vault set --retain'
                set skip 1
            case 'kai vault set --as'
                set skip 1
            case 'kai vault set --session-fd'
                set skip 1
            case 'kai vault get --output'
                set skip 1
            case 'kai vault get -o'
                set skip 1
            case 'kai vault get --version'
                set skip 1
            case 'kai vault get --as'
                set skip 1
            case 'kai vault get --session-fd'
                set skip 1
            case 'kai vault list --kind'
                set skip 1
            case 'kai vault list --tag'
                set skip 1
            case 'kai vault list --module'
                set skip 1
            case 'kai vault list --service'
                set skip 1
            case 'kai vault list --agent'
                set skip 1
            case 'kai vault list --as'
                set skip 1
            case 'kai vault list --session-fd'
                set skip 1
            case 'kai vault history --as'
                set skip 1
            case 'kai vault history --session-fd'
                set skip 1
            case 'kai vault rollback --as'
                set skip 1
            case 'kai vault rollback --session-fd'
                set skip 1
            case 'kai vault rm --yes'
                set skip 1
            case 'kai vault rm --as'
                set skip 1
            case 'kai vault rm --session-fd'
                set skip 1
            case 'kai vault mv --as'
                set skip 1
            case 'kai vault mv --session-fd'
                set skip 1
            case 'kai vault cp --as'
                set skip 1
            case 'kai vault cp --session-fd'
                set skip 1
            case 'kai vault edit --as'
                set skip 1
            case 'kai vault edit --session-fd'
                set skip 1
            case 'kai vault generate --length'
                set skip 1
            case 'kai vault generate --charset'
                set skip 1
            case 'kai vault generate --if-version'
                set skip 1
            case 'kai vault generate --kind'
                set skip 1
            case 'kai vault generate --tag'
                set skip 1
            case 'kai vault generate --module'
                set skip 1
            case 'kai vault generate --service'
                set skip 1
            case 'kai vault generate --agent'
                set skip 1
            case 'kai vault generate --expires'
                set skip 1
            case 'kai vault generate --rotate-every'
                set skip 1
            case 'kai vault generate --rotate-with'
                set skip 1
            case 'kai vault generate --retain'
                set skip 1
            case 'kai vault generate --as'
                set skip 1
            case 'kai vault generate --session-fd'
                set skip 1
            case 'kai vault rotate --ns'
                set skip 1
            case 'kai vault rotate --compromised'
                set skip 1
            case 'kai vault rotate --rotate-with'
                set skip 1
            case 'kai vault rotate --as'
                set skip 1
            case 'kai vault rotate --session-fd'
                set skip 1
            case 'kai vault due --within'
                set skip 1
            case 'kai vault due --as'
                set skip 1
            case 'kai vault due --session-fd'
                set skip 1
            case 'kai vault run --env'
                set skip 1
            case 'kai vault run --env-file'
                set skip 1
            case 'kai vault run --prefix'
                set skip 1
            case 'kai vault run --file'
                set skip 1
            case 'kai vault run --as'
                set skip 1
            case 'kai vault run --session-fd'
                set skip 1
            case 'kai vault inject --input'
                set skip 1
            case 'kai vault inject -i'
                set skip 1
            case 'kai vault inject --output'
                set skip 1
            case 'kai vault inject -o'
                set skip 1
            case 'kai vault inject --mode'
                set skip 1
            case 'kai vault inject --as'
                set skip 1
            case 'kai vault inject --session-fd'
                set skip 1
            case 'kai vault export --output'
                set skip 1
            case 'kai vault export -o'
                set skip 1
            case 'kai vault export --recipient'
                set skip 1
            case 'kai vault export -r'
                set skip 1
            case 'kai vault export --export-passphrase-file'
                set skip 1
            case 'kai vault export --format'
                set skip 1
            case 'kai vault export --yes'
                set skip 1
            case 'kai vault export --as'
                set skip 1
            case 'kai vault export --session-fd'
                set skip 1
            case 'kai vault import --to'
                set skip 1
            case 'kai vault import --kind'
                set skip 1
            case 'kai vault import --tag'
                set skip 1
            case 'kai vault import --module'
                set skip 1
            case 'kai vault import --service'
                set skip 1
            case 'kai vault import --agent'
                set skip 1
            case 'kai vault import --on-conflict'
                set skip 1
            case 'kai vault import --identity'
                set skip 1
            case 'kai vault import --export-passphrase-file'
                set skip 1
            case 'kai vault import --as'
                set skip 1
            case 'kai vault import --session-fd'
                set skip 1
            case 'kai vault backup --output'
                set skip 1
            case 'kai vault backup -o'
                set skip 1
            case 'kai vault backup --slot'
                set skip 1
            case 'kai vault backup --identity'
                set skip 1
            case 'kai vault backup --share'
                set skip 1
            case 'kai vault backup --as'
                set skip 1
            case 'kai vault backup --session-fd'
                set skip 1
            case 'kai vault restore --slot'
                set skip 1
            case 'kai vault restore --as'
                set skip 1
            case 'kai vault restore --identity'
                set skip 1
            case 'kai vault restore --share'
                set skip 1
            case 'kai vault restore --ttl'
                set skip 1
            case 'kai vault restore --idle'
                set skip 1
            case 'kai vault sync --fingerprint'
                set skip 1
            case 'kai vault sync --as'
                set skip 1
            case 'kai vault sync --session-fd'
                set skip 1
            case 'kai vault role add --as'
                set skip 1
            case 'kai vault role add --session-fd'
                set skip 1
            case 'kai vault role rm --as'
                set skip 1
            case 'kai vault role rm --session-fd'
                set skip 1
            case 'kai vault role list --as'
                set skip 1
            case 'kai vault role list --session-fd'
                set skip 1
            case 'kai vault role show --as'
                set skip 1
            case 'kai vault role show --session-fd'
                set skip 1
            case 'kai vault role member add --as'
                set skip 1
            case 'kai vault role member add --session-fd'
                set skip 1
            case 'kai vault role member rm --as'
                set skip 1
            case 'kai vault role member rm --session-fd'
                set skip 1
            case 'kai vault grant --as'
                set skip 1
            case 'kai vault grant --session-fd'
                set skip 1
            case 'kai vault revoke --as'
                set skip 1
            case 'kai vault revoke --session-fd'
                set skip 1
            case 'kai vault device list --as'
                set skip 1
            case 'kai vault device list --session-fd'
                set skip 1
            case 'kai vault device new --as'
                set skip 1
            case 'kai vault device new --session-fd'
                set skip 1
            case 'kai vault device add --holder'
                set skip 1
            case 'kai vault device add --as'
                set skip 1
            case 'kai vault device add --session-fd'
                set skip 1
            case 'kai vault device rm --cut'
                set skip 1
            case 'kai vault device rm --as'
                set skip 1
            case 'kai vault device rm --session-fd'
                set skip 1
            case 'kai vault compact --ns'
                set skip 1
            case 'kai vault compact --as'
                set skip 1
            case 'kai vault compact --session-fd'
                set skip 1
            case 'kai vault resolve --admin'
                set skip 1
            case 'kai vault resolve --as'
                set skip 1
            case 'kai vault resolve --session-fd'
                set skip 1
            case 'kai vault check --leaks'
                set skip 1
            case 'kai vault check --as'
                set skip 1
            case 'kai vault check --session-fd'
                set skip 1
            case 'kai audit status --metrics'
                set skip 1
            case 'kai audit query --since'
                set skip 1
            case 'kai audit query --until'
                set skip 1
            case 'kai audit query --type'
                set skip 1
            case 'kai audit query --min-severity'
                set skip 1
            case 'kai audit query --act'
                set skip 1
            case 'kai audit query --out'
                set skip 1
            case 'kai audit query --agent'
                set skip 1
            case 'kai audit query --uid'
                set skip 1
            case 'kai audit query --pattern'
                set skip 1
            case 'kai audit query --grep'
                set skip 1
            case 'kai audit query --limit'
                set skip 1
            case 'kai audit tail --lines'
                set skip 1
            case 'kai audit tail -n'
                set skip 1
            case 'kai audit tail --since'
                set skip 1
            case 'kai audit tail --until'
                set skip 1
            case 'kai audit tail --type'
                set skip 1
            case 'kai audit tail --min-severity'
                set skip 1
            case 'kai audit tail --act'
                set skip 1
            case 'kai audit tail --out'
                set skip 1
            case 'kai audit tail --agent'
                set skip 1
            case 'kai audit tail --uid'
                set skip 1
            case 'kai audit tail --pattern'
                set skip 1
            case 'kai audit tail --grep'
                set skip 1
            case 'kai audit verify --accept-rollback'
                set skip 1
            case 'kai audit verify --auditor'
                set skip 1
            case 'kai audit verify --log'
                set skip 1
            case 'kai audit verify --witness'
                set skip 1
            case 'kai audit prove --at'
                set skip 1
            case 'kai audit prove --output'
                set skip 1
            case 'kai audit prove -o'
                set skip 1
            case 'kai audit check-proof --record'
                set skip 1
            case 'kai audit check-proof --log'
                set skip 1
            case 'kai audit check-proof --witness'
                set skip 1
            case 'kai audit check-proof --quorum'
                set skip 1
            case 'kai audit checkpoint --output'
                set skip 1
            case 'kai audit checkpoint -o'
                set skip 1
            case 'kai audit checkpoint --key'
                set skip 1
            case 'kai audit checkpoint --anchor'
                set skip 1
            case 'kai audit checkpoint --acknowledge'
                set skip 1
            case 'kai audit checkpoint --reason'
                set skip 1
            case 'kai audit witness request --output'
                set skip 1
            case 'kai audit witness request -o'
                set skip 1
            case 'kai audit witness request --old'
                set skip 1
            case 'kai audit witness sign --output'
                set skip 1
            case 'kai audit witness sign -o'
                set skip 1
            case 'kai audit witness sign --log'
                set skip 1
            case 'kai audit witness sign --key'
                set skip 1
            case 'kai audit witness sign --name'
                set skip 1
            case 'kai audit export --since'
                set skip 1
            case 'kai audit export --until'
                set skip 1
            case 'kai audit export --type'
                set skip 1
            case 'kai audit export --min-severity'
                set skip 1
            case 'kai audit export --act'
                set skip 1
            case 'kai audit export --out'
                set skip 1
            case 'kai audit export --agent'
                set skip 1
            case 'kai audit export --uid'
                set skip 1
            case 'kai audit export --pattern'
                set skip 1
            case 'kai audit export --grep'
                set skip 1
            case 'kai audit export --limit'
                set skip 1
            case 'kai audit export --format'
                set skip 1
            case 'kai audit export --output'
                set skip 1
            case 'kai audit export -o'
                set skip 1
            case 'kai audit report --since'
                set skip 1
            case 'kai audit report --until'
                set skip 1
            case 'kai audit report --type'
                set skip 1
            case 'kai audit report --min-severity'
                set skip 1
            case 'kai audit report --act'
                set skip 1
            case 'kai audit report --out'
                set skip 1
            case 'kai audit report --agent'
                set skip 1
            case 'kai audit report --uid'
                set skip 1
            case 'kai audit report --pattern'
                set skip 1
            case 'kai audit report --grep'
                set skip 1
            case 'kai audit report --html'
                set skip 1
            case 'kai audit report --sarif'
                set skip 1
            case 'kai audit report --junit'
                set skip 1
            case 'kai audit report --fail-on'
                set skip 1
            case 'kai audit archive --before'
                set skip 1
            case 'kai audit prune --before'
                set skip 1
            case 'kai audit prune --export'
                set skip 1
            case 'kai audit prune --redact'
                set skip 1
            case 'kai tour --keep'
                set skip 1
            case 'kai keygen' 'kai id' 'kai id show' 'kai id export' 'kai id import' 'kai id list' 'kai id rename' 'kai id default' 'kai sign' 'kai verify' 'kai attest' 'kai hash' 'kai git' 'kai git setup' 'kai git verify' 'kai vault' 'kai vault init' 'kai vault unlock' 'kai vault lock' 'kai vault status' 'kai vault slot' 'kai vault slot add' 'kai vault slot list' 'kai vault slot rm' 'kai vault ns' 'kai vault ns add' 'kai vault ns list' 'kai vault ns rm' 'kai vault set' 'kai vault get' 'kai vault list' 'kai vault history' 'kai vault rollback' 'kai vault rm' 'kai vault mv' 'kai vault cp' 'kai vault edit' 'kai vault generate' 'kai vault rotate' 'kai vault due' 'kai vault run' 'kai vault inject' 'kai vault export' 'kai vault import' 'kai vault backup' 'kai vault restore' 'kai vault sync' 'kai vault role' 'kai vault role add' 'kai vault role rm' 'kai vault role list' 'kai vault role show' 'kai vault role member' 'kai vault role member add' 'kai vault role member rm' 'kai vault grant' 'kai vault revoke' 'kai vault device' 'kai vault device list' 'kai vault device new' 'kai vault device add' 'kai vault device rm' 'kai vault compact' 'kai vault resolve' 'kai vault check' 'kai audit' 'kai audit init' 'kai audit status' 'kai audit show' 'kai audit query' 'kai audit tail' 'kai audit verify' 'kai audit prove' 'kai audit check-proof' 'kai audit checkpoint' 'kai audit witness' 'kai audit witness request' 'kai audit witness submit' 'kai audit witness add' 'kai audit witness sign' 'kai audit witness trust' 'kai audit witness forget' 'kai audit witness list' 'kai audit hash' 'kai audit export' 'kai audit report' 'kai audit alert' 'kai audit alert list' 'kai audit alert test' 'kai audit alert flush' 'kai audit alert rules' 'kai audit alert lint' 'kai audit archive' 'kai audit prune' 'kai tour' 'kai doctor' 'kai completion' 'kai help' 'kai version'
                set at "$at $word"
            case '* -*'
                continue
            case 'kai vault run *'
                set at other
                break
        end
    end
    if test "$argv[1]" = any
        test "$at" != other
    else
        test "$at" = "$argv[1]"
    end
end

complete -c kai -f
complete -c kai -n "__kai_at other" -F
complete -c kai -n "__kai_at 'kai'" -a keygen -d 'make an identity, or a key in a file'
complete -c kai -n "__kai_at 'kai'" -a id -d 'identities, and keys in all their forms: list, show, convert, import'
complete -c kai -n "__kai_at 'kai'" -a sign -d 'sign files and directories'
complete -c kai -n "__kai_at 'kai'" -a verify -d 'check signatures of every format: may I rely on this?'
complete -c kai -n "__kai_at 'kai'" -a attest -d 'sign a statement about files (in-toto, SLSA)'
complete -c kai -n "__kai_at 'kai'" -a hash -d 'hash files, and check lists of hashes'
complete -c kai -n "__kai_at 'kai'" -a git -d 'sign and verify commits and tags'
complete -c kai -n "__kai_at 'kai'" -a vault -d 'secrets and private keys, encrypted at rest'
complete -c kai -n "__kai_at 'kai'" -a audit -d 'the tamper-evident log of what kai did and refused'
complete -c kai -n "__kai_at 'kai'" -a tour -d 'show what kai does, in a throwaway home'
complete -c kai -n "__kai_at 'kai'" -a doctor -d 'show what this system offers, and how to fix what is missing'
complete -c kai -n "__kai_at 'kai'" -a completion -d 'print the completions for a shell'
complete -c kai -n "__kai_at 'kai'" -a help -d 'explain a command or a topic'
complete -c kai -n "__kai_at 'kai'" -a version -d 'print what is installed'
complete -c kai -n "__kai_at any" -l home -r -F -d 'use the home DIR instead of KAI_HOME or ~/.kind'
complete -c kai -n "__kai_at any" -l json -d 'print JSON on stdout, errors too'
complete -c kai -n "__kai_at any" -l no-input -d 'never ask: fail with exit 7 instead'
complete -c kai -n "__kai_at any" -l passphrase-fd -x -d 'read the passphrase from file descriptor N'
complete -c kai -n "__kai_at any" -l passphrase-file -r -F -d 'read the passphrase from FILE'
complete -c kai -n "__kai_at any" -l allow-agent-reveal -d 'let a detected agent reveal or export secrets'
complete -c kai -n "__kai_at any" -l help -s h -d 'show help'
complete -c kai -n "__kai_at 'kai keygen'" -l type -x -a 'ed25519 ecdsa-p256 rsa-4096 ml-dsa-65 mldsa44-ed25519 slh-dsa-128s' -d 'make a key of TYPE: ed25519, ecdsa-p256, rsa-4096, ml-dsa-65, mldsa44-ed25519, slh-dsa-128s (default ed25519)'
complete -c kai -n "__kai_at 'kai keygen'" -l kind -x -a 'agent user root service' -d 'the identity is of KIND: agent, user, root, service (default agent)'
complete -c kai -n "__kai_at 'kai keygen'" -l classical -d 'leave the post-quantum keys out'
complete -c kai -n "__kai_at 'kai keygen'" -l owner -x -d 'the identity says that it belongs to ID'
complete -c kai -n "__kai_at 'kai keygen'" -l capability -x -d 'the identity asks for CAP, as in sign:file/**; may be repeated'
complete -c kai -n "__kai_at 'kai keygen'" -l derive-from -x -d 'compute the keys from a secret of the identity ROOT'
complete -c kai -n "__kai_at 'kai keygen'" -l output -s o -r -F -d 'write the private key to FILE, the public one to FILE.pub'
complete -c kai -n "__kai_at 'kai keygen'" -l no-passphrase -d 'do not encrypt the private key'
complete -c kai -n "__kai_at 'kai keygen'" -l comment -x -d 'write TEXT beside the key'
complete -c kai -n "__kai_at 'kai keygen'" -l visual -d 'draw the fingerprint, on stderr'
complete -c kai -n "__kai_at 'kai id'" -a show -d 'show an identity or a key in all its forms, or in one'
complete -c kai -n "__kai_at 'kai id'" -a export -d 'write an identity'\''s document, or a key in another form'
complete -c kai -n "__kai_at 'kai id'" -a import -d 'make an identity of a private key, or check a key file'
complete -c kai -n "__kai_at 'kai id'" -a list -d 'list identities'
complete -c kai -n "__kai_at 'kai id'" -a rename -d 'call an identity something else here'
complete -c kai -n "__kai_at 'kai id'" -a default -d 'say or choose which identity is used when none is named'
complete -c kai -n "__kai_at 'kai id show'" -F
complete -c kai -n "__kai_at 'kai id show'" -l as -x -a 'kai openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text' -d 'write the key as FORM: kai, openssh, ssh-public, pem, jwk, jwks, minisign, signify, age, did, did-document, vkey, allowed-signers, raw, hex, text'
complete -c kai -n "__kai_at 'kai id show'" -l key -x -d 'of several keys take the one of this TYPE|FP'
complete -c kai -n "__kai_at 'kai id show'" -l name -x -d 'comment, kid, principal or key name: NAME, where the form has one'
complete -c kai -n "__kai_at 'kai id show'" -l namespace -s n -x -d 'allowed-signers: only for NAMESPACE; may be repeated'
complete -c kai -n "__kai_at 'kai id show'" -l visual -d 'print fingerprint and picture, as ssh-keygen -lv does'
complete -c kai -n "__kai_at 'kai id export'" -F
complete -c kai -n "__kai_at 'kai id export'" -l as -x -a 'kai openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text' -d 'write the key as FORM: kai, openssh, ssh-public, pem, jwk, jwks, minisign, signify, age, did, did-document, vkey, allowed-signers, raw, hex, text'
complete -c kai -n "__kai_at 'kai id export'" -l key -x -d 'of several keys take the one of this TYPE|FP'
complete -c kai -n "__kai_at 'kai id export'" -l name -x -d 'comment, kid, principal or key name: NAME, where the form has one'
complete -c kai -n "__kai_at 'kai id export'" -l namespace -s n -x -d 'allowed-signers: only for NAMESPACE; may be repeated'
complete -c kai -n "__kai_at 'kai id export'" -l private -d 'write the private key'
complete -c kai -n "__kai_at 'kai id export'" -l no-passphrase -d 'with --private: do not encrypt it'
complete -c kai -n "__kai_at 'kai id export'" -l output -s o -r -F -d 'write to OUT instead of standard output'
complete -c kai -n "__kai_at 'kai id import'" -F
complete -c kai -n "__kai_at 'kai id import'" -l name -x -d 'the identity is called NAME (default: what the file is called)'
complete -c kai -n "__kai_at 'kai id import'" -l kind -x -a 'agent user root service' -d 'the identity is of KIND: agent, user, root, service (default user)'
complete -c kai -n "__kai_at 'kai id import'" -l classical -d 'make no post-quantum keys'
complete -c kai -n "__kai_at 'kai id list'" -l own -d 'only identities of this home'
complete -c kai -n "__kai_at 'kai id list'" -l peers -d 'only those of others'
complete -c kai -n "__kai_at 'kai sign'" -F
complete -c kai -n "__kai_at 'kai sign'" -l identity -s i -x -d 'sign as the own IDENTITY (default: the one of kai id default); may be repeated'
complete -c kai -n "__kai_at 'kai sign'" -l key -x -d 'sign with the key REF, file:PATH, agent:FINGERPRINT or vault:NS/PATH; may be repeated'
complete -c kai -n "__kai_at 'kai sign'" -l classical -d 'leave the post-quantum half out'
complete -c kai -n "__kai_at 'kai sign'" -l namespace -s n -x -d 'sign for NAMESPACE (default: file)'
complete -c kai -n "__kai_at 'kai sign'" -l format -x -a 'sshsig manifest minisign dsse jws jws-detached a2a note raw' -d 'write a FORMAT signature (default: sshsig, manifest for directories): sshsig, manifest, minisign, dsse, jws, jws-detached, a2a, note, raw'
complete -c kai -n "__kai_at 'kai sign'" -l hash -x -a 'sha256 sha512 sha3-256 blake2b blake3' -d 'hash with HASH (default: sha256; for manifests blake3): sha256, sha512, sha3-256, blake2b, blake3'
complete -c kai -n "__kai_at 'kai sign'" -l add -d 'add to the signature file instead of replacing it'
complete -c kai -n "__kai_at 'kai sign'" -l output -s o -r -F -d 'write the signature to OUT'
complete -c kai -n "__kai_at 'kai sign'" -l force -s f -d 'replace an existing signature file'
complete -c kai -n "__kai_at 'kai sign'" -l comment -s t -x -d 'minisign: the signed comment is COMMENT'
complete -c kai -n "__kai_at 'kai sign'" -l note-name -x -d 'note: the signer'\''s name is NAME'
complete -c kai -n "__kai_at 'kai sign'" -l payload-type -x -d 'dsse: the payload is of TYPE'
complete -c kai -n "__kai_at 'kai sign'" -l jcs -d 'jws: sign the RFC 8785 form of the JSON in FILE'
complete -c kai -n "__kai_at 'kai sign'" -l exclude -x -d 'manifest: leave out paths that match PATTERN; may be repeated'
complete -c kai -n "__kai_at 'kai verify'" -F
complete -c kai -n "__kai_at 'kai verify'" -l signature -s s -r -F -d 'the signature is in SIG, or - for standard input'
complete -c kai -n "__kai_at 'kai verify'" -l signer -r -F -d 'trust WHO, an identity, public-key file, key or fingerprint; may be repeated'
complete -c kai -n "__kai_at 'kai verify'" -l allowed-signers -r -F -d 'trust by the OpenSSH allowed_signers FILE'
complete -c kai -n "__kai_at 'kai verify'" -l principal -s I -x -d 'the signer must be PRINCIPAL of --allowed-signers'
complete -c kai -n "__kai_at 'kai verify'" -l krl -r -F -d 'refuse what the OpenSSH key revocation list FILE revokes'
complete -c kai -n "__kai_at 'kai verify'" -l key -r -F -d 'check with the public key in FILE; trusts nobody by itself'
complete -c kai -n "__kai_at 'kai verify'" -l namespace -s n -x -d 'the signature must be for NAMESPACE'
complete -c kai -n "__kai_at 'kai verify'" -l format -x -a 'manifest proof sshsig minisign signify sigstore dsse jws a2a note raw' -d 'take the signature for a FORMAT: manifest, proof, sshsig, minisign, signify, sigstore, dsse, jws, a2a, note, raw'
complete -c kai -n "__kai_at 'kai verify'" -l threshold -x -d 'N different signers must be trusted'
complete -c kai -n "__kai_at 'kai verify'" -l require-pq -d 'every signer'\''s post-quantum half must be there'
complete -c kai -n "__kai_at 'kai verify'" -l at -x -d 'judge as of TIME, RFC 3339 or a date; your claim, no format proves it (git: its committer'\''s)'
complete -c kai -n "__kai_at 'kai verify'" -l audience -x -d 'a token must be for AUDIENCE'
complete -c kai -n "__kai_at 'kai verify'" -l predicate-type -x -d 'a statement must be of type URI'
complete -c kai -n "__kai_at 'kai verify'" -l allow-extra -d 'files that the manifest does not list are no difference'
complete -c kai -n "__kai_at 'kai verify'" -l prove -x -d 'write a proof for PATH of the manifest to -o'
complete -c kai -n "__kai_at 'kai verify'" -l output -s o -r -F -d 'copy what was verified to OUT, only if trusted'
complete -c kai -n "__kai_at 'kai verify'" -l force -s f -d 'replace OUT if it exists'
complete -c kai -n "__kai_at 'kai verify'" -l explain -d 'say of each signature what it is and what decided'
complete -c kai -n "__kai_at 'kai verify'" -l quiet -s q -d 'print nothing: the exit code is the answer'
complete -c kai -n "__kai_at 'kai attest'" -F
complete -c kai -n "__kai_at 'kai attest'" -l identity -s i -x -d 'sign as the own IDENTITY (default: the one of kai id default); may be repeated'
complete -c kai -n "__kai_at 'kai attest'" -l key -x -d 'sign with the key REF, file:PATH, agent:FINGERPRINT or vault:NS/PATH; may be repeated'
complete -c kai -n "__kai_at 'kai attest'" -l classical -d 'leave the post-quantum half out'
complete -c kai -n "__kai_at 'kai attest'" -l predicate-type -x -d 'the predicate is of type URI, slsa-provenance, vsa or test-result'
complete -c kai -n "__kai_at 'kai attest'" -l predicate -r -F -d 'the predicate is the JSON object in FILE'
complete -c kai -n "__kai_at 'kai attest'" -l builder-id -x -d 'slsa-provenance: URI of who ran the build'
complete -c kai -n "__kai_at 'kai attest'" -l build-type -x -d 'slsa-provenance: URI of how to read the parameters'
complete -c kai -n "__kai_at 'kai attest'" -l param -x -d 'slsa-provenance: build parameter NAME=VALUE; may be repeated'
complete -c kai -n "__kai_at 'kai attest'" -l dep -x -d 'slsa-provenance: the build used URI@ALGORITHM:HEX; may be repeated'
complete -c kai -n "__kai_at 'kai attest'" -l invocation -x -d 'slsa-provenance: the run'\''s ID'
complete -c kai -n "__kai_at 'kai attest'" -l started -x -d 'slsa-provenance: the run began at TIME, RFC 3339'
complete -c kai -n "__kai_at 'kai attest'" -l finished -x -d 'slsa-provenance: the run ended at TIME, RFC 3339'
complete -c kai -n "__kai_at 'kai attest'" -l output -s o -r -F -d 'write the statement to OUT (default: SUBJECT.intoto.jsonl, if there is one)'
complete -c kai -n "__kai_at 'kai attest'" -l add -d 'add a line to the file instead of replacing it'
complete -c kai -n "__kai_at 'kai attest'" -l force -s f -d 'replace an existing file'
complete -c kai -n "__kai_at 'kai hash'" -F
complete -c kai -n "__kai_at 'kai hash'" -l algo -x -a 'sha256 sha512 sha3-256 blake2b blake3' -d 'use ALGO: sha256, sha512, sha3-256, blake2b, blake3 (default sha256)'
complete -c kai -n "__kai_at 'kai hash'" -l recursive -s r -d 'hash each file below a directory'
complete -c kai -n "__kai_at 'kai hash'" -l tag -d 'print lines that name their algorithm'
complete -c kai -n "__kai_at 'kai hash'" -l zero -s z -d 'end lines with NUL and escape nothing'
complete -c kai -n "__kai_at 'kai hash'" -l jobs -s j -x -d 'hash with N workers (default: one for each processor)'
complete -c kai -n "__kai_at 'kai hash'" -l check -s c -d 'read lists of hashes and check their files'
complete -c kai -n "__kai_at 'kai hash'" -l ignore-missing -d 'with -c: pass over files that do not exist'
complete -c kai -n "__kai_at 'kai hash'" -l quiet -d 'with -c: print nothing for files that are OK'
complete -c kai -n "__kai_at 'kai hash'" -l status -d 'with -c: print nothing, the exit code is the answer'
complete -c kai -n "__kai_at 'kai hash'" -l strict -d 'with -c: a line that is not understood is an error'
complete -c kai -n "__kai_at 'kai git'" -a setup -d 'let git sign and verify with kai'
complete -c kai -n "__kai_at 'kai git'" -a verify -d 'check the signatures of commits and tags'
complete -c kai -n "__kai_at 'kai git setup'" -l global -d 'for all repositories of the user'
complete -c kai -n "__kai_at 'kai git setup'" -l local -d 'for this repository (the default)'
complete -c kai -n "__kai_at 'kai git setup'" -l key -x -d 'sign with the key REF, file:PATH, agent:FINGERPRINT or vault:NS/PATH'
complete -c kai -n "__kai_at 'kai git setup'" -l identity -s i -x -d 'sign as the own IDENTITY (default: the one of kai id default)'
complete -c kai -n "__kai_at 'kai git setup'" -l allowed-signers -r -F -d 'let git trust by the OpenSSH allowed_signers FILE'
complete -c kai -n "__kai_at 'kai git setup'" -l no-auto-sign -d 'sign only with git commit -S and git tag -s'
complete -c kai -n "__kai_at 'kai git setup'" -l undo -d 'put back what was set before'
complete -c kai -n "__kai_at 'kai git verify'" -l tags -d 'check each tag of the repository; without RANGE and REV only these'
complete -c kai -n "__kai_at 'kai git verify'" -l history -d 'each REV stands for itself and all its ancestors'
complete -c kai -n "__kai_at 'kai git verify'" -l signer -r -F -d 'trust the keys in WHO, a public-key file or key; may be repeated'
complete -c kai -n "__kai_at 'kai git verify'" -l allowed-signers -r -F -d 'trust by the OpenSSH allowed_signers FILE'
complete -c kai -n "__kai_at 'kai git verify'" -l krl -r -F -d 'refuse what the OpenSSH key revocation list FILE revokes'
complete -c kai -n "__kai_at 'kai git verify'" -l match-committer -d 'the committer'\''s e-mail address must be one of the signer'\''s principals'
complete -c kai -n "__kai_at 'kai git verify'" -l allow-unsigned-before -x -d 'ancestors of REV need no signature'
complete -c kai -n "__kai_at 'kai git verify'" -l at -x -d 'judge keys as of TIME: RFC 3339, a date, now, or git, the committer'\''s time'
complete -c kai -n "__kai_at 'kai vault'" -a init -d 'make a vault'
complete -c kai -n "__kai_at 'kai vault'" -a unlock -d 'open the vault for a time'
complete -c kai -n "__kai_at 'kai vault'" -a lock -d 'close the vault'
complete -c kai -n "__kai_at 'kai vault'" -a status -d 'whether the vault is open, and for how long'
complete -c kai -n "__kai_at 'kai vault'" -a slot -d 'the ways to open the vault'
complete -c kai -n "__kai_at 'kai vault'" -a ns -d 'namespaces, which are what is granted'
complete -c kai -n "__kai_at 'kai vault'" -a set -d 'keep a secret'
complete -c kai -n "__kai_at 'kai vault'" -a get -d 'print a secret'
complete -c kai -n "__kai_at 'kai vault'" -a list -d 'what is kept, without the values'
complete -c kai -n "__kai_at 'kai vault'" -a history -d 'the versions of a secret'
complete -c kai -n "__kai_at 'kai vault'" -a rollback -d 'make an old version the present one again'
complete -c kai -n "__kai_at 'kai vault'" -a rm -d 'delete a secret'
complete -c kai -n "__kai_at 'kai vault'" -a mv -d 'give a secret another name'
complete -c kai -n "__kai_at 'kai vault'" -a cp -d 'copy a secret'
complete -c kai -n "__kai_at 'kai vault'" -a edit -d 'change a secret in an editor'
complete -c kai -n "__kai_at 'kai vault'" -a generate -d 'make a random secret'
complete -c kai -n "__kai_at 'kai vault'" -a rotate -d 'give secrets their next value'
complete -c kai -n "__kai_at 'kai vault'" -a due -d 'secrets that must be changed'
complete -c kai -n "__kai_at 'kai vault'" -a run -d 'run a program with secrets it needs'
complete -c kai -n "__kai_at 'kai vault'" -a inject -d 'fill secrets into a template'
complete -c kai -n "__kai_at 'kai vault'" -a export -d 'write secrets into a file, sealed or plain'
complete -c kai -n "__kai_at 'kai vault'" -a import -d 'take secrets over from another store'
complete -c kai -n "__kai_at 'kai vault'" -a backup -d 'put the vault into one file, or check such a file'
complete -c kai -n "__kai_at 'kai vault'" -a restore -d 'take a vault out of a backup, in a home that has none'
complete -c kai -n "__kai_at 'kai vault'" -a sync -d 'bring the vault and a copy of it elsewhere to one state'
complete -c kai -n "__kai_at 'kai vault'" -a role -d 'groups that namespaces are granted to'
complete -c kai -n "__kai_at 'kai vault'" -a grant -d 'let somebody read or write a namespace'
complete -c kai -n "__kai_at 'kai vault'" -a revoke -d 'take a namespace from somebody'
complete -c kai -n "__kai_at 'kai vault'" -a device -d 'the machines that write to the vault'
complete -c kai -n "__kai_at 'kai vault'" -a compact -d 'drop old versions that nothing needs'
complete -c kai -n "__kai_at 'kai vault'" -a resolve -d 'choose between what two devices wrote at once'
complete -c kai -n "__kai_at 'kai vault'" -a check -d 'look for damage'
complete -c kai -n "__kai_at 'kai vault init'" -l slot -x -d 'make the slots TYPE[+TYPE...],...: password, device, recovery, age'
complete -c kai -n "__kai_at 'kai vault init'" -l label -x -d 'call the slot TEXT'
complete -c kai -n "__kai_at 'kai vault init'" -l kdf -x -a 'argon2id pbkdf2' -d 'password: derive the key with KDF: argon2id, pbkdf2 (default argon2id)'
complete -c kai -n "__kai_at 'kai vault init'" -s t -x -d 'argon2id: N passes'
complete -c kai -n "__kai_at 'kai vault init'" -s m -x -d 'argon2id: N KiB of memory'
complete -c kai -n "__kai_at 'kai vault init'" -s p -x -d 'argon2id: N threads'
complete -c kai -n "__kai_at 'kai vault init'" -l iterations -x -d 'pbkdf2: N iterations'
complete -c kai -n "__kai_at 'kai vault init'" -s k -x -d 'recovery: N shares open it'
complete -c kai -n "__kai_at 'kai vault init'" -s n -x -d 'recovery: of N shares'
complete -c kai -n "__kai_at 'kai vault init'" -l to -x -d 'recovery: encrypt a share to each RECIPIENT, share 1 first'
complete -c kai -n "__kai_at 'kai vault init'" -l recipient -s r -x -d 'age: who opens it, RECIPIENT age1…, ssh-… or a file of one'
complete -c kai -n "__kai_at 'kai vault init'" -l ttl -x -d 'lock after D, used or not: 90s, 15m, 8h (default: 8h)'
complete -c kai -n "__kai_at 'kai vault init'" -l idle -x -d 'lock after D without use (default: 15m)'
complete -c kai -n "__kai_at 'kai vault unlock'" -l slot -x -d 'open the slot with the ID, or of the TYPE'
complete -c kai -n "__kai_at 'kai vault unlock'" -l ns -x -d 'only the namespace NS; may be repeated'
complete -c kai -n "__kai_at 'kai vault unlock'" -l module -x -d 'only what belongs to the module M, or to none'
complete -c kai -n "__kai_at 'kai vault unlock'" -l service -x -d 'only what belongs to the service S, or to none'
complete -c kai -n "__kai_at 'kai vault unlock'" -l agent -x -d 'only what belongs to the agent A, or to none'
complete -c kai -n "__kai_at 'kai vault unlock'" -l read-only -d 'a session that cannot write'
complete -c kai -n "__kai_at 'kai vault unlock'" -l no-user -d 'a session that opens no credentials'
complete -c kai -n "__kai_at 'kai vault unlock'" -l accept-rollback -d 'unlock a vault that is older than what was seen of it here'
complete -c kai -n "__kai_at 'kai vault unlock'" -l print -d 'print the session for KAI_SESSION, and keep it nowhere else'
complete -c kai -n "__kai_at 'kai vault unlock'" -l as -x -d 'open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault unlock'" -l identity -r -F -d 'open a slot of type age with the key in FILE'
complete -c kai -n "__kai_at 'kai vault unlock'" -l share -r -F -d 'open a slot of type recovery with the share in FILE'
complete -c kai -n "__kai_at 'kai vault unlock'" -l ttl -x -d 'lock after D, used or not: 90s, 15m, 8h (default: 8h)'
complete -c kai -n "__kai_at 'kai vault unlock'" -l idle -x -d 'lock after D without use (default: 15m)'
complete -c kai -n "__kai_at 'kai vault lock'" -l all -d 'end all sessions of the vault, also printed ones'
complete -c kai -n "__kai_at 'kai vault lock'" -l systemd -d 'lock nothing, but print the unit kai-lock@.service'
complete -c kai -n "__kai_at 'kai vault lock'" -l session-fd -x -d 'end the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault status'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault status'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault slot'" -a add -d 'add a way to open the vault'
complete -c kai -n "__kai_at 'kai vault slot'" -a list -d 'the ways to open the vault'
complete -c kai -n "__kai_at 'kai vault slot'" -a rm -d 'take a way to open the vault away'
complete -c kai -n "__kai_at 'kai vault slot add'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault slot add'" -l label -x -d 'call the slot TEXT'
complete -c kai -n "__kai_at 'kai vault slot add'" -l kdf -x -a 'argon2id pbkdf2' -d 'password: derive the key with KDF: argon2id, pbkdf2 (default argon2id)'
complete -c kai -n "__kai_at 'kai vault slot add'" -s t -x -d 'argon2id: N passes'
complete -c kai -n "__kai_at 'kai vault slot add'" -s m -x -d 'argon2id: N KiB of memory'
complete -c kai -n "__kai_at 'kai vault slot add'" -s p -x -d 'argon2id: N threads'
complete -c kai -n "__kai_at 'kai vault slot add'" -l iterations -x -d 'pbkdf2: N iterations'
complete -c kai -n "__kai_at 'kai vault slot add'" -s k -x -d 'recovery: N shares open it'
complete -c kai -n "__kai_at 'kai vault slot add'" -s n -x -d 'recovery: of N shares'
complete -c kai -n "__kai_at 'kai vault slot add'" -l to -x -d 'recovery: encrypt a share to each RECIPIENT, share 1 first'
complete -c kai -n "__kai_at 'kai vault slot add'" -l recipient -s r -x -d 'age: who opens it, RECIPIENT age1…, ssh-… or a file of one'
complete -c kai -n "__kai_at 'kai vault slot list'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault slot list'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault slot rm'" -l force -d 'even the last slot that is not bound to one device'
complete -c kai -n "__kai_at 'kai vault slot rm'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault slot rm'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault ns'" -a add -d 'make a namespace'
complete -c kai -n "__kai_at 'kai vault ns'" -a list -d 'the namespaces that this session opens'
complete -c kai -n "__kai_at 'kai vault ns'" -a rm -d 'remove a namespace with everything in it'
complete -c kai -n "__kai_at 'kai vault ns add'" -l isolated -d 'grants on the namespace above do not cover it'
complete -c kai -n "__kai_at 'kai vault ns add'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault ns add'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault ns list'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault ns list'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault ns rm'" -l yes -x -d 'answer the question beforehand: NAME again'
complete -c kai -n "__kai_at 'kai vault ns rm'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault ns rm'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault set'" -l field -r -F -d 'the field NAME=@FILE; may be repeated'
complete -c kai -n "__kai_at 'kai vault set'" -l public -x -d 'the field NAME=VALUE, which lists may show; may be repeated'
complete -c kai -n "__kai_at 'kai vault set'" -l new -d 'fail when it is there'
complete -c kai -n "__kai_at 'kai vault set'" -l if-version -x -d 'fail unless the present version is N'
complete -c kai -n "__kai_at 'kai vault set'" -l kind -x -a 'credentials apiKeys certificates signingKeys' -d 'the KIND of secret (default: what it looks like): credentials, apiKeys, certificates, signingKeys'
complete -c kai -n "__kai_at 'kai vault set'" -l tag -x -d 'tag it T; may be repeated'
complete -c kai -n "__kai_at 'kai vault set'" -l module -x -d 'it belongs to the module M'
complete -c kai -n "__kai_at 'kai vault set'" -l service -x -d 'it belongs to the service S'
complete -c kai -n "__kai_at 'kai vault set'" -l agent -x -d 'it belongs to the agent A'
complete -c kai -n "__kai_at 'kai vault set'" -l expires -x -d 'it ends after D (90s, 15m, 8h, 30d) or at a time'
complete -c kai -n "__kai_at 'kai vault set'" -l rotate-every -x -d 'it is due to be changed every D'
complete -c kai -n "__kai_at 'kai vault set'" -l rotate-with -x -d 'kai vault rotate changes it with ROTATOR: random[:LEN], key, csr, exec:["/path","arg"]'
complete -c kai -n "__kai_at 'kai vault set'" -l retain -x -d 'keep N old versions, or those of the last D'
complete -c kai -n "__kai_at 'kai vault set'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault set'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault get'" -l output -s o -r -F -d 'write it to FILE, mode 0600'
complete -c kai -n "__kai_at 'kai vault get'" -l version -x -d 'version N'
complete -c kai -n "__kai_at 'kai vault get'" -l otp -d 'print the one-time code of the field otp'
complete -c kai -n "__kai_at 'kai vault get'" -l allow-expired -d 'also what has expired'
complete -c kai -n "__kai_at 'kai vault get'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault get'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault list'" -l kind -x -a 'credentials apiKeys certificates signingKeys' -d 'only of the KIND: credentials, apiKeys, certificates, signingKeys'
complete -c kai -n "__kai_at 'kai vault list'" -l tag -x -d 'only with the tag T'
complete -c kai -n "__kai_at 'kai vault list'" -l module -x -d 'only of the module M'
complete -c kai -n "__kai_at 'kai vault list'" -l service -x -d 'only of the service S'
complete -c kai -n "__kai_at 'kai vault list'" -l agent -x -d 'only of the agent A'
complete -c kai -n "__kai_at 'kai vault list'" -l expired -d 'only what has expired'
complete -c kai -n "__kai_at 'kai vault list'" -l deleted -d 'only what was deleted'
complete -c kai -n "__kai_at 'kai vault list'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault list'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault history'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault history'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault rollback'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault rollback'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault rm'" -l all-versions -d 'also remove all old versions from the files of this vault'
complete -c kai -n "__kai_at 'kai vault rm'" -l yes -x -d 'answer the question beforehand: PATH again'
complete -c kai -n "__kai_at 'kai vault rm'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault rm'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault mv'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault mv'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault cp'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault cp'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault edit'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault edit'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault generate'" -l length -x -d 'N characters'
complete -c kai -n "__kai_at 'kai vault generate'" -l charset -x -d 'of the characters C (default: letters and digits)'
complete -c kai -n "__kai_at 'kai vault generate'" -l new -d 'fail when PATH is there'
complete -c kai -n "__kai_at 'kai vault generate'" -l if-version -x -d 'fail unless the present version is N'
complete -c kai -n "__kai_at 'kai vault generate'" -l kind -x -a 'credentials apiKeys certificates signingKeys' -d 'the KIND of secret (default: what it looks like): credentials, apiKeys, certificates, signingKeys'
complete -c kai -n "__kai_at 'kai vault generate'" -l tag -x -d 'tag it T; may be repeated'
complete -c kai -n "__kai_at 'kai vault generate'" -l module -x -d 'it belongs to the module M'
complete -c kai -n "__kai_at 'kai vault generate'" -l service -x -d 'it belongs to the service S'
complete -c kai -n "__kai_at 'kai vault generate'" -l agent -x -d 'it belongs to the agent A'
complete -c kai -n "__kai_at 'kai vault generate'" -l expires -x -d 'it ends after D (90s, 15m, 8h, 30d) or at a time'
complete -c kai -n "__kai_at 'kai vault generate'" -l rotate-every -x -d 'it is due to be changed every D'
complete -c kai -n "__kai_at 'kai vault generate'" -l rotate-with -x -d 'kai vault rotate changes it with ROTATOR: random[:LEN], key, csr, exec:["/path","arg"]'
complete -c kai -n "__kai_at 'kai vault generate'" -l retain -x -d 'keep N old versions, or those of the last D'
complete -c kai -n "__kai_at 'kai vault generate'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault generate'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault rotate'" -l due -d 'everything that is due, expired or compromised'
complete -c kai -n "__kai_at 'kai vault rotate'" -l ns -x -d 'the key of the namespace NS'
complete -c kai -n "__kai_at 'kai vault rotate'" -l compromised -x -d 'the secret PATH, without an overlap; may be repeated'
complete -c kai -n "__kai_at 'kai vault rotate'" -l rotate-with -x -d 'use and keep the ROTATOR'
complete -c kai -n "__kai_at 'kai vault rotate'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault rotate'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault due'" -l within -x -d 'also what will be due within D'
complete -c kai -n "__kai_at 'kai vault due'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault due'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault run'" -F
complete -c kai -n "__kai_at 'kai vault run'" -l env -x -d 'the variable NAME=REF; may be repeated'
complete -c kai -n "__kai_at 'kai vault run'" -l env-file -r -F -d 'variables of FILE, NAME=REF or NAME=VALUE in each line'
complete -c kai -n "__kai_at 'kai vault run'" -l prefix -x -d 'a variable for each secret below a path, P=PATH: P and its name'
complete -c kai -n "__kai_at 'kai vault run'" -l file -x -d 'the path of a file with the secret, NAME=REF; may be repeated'
complete -c kai -n "__kai_at 'kai vault run'" -l real-file -d 'files on disk, for programs that cannot open those in memory'
complete -c kai -n "__kai_at 'kai vault run'" -l no-mask -d 'do not mask what the program prints'
complete -c kai -n "__kai_at 'kai vault run'" -l pristine -d 'of the environment only PATH HOME USER LANG TERM TZ'
complete -c kai -n "__kai_at 'kai vault run'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault run'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault inject'" -l input -s i -r -F -d 'the template FILE'
complete -c kai -n "__kai_at 'kai vault inject'" -l output -s o -r -F -d 'write FILE'
complete -c kai -n "__kai_at 'kai vault inject'" -l mode -x -d 'with the MODE'
complete -c kai -n "__kai_at 'kai vault inject'" -l force -s f -d 'replace FILE'
complete -c kai -n "__kai_at 'kai vault inject'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault inject'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault export'" -l output -s o -r -F -d 'write FILE, mode 0600'
complete -c kai -n "__kai_at 'kai vault export'" -l recipient -s r -x -d 'seal to RECIPIENT: age1..., ssh-... or a file of one; may be repeated'
complete -c kai -n "__kai_at 'kai vault export'" -l export-passphrase-file -r -F -d 'the passphrase of the export is in FILE'
complete -c kai -n "__kai_at 'kai vault export'" -l plain -d 'seal nothing'
complete -c kai -n "__kai_at 'kai vault export'" -l format -x -a 'dotenv json' -d 'with --plain: FORMAT: dotenv, json'
complete -c kai -n "__kai_at 'kai vault export'" -l yes -x -d 'with --plain: type the LABEL beforehand, PREFIX or everything'
complete -c kai -n "__kai_at 'kai vault export'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault export'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault import'" -a kai
complete -c kai -n "__kai_at 'kai vault import'" -a dotenv
complete -c kai -n "__kai_at 'kai vault import'" -a json
complete -c kai -n "__kai_at 'kai vault import'" -a pass
complete -c kai -n "__kai_at 'kai vault import'" -a passage
complete -c kai -n "__kai_at 'kai vault import'" -a sops
complete -c kai -n "__kai_at 'kai vault import'" -a bitwarden-json
complete -c kai -n "__kai_at 'kai vault import'" -a bitwarden-csv
complete -c kai -n "__kai_at 'kai vault import'" -a keepass-xml
complete -c kai -n "__kai_at 'kai vault import'" -a keepass-csv
complete -c kai -n "__kai_at 'kai vault import'" -F
complete -c kai -n "__kai_at 'kai vault import'" -l to -x -d 'put them below PREFIX'
complete -c kai -n "__kai_at 'kai vault import'" -l kind -x -a 'credentials apiKeys certificates signingKeys' -d 'they are of the KIND (default: what each looks like): credentials, apiKeys, certificates, signingKeys'
complete -c kai -n "__kai_at 'kai vault import'" -l tag -x -d 'tag them T; may be repeated'
complete -c kai -n "__kai_at 'kai vault import'" -l module -x -d 'they belong to the module M'
complete -c kai -n "__kai_at 'kai vault import'" -l service -x -d 'they belong to the service S'
complete -c kai -n "__kai_at 'kai vault import'" -l agent -x -d 'they belong to the agent A'
complete -c kai -n "__kai_at 'kai vault import'" -l on-conflict -x -a 'fail skip version' -d 'WORD on what exists already: fail, skip it, or make a new version: fail, skip, version (default fail)'
complete -c kai -n "__kai_at 'kai vault import'" -l dry-run -d 'only say what would be done'
complete -c kai -n "__kai_at 'kai vault import'" -l identity -r -F -d 'open what age has sealed with the keys in FILE; may be repeated'
complete -c kai -n "__kai_at 'kai vault import'" -l export-passphrase-file -r -F -d 'the passphrase of the export is in FILE'
complete -c kai -n "__kai_at 'kai vault import'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault import'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault backup'" -a verify
complete -c kai -n "__kai_at 'kai vault backup'" -F
complete -c kai -n "__kai_at 'kai vault backup'" -l output -s o -r -F -d 'write to FILE, or - for stdout'
complete -c kai -n "__kai_at 'kai vault backup'" -l force -s f -d 'replace FILE if it exists'
complete -c kai -n "__kai_at 'kai vault backup'" -l deep -d 'verify: also open every value'
complete -c kai -n "__kai_at 'kai vault backup'" -l slot -x -d 'verify --deep: open the slot with the ID, or of the TYPE'
complete -c kai -n "__kai_at 'kai vault backup'" -l identity -r -F -d 'verify --deep: open a slot of type age with the key in FILE'
complete -c kai -n "__kai_at 'kai vault backup'" -l share -r -F -d 'verify --deep: open a slot of type recovery with the share in FILE'
complete -c kai -n "__kai_at 'kai vault backup'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault backup'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault restore'" -F
complete -c kai -n "__kai_at 'kai vault restore'" -l accept-rollback -d 'restore a state that is older than what was seen here'
complete -c kai -n "__kai_at 'kai vault restore'" -l slot -x -d 'open the slot with the ID, or of the TYPE'
complete -c kai -n "__kai_at 'kai vault restore'" -l as -x -d 'open what was granted to the key KEYREF; then no device is made'
complete -c kai -n "__kai_at 'kai vault restore'" -l identity -r -F -d 'open a slot of type age with the key in FILE'
complete -c kai -n "__kai_at 'kai vault restore'" -l share -r -F -d 'open a slot of type recovery with the share in FILE'
complete -c kai -n "__kai_at 'kai vault restore'" -l ttl -x -d 'lock after D, used or not: 90s, 15m, 8h (default: 8h)'
complete -c kai -n "__kai_at 'kai vault restore'" -l idle -x -d 'lock after D without use (default: 15m)'
complete -c kai -n "__kai_at 'kai vault sync'" -l pull -d 'only adopt what TARGET has'
complete -c kai -n "__kai_at 'kai vault sync'" -l push -d 'only give TARGET what it lacks'
complete -c kai -n "__kai_at 'kai vault sync'" -l dry-run -d 'only say what would be done'
complete -c kai -n "__kai_at 'kai vault sync'" -l fingerprint -x -d 'the vault must have the fingerprint FP'
complete -c kai -n "__kai_at 'kai vault sync'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault sync'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault role'" -a add -d 'make a role'
complete -c kai -n "__kai_at 'kai vault role'" -a rm -d 'remove a role and what was granted to it'
complete -c kai -n "__kai_at 'kai vault role'" -a list -d 'all roles'
complete -c kai -n "__kai_at 'kai vault role'" -a show -d 'one role'
complete -c kai -n "__kai_at 'kai vault role'" -a member -d 'who belongs to a role'
complete -c kai -n "__kai_at 'kai vault role add'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault role add'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault role rm'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault role rm'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault role list'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault role list'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault role show'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault role show'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault role member'" -a add -d 'let somebody act for a role'
complete -c kai -n "__kai_at 'kai vault role member'" -a rm -d 'take somebody out of a role'
complete -c kai -n "__kai_at 'kai vault role member add'" -l yes -d 'do not ask whether the fingerprint is right'
complete -c kai -n "__kai_at 'kai vault role member add'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault role member add'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault role member rm'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault role member rm'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault grant'" -l read -d 'to read, which is what it is without a flag'
complete -c kai -n "__kai_at 'kai vault grant'" -l write -d 'to read and write'
complete -c kai -n "__kai_at 'kai vault grant'" -l user -d 'credentials too'
complete -c kai -n "__kai_at 'kai vault grant'" -l from-now -d 'not what was written before'
complete -c kai -n "__kai_at 'kai vault grant'" -l yes -d 'do not ask whether the fingerprint is right'
complete -c kai -n "__kai_at 'kai vault grant'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault grant'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault revoke'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault revoke'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault device'" -a list -d 'all devices'
complete -c kai -n "__kai_at 'kai vault device'" -a new -d 'make this machine a device of the vault'
complete -c kai -n "__kai_at 'kai vault device'" -a add -d 'let a device write'
complete -c kai -n "__kai_at 'kai vault device'" -a rm -d 'let a device write no more'
complete -c kai -n "__kai_at 'kai vault device list'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault device list'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault device new'" -l replace -d 'give up the key that this machine has, as after a copied home'
complete -c kai -n "__kai_at 'kai vault device new'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault device new'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault device add'" -F
complete -c kai -n "__kai_at 'kai vault device add'" -l holder -x -d 'it is PRINCIPAL'\''s: owner, role:NAME, a key'
complete -c kai -n "__kai_at 'kai vault device add'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault device add'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault device rm'" -l cut -x -d 'records after SEQ do not count'
complete -c kai -n "__kai_at 'kai vault device rm'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault device rm'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault compact'" -l ns -x -d 'only the namespace NS'
complete -c kai -n "__kai_at 'kai vault compact'" -l reencrypt -d 'seal everything under the newest keys'
complete -c kai -n "__kai_at 'kai vault compact'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault compact'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault resolve'" -l admin -x -d 'what the manifest HASH says counts'
complete -c kai -n "__kai_at 'kai vault resolve'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault resolve'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai vault check'" -l deep -d 'also open every value'
complete -c kai -n "__kai_at 'kai vault check'" -l leaks -r -F -d 'look below DIR for files that hold values of the vault'
complete -c kai -n "__kai_at 'kai vault check'" -l as -x -d 'without a session: open what was granted to the key KEYREF'
complete -c kai -n "__kai_at 'kai vault check'" -l session-fd -x -d 'read the session from file descriptor N'
complete -c kai -n "__kai_at 'kai audit'" -a init -d 'make the home and its log, so that recording begins'
complete -c kai -n "__kai_at 'kai audit'" -a status -d 'show how the log stands'
complete -c kai -n "__kai_at 'kai audit'" -a show -d 'show one event'
complete -c kai -n "__kai_at 'kai audit'" -a query -d 'list events, filtered'
complete -c kai -n "__kai_at 'kai audit'" -a tail -d 'show the latest events, and go on as they come'
complete -c kai -n "__kai_at 'kai audit'" -a verify -d 'is every event as it was written, and is none missing?'
complete -c kai -n "__kai_at 'kai audit'" -a prove -d 'prove to a stranger that the log holds an event'
complete -c kai -n "__kai_at 'kai audit'" -a check-proof -d 'does a log hold this event? Needs no home'
complete -c kai -n "__kai_at 'kai audit'" -a checkpoint -d 'sign the head of the log'
complete -c kai -n "__kai_at 'kai audit'" -a witness -d 'have somebody else confirm that the log only grows'
complete -c kai -n "__kai_at 'kai audit'" -a hash -d 'the form in which a name is recorded, to search for it'
complete -c kai -n "__kai_at 'kai audit'" -a export -d 'write events for other programs'
complete -c kai -n "__kai_at 'kai audit'" -a report -d 'sum up: integrity, totals, violations, trends, what to do'
complete -c kai -n "__kai_at 'kai audit'" -a alert -d 'tell people and programs of what needs attention'
complete -c kai -n "__kai_at 'kai audit'" -a archive -d 'compress old parts of the log'
complete -c kai -n "__kai_at 'kai audit'" -a prune -d 'remove old archives, or the details of one event'
complete -c kai -n "__kai_at 'kai audit status'" -l vkey -d 'print the verifier keys of the log, one a line'
complete -c kai -n "__kai_at 'kai audit status'" -l metrics -r -F -d 'write counters to FILE in the text format of Prometheus, and replace it'
complete -c kai -n "__kai_at 'kai audit show'" -l raw -d 'print the stored line'
complete -c kai -n "__kai_at 'kai audit show'" -l reveal -d 'resolve names that are recorded as h:…'
complete -c kai -n "__kai_at 'kai audit query'" -l since -x -d 'events from TIME on: 2006-01-02, RFC 3339, or an age such as 90m or 7d'
complete -c kai -n "__kai_at 'kai audit query'" -l until -x -d 'events before TIME'
complete -c kai -n "__kai_at 'kai audit query'" -l type -x -d 'events of TYPE, authentication, authorization, encryption, trust_change, security_violation, system_access, data_access, configuration_change; may be repeated'
complete -c kai -n "__kai_at 'kai audit query'" -l min-severity -x -a 'info low medium high critical' -d 'events of SEVERITY or worse: info, low, medium, high, critical'
complete -c kai -n "__kai_at 'kai audit query'" -l act -x -d 'events whose act matches GLOB, as in vault_*; may be repeated'
complete -c kai -n "__kai_at 'kai audit query'" -l out -x -d 'events that went OUTCOME: begin, ok, fail, deny; may be repeated'
complete -c kai -n "__kai_at 'kai audit query'" -l agent -x -d 'events of the agent ID; may be repeated'
complete -c kai -n "__kai_at 'kai audit query'" -l uid -x -d 'events of the user N'
complete -c kai -n "__kai_at 'kai audit query'" -l pattern -x -d 'violations of the pattern NAME'
complete -c kai -n "__kai_at 'kai audit query'" -l grep -x -d 'events whose line holds TEXT'
complete -c kai -n "__kai_at 'kai audit query'" -l limit -x -d 'at most N events'
complete -c kai -n "__kai_at 'kai audit query'" -l reverse -d 'the latest first'
complete -c kai -n "__kai_at 'kai audit query'" -l count -d 'print only how many there are'
complete -c kai -n "__kai_at 'kai audit query'" -l raw -d 'print the stored lines'
complete -c kai -n "__kai_at 'kai audit query'" -l verify -d 'verify the log first'
complete -c kai -n "__kai_at 'kai audit tail'" -l lines -s n -x -d 'the last N events that the filters choose'
complete -c kai -n "__kai_at 'kai audit tail'" -l follow -s f -d 'go on with new events'
complete -c kai -n "__kai_at 'kai audit tail'" -l since -x -d 'events from TIME on: 2006-01-02, RFC 3339, or an age such as 90m or 7d'
complete -c kai -n "__kai_at 'kai audit tail'" -l until -x -d 'events before TIME'
complete -c kai -n "__kai_at 'kai audit tail'" -l type -x -d 'events of TYPE, authentication, authorization, encryption, trust_change, security_violation, system_access, data_access, configuration_change; may be repeated'
complete -c kai -n "__kai_at 'kai audit tail'" -l min-severity -x -a 'info low medium high critical' -d 'events of SEVERITY or worse: info, low, medium, high, critical'
complete -c kai -n "__kai_at 'kai audit tail'" -l act -x -d 'events whose act matches GLOB, as in vault_*; may be repeated'
complete -c kai -n "__kai_at 'kai audit tail'" -l out -x -d 'events that went OUTCOME: begin, ok, fail, deny; may be repeated'
complete -c kai -n "__kai_at 'kai audit tail'" -l agent -x -d 'events of the agent ID; may be repeated'
complete -c kai -n "__kai_at 'kai audit tail'" -l uid -x -d 'events of the user N'
complete -c kai -n "__kai_at 'kai audit tail'" -l pattern -x -d 'violations of the pattern NAME'
complete -c kai -n "__kai_at 'kai audit tail'" -l grep -x -d 'events whose line holds TEXT'
complete -c kai -n "__kai_at 'kai audit tail'" -l raw -d 'print the stored lines'
complete -c kai -n "__kai_at 'kai audit verify'" -l public -d 'leave the MACs out, so that no key is needed'
complete -c kai -n "__kai_at 'kai audit verify'" -l quick -d 'read only the lines behind the newest signed checkpoint'
complete -c kai -n "__kai_at 'kai audit verify'" -l anchors -d 'ask the anchors that can be asked'
complete -c kai -n "__kai_at 'kai audit verify'" -l repair -d 'move what is not to be believed to audit/quarantine'
complete -c kai -n "__kai_at 'kai audit verify'" -l accept-rollback -x -d 'believe in the older log that was put back, because of REASON'
complete -c kai -n "__kai_at 'kai audit verify'" -l auditor -x -d 'open the keys of epochs with the key REF, as in file:KEY'
complete -c kai -n "__kai_at 'kai audit verify'" -l log -x -d 'the key VKEY signs this log'\''s checkpoints, whatever the log says; may be repeated'
complete -c kai -n "__kai_at 'kai audit verify'" -l witness -x -d 'count the cosignatures of VKEY, besides those of trusted witnesses; may be repeated'
complete -c kai -n "__kai_at 'kai audit prove'" -l at -x -d 'under the checkpoint of SIZE events'
complete -c kai -n "__kai_at 'kai audit prove'" -l output -s o -r -F -d 'write the proof to FILE'
complete -c kai -n "__kai_at 'kai audit prove'" -l force -s f -d 'replace FILE'
complete -c kai -n "__kai_at 'kai audit check-proof'" -F
complete -c kai -n "__kai_at 'kai audit check-proof'" -l record -r -F -d 'the event is in FILE: a stored line or a record; not the one that the proof carries'
complete -c kai -n "__kai_at 'kai audit check-proof'" -l log -x -d 'the log signs with VKEY, or with the keys of a file; may be repeated'
complete -c kai -n "__kai_at 'kai audit check-proof'" -l witness -x -d 'a witness signs with VKEY; may be repeated'
complete -c kai -n "__kai_at 'kai audit check-proof'" -l quorum -x -d 'at least K of the witnesses must have cosigned'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l output -s o -r -F -d 'write the note to FILE'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l force -s f -d 'replace FILE'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l key -x -d 'sign with the key REF, as in file:KEY; may be repeated'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l new-epoch -d 'open an epoch first: only the auditors of now open what follows'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l anchor -x -d 'tell KIND[:ARG] of the head; may be repeated'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l acknowledge -x -d 'you know of the possible cut at event N'
complete -c kai -n "__kai_at 'kai audit checkpoint'" -l reason -x -d 'why it is so, TEXT for whoever reads the log'
complete -c kai -n "__kai_at 'kai audit witness'" -a request -d 'write a request to a witness, as a file'
complete -c kai -n "__kai_at 'kai audit witness'" -a submit -d 'ask a witness over HTTPS, and add its answer'
complete -c kai -n "__kai_at 'kai audit witness'" -a add -d 'add the cosignatures that a witness has sent back'
complete -c kai -n "__kai_at 'kai audit witness'" -a sign -d 'cosign a log of somebody else, as its witness'
complete -c kai -n "__kai_at 'kai audit witness'" -a trust -d 'count the cosignatures of a witness'
complete -c kai -n "__kai_at 'kai audit witness'" -a forget -d 'count the cosignatures of a witness no more'
complete -c kai -n "__kai_at 'kai audit witness'" -a list -d 'list the witnesses that are trusted'
complete -c kai -n "__kai_at 'kai audit witness request'" -l output -s o -r -F -d 'write the request to FILE'
complete -c kai -n "__kai_at 'kai audit witness request'" -l force -s f -d 'replace FILE'
complete -c kai -n "__kai_at 'kai audit witness request'" -l old -x -d 'the witness has cosigned N events last, 0 for none'
complete -c kai -n "__kai_at 'kai audit witness add'" -F
complete -c kai -n "__kai_at 'kai audit witness sign'" -l output -s o -r -F -d 'write the signature lines to FILE'
complete -c kai -n "__kai_at 'kai audit witness sign'" -l force -s f -d 'replace FILE'
complete -c kai -n "__kai_at 'kai audit witness sign'" -l log -x -d 'the log signs with VKEY; may be repeated'
complete -c kai -n "__kai_at 'kai audit witness sign'" -l key -x -d 'sign with the key REF, as in file:KEY; may be repeated'
complete -c kai -n "__kai_at 'kai audit witness sign'" -l name -x -d 'sign as the witness NAME; made from the key if not given'
complete -c kai -n "__kai_at 'kai audit witness trust'" -F
complete -c kai -n "__kai_at 'kai audit export'" -l since -x -d 'events from TIME on: 2006-01-02, RFC 3339, or an age such as 90m or 7d'
complete -c kai -n "__kai_at 'kai audit export'" -l until -x -d 'events before TIME'
complete -c kai -n "__kai_at 'kai audit export'" -l type -x -d 'events of TYPE, authentication, authorization, encryption, trust_change, security_violation, system_access, data_access, configuration_change; may be repeated'
complete -c kai -n "__kai_at 'kai audit export'" -l min-severity -x -a 'info low medium high critical' -d 'events of SEVERITY or worse: info, low, medium, high, critical'
complete -c kai -n "__kai_at 'kai audit export'" -l act -x -d 'events whose act matches GLOB, as in vault_*; may be repeated'
complete -c kai -n "__kai_at 'kai audit export'" -l out -x -d 'events that went OUTCOME: begin, ok, fail, deny; may be repeated'
complete -c kai -n "__kai_at 'kai audit export'" -l agent -x -d 'events of the agent ID; may be repeated'
complete -c kai -n "__kai_at 'kai audit export'" -l uid -x -d 'events of the user N'
complete -c kai -n "__kai_at 'kai audit export'" -l pattern -x -d 'violations of the pattern NAME'
complete -c kai -n "__kai_at 'kai audit export'" -l grep -x -d 'events whose line holds TEXT'
complete -c kai -n "__kai_at 'kai audit export'" -l limit -x -d 'at most N events'
complete -c kai -n "__kai_at 'kai audit export'" -l reverse -d 'the latest first'
complete -c kai -n "__kai_at 'kai audit export'" -l format -x -a 'jsonl events ocsf cef rfc5424 csv tiles' -d 'write FORMAT: jsonl, events, ocsf, cef, rfc5424, csv, tiles'
complete -c kai -n "__kai_at 'kai audit export'" -l output -s o -r -F -d 'write to FILE, or for tiles to the new directory'
complete -c kai -n "__kai_at 'kai audit export'" -l force -s f -d 'replace FILE'
complete -c kai -n "__kai_at 'kai audit report'" -l since -x -d 'events from TIME on: 2006-01-02, RFC 3339, or an age such as 90m or 7d'
complete -c kai -n "__kai_at 'kai audit report'" -l until -x -d 'events before TIME'
complete -c kai -n "__kai_at 'kai audit report'" -l type -x -d 'events of TYPE, authentication, authorization, encryption, trust_change, security_violation, system_access, data_access, configuration_change; may be repeated'
complete -c kai -n "__kai_at 'kai audit report'" -l min-severity -x -a 'info low medium high critical' -d 'events of SEVERITY or worse: info, low, medium, high, critical'
complete -c kai -n "__kai_at 'kai audit report'" -l act -x -d 'events whose act matches GLOB, as in vault_*; may be repeated'
complete -c kai -n "__kai_at 'kai audit report'" -l out -x -d 'events that went OUTCOME: begin, ok, fail, deny; may be repeated'
complete -c kai -n "__kai_at 'kai audit report'" -l agent -x -d 'events of the agent ID; may be repeated'
complete -c kai -n "__kai_at 'kai audit report'" -l uid -x -d 'events of the user N'
complete -c kai -n "__kai_at 'kai audit report'" -l pattern -x -d 'violations of the pattern NAME'
complete -c kai -n "__kai_at 'kai audit report'" -l grep -x -d 'events whose line holds TEXT'
complete -c kai -n "__kai_at 'kai audit report'" -l html -r -F -d 'write a page to FILE'
complete -c kai -n "__kai_at 'kai audit report'" -l sarif -r -F -d 'write SARIF 2.1.0, for code scanners, to FILE'
complete -c kai -n "__kai_at 'kai audit report'" -l junit -r -F -d 'write results of tests, for CI, to FILE'
complete -c kai -n "__kai_at 'kai audit report'" -l fail-on -x -a 'info low medium high critical' -d 'exit 8 when a violation of SEVERITY or worse is open: info, low, medium, high, critical'
complete -c kai -n "__kai_at 'kai audit report'" -l force -s f -d 'replace the files'
complete -c kai -n "__kai_at 'kai audit alert'" -a list -d 'list the sinks, and the alerts that wait'
complete -c kai -n "__kai_at 'kai audit alert'" -a test -d 'send a test alert through one sink, now'
complete -c kai -n "__kai_at 'kai audit alert'" -a flush -d 'send the alerts that are due'
complete -c kai -n "__kai_at 'kai audit alert'" -a rules -d 'list the rules that events are judged by'
complete -c kai -n "__kai_at 'kai audit alert'" -a lint -d 'check a file of rules'
complete -c kai -n "__kai_at 'kai audit alert lint'" -F
complete -c kai -n "__kai_at 'kai audit archive'" -l before -x -d 'events before TIME: 2006-01-02, RFC 3339, or an age such as 90d'
complete -c kai -n "__kai_at 'kai audit prune'" -l before -x -d 'events before TIME: 2006-01-02, RFC 3339, or an age such as 365d'
complete -c kai -n "__kai_at 'kai audit prune'" -l export -r -F -d 'move the archives to DIR'
complete -c kai -n "__kai_at 'kai audit prune'" -l discard -d 'keep no copy'
complete -c kai -n "__kai_at 'kai audit prune'" -l no-witness -d 'a checkpoint that nobody has cosigned is enough'
complete -c kai -n "__kai_at 'kai audit prune'" -l yes -d 'do it; it cannot be undone'
complete -c kai -n "__kai_at 'kai audit prune'" -l redact -x -d 'remove the details of event N; the event and its hash stay'
complete -c kai -n "__kai_at 'kai tour'" -l keep -r -F -d 'work in DIR, which must not exist, and keep it'
complete -c kai -n "__kai_at 'kai completion'" -a bash
complete -c kai -n "__kai_at 'kai completion'" -a zsh
complete -c kai -n "__kai_at 'kai completion'" -a fish
complete -c kai -n "__kai_at 'kai completion'" -a powershell
complete -c kai -n "__kai_at 'kai help'" -a exit-codes
complete -c kai -n "__kai_at 'kai help'" -a environment
complete -c kai -n "__kai_at 'kai help'" -a formats
