package openssh

import (
	"encoding/base64"
	"fmt"
	"strings"

	"kai/internal/key"
	"kai/internal/key/sshwire"
)

// certSuffix ends the type of every certificate.
const certSuffix = "-cert-v01@openssh.com"

// AppendPublic writes a key as the line of a .pub file, without line feed.
//
// The errors are key.ErrType for types OpenSSH lacks, and key.ErrComment.
func AppendPublic(line []byte, p key.Public, comment string) ([]byte, error) {
	name := p.Type().SSHName()
	if name == "" {
		return nil, fmt.Errorf("%w: OpenSSH has no %s keys", key.ErrType, p.Type())
	}
	if err := key.CheckComment(comment); err != nil {
		return nil, err
	}
	line = append(append(line, name...), ' ')
	line = base64.StdEncoding.AppendEncode(line, p.Wire())
	if comment != "" {
		line = append(append(line, ' '), comment...)
	}
	return line, nil
}

// AllowedSigner writes a line of an allowed_signers file, without line feed.
// Principals and namespaces are patterns, at least one principal.
//
// The errors are key.ErrType and key.ErrComment, the second also for a
// principal or namespace that is empty or holds a comma, space or quote.
func AllowedSigner(principals, namespaces []string, p key.Public) (string, error) {
	if len(principals) == 0 {
		return "", fmt.Errorf("%w: no principal", key.ErrComment)
	}
	for _, word := range append(append([]string{}, principals...), namespaces...) {
		if word == "" || strings.ContainsAny(word, " ,\"\\#") {
			return "", fmt.Errorf("%w: principal or namespace %q", key.ErrComment, word)
		}
		if err := key.CheckComment(word); err != nil {
			return "", err
		}
	}
	line := []byte(strings.Join(principals, ",") + " ")
	if len(namespaces) > 0 {
		line = append(line, `namespaces="`+strings.Join(namespaces, ",")+`" `...)
	}
	line, err := AppendPublic(line, p, "")
	return string(line), err
}

// IsPublic reports whether a line begins like a public key: with a type of
// OpenSSH, known or not, or an option of authorized_keys. Nothing else is
// checked.
func IsPublic(line string) bool {
	word := firstField(line)
	if looksLikeType(word) {
		return true
	}
	options, _, err := cutOptions(line)
	return err == nil && len(options) > 0
}

// ParsePublic reads one line of a .pub or authorized_keys file, without line
// feed.
//
// The errors are key.ErrCertificate, key.ErrType, key.ErrMalformed and
// key.ErrWeak.
func ParsePublic(line string) (key.Entry, error) {
	e := key.Entry{Form: key.FormSSHPublic}
	line = strings.Trim(line, " \t")
	if !looksLikeType(firstField(line)) {
		options, rest, err := cutOptions(line)
		if err != nil {
			return key.Entry{}, err
		}
		e.Options, line = options, rest
		for _, o := range options {
			e.Authority = e.Authority || strings.EqualFold(o, "cert-authority")
		}
	}
	word, rest := cutField(line)
	text, comment := cutField(rest)
	if strings.HasSuffix(word, certSuffix) {
		return key.Entry{}, fmt.Errorf("%s: %w", word, key.ErrCertificate)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return key.Entry{}, fmt.Errorf("OpenSSH public key: %w: base64", key.ErrMalformed)
	}
	inner, _, ok := sshwire.CutString(blob)
	if !ok || string(inner) != word {
		return key.Entry{}, fmt.Errorf("OpenSSH public key: %w: type differs inside", key.ErrMalformed)
	}
	e.Public, err = key.ParseWire(blob)
	if err != nil {
		return key.Entry{}, err
	}
	e.Comment = comment
	return e, nil
}

// looksLikeType tells the type of a key from an option. Types unknown here
// must not be taken for options, and the other way round.
func looksLikeType(word string) bool {
	for _, prefix := range []string{"ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "webauthn-"} {
		if strings.HasPrefix(word, prefix) {
			return !strings.ContainsAny(word, `=",:`)
		}
	}
	return false
}

// options of authorized_keys; those with true take a quoted value. sshd(8)
var options = map[string]bool{
	"agent-forwarding": false, "cert-authority": false, "command": true, "environment": true,
	"expiry-time": true, "from": true, "no-agent-forwarding": false, "no-port-forwarding": false,
	"no-pty": false, "no-touch-required": false, "no-user-rc": false, "no-x11-forwarding": false,
	"permitlisten": true, "permitopen": true, "port-forwarding": false, "principals": true,
	"pty": false, "restrict": false, "tunnel": true, "user-rc": false, "verify-required": false,
	"x11-forwarding": false,
}

// cutOptions reads a list of options and the white space after it. In quotes
// stands any text; a quote in it is written \".
func cutOptions(line string) (list []string, rest string, err error) {
	malformed := fmt.Errorf("OpenSSH public key: %w: neither a key type nor an option in front", key.ErrMalformed)
	for {
		end := strings.IndexAny(line, "=, \t")
		if end < 0 {
			return nil, "", malformed
		}
		name := line[:end]
		valued, known := options[strings.ToLower(name)]
		if !known || valued != (line[end] == '=') {
			return nil, "", malformed
		}
		if valued {
			length := quoted(line[end+1:])
			end += 1 + length
			if length == 0 || end == len(line) {
				return nil, "", malformed
			}
		}
		list = append(list, line[:end])
		separator := line[end]
		line = line[end+1:]
		switch separator {
		case ',':
		case ' ', '\t':
			return list, strings.TrimLeft(line, " \t"), nil
		default:
			return nil, "", malformed
		}
	}
}

// quoted returns the length of the quoted text at the front, 0 for none.
func quoted(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return 0
	}
	for i := 1; i < len(s); i++ {
		if s[i] == '"' && s[i-1] != '\\' {
			return i + 1
		}
	}
	return 0
}

func firstField(line string) string {
	word, _ := cutField(line)
	return word
}

// cutField takes the text up to white space; what follows is trimmed at its
// front.
func cutField(line string) (field, rest string) {
	end := strings.IndexAny(line, " \t")
	if end < 0 {
		return line, ""
	}
	return line[:end], strings.TrimLeft(line[end:], " \t")
}
