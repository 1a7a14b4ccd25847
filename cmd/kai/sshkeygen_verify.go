package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"kai/internal/sig"
	"kai/internal/sig/allowedsigners"
	"kai/internal/sig/krl"
	"kai/internal/sig/sshsig"
)

// verify is -Y verify and, without a list of allowed signers, -Y check-novalidate.
func (k *keygen) verify(ctx context.Context) int {
	settings, claim, ok := k.accept(ctx)
	if !ok {
		if !k.quiet {
			fmt.Fprintln(k.env.stdout, "Could not verify signature.")
		}
		return keygenFailed
	}
	if !k.quiet {
		who := ""
		if k.principal != nil {
			who = " for " + *k.principal
		}
		fmt.Fprintf(k.env.stdout, "Good \"%s\" signature%s with %s key %s\n", k.namespace, who, typeWord(claim), claim.Key.Fingerprint())
	}
	if settings.printPubkey {
		fmt.Fprintln(k.env.stdout, publicLine(claim))
	}
	return keygenDone
}

// accept reports whether the signature is good, and its signer neither revoked nor forbidden.
func (k *keygen) accept(ctx context.Context) (settings keygenSettings, claim *sig.Claim, ok bool) {
	if settings, ok = k.readSettings("verify-time=", "print-pubkey"); !ok {
		return settings, nil, false
	}
	if claim, ok = k.readSignature("sig_verify"); !ok {
		return settings, nil, false
	}
	if !k.isGood(ctx, claim) || k.isRevoked(claim) {
		return settings, nil, false
	}
	return settings, claim, k.file == nil || k.isAllowed(claim, settings.verifyTime)
}

// readSignature reads what ssh-keygen would look at of the signature file: the first block,
// and kai's own behind it. caller is the function that ssh-keygen's messages name.
func (k *keygen) readSignature(caller string) (*sig.Claim, bool) {
	file, err := readBounded(k.env.path(*k.signature), sig.DetachedLimits.FileSize)
	if err != nil {
		k.complain("Couldn't read signature file: %s", systemText(err))
		return nil, false
	}
	const begin, end = "-----BEGIN SSH SIGNATURE-----", "\n-----END SSH SIGNATURE-----"
	switch {
	case len(file) < len(begin):
		k.complain("Couldn't parse signature: missing header")
		k.complain("%s: sshsig_armor: incomplete message", caller)
		return nil, false
	case !bytes.HasPrefix(file, []byte(begin)):
		k.complain("Couldn't parse signature: missing header")
		k.complain("%s: sshsig_armor: invalid format", caller)
		return nil, false
	case !bytes.Contains(file, []byte(end)):
		k.complain("Couldn't parse signature: missing footer")
		k.complain("%s: sshsig_armor: invalid format", caller)
		return nil, false
	}
	u, err := sshsig.Parse(sshsig.First(file), sig.DetachedLimits)
	if err != nil {
		k.complain("Couldn't parse signature: %s", err)
		return nil, false
	}
	return &u.Claims[0], true
}

// isGood checks the mathematics over standard input.
func (k *keygen) isGood(ctx context.Context, claim *sig.Claim) bool {
	results, err := sig.Check(ctx, []*sig.Claim{claim}, &message{env: k.env, name: "-"}, sig.Keys(nil))
	if err != nil {
		k.complain("Couldn't read the signed data: %s", systemText(err))
		return false
	}
	var bad *sig.BadSignature
	switch err := results[0].Err; {
	case claim.Namespace != k.namespace:
		k.complain("Couldn't verify signature: namespace does not match")
	case errors.As(err, &bad) && bad.Code == "signature":
		k.proven = true
		k.complain("Signature verification failed: incorrect signature")
	case err != nil:
		k.complain("Signature verification failed: %s", err)
	default:
		return true
	}
	return false
}

// isRevoked reports whether the list of -r names the signer, or cannot be read. Like
// ssh-keygen it says nothing of a list that is missing or no list, and of a revoked key.
func (k *keygen) isRevoked(claim *sig.Claim) bool {
	if k.revoked == nil {
		return false
	}
	data, err := readBounded(k.env.path(*k.revoked), krl.MaxFile)
	if err != nil {
		return true
	}
	parse := krl.ParseText
	if krl.Detect(data) {
		parse = krl.Parse
	}
	list, err := parse(data)
	if err != nil {
		if krl.Detect(data) {
			k.complain("%s: %s", *k.revoked, err)
		}
		return true
	}
	_, revoked := list.Revokes(claim.Key, claim.Certificate)
	return revoked
}

// isAllowed asks the list of allowed signers.
func (k *keygen) isAllowed(claim *sig.Claim, at time.Time) bool {
	signer, err := allowedsigners.SignerOf(claim)
	if err != nil {
		k.complain("Couldn't verify signature: %s", err)
		return false
	}
	list, err := k.readAllowed()
	if err != nil {
		k.complainAllowed(err)
		return false
	}
	answer := list.Allow(signer, *k.principal, k.namespace, at)
	k.remark(answer.Remarks)
	return answer.Entry != nil
}

// readAllowed reads the file of -f, which may be the trust store. A directory opens, and cannot be read.
func (k *keygen) readAllowed() (*allowedsigners.List, error) {
	data, err := readBounded(k.env.path(*k.file), allowedsigners.MaxFile)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("{")) {
		return k.env.storeSigners(*k.file, data)
	}
	return allowedsigners.Parse(data, k.env.now().Location())
}

// complainAllowed reports a list that could not be opened. Of one that cannot be read
// ssh-keygen -Y verify says nothing.
func (k *keygen) complainAllowed(err error) {
	switch {
	case isReadError(err):
	case isSystemError(err):
		k.complain(`Unable to open allowed keys file "%s": %s`, *k.file, systemText(err))
	default:
		k.complain("%s: %s", *k.file, err)
	}
}

// remark prints what was wrong with lines of the list.
func (k *keygen) remark(remarks []allowedsigners.Remark) {
	for _, r := range remarks {
		k.complain("%s:%d: %s", *k.file, r.Line, r.Text)
	}
}

// isReadError reports whether a file could be opened but not read.
func isReadError(err error) bool {
	var path *os.PathError
	return errors.As(err, &path) && path.Op == "read"
}

func isSystemError(err error) bool {
	var path *os.PathError
	return errors.As(err, &path)
}

// typeWord is the type of the signer's key as ssh-keygen prints it.
func typeWord(claim *sig.Claim) string {
	word := claim.Key.Type().Word()
	if claim.Certificate != nil {
		word += "-CERT"
	}
	return word
}

// publicLine is the signer's key or certificate as a line of a .pub file, without a comment.
func publicLine(claim *sig.Claim) string {
	blob := claim.Certificate
	if blob == nil {
		blob = claim.Key.Wire()
	}
	name := blob[4 : 4+binary.BigEndian.Uint32(blob)] // the blob has been parsed before
	return string(name) + " " + base64.StdEncoding.EncodeToString(blob)
}
