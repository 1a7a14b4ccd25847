# bash completion for kai, made from its command tree by "kai completion bash".
# Static text: nothing that is typed is evaluated, and kai is not run.

_kai_flag() { # $1: command, $2: flag; sets kind to none, text, file or "words ..."
    case "$1 $2" in
    *' --home') kind=file ;;
    *' --passphrase-fd') kind=text ;;
    *' --passphrase-file') kind=file ;;
    'kai keygen --type') kind='words ed25519 ecdsa-p256 rsa-4096 ml-dsa-65 mldsa44-ed25519 slh-dsa-128s' ;;
    'kai keygen --kind') kind='words agent user root service' ;;
    'kai keygen --owner') kind=text ;;
    'kai keygen --capability') kind=text ;;
    'kai keygen --derive-from') kind=text ;;
    'kai keygen --output'|'kai keygen -o') kind=file ;;
    'kai keygen --comment') kind=text ;;
    'kai id show --as') kind='words kai openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text' ;;
    'kai id show --key') kind=text ;;
    'kai id show --name') kind=text ;;
    'kai id show --namespace'|'kai id show -n') kind=text ;;
    'kai id export --as') kind='words kai openssh ssh-public pem jwk jwks minisign signify age did did-document vkey allowed-signers raw hex text' ;;
    'kai id export --key') kind=text ;;
    'kai id export --name') kind=text ;;
    'kai id export --namespace'|'kai id export -n') kind=text ;;
    'kai id export --output'|'kai id export -o') kind=file ;;
    'kai id import --name') kind=text ;;
    'kai id import --kind') kind='words agent user root service' ;;
    'kai sign --identity'|'kai sign -i') kind=text ;;
    'kai sign --key') kind=text ;;
    'kai sign --namespace'|'kai sign -n') kind=text ;;
    'kai sign --format') kind='words sshsig manifest minisign dsse jws jws-detached a2a note raw' ;;
    'kai sign --hash') kind='words sha256 sha512 sha3-256 blake2b blake3' ;;
    'kai sign --output'|'kai sign -o') kind=file ;;
    'kai sign --comment'|'kai sign -t') kind=text ;;
    'kai sign --note-name') kind=text ;;
    'kai sign --payload-type') kind=text ;;
    'kai sign --exclude') kind=text ;;
    'kai verify --signature'|'kai verify -s') kind=file ;;
    'kai verify --signer') kind=file ;;
    'kai verify --allowed-signers') kind=file ;;
    'kai verify --principal'|'kai verify -I') kind=text ;;
    'kai verify --krl') kind=file ;;
    'kai verify --key') kind=file ;;
    'kai verify --namespace'|'kai verify -n') kind=text ;;
    'kai verify --format') kind='words manifest proof sshsig minisign signify sigstore dsse jws a2a note raw' ;;
    'kai verify --threshold') kind=text ;;
    'kai verify --at') kind=text ;;
    'kai verify --audience') kind=text ;;
    'kai verify --predicate-type') kind=text ;;
    'kai verify --prove') kind=text ;;
    'kai verify --output'|'kai verify -o') kind=file ;;
    'kai attest --identity'|'kai attest -i') kind=text ;;
    'kai attest --key') kind=text ;;
    'kai attest --predicate-type') kind=text ;;
    'kai attest --predicate') kind=file ;;
    'kai attest --builder-id') kind=text ;;
    'kai attest --build-type') kind=text ;;
    'kai attest --param') kind=text ;;
    'kai attest --dep') kind=text ;;
    'kai attest --invocation') kind=text ;;
    'kai attest --started') kind=text ;;
    'kai attest --finished') kind=text ;;
    'kai attest --output'|'kai attest -o') kind=file ;;
    'kai hash --algo') kind='words sha256 sha512 sha3-256 blake2b blake3' ;;
    'kai hash --jobs'|'kai hash -j') kind=text ;;
    'kai git setup --key') kind=text ;;
    'kai git setup --identity'|'kai git setup -i') kind=text ;;
    'kai git setup --allowed-signers') kind=file ;;
    'kai git verify --signer') kind=file ;;
    'kai git verify --allowed-signers') kind=file ;;
    'kai git verify --krl') kind=file ;;
    'kai git verify --allow-unsigned-before') kind=text ;;
    'kai git verify --at') kind=text ;;
    'kai vault init --slot') kind=text ;;
    'kai vault init --label') kind=text ;;
    'kai vault init --kdf') kind='words argon2id pbkdf2' ;;
    'kai vault init -t') kind=text ;;
    'kai vault init -m') kind=text ;;
    'kai vault init -p') kind=text ;;
    'kai vault init --iterations') kind=text ;;
    'kai vault init -k') kind=text ;;
    'kai vault init -n') kind=text ;;
    'kai vault init --to') kind=text ;;
    'kai vault init --recipient'|'kai vault init -r') kind=text ;;
    'kai vault init --ttl') kind=text ;;
    'kai vault init --idle') kind=text ;;
    'kai vault unlock --slot') kind=text ;;
    'kai vault unlock --ns') kind=text ;;
    'kai vault unlock --module') kind=text ;;
    'kai vault unlock --service') kind=text ;;
    'kai vault unlock --agent') kind=text ;;
    'kai vault unlock --as') kind=text ;;
    'kai vault unlock --identity') kind=file ;;
    'kai vault unlock --share') kind=file ;;
    'kai vault unlock --ttl') kind=text ;;
    'kai vault unlock --idle') kind=text ;;
    'kai vault lock --session-fd') kind=text ;;
    'kai vault status --as') kind=text ;;
    'kai vault status --session-fd') kind=text ;;
    'kai vault slot add --session-fd') kind=text ;;
    'kai vault slot add --label') kind=text ;;
    'kai vault slot add --kdf') kind='words argon2id pbkdf2' ;;
    'kai vault slot add -t') kind=text ;;
    'kai vault slot add -m') kind=text ;;
    'kai vault slot add -p') kind=text ;;
    'kai vault slot add --iterations') kind=text ;;
    'kai vault slot add -k') kind=text ;;
    'kai vault slot add -n') kind=text ;;
    'kai vault slot add --to') kind=text ;;
    'kai vault slot add --recipient'|'kai vault slot add -r') kind=text ;;
    'kai vault slot list --as') kind=text ;;
    'kai vault slot list --session-fd') kind=text ;;
    'kai vault slot rm --as') kind=text ;;
    'kai vault slot rm --session-fd') kind=text ;;
    'kai vault ns add --as') kind=text ;;
    'kai vault ns add --session-fd') kind=text ;;
    'kai vault ns list --as') kind=text ;;
    'kai vault ns list --session-fd') kind=text ;;
    'kai vault ns rm --yes') kind=text ;;
    'kai vault ns rm --as') kind=text ;;
    'kai vault ns rm --session-fd') kind=text ;;
    'kai vault set --field') kind=file ;;
    'kai vault set --public') kind=text ;;
    'kai vault set --if-version') kind=text ;;
    'kai vault set --kind') kind='words credentials apiKeys certificates signingKeys' ;;
    'kai vault set --tag') kind=text ;;
    'kai vault set --module') kind=text ;;
    'kai vault set --service') kind=text ;;
    'kai vault set --agent') kind=text ;;
    'kai vault set --expires') kind=text ;;
    'kai vault set --rotate-every') kind=text ;;
    'kai vault set --rotate-with') kind=text ;;
    'kai vault set --retain') kind=text ;;
    'kai vault set --as') kind=text ;;
    'kai vault set --session-fd') kind=text ;;
    'kai vault get --output'|'kai vault get -o') kind=file ;;
    'kai vault get --version') kind=text ;;
    'kai vault get --as') kind=text ;;
    'kai vault get --session-fd') kind=text ;;
    'kai vault list --kind') kind='words credentials apiKeys certificates signingKeys' ;;
    'kai vault list --tag') kind=text ;;
    'kai vault list --module') kind=text ;;
    'kai vault list --service') kind=text ;;
    'kai vault list --agent') kind=text ;;
    'kai vault list --as') kind=text ;;
    'kai vault list --session-fd') kind=text ;;
    'kai vault history --as') kind=text ;;
    'kai vault history --session-fd') kind=text ;;
    'kai vault rollback --as') kind=text ;;
    'kai vault rollback --session-fd') kind=text ;;
    'kai vault rm --yes') kind=text ;;
    'kai vault rm --as') kind=text ;;
    'kai vault rm --session-fd') kind=text ;;
    'kai vault mv --as') kind=text ;;
    'kai vault mv --session-fd') kind=text ;;
    'kai vault cp --as') kind=text ;;
    'kai vault cp --session-fd') kind=text ;;
    'kai vault edit --as') kind=text ;;
    'kai vault edit --session-fd') kind=text ;;
    'kai vault generate --length') kind=text ;;
    'kai vault generate --charset') kind=text ;;
    'kai vault generate --if-version') kind=text ;;
    'kai vault generate --kind') kind='words credentials apiKeys certificates signingKeys' ;;
    'kai vault generate --tag') kind=text ;;
    'kai vault generate --module') kind=text ;;
    'kai vault generate --service') kind=text ;;
    'kai vault generate --agent') kind=text ;;
    'kai vault generate --expires') kind=text ;;
    'kai vault generate --rotate-every') kind=text ;;
    'kai vault generate --rotate-with') kind=text ;;
    'kai vault generate --retain') kind=text ;;
    'kai vault generate --as') kind=text ;;
    'kai vault generate --session-fd') kind=text ;;
    'kai vault rotate --ns') kind=text ;;
    'kai vault rotate --compromised') kind=text ;;
    'kai vault rotate --rotate-with') kind=text ;;
    'kai vault rotate --as') kind=text ;;
    'kai vault rotate --session-fd') kind=text ;;
    'kai vault due --within') kind=text ;;
    'kai vault due --as') kind=text ;;
    'kai vault due --session-fd') kind=text ;;
    'kai vault run --env') kind=text ;;
    'kai vault run --env-file') kind=file ;;
    'kai vault run --prefix') kind=text ;;
    'kai vault run --file') kind=text ;;
    'kai vault run --as') kind=text ;;
    'kai vault run --session-fd') kind=text ;;
    'kai vault inject --input'|'kai vault inject -i') kind=file ;;
    'kai vault inject --output'|'kai vault inject -o') kind=file ;;
    'kai vault inject --mode') kind=text ;;
    'kai vault inject --as') kind=text ;;
    'kai vault inject --session-fd') kind=text ;;
    'kai vault export --output'|'kai vault export -o') kind=file ;;
    'kai vault export --recipient'|'kai vault export -r') kind=text ;;
    'kai vault export --export-passphrase-file') kind=file ;;
    'kai vault export --format') kind='words dotenv json' ;;
    'kai vault export --yes') kind=text ;;
    'kai vault export --as') kind=text ;;
    'kai vault export --session-fd') kind=text ;;
    'kai vault import --to') kind=text ;;
    'kai vault import --kind') kind='words credentials apiKeys certificates signingKeys' ;;
    'kai vault import --tag') kind=text ;;
    'kai vault import --module') kind=text ;;
    'kai vault import --service') kind=text ;;
    'kai vault import --agent') kind=text ;;
    'kai vault import --on-conflict') kind='words fail skip version' ;;
    'kai vault import --identity') kind=file ;;
    'kai vault import --export-passphrase-file') kind=file ;;
    'kai vault import --as') kind=text ;;
    'kai vault import --session-fd') kind=text ;;
    'kai vault backup --output'|'kai vault backup -o') kind=file ;;
    'kai vault backup --slot') kind=text ;;
    'kai vault backup --identity') kind=file ;;
    'kai vault backup --share') kind=file ;;
    'kai vault backup --as') kind=text ;;
    'kai vault backup --session-fd') kind=text ;;
    'kai vault restore --slot') kind=text ;;
    'kai vault restore --as') kind=text ;;
    'kai vault restore --identity') kind=file ;;
    'kai vault restore --share') kind=file ;;
    'kai vault restore --ttl') kind=text ;;
    'kai vault restore --idle') kind=text ;;
    'kai vault sync --fingerprint') kind=text ;;
    'kai vault sync --as') kind=text ;;
    'kai vault sync --session-fd') kind=text ;;
    'kai vault role add --as') kind=text ;;
    'kai vault role add --session-fd') kind=text ;;
    'kai vault role rm --as') kind=text ;;
    'kai vault role rm --session-fd') kind=text ;;
    'kai vault role list --as') kind=text ;;
    'kai vault role list --session-fd') kind=text ;;
    'kai vault role show --as') kind=text ;;
    'kai vault role show --session-fd') kind=text ;;
    'kai vault role member add --as') kind=text ;;
    'kai vault role member add --session-fd') kind=text ;;
    'kai vault role member rm --as') kind=text ;;
    'kai vault role member rm --session-fd') kind=text ;;
    'kai vault grant --as') kind=text ;;
    'kai vault grant --session-fd') kind=text ;;
    'kai vault revoke --as') kind=text ;;
    'kai vault revoke --session-fd') kind=text ;;
    'kai vault device list --as') kind=text ;;
    'kai vault device list --session-fd') kind=text ;;
    'kai vault device new --as') kind=text ;;
    'kai vault device new --session-fd') kind=text ;;
    'kai vault device add --holder') kind=text ;;
    'kai vault device add --as') kind=text ;;
    'kai vault device add --session-fd') kind=text ;;
    'kai vault device rm --cut') kind=text ;;
    'kai vault device rm --as') kind=text ;;
    'kai vault device rm --session-fd') kind=text ;;
    'kai vault compact --ns') kind=text ;;
    'kai vault compact --as') kind=text ;;
    'kai vault compact --session-fd') kind=text ;;
    'kai vault resolve --admin') kind=text ;;
    'kai vault resolve --as') kind=text ;;
    'kai vault resolve --session-fd') kind=text ;;
    'kai vault check --leaks') kind=file ;;
    'kai vault check --as') kind=text ;;
    'kai vault check --session-fd') kind=text ;;
    'kai audit status --metrics') kind=file ;;
    'kai audit query --since') kind=text ;;
    'kai audit query --until') kind=text ;;
    'kai audit query --type') kind=text ;;
    'kai audit query --min-severity') kind='words info low medium high critical' ;;
    'kai audit query --act') kind=text ;;
    'kai audit query --out') kind=text ;;
    'kai audit query --agent') kind=text ;;
    'kai audit query --uid') kind=text ;;
    'kai audit query --pattern') kind=text ;;
    'kai audit query --grep') kind=text ;;
    'kai audit query --limit') kind=text ;;
    'kai audit tail --lines'|'kai audit tail -n') kind=text ;;
    'kai audit tail --since') kind=text ;;
    'kai audit tail --until') kind=text ;;
    'kai audit tail --type') kind=text ;;
    'kai audit tail --min-severity') kind='words info low medium high critical' ;;
    'kai audit tail --act') kind=text ;;
    'kai audit tail --out') kind=text ;;
    'kai audit tail --agent') kind=text ;;
    'kai audit tail --uid') kind=text ;;
    'kai audit tail --pattern') kind=text ;;
    'kai audit tail --grep') kind=text ;;
    'kai audit verify --accept-rollback') kind=text ;;
    'kai audit verify --auditor') kind=text ;;
    'kai audit verify --log') kind=text ;;
    'kai audit verify --witness') kind=text ;;
    'kai audit prove --at') kind=text ;;
    'kai audit prove --output'|'kai audit prove -o') kind=file ;;
    'kai audit check-proof --record') kind=file ;;
    'kai audit check-proof --log') kind=text ;;
    'kai audit check-proof --witness') kind=text ;;
    'kai audit check-proof --quorum') kind=text ;;
    'kai audit checkpoint --output'|'kai audit checkpoint -o') kind=file ;;
    'kai audit checkpoint --key') kind=text ;;
    'kai audit checkpoint --anchor') kind=text ;;
    'kai audit checkpoint --acknowledge') kind=text ;;
    'kai audit checkpoint --reason') kind=text ;;
    'kai audit witness request --output'|'kai audit witness request -o') kind=file ;;
    'kai audit witness request --old') kind=text ;;
    'kai audit witness sign --output'|'kai audit witness sign -o') kind=file ;;
    'kai audit witness sign --log') kind=text ;;
    'kai audit witness sign --key') kind=text ;;
    'kai audit witness sign --name') kind=text ;;
    'kai audit export --since') kind=text ;;
    'kai audit export --until') kind=text ;;
    'kai audit export --type') kind=text ;;
    'kai audit export --min-severity') kind='words info low medium high critical' ;;
    'kai audit export --act') kind=text ;;
    'kai audit export --out') kind=text ;;
    'kai audit export --agent') kind=text ;;
    'kai audit export --uid') kind=text ;;
    'kai audit export --pattern') kind=text ;;
    'kai audit export --grep') kind=text ;;
    'kai audit export --limit') kind=text ;;
    'kai audit export --format') kind='words jsonl events ocsf cef rfc5424 csv tiles' ;;
    'kai audit export --output'|'kai audit export -o') kind=file ;;
    'kai audit report --since') kind=text ;;
    'kai audit report --until') kind=text ;;
    'kai audit report --type') kind=text ;;
    'kai audit report --min-severity') kind='words info low medium high critical' ;;
    'kai audit report --act') kind=text ;;
    'kai audit report --out') kind=text ;;
    'kai audit report --agent') kind=text ;;
    'kai audit report --uid') kind=text ;;
    'kai audit report --pattern') kind=text ;;
    'kai audit report --grep') kind=text ;;
    'kai audit report --html') kind=file ;;
    'kai audit report --sarif') kind=file ;;
    'kai audit report --junit') kind=file ;;
    'kai audit report --fail-on') kind='words info low medium high critical' ;;
    'kai audit archive --before') kind=text ;;
    'kai audit prune --before') kind=text ;;
    'kai audit prune --export') kind=file ;;
    'kai audit prune --redact') kind=text ;;
    'kai tour --keep') kind=file ;;
    *) kind=none ;;
    esac
}

_kai_verb() { # $1: command; sets flags, words and files
    flags= words= files=
    case "$1" in
    'kai')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='keygen id sign verify attest hash git vault audit tour doctor completion help version'
        ;;
    'kai keygen')
        flags='--type --kind --classical --owner --capability --derive-from --output -o --no-passphrase --comment --visual --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai id')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='show export import list rename default'
        ;;
    'kai id show')
        flags='--as --key --name --namespace -n --visual --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai id export')
        flags='--as --key --name --namespace -n --private --no-passphrase --output -o --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai id import')
        flags='--name --kind --classical --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai id list')
        flags='--own --peers --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai id rename')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai id default')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai sign')
        flags='--identity -i --key --classical --namespace -n --format --hash --add --output -o --force -f --comment -t --note-name --payload-type --jcs --exclude --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai verify')
        flags='--signature -s --signer --allowed-signers --principal -I --krl --key --namespace -n --format --threshold --require-pq --at --audience --predicate-type --allow-extra --prove --output -o --force -f --explain --quiet -q --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai attest')
        flags='--identity -i --key --classical --predicate-type --predicate --builder-id --build-type --param --dep --invocation --started --finished --output -o --add --force -f --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai hash')
        flags='--algo --recursive -r --tag --zero -z --jobs -j --check -c --ignore-missing --quiet --status --strict --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai git')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='setup verify'
        ;;
    'kai git setup')
        flags='--global --local --key --identity -i --allowed-signers --no-auto-sign --undo --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai git verify')
        flags='--tags --history --signer --allowed-signers --krl --match-committer --allow-unsigned-before --at --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='init unlock lock status slot ns set get list history rollback rm mv cp edit generate rotate due run inject export import backup restore sync role grant revoke device compact resolve check'
        ;;
    'kai vault init')
        flags='--slot --label --kdf -t -m -p --iterations -k -n --to --recipient -r --ttl --idle --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault unlock')
        flags='--slot --ns --module --service --agent --read-only --no-user --accept-rollback --print --as --identity --share --ttl --idle --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault lock')
        flags='--all --systemd --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault status')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault slot')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='add list rm'
        ;;
    'kai vault slot add')
        flags='--session-fd --label --kdf -t -m -p --iterations -k -n --to --recipient -r --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault slot list')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault slot rm')
        flags='--force --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault ns')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='add list rm'
        ;;
    'kai vault ns add')
        flags='--isolated --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault ns list')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault ns rm')
        flags='--yes --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault set')
        flags='--field --public --new --if-version --kind --tag --module --service --agent --expires --rotate-every --rotate-with --retain --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault get')
        flags='--output -o --version --otp --allow-expired --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault list')
        flags='--kind --tag --module --service --agent --expired --deleted --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault history')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault rollback')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault rm')
        flags='--all-versions --yes --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault mv')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault cp')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault edit')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault generate')
        flags='--length --charset --new --if-version --kind --tag --module --service --agent --expires --rotate-every --rotate-with --retain --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault rotate')
        flags='--due --ns --compromised --rotate-with --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault due')
        flags='--within --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault run')
        flags='--env --env-file --prefix --file --real-file --no-mask --pristine --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai vault inject')
        flags='--input -i --output -o --mode --force -f --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault export')
        flags='--output -o --recipient -r --export-passphrase-file --plain --format --yes --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault import')
        flags='--to --kind --tag --module --service --agent --on-conflict --dry-run --identity --export-passphrase-file --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='kai dotenv json pass passage sops bitwarden-json bitwarden-csv keepass-xml keepass-csv'
        files=1
        ;;
    'kai vault backup')
        flags='--output -o --force -f --deep --slot --identity --share --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='verify'
        files=1
        ;;
    'kai vault restore')
        flags='--accept-rollback --slot --as --identity --share --ttl --idle --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai vault sync')
        flags='--pull --push --dry-run --fingerprint --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault role')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='add rm list show member'
        ;;
    'kai vault role add')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault role rm')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault role list')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault role show')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault role member')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='add rm'
        ;;
    'kai vault role member add')
        flags='--yes --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault role member rm')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault grant')
        flags='--read --write --user --from-now --yes --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault revoke')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault device')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='list new add rm'
        ;;
    'kai vault device list')
        flags='--as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault device new')
        flags='--replace --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault device add')
        flags='--holder --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai vault device rm')
        flags='--cut --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault compact')
        flags='--ns --reencrypt --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault resolve')
        flags='--admin --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai vault check')
        flags='--deep --leaks --as --session-fd --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='init status show query tail verify prove check-proof checkpoint witness hash export report alert archive prune'
        ;;
    'kai audit init')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit status')
        flags='--vkey --metrics --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit show')
        flags='--raw --reveal --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit query')
        flags='--since --until --type --min-severity --act --out --agent --uid --pattern --grep --limit --reverse --count --raw --verify --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit tail')
        flags='--lines -n --follow -f --since --until --type --min-severity --act --out --agent --uid --pattern --grep --raw --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit verify')
        flags='--public --quick --anchors --repair --accept-rollback --auditor --log --witness --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit prove')
        flags='--at --output -o --force -f --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit check-proof')
        flags='--record --log --witness --quorum --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai audit checkpoint')
        flags='--output -o --force -f --key --new-epoch --anchor --acknowledge --reason --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit witness')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='request submit add sign trust forget list'
        ;;
    'kai audit witness request')
        flags='--output -o --force -f --old --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit witness submit')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit witness add')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai audit witness sign')
        flags='--output -o --force -f --log --key --name --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit witness trust')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai audit witness forget')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit witness list')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit hash')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit export')
        flags='--since --until --type --min-severity --act --out --agent --uid --pattern --grep --limit --reverse --format --output -o --force -f --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit report')
        flags='--since --until --type --min-severity --act --out --agent --uid --pattern --grep --html --sarif --junit --fail-on --force -f --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit alert')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='list test flush rules lint'
        ;;
    'kai audit alert list')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit alert test')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit alert flush')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit alert rules')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit alert lint')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        files=1
        ;;
    'kai audit archive')
        flags='--before --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai audit prune')
        flags='--before --export --discard --no-witness --yes --redact --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai tour')
        flags='--keep --home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai doctor')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    'kai completion')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='bash zsh fish powershell'
        ;;
    'kai help')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        words='exit-codes environment formats'
        ;;
    'kai version')
        flags='--home --json --no-input --passphrase-fd --passphrase-file --allow-agent-reveal --help -h'
        ;;
    esac
}

_kai_words() { # $1: words to choose from
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
            'kai keygen'|'kai id'|'kai id show'|'kai id export'|'kai id import'|'kai id list'|'kai id rename'|'kai id default'|'kai sign'|'kai verify'|'kai attest'|'kai hash'|'kai git'|'kai git setup'|'kai git verify'|'kai vault'|'kai vault init'|'kai vault unlock'|'kai vault lock'|'kai vault status'|'kai vault slot'|'kai vault slot add'|'kai vault slot list'|'kai vault slot rm'|'kai vault ns'|'kai vault ns add'|'kai vault ns list'|'kai vault ns rm'|'kai vault set'|'kai vault get'|'kai vault list'|'kai vault history'|'kai vault rollback'|'kai vault rm'|'kai vault mv'|'kai vault cp'|'kai vault edit'|'kai vault generate'|'kai vault rotate'|'kai vault due'|'kai vault run'|'kai vault inject'|'kai vault export'|'kai vault import'|'kai vault backup'|'kai vault restore'|'kai vault sync'|'kai vault role'|'kai vault role add'|'kai vault role rm'|'kai vault role list'|'kai vault role show'|'kai vault role member'|'kai vault role member add'|'kai vault role member rm'|'kai vault grant'|'kai vault revoke'|'kai vault device'|'kai vault device list'|'kai vault device new'|'kai vault device add'|'kai vault device rm'|'kai vault compact'|'kai vault resolve'|'kai vault check'|'kai audit'|'kai audit init'|'kai audit status'|'kai audit show'|'kai audit query'|'kai audit tail'|'kai audit verify'|'kai audit prove'|'kai audit check-proof'|'kai audit checkpoint'|'kai audit witness'|'kai audit witness request'|'kai audit witness submit'|'kai audit witness add'|'kai audit witness sign'|'kai audit witness trust'|'kai audit witness forget'|'kai audit witness list'|'kai audit hash'|'kai audit export'|'kai audit report'|'kai audit alert'|'kai audit alert list'|'kai audit alert test'|'kai audit alert flush'|'kai audit alert rules'|'kai audit alert lint'|'kai audit archive'|'kai audit prune'|'kai tour'|'kai doctor'|'kai completion'|'kai help'|'kai version')
                at="$at $word"
                ;;
            'kai vault run '*)
                rest=1
                ;;
            esac
            ;;
        esac
    done
    if [[ -n $pending && $cur == "=" ]]; then
        cur=
    fi
    if [[ -z $rest && -z $pending ]]; then
        case "$cur" in
        --*=*)
            pending=${cur%%=*}
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
