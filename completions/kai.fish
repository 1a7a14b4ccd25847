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
            case 'kai hash --algo'
                set skip 1
            case 'kai hash --jobs'
                set skip 1
            case 'kai hash -j'
                set skip 1
            case 'kai hash' 'kai doctor' 'kai completion' 'kai help' 'kai version'
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
complete -c kai -n "__kai_at 'kai'" -a hash -d 'hash files, and check lists of hashes'
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
complete -c kai -n "__kai_at 'kai completion'" -a bash
complete -c kai -n "__kai_at 'kai completion'" -a zsh
complete -c kai -n "__kai_at 'kai completion'" -a fish
complete -c kai -n "__kai_at 'kai completion'" -a powershell
complete -c kai -n "__kai_at 'kai help'" -a exit-codes
complete -c kai -n "__kai_at 'kai help'" -a environment
complete -c kai -n "__kai_at 'kai help'" -a formats
