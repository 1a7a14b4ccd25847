package main

// tourSteps are the steps of the tour, in their order. Each new verb adds its
// own.
func tourSteps() []tourStep {
	return []tourStep{
		{
			say:  "What is installed.",
			line: "kai version",
			want: "kai ",
		},
		{
			say:  "Begin a log: from now on every command that uses a key or judges is recorded.",
			line: "kai audit init",
		},
		{
			say:  "A signing key in OpenSSH's format, as a build machine needs it.",
			line: "kai keygen -o release_key --no-passphrase --comment release",
			want: "ssh-ed25519 ",
		},
		{
			say:  "Sign a file: the signature is app.sig.",
			put:  map[string]string{"app": "#!/bin/sh\necho hello\n"},
			line: "kai sign app --key file:release_key",
		},
		{
			say:  "May I rely on it? Yes: it is signed, and by the key that I named.",
			line: "kai verify app --signer release_key.pub",
			want: "trusted  app  release_key.pub",
		},
		{
			say:  "A good signature by a key that nobody named vouches for nothing.",
			line: "kai verify app",
			exit: exitUntrusted,
			want: "unknown_signer",
		},
		{
			say:  "OpenSSH has its own list of who may sign what.",
			line: "kai id export release_key.pub --as allowed-signers --name release@example.org -n file > allowed_signers",
		},
		{
			say:  "By that list ssh-keygen accepts the signature.",
			line: "ssh-keygen -Y verify -f allowed_signers -I release@example.org -n file -s app.sig < app",
			want: "Good",
		},
		{
			say:  "So does kai, which finds out who it was.",
			line: "kai verify app --allowed-signers allowed_signers",
			want: "release@example.org",
		},
		{
			say:  "One changed byte is proven bad.",
			put:  map[string]string{"app": "#!/bin/sh\necho hullo\n"},
			line: "kai verify app --signer release_key.pub",
			exit: exitBad,
			want: "bad  app",
		},
		{
			say: "Sign a whole directory at once: dist.kai-manifest.",
			put: map[string]string{
				"dist/LICENSE": "as you like\n", "dist/README": "read me\n", "dist/bin/tool": "#!/bin/sh\nexit 0\n",
			},
			line: "kai sign dist --key file:release_key",
		},
		{
			say:  "The directory is as it was signed.",
			line: "kai verify dist --signer release_key.pub",
			want: "trusted  dist.kai-manifest",
		},
		{
			say:  "Prove one file of it to somebody who does not have the others.",
			line: "kai verify dist.kai-manifest --signer release_key.pub --prove bin/tool -o tool.kai-proof",
			want: "trusted",
		},
		{
			say:  "They need the file, the proof and the key.",
			line: "kai verify dist/bin/tool -s tool.kai-proof --signer release_key.pub",
			want: "trusted  dist/bin/tool",
		},
		{
			say:  "An added file is noticed, and named.",
			put:  map[string]string{"dist/backdoor": "#!/bin/sh\n"},
			line: "kai verify dist --signer release_key.pub",
			exit: exitBad,
			want: "extra  backdoor",
		},
		{
			say:  "The same key signs for people who use minisign.",
			put:  map[string]string{"notes.txt": "Nothing new.\n"},
			line: "kai sign notes.txt --format minisign --key file:release_key",
		},
		{
			say:  "They need the key as minisign writes it.",
			line: "kai id export release_key.pub --as minisign -o minisign.pub",
		},
		{
			say:  "minisign accepts the signature.",
			line: "minisign -V -p minisign.pub -m notes.txt",
			want: "verified",
		},
		{
			say:  "kai finds any signature beside a file, whatever its format, and explains its answer.",
			line: "kai verify notes.txt --signer minisign.pub --explain",
			want: "format       minisign",
		},
		{
			say:  "State how a file came to be, for those who ask for provenance.",
			line: "kai attest notes.txt --predicate-type slsa-provenance --builder-id https://example.org/ci --build-type https://example.org/make --key file:release_key",
		},
		{
			say:  "The statement is about this file, and by the key that I named.",
			line: "kai verify notes.txt.intoto.jsonl notes.txt --signer release_key.pub",
			want: "trusted  notes.txt",
		},
		{
			say:  "A post-quantum key, for signatures that must last.",
			line: "kai keygen -o pq_key --type ml-dsa-65 --no-passphrase",
			want: "ml-dsa-65:",
		},
		{
			say:  "Sign with both: other tools still see an ordinary SSH signature.",
			line: "kai sign notes.txt --key file:release_key --key file:pq_key",
		},
		{
			say:  "Who signs is now a file of two keys: the classical one …",
			line: "kai id export release_key.pub > release.pub",
		},
		{
			say:  "… and the post-quantum one.",
			line: "kai id export pq_key.pub >> release.pub",
		},
		{
			say:  "Demand both halves.",
			line: "kai verify notes.txt -s notes.txt.sig --signer release.pub --require-pq",
			want: "file sha256 pq",
		},
		{
			say:  "A repository, to be signed with the same key …",
			line: "git init -q project",
		},
		{
			say:   "… by kai in the place of ssh-keygen.",
			line:  "kai git setup --key file:../release_key",
			in:    "project",
			needs: "git",
			want:  "commit.gpgSign",
		},
		{
			say:  "From now on each commit is signed.",
			line: "git -C project -c user.name=Ada -c user.email=ada@example.org commit -q --allow-empty -m Signed",
		},
		{
			say:   "Was every commit signed by somebody whom I know?",
			line:  "kai git verify HEAD --signer ../release_key.pub",
			in:    "project",
			needs: "git",
			want:  "trusted",
		},
		{
			say:  "The key's other faces, here the did:key.",
			line: "kai id export release_key.pub --as did",
			want: "did:key:z6Mk",
		},
		{
			say:  "What a file hashes to, in the way of coreutils.",
			line: "kai hash --algo blake3 notes.txt",
			want: "  notes.txt",
		},
		{
			say:  "A list of hashes, checked.",
			line: "kai hash -r dist > SUMS",
		},
		{
			say:  "sha256sum would say the same.",
			line: "kai hash -c SUMS",
			want: "dist/README: OK",
		},
		{
			say:     "A vault for secrets. This one opens with a password, and is open now.",
			put:     map[string]string{"password": "correct horse battery staple\n"},
			private: true,
			line:    "kai vault init --passphrase-file password",
			keyring: true,
			want:    "fingerprint",
		},
		{
			say:     "A namespace, with keys of its own …",
			line:    "kai vault ns add ci",
			keyring: true,
		},
		{
			say:     "… and a secret in it, for one service.",
			put:     map[string]string{"token": "ghp_d8sJ2mXq4tLz\n"},
			private: true,
			line:    "kai vault set ci/github --service github < token",
			keyring: true,
		},
		{
			say:     "What there is, without the values.",
			line:    "kai vault list",
			keyring: true,
			want:    "ci/github  apiKeys",
		},
		{
			say:     "A program gets it in its environment. What it prints of it is masked.",
			line:    "kai vault run --env GH_TOKEN=kai://ci/github -- printenv GH_TOKEN",
			needs:   "printenv",
			keyring: true,
			want:    "[kai:masked]",
		},
		{
			say:  "A bot has a key …",
			line: "kai keygen -o bot_key --no-passphrase",
		},
		{
			say:     "… and is granted the namespace: its keys are encrypted to that key.",
			line:    "kai vault grant bot_key.pub ci --yes",
			keyring: true,
		},
		{
			say:     "Close the vault.",
			line:    "kai vault lock",
			keyring: true,
		},
		{
			say:     "Now nothing is given out …",
			line:    "kai vault get ci/github",
			keyring: true,
			exit:    exitLocked,
			want:    "vault is locked",
		},
		{
			say:     "… but to the bot, with its key and without the password, in CI for example.",
			line:    "kai vault get ci/github --as file:bot_key",
			keyring: true,
			want:    "ghp_",
		},
		{
			say:     "It opens that namespace and no other: for the others it has no keys.",
			line:    "kai vault get default/github --as file:bot_key",
			keyring: true,
			exit:    exitNotFound,
		},
		{
			say:  "What happened so far that needs attention: the changed byte, the strangers.",
			line: "kai audit query --min-severity medium",
			want: "signature_verified fail",
		},
		{
			say:  "Is every event as it was written, and is none missing?",
			line: "kai audit verify",
			want: "ok: ",
		},
		{
			say:  "A key that signs nothing but heads of this log …",
			line: "kai keygen -o audit_key --no-passphrase",
		},
		{
			say:  "… and the head, signed. Hand it to somebody, and nobody can rewrite what is before it.",
			line: "kai audit checkpoint --key file:audit_key",
		},
		{
			say:  "Prove one event of the log to a stranger, without the others.",
			line: "kai audit prove 6 -o event.tlog-proof",
		},
		{
			say:  "They need the log's key, which they have from you …",
			line: "kai audit status --vkey > log.vkey",
		},
		{
			say:  "… and nothing else.",
			line: "kai audit check-proof event.tlog-proof --log log.vkey",
			want: "signature_created",
		},
	}
}
