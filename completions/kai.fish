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
            case 'kai keygen' 'kai id' 'kai id show' 'kai id export' 'kai id import' 'kai sign' 'kai verify' 'kai attest' 'kai hash' 'kai git' 'kai git setup' 'kai git verify' 'kai audit' 'kai audit init' 'kai audit status' 'kai audit show' 'kai audit query' 'kai audit tail' 'kai audit verify' 'kai audit prove' 'kai audit check-proof' 'kai audit checkpoint' 'kai audit witness' 'kai audit witness request' 'kai audit witness submit' 'kai audit witness add' 'kai audit witness sign' 'kai audit witness trust' 'kai audit witness forget' 'kai audit witness list' 'kai audit hash' 'kai audit export' 'kai audit report' 'kai audit alert' 'kai audit alert list' 'kai audit alert test' 'kai audit alert flush' 'kai audit alert rules' 'kai audit alert lint' 'kai audit archive' 'kai audit prune' 'kai tour' 'kai doctor' 'kai completion' 'kai help' 'kai version'
                set at "$at $word"
            case '* -*'
                continue
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
complete -c kai -n "__kai_at 'kai'" -a keygen -d 'make a key'
complete -c kai -n "__kai_at 'kai'" -a id -d 'keys in all their forms: show, convert, check'
complete -c kai -n "__kai_at 'kai'" -a sign -d 'sign files and directories'
complete -c kai -n "__kai_at 'kai'" -a verify -d 'check signatures of every format: may I rely on this?'
complete -c kai -n "__kai_at 'kai'" -a attest -d 'sign a statement about files (in-toto, SLSA)'
complete -c kai -n "__kai_at 'kai'" -a hash -d 'hash files, and check lists of hashes'
complete -c kai -n "__kai_at 'kai'" -a git -d 'sign and verify commits and tags'
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
complete -c kai -n "__kai_at 'kai keygen'" -l output -s o -r -F -d 'write the private key to FILE, the public one to FILE.pub'
complete -c kai -n "__kai_at 'kai keygen'" -l no-passphrase -d 'do not encrypt the private key'
complete -c kai -n "__kai_at 'kai keygen'" -l comment -x -d 'write TEXT beside the key'
complete -c kai -n "__kai_at 'kai keygen'" -l visual -d 'draw the fingerprint, on stderr'
complete -c kai -n "__kai_at 'kai id'" -a show -d 'show a key in all its forms, or in one'
complete -c kai -n "__kai_at 'kai id'" -a export -d 'convert a key to another form'
complete -c kai -n "__kai_at 'kai id'" -a import -d 'check a key file and say what it holds'
complete -c kai -n "__kai_at 'kai id show'" -F
complete -c kai -n "__kai_at 'kai id show'" -l as -x -a 'openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text' -d 'write the key as FORM: openssh, ssh-public, pem, jwk, jwks, minisign, signify, age, did, did-document, vkey, allowed-signers, raw, hex, text'
complete -c kai -n "__kai_at 'kai id show'" -l key -x -d 'of several keys take the one of this TYPE|FP'
complete -c kai -n "__kai_at 'kai id show'" -l name -x -d 'comment, kid, principal or key name: NAME, where the form has one'
complete -c kai -n "__kai_at 'kai id show'" -l namespace -s n -x -d 'allowed-signers: only for NAMESPACE; may be repeated'
complete -c kai -n "__kai_at 'kai id show'" -l visual -d 'print fingerprint and picture, as ssh-keygen -lv does'
complete -c kai -n "__kai_at 'kai id export'" -F
complete -c kai -n "__kai_at 'kai id export'" -l as -x -a 'openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text' -d 'write the key as FORM: openssh, ssh-public, pem, jwk, jwks, minisign, signify, age, did, did-document, vkey, allowed-signers, raw, hex, text'
complete -c kai -n "__kai_at 'kai id export'" -l key -x -d 'of several keys take the one of this TYPE|FP'
complete -c kai -n "__kai_at 'kai id export'" -l name -x -d 'comment, kid, principal or key name: NAME, where the form has one'
complete -c kai -n "__kai_at 'kai id export'" -l namespace -s n -x -d 'allowed-signers: only for NAMESPACE; may be repeated'
complete -c kai -n "__kai_at 'kai id export'" -l private -d 'write the private key'
complete -c kai -n "__kai_at 'kai id export'" -l no-passphrase -d 'with --private: do not encrypt it'
complete -c kai -n "__kai_at 'kai id export'" -l output -s o -r -F -d 'write to OUT instead of standard output'
complete -c kai -n "__kai_at 'kai id import'" -F
complete -c kai -n "__kai_at 'kai sign'" -F
complete -c kai -n "__kai_at 'kai sign'" -l identity -s i -x -d 'sign as IDENTITY; may be repeated'
complete -c kai -n "__kai_at 'kai sign'" -l key -x -d 'sign with the key REF, file:PATH or agent:FINGERPRINT; may be repeated'
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
complete -c kai -n "__kai_at 'kai verify'" -l signer -r -F -d 'trust the keys in WHO, a public-key file, key or fingerprint; may be repeated'
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
complete -c kai -n "__kai_at 'kai attest'" -l identity -s i -x -d 'sign as IDENTITY; may be repeated'
complete -c kai -n "__kai_at 'kai attest'" -l key -x -d 'sign with the key REF, file:PATH or agent:FINGERPRINT; may be repeated'
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
complete -c kai -n "__kai_at 'kai git setup'" -l key -x -d 'sign with the key REF, file:PATH or agent:FINGERPRINT'
complete -c kai -n "__kai_at 'kai git setup'" -l identity -s i -x -d 'sign as IDENTITY'
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
