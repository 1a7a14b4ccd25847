package main

// kai is ssh-keygen's stand-in: whenever its first argument is -Y it takes the arguments of
// ssh-keygen -Y and answers as that does, byte for byte, so that it can be git's
// gpg.ssh.program. Messages that end in CR LF come from ssh-keygen's log functions, those
// that end in LF from its printf. Exit codes are ssh-keygen's too: 0, 255, and 1 for a wrong
// command line.
//
// It differs where ssh-keygen's way would be wrong here:
//
//   - An existing FILE.sig is replaced without a question; ssh-keygen asks, and at the end of
//     its input exits with 0 unsigned.
//   - A KAI block behind the signature must verify as well.
//   - Security keys must have been touched, and certificates with unknown critical options are
//     refused.
//   - Keys of own identities come from the vault, and a trust store is a list of allowed signers.
//   - Keys of DSA and P-521 are not known, RSA keys have 2048 bits or more.
//   - Malformed signatures, private keys that cannot be used and options that have no part in
//     -Y are reported in kai's own words.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"kai/internal/sig/allowedsigners"
)

// The exit codes that a caller of ssh-keygen -Y may see.
const (
	keygenDone   = 0
	keygenUsage  = 1
	keygenFailed = 255

	// match-principals returns ssh-keygen's own error numbers, as a byte.
	keygenNotFound        = 256 - 46
	keygenSystemError     = 256 - 24
	keygenInvalidArgument = 256 - 10
	keygenInvalidFormat   = 256 - 4
)

// keygen is one call.
type keygen struct {
	env *env
	keygenOptions
	proven bool  // the signature is proven bad
	locked error // why the vault, which has the key, cannot be used
}

// keygenOptions is a parsed command line. Pointers are nil for options that were not given.
type keygenOptions struct {
	operation   string   // -Y
	namespace   string   // -n
	file        *string  // -f: a key, or allowed signers
	signature   *string  // -s
	principal   *string  // -I
	revoked     *string  // -r
	settings    []string // -O
	preferAgent bool     // -U
	quiet       bool     // -q
	args        []string
}

// isKeygen reports whether kai was called as ssh-keygen.
func isKeygen(args []string) bool { return len(args) > 0 && strings.HasPrefix(args[0], "-Y") }

// runKeygen is kai as ssh-keygen.
func runKeygen(ctx context.Context, env *env, args []string) int {
	k := &keygen{env: env}
	if err := k.parse(args); err != nil {
		k.complain("%s", err)
		io.WriteString(env.stderr, keygenUsageText)
		return keygenUsage
	}
	env.commandName = "-Y " + k.operation
	code := keygenDone
	err := record(ctx, env, k.recorded(), nil, func() error {
		code = k.run(ctx)
		switch {
		case code == keygenDone:
			return nil
		case k.proven:
			return reported(exitBad)
		case k.operation == "sign":
			return reported(exitFailure)
		}
		return reported(exitUntrusted)
	})
	if err != nil && code == keygenDone { // it could not be recorded
		k.complain("%s", err)
		code = keygenFailed
	}
	var stop stopped
	if errors.As(context.Cause(ctx), &stop) {
		return exitSignal + int(stop.signal)
	}
	return code
}

// recorded is what an operation leaves in the audit log.
func (k *keygen) recorded() recorded {
	switch k.operation {
	case "sign":
		return storeRecorded(records("signature_created"))
	case "verify", "check-novalidate":
		return storeRecorded(observes("signature_verified"))
	}
	return readsOnly("reads lists of signers")
}

const keygenUsageText = `usage: kai -Y find-principals -s signature_file -f allowed_signers_file
       kai -Y match-principals -I signer_identity -f allowed_signers_file
       kai -Y check-novalidate -n namespace -s signature_file
       kai -Y sign -f key_file -n namespace [-U] [-O option] [file ...]
       kai -Y verify -f allowed_signers_file -I signer_identity
               -n namespace -s signature_file [-r krl_file] [-O option]
`

// parse reads options as getopt does without GNU's permutation: letters may share a dash,
// values may be glued, and the first argument that is no option ends them.
func (k *keygen) parse(args []string) error {
	o := &k.keygenOptions
	for len(args) > 0 {
		word := args[0]
		if len(word) < 2 || word[0] != '-' {
			break
		}
		args = args[1:]
		if word == "--" {
			break
		}
		for letters := word[1:]; letters != ""; {
			letter := letters[0]
			letters = letters[1:]
			if o.flag(letter) {
				continue
			}
			if !strings.ContainsRune("YnfsIrO", rune(letter)) {
				return fmt.Errorf("unknown option -- %c", letter)
			}
			value := letters
			if value == "" {
				if len(args) == 0 {
					return fmt.Errorf("option requires an argument -- %c", letter)
				}
				value, args = args[0], args[1:]
			}
			o.set(letter, value)
			letters = ""
		}
	}
	o.args = args
	return nil
}

// flag takes a letter that has no value.
func (o *keygenOptions) flag(letter byte) bool {
	switch letter {
	case 'U':
		o.preferAgent = true
	case 'q':
		o.quiet = true
	case 'v': // ssh-keygen then tells how it goes about it
	default:
		return false
	}
	return true
}

func (o *keygenOptions) set(letter byte, value string) {
	switch letter {
	case 'Y':
		o.operation = value
	case 'n':
		o.namespace = value
	case 'f':
		o.file = &value
	case 's':
		o.signature = &value
	case 'I':
		o.principal = &value
	case 'r':
		o.revoked = &value
	case 'O':
		o.settings = append(o.settings, value)
	}
}

// run checks that what the operation needs is there, and does it.
func (k *keygen) run(ctx context.Context) int {
	missing := func(is bool, format string) bool {
		if is {
			k.complain(format, k.operation)
		}
		return is
	}
	switch k.operation {
	case "find-principals":
		if missing(k.signature == nil, "Too few arguments for %s:missing signature file") ||
			missing(k.file == nil, "Too few arguments for %s:missing allowed keys file") {
			return keygenUsage
		}
		return k.findPrincipals()
	case "match-principals":
		if missing(k.file == nil, "Too few arguments for %s:missing allowed keys file") ||
			missing(k.principal == nil, "Too few arguments for %s: missing principal ID") {
			return keygenUsage
		}
		return k.matchPrincipals()
	case "sign":
		if missing(k.namespace == "", "Too few arguments for %s: missing namespace") ||
			missing(k.file == nil, "Too few arguments for %s: missing key") {
			return keygenUsage
		}
		return k.sign(ctx)
	case "check-novalidate":
		if missing(k.namespace == "", "Too few arguments for %s: missing namespace") ||
			missing(k.signature == nil, "Too few arguments for %s: missing signature file") {
			return keygenUsage
		}
		k.principal, k.file, k.revoked = nil, nil, nil // have no meaning here
		return k.verify(ctx)
	case "verify":
		if missing(k.namespace == "", "Too few arguments for %s: missing namespace") ||
			missing(k.signature == nil, "Too few arguments for %s: missing signature file") ||
			k.file == nil && missing(true, "Too few arguments for sign: missing allowed keys file%.0s") ||
			missing(k.principal == nil, "Too few arguments for %s: missing principal identity") {
			return keygenUsage
		}
		return k.verify(ctx)
	}
	k.complain(`Unsupported operation for -Y: "%s"`, k.operation)
	io.WriteString(k.env.stderr, keygenUsageText)
	return keygenUsage
}

// complain is ssh-keygen's log to stderr.
func (k *keygen) complain(format string, args ...any) {
	fmt.Fprint(k.env.stderr, printable(fmt.Sprintf(format, args...))+"\r\n")
}

// failed reports what ssh-keygen has no words for.
func (k *keygen) failed(ctx context.Context, err error) int {
	report(k.env, judge(ctx, err))
	return keygenFailed
}

// keygenSettings are the values of -O.
type keygenSettings struct {
	hash        string    // hashalg=
	verifyTime  time.Time // verify-time=
	printPubkey bool      // print-pubkey
}

// readSettings reads the -O options that an operation knows; others are wrong.
func (k *keygen) readSettings(known ...string) (keygenSettings, bool) {
	now := k.env.now()
	s := keygenSettings{hash: "sha512", verifyTime: now}
	for _, text := range k.settings {
		name, value, hasValue := strings.Cut(text, "=")
		name = strings.ToLower(name)
		if hasValue {
			name += "="
		}
		switch {
		case !slices.Contains(known, name):
			k.complain(`Invalid option "%s"`, text)
			return s, false
		case name == "hashalg=":
			s.hash = value
		case name == "print-pubkey":
			s.printPubkey = true
		case name == "verify-time=":
			t, err := allowedsigners.ParseTime(value, now.Location())
			if err != nil {
				k.complain(`Invalid "verify-time" option`)
				return s, false
			}
			s.verifyTime = t
		}
	}
	return s, true
}

// systemText is the C library's text for an error of the system.
func systemText(err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return err.Error()
	}
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
