// Package home opens the directory in which everything that kai keeps lies, usually ~/.kind.
//
//	~/.kind/
//	  version          the line "kai-home 1": what this directory is, and its layout
//	  lock             taken while something directly in the home changes
//	  config.toml      optional defaults
//	  truststore.json  identities, statements, revocations
//	  vault/           secrets and private keys
//	    local/         what this machine remembers; never synced
//	  audit/           the log
//
// The directory and its areas belong to one user and are closed to everybody else (0700). One
// that is not is refused, by [*PermissionError], and never repaired silently: what it holds may
// have been read or planted. Windows has no such bits; there nothing is checked.
//
// # Version
//
// The file "version" holds the bytes "kai-home 1\n". A directory that holds other things and not
// this file is not a home (ErrNotHome) and is left alone; a higher number is ErrNewer. The number
// changes only when an older kai could do harm by not knowing of the change.
//
// # Configuration
//
// config.toml is a document of TOML v1.1.0, in UTF-8 without BOM and at most 64 KiB long. Every key
// may be left out. It never holds a secret: it names the files and key holders that do.
//
//	identity = "release-bot"   # the identity used when none is named
//	color = "auto"             # auto, always or never
//	no-input = true            # never ask, fail instead
//
//	[audit]
//	on_failure = "deny"        # deny: what cannot be recorded is not done; or warn
//	auditors = ["age1…"]       # age recipients who can check the whole log, besides the owner
//	allow_network_fs = false   # whether the log may lie on a network file system
//	signer = "tpm:audit"       # key reference, or an array of two, that signs checkpoints
//	metrics_file = "/var/lib/node_exporter/kai.prom"
//	mode = "detached"          # alerts are sent by a process of their own, or inline
//	react = { repeated_failed_authentication = "lock" }
//	witnesses = ["witness.example+6b2c1d4e+BASE64"]
//
//	[[audit.alert]]            # a sink of alerts
//	name = "pager"
//	kind = "webhook"           # or exec, syslog, journald
//	min_severity = "high"      # info, low, medium, high or critical
//	url = "https://pager.example/kai"
//	secret_file = "/etc/kai/pager.key"
//
//	[vault]
//	allow_network_fs = false   # whether the vault may lie on a network file system
//
// The rules of what each may hold:
//
//   - identity: at most 256 bytes without spaces and invisible characters.
//   - auditors: at most 16, none twice, each age1 or age1pq1 followed by lower-case bech32
//     characters.
//   - signer: one key reference SCHEME:REST, or at most two different ones in an array.
//   - witnesses: at most 32 note verifier keys NAME+HASH+BASE64, none twice.
//   - react: a table from a pattern to "lock", which ends the session. The patterns are
//     repeated_failed_authentication, unauthorized_access_attempt, privilege_escalation,
//     suspicious_data_access and trust_violation.
//   - alert: at most 16 tables. name (required, unique) is 1 to 32 lower-case letters, digits and
//     dashes, the first no dash; kind is required; min_severity is high when not given. To kind
//     exec belongs argv (required), at most 64 strings of which the first is the absolute path of
//     the program. To webhook belong url and secret_file (both required). The URL is ASCII, begins
//     with https://, or with http:// when the host is in 127.0.0.0/8, ::1 or localhost, and has
//     neither user nor fragment. To syslog and journald belongs path, another socket than the
//     usual one.
//   - metrics_file, secret_file, path: absolute paths without invisible characters.
//   - Every string has at most 4096 bytes; where nothing else is said, words are as shown, in
//     lower case.
//
// An array may be empty and says then what its absence says; argv may not. Whatever else the file
// holds is an error: text that is not TOML, an unknown key (keys have one spelling, in lower case),
// a key given twice, a value of another type or form, a member that does not belong to the kind of
// its alert. [*ConfigError] names the key and the line, and never a value.
package home
