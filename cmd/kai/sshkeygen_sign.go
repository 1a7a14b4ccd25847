package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"kai/internal/backend"
	"kai/internal/backend/agent"
	"kai/internal/backend/file"
	"kai/internal/digest"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/sig/sshsig"
)

// errKeygenReported ends an operation whose failure ssh-keygen's words have told.
var errKeygenReported = errors.New("reported")

// keygenSigner is who signs, and with which certificate.
type keygenSigner struct {
	sig.Signer
	certificate []byte
	held        io.Closer
}

// sign is -Y sign: of files, each beside it, or of standard input to stdout.
func (k *keygen) sign(ctx context.Context) int {
	for _, name := range k.args {
		if name == "-" && len(k.args) > 1 {
			k.complain("Cannot sign mix of paths and standard input")
			return keygenFailed
		}
	}
	settings, ok := k.readSettings("hashalg=")
	if !ok {
		return keygenFailed
	}
	s, err := k.openKey(ctx)
	if err == nil {
		defer s.held.Close()
		err = k.signAll(ctx, s, settings.hash)
	}
	switch {
	case errors.Is(err, errKeygenReported):
		return keygenFailed
	case err != nil:
		return k.failed(ctx, err)
	}
	return keygenDone
}

func (k *keygen) signAll(ctx context.Context, s *keygenSigner, hash string) error {
	if len(k.args) == 0 || k.args[0] == "-" {
		k.progress("Signing data on standard input")
		blocks, err := k.signStream(ctx, s, hash, "(stdin)", contextReader{ctx, k.env.stdin})
		if err != nil {
			return err
		}
		_, err = k.env.stdout.Write(blocks)
		return err
	}
	for _, name := range k.args {
		if err := k.signFile(ctx, s, hash, name); err != nil {
			return err
		}
	}
	return nil
}

func (k *keygen) signFile(ctx context.Context, s *keygenSigner, hash, name string) error {
	in, err := os.Open(k.env.path(name))
	if err != nil {
		return k.reported("Cannot open %s for signing: %s", name, systemText(err))
	}
	defer in.Close()
	k.progress("Signing file " + name)
	blocks, err := k.signStream(ctx, s, hash, name, in)
	if err != nil {
		return err
	}
	// A leftover is replaced: git signs a temporary file, and reads what is beside it.
	out := name + ".sig"
	if err := k.env.writeFile(ctx, out, blocks, outputOptions{mode: 0o666, force: true}); err != nil {
		return k.reported("Cannot open %s: %s", out, systemText(err))
	}
	k.progress("Write signature to " + out)
	return nil
}

func (k *keygen) signStream(ctx context.Context, s *keygenSigner, hash, name string, in io.Reader) ([]byte, error) {
	if hash != "sha256" && hash != "sha512" {
		k.complain(`sshsig_check_hashalg: unsupported hash algorithm "%s"`, hash)
		return nil, k.unhashed(name, "signature algorithm not supported")
	}
	algorithm, err := digest.ByName(hash)
	if err != nil {
		return nil, err
	}
	sums, err := digest.Sums(ctx, in, []digest.Spec{{Algorithm: algorithm}})
	if err != nil {
		k.complain("hash_file: read: %s", systemText(err))
		return nil, k.unhashed(name, systemText(err))
	}
	if s.certificate != nil {
		return sshsig.SignCertified(k.env.random, s.Signer, s.certificate, k.namespace, hash, sums[0])
	}
	return sshsig.Sign(k.env.random, s.Signer, k.namespace, hash, sums[0])
}

// unhashed is how a failure to hash passes through ssh-keygen's functions.
func (k *keygen) unhashed(name, reason string) error {
	k.complain("sshsig_sign_fd: hash_file: %s", reason)
	return k.reported("Signing %s failed: %s", name, reason)
}

// progress is what ssh-keygen prints unless it is told to be quiet.
func (k *keygen) progress(text string) {
	if !k.quiet {
		fmt.Fprintln(k.env.stderr, printable(text))
	}
}

// reported complains and returns errKeygenReported.
func (k *keygen) reported(format string, args ...any) error {
	k.complain(format, args...)
	return errKeygenReported
}

// openKey finds the key of -f: in the vault if it is one of an own identity, in the ssh-agent if it is
// there, else in the private file. A public file stands for the private one beside it. What is no file
// but a reference, vault:NS/PATH, is one: git passes on whatever user.signingKey says.
func (k *keygen) openKey(ctx context.Context) (*keygenSigner, error) {
	path := *k.file
	if strings.HasPrefix(path, vaultScheme) {
		held, signer, err := openSigner(ctx, k.env, path)
		if err != nil {
			return nil, err
		}
		return k.signerOf(signer.Public, signer, nil, held), nil
	}
	pub, certificate, err := k.readPublic(ctx, path)
	if err != nil {
		return nil, err
	}
	signer, held, err := k.openInVault(ctx, pub)
	if err != nil {
		return nil, err
	}
	if held != nil {
		return k.signerOf(pub, signer, certificate, held), nil
	}
	key, err := k.openInAgent(ctx, pub)
	holder := "agent"
	if err == nil && key == nil {
		holder = "file"
		key, err = k.openPrivate(ctx, path, pub)
	}
	if err != nil {
		return nil, err
	}
	made, err := key.(backend.Signer).Signer(ctx)
	if err == nil {
		err = k.env.recordNow(ctx, keyRetrieved(holder, pub, ""))
	}
	if err != nil {
		key.Close()
		return nil, err
	}
	return k.signerOf(pub, sig.Signer{Public: pub, Signer: made}, certificate, key), nil
}

// signerOf tells the audit log who signs. Git's signatures stay classical: forges parse them.
func (k *keygen) signerOf(pub key.Public, s sig.Signer, certificate []byte, held io.Closer) *keygenSigner {
	k.env.fact("key_id", pub.Fingerprint())
	k.env.fact("key_type", string(pub.Type()))
	s.PQ = nil
	return &keygenSigner{Signer: s, certificate: certificate, held: held}
}

// openInVault returns nil if the key is none of an own identity. When the vault is locked the agent may
// have it too; if not, how to unlock is what is worth saying.
func (k *keygen) openInVault(ctx context.Context, pub key.Public) (sig.Signer, io.Closer, error) {
	known, err := k.env.knownSigners()
	if err != nil {
		return sig.Signer{}, nil, err
	}
	found, _, ok := known.find(pub)
	if !ok || found.Own == "" {
		return sig.Signer{}, nil, nil
	}
	entry, _, err := k.env.ownIdentity(found.ID().String())
	if err != nil {
		return sig.Signer{}, nil, err
	}
	h, err := k.env.holdIdentity(ctx, entry)
	if o := judge(ctx, err); err != nil && o.code == exitLocked {
		k.locked = err
		return sig.Signer{}, nil, nil
	}
	if err != nil {
		return sig.Signer{}, nil, err
	}
	for _, s := range h.signers {
		if s.Public == pub {
			k.env.fact("agent_id", h.ID().String())
			return s, heldCloser{h}, nil
		}
	}
	h.close()
	return sig.Signer{}, nil, failf(exitUntrusted, "superseded", "identity %s signs with another key now: kai git setup", found.Name)
}

// heldCloser wipes the keys of an identity.
type heldCloser struct{ h *heldIdentity }

// Close implements io.Closer.
func (c heldCloser) Close() error {
	c.h.close()
	return nil
}

// openInAgent returns nil if the agent is not there or does not have the key, unless -U wants
// it from there.
func (k *keygen) openInAgent(ctx context.Context, pub key.Public) (backend.Key, error) {
	env := k.env.keyHolders()
	held, err := agent.OpenPublic(ctx, pub, env)
	switch {
	case err == nil:
		return held, nil
	case k.locked != nil:
		return nil, k.locked
	case !k.preferAgent:
		return nil, nil
	case errors.Is(err, backend.ErrNotFound):
		return nil, k.reported("Couldn't find key in agent")
	}
	return nil, k.reported("Couldn't get agent socket")
}

// openPrivate opens the private file that path is, or that belongs to the public file path.
func (k *keygen) openPrivate(ctx context.Context, path string, pub key.Public) (backend.Key, error) {
	private := strings.TrimSuffix(strings.TrimSuffix(path, "-cert.pub"), ".pub")
	info, err := os.Stat(k.env.path(private))
	switch {
	case errors.Is(err, fs.ErrNotExist) && private != path:
		return nil, k.reported(`No private key found for public key "%s"`, path)
	case err != nil:
		return nil, k.reported(`No private key found for "%s"`, private)
	case tooOpenForSSH(info):
		k.complainOpen(private, info)
		return nil, k.reported(`No private key found for "%s"`, private)
	}
	ref := backend.Ref{Scheme: "file", Attributes: []backend.Pair{{Name: "path", Value: private}}}
	held, err := file.Backend{}.Open(ctx, ref, k.env.keyHolders())
	switch {
	case errors.Is(err, backend.ErrNotFound), errors.Is(err, backend.ErrUnavailable): // it holds a public key
		return nil, k.reported(`No private key found for "%s"`, private)
	case err != nil:
		return nil, err
	case held.Public() != pub:
		held.Close()
		return nil, k.reported("Public key %s doesn't match private %s", path, private)
	}
	if locked, ok := held.(interface {
		Private(context.Context) (*key.Private, error)
	}); ok {
		if _, err := locked.Private(ctx); err != nil { // before anything is said of signing
			held.Close()
			return nil, withHint(err, "ssh-add %s, or name a file that holds the passphrase in KAI_PASSPHRASE_FILE", private)
		}
	}
	return held, nil
}

func (k *keygen) complainOpen(private string, info fs.FileInfo) {
	frame := strings.Repeat("@", 59)
	k.complain("%s", frame)
	k.complain("@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @")
	k.complain("%s", frame)
	k.complain("Permissions 0%3.3o for '%s' are too open.", info.Mode().Perm(), private)
	k.complain("It is required that your private key files are NOT accessible by others.")
	k.complain("This private key will be ignored.")
}

// readPublic finds the public key that path stands for: in the file itself, in the one beside
// it with .pub, or in the open part of the private key.
func (k *keygen) readPublic(ctx context.Context, path string) (key.Public, []byte, error) {
	var missing error
	for _, name := range []string{path, path + ".pub"} {
		data, err := readBounded(k.env.path(name), key.MaxFile)
		if err != nil {
			missing = err
			continue
		}
		if blob, ok := findPublicBlob(data); ok {
			return publicOf(blob)
		}
	}
	ref := backend.Ref{Scheme: "file", Attributes: []backend.Pair{{Name: "path", Value: path}}}
	env := k.env.keyHolders()
	env.AgentSocket = ""
	held, err := file.Backend{}.Open(ctx, ref, env)
	if err != nil {
		if missing != nil && (isSystemError(err) || errors.Is(err, key.ErrMalformed)) {
			err = k.reported("Couldn't load public key %s: %s", path, systemText(missing))
		}
		return key.Public{}, nil, err
	}
	defer held.Close()
	return held.Public(), nil, nil
}

// findPublicBlob returns the blob of the first line that looks like a public key or
// certificate.
func findPublicBlob(data []byte) (blob []byte, ok bool) {
	for line := range bytes.Lines(data) {
		words := strings.Fields(string(line))
		if len(words) < 2 {
			continue
		}
		blob, err := base64.StdEncoding.Strict().DecodeString(words[1])
		prefix := ssh.Marshal(struct{ Name string }{words[0]})
		if err == nil && bytes.HasPrefix(blob, prefix) {
			return blob, true
		}
	}
	return nil, false
}

// publicOf parses the blob of a key or of a certificate, which it then returns as well.
func publicOf(blob []byte) (pub key.Public, certificate []byte, err error) {
	parsed, err := ssh.ParsePublicKey(blob)
	if cert, ok := parsed.(*ssh.Certificate); ok && err == nil {
		certificate, blob = blob, cert.Key.Marshal()
	}
	pub, err = key.ParseWire(blob)
	return pub, certificate, err
}
