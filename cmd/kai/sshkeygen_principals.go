package main

import (
	"fmt"

	"kai/internal/sig/allowedsigners"
)

// findPrincipals is -Y find-principals: who made a signature, if it is good, which is not
// asked here.
func (k *keygen) findPrincipals() int {
	names, ok := k.searchPrincipals()
	if !ok {
		fmt.Fprintln(k.env.stderr, "No principal matched.")
		return keygenFailed
	}
	for _, name := range names {
		fmt.Fprintln(k.env.stdout, name)
	}
	return keygenDone
}

func (k *keygen) searchPrincipals() ([]string, bool) {
	settings, ok := k.readSettings("verify-time=")
	if !ok {
		return nil, false
	}
	claim, ok := k.readSignature("sig_find_principals")
	if !ok {
		return nil, false
	}
	signer, err := allowedsigners.SignerOf(claim)
	if err != nil {
		k.complain("sig_find_principals: sshsig_get_pubkey: %s", err)
		return nil, false
	}
	list, err := k.readAllowed()
	if err != nil {
		if isReadError(err) {
			k.complain(`Unable to read allowed keys file "%s": %s`, *k.file, systemText(err))
		}
		k.complainAllowed(err)
		if isSystemError(err) {
			k.complain("sig_find_principals: sshsig_find_principal: %s", systemText(err))
		}
		return nil, false
	}
	answer := list.FindPrincipals(signer, settings.verifyTime)
	k.remark(answer.Remarks)
	return answer.Principals, answer.Entry != nil
}

// matchPrincipals is -Y match-principals: the lines whose patterns fit a name.
func (k *keygen) matchPrincipals() int {
	if _, ok := k.readSettings(); !ok {
		return keygenInvalidArgument
	}
	code := keygenDone
	names, remarks, ok := []string(nil), []allowedsigners.Remark(nil), false
	list, err := k.readAllowed()
	switch {
	case isReadError(err):
		code = keygenNotFound
	case err != nil:
		k.complainAllowed(err)
		code = keygenSystemError
		if !isSystemError(err) {
			code = keygenFailed
		}
	default:
		names, remarks, ok = list.MatchPrincipals(*k.principal)
		k.remark(remarks)
		switch {
		case len(remarks) > 0:
			code = keygenInvalidFormat
		case !ok:
			code = keygenNotFound
		}
	}
	if code != keygenDone {
		fmt.Fprintln(k.env.stderr, "No principal matched.")
		return code
	}
	for _, name := range names {
		fmt.Fprintln(k.env.stdout, name)
	}
	return keygenDone
}
