package main

import (
	"fmt"
	"strings"
)

// topics are the words that "kai help" knows besides commands.
func topics() []string { return []string{"exit-codes", "environment", "formats"} }

// topicText is the text of a topic, "" for other words.
func topicText(topic string) string {
	switch topic {
	case "exit-codes":
		return exitCodesText()
	case "environment":
		return environmentText()
	case "formats":
		return formatsText()
	}
	return ""
}

func exitCodesText() string {
	var b strings.Builder
	b.WriteString("Exit codes. They never change meaning.\n\n")
	for _, c := range exitCodes() {
		fmt.Fprintf(&b, "  %-6s %s\n", c.written, c.meaning)
	}
	b.WriteString("\nWith --json the code is also in the object: .error.exit, and .error.code says why in one word.\n")
	return b.String()
}

// environment lists each variable that changes what kai does.
func environment() [][2]string {
	return [][2]string{
		{"KAI_HOME", "the home directory, instead of ~/.kind"},
		{"KAI_IDENTITY", "the identity that signs when no -i is given"},
		{"KAI_NO_INPUT", "never ask, as --no-input"},
		{"KAI_PASSPHRASE_FILE", "file that holds the passphrase"},
		{"CREDENTIALS_DIRECTORY", "directory of systemd; its files kai.passphrase and kai.session hold passphrase and session"},
		{"KAI_ASKPASS, SSH_ASKPASS", "program that asks for the passphrase"},
		{"KAI_PASSPHRASE", "the passphrase itself: other processes may see it, use a file"},
		{"CI", "never ask, as --no-input"},
		{"KAI_IN_HOOK", "set for the programs that take alerts: no alerts are raised under it"},
		{"CLAUDECODE, CURSOR_TRACE_ID, CODEX_*, AGENT", "an agent is driving: never ask, and reveal secrets only with --allow-agent-reveal"},
		{"SSH_AUTH_SOCK", "the ssh-agent"},
		{"KAI_SESSION", "an unlocked session, as kai vault unlock --print gives it; it comes before the kernel's keyring"},
		{"XDG_RUNTIME_DIR", "where an unlocked session is kept"},
		{"VISUAL, EDITOR", "what kai vault edit runs"},
		{"NO_COLOR, TERM=dumb", "no escape sequences and no progress bars"},
	}
}

func environmentText() string {
	var b strings.Builder
	b.WriteString("Environment. Flags win over variables.\n\n")
	for _, e := range environment() {
		fmt.Fprintf(&b, "  %s\n      %s\n", e[0], e[1])
	}
	b.WriteString(`
A passphrase is looked for in this order: --passphrase-fd, --passphrase-file, KAI_PASSPHRASE_FILE,
$CREDENTIALS_DIRECTORY/kai.passphrase, KAI_ASKPASS or SSH_ASKPASS, the terminal, KAI_PASSPHRASE.
`)
	return b.String()
}

func formatsText() string {
	return `Formats, and who else reads them.

Signatures
  sshsig       FILE.sig             ssh-keygen -Y verify; may carry a second, post-quantum block
  manifest     NAME.kai-manifest    a signed directory; its head is an sshsig
  minisign     FILE.minisig         minisign -V
  signify      FILE.sig             signify -V (verified only)
  dsse         FILE.intoto.jsonl    in-toto and cosign
  jws          FILE.jws             JOSE libraries, A2A cards
  note         FILE.note            C2SP signed notes
  raw          FILE.rawsig          openssl pkeyutl -verify
  git          commits and tags     git verify-commit, forges

Keys
  openssh, ssh-public, pem (PKCS#8, SPKI), jwk, jwks, minisign, signify, age, did, did-document, vkey,
  allowed-signers, raw, hex, text (TYPE:KEY); kai id export converts them

Checksum lists
  sha256sum, sha512sum, b2sum, b3sum, cksum --tag, openssl dgst: kai hash -c checks them all

Answers
  Without --json: text for people. With --json: one object a line, each with "schema" and "ok".
  Members are only ever added to a schema.
`
}
