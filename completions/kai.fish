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
            case 'kai completion' 'kai version' 'kai help'
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
complete -c kai -n "__kai_at 'kai'" -a completion -d 'print the completions for a shell'
complete -c kai -n "__kai_at 'kai'" -a version -d 'print what is installed'
complete -c kai -n "__kai_at 'kai'" -a help -d 'explain a command or a topic'
complete -c kai -n "__kai_at any" -l home -r -F -d 'use the home DIR instead of KAI_HOME or ~/.kind'
complete -c kai -n "__kai_at any" -l json -d 'print JSON on stdout, errors too'
complete -c kai -n "__kai_at any" -l no-input -d 'never ask: fail with exit 7 instead'
complete -c kai -n "__kai_at any" -l passphrase-fd -x -d 'read the passphrase from file descriptor N'
complete -c kai -n "__kai_at any" -l passphrase-file -r -F -d 'read the passphrase from FILE'
complete -c kai -n "__kai_at any" -l allow-agent-reveal -d 'let a detected agent reveal or export secrets'
complete -c kai -n "__kai_at any" -l help -s h -d 'show help'
complete -c kai -n "__kai_at 'kai completion'" -a bash
complete -c kai -n "__kai_at 'kai completion'" -a zsh
complete -c kai -n "__kai_at 'kai completion'" -a fish
complete -c kai -n "__kai_at 'kai completion'" -a powershell
complete -c kai -n "__kai_at 'kai help'" -a exit-codes
complete -c kai -n "__kai_at 'kai help'" -a environment
complete -c kai -n "__kai_at 'kai help'" -a formats
