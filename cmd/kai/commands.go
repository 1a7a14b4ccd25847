package main

// rootCommand is the whole command tree. Adding a command is adding its line here; the order
// is the one of the help.
//
// Of it each start builds what the command line names. Constructors make values and nothing else:
// no files, no lookups, no work.
func rootCommand() *command {
	return &command{
		name:    "kai",
		summary: "keys, signatures and trust in one binary",
		examples: []example{
			{"kai keygen -o release_key", "a key: release_key and release_key.pub"},
			{"kai sign app --key file:release_key", "writes app.sig, which ssh-keygen accepts too"},
			{"kai verify app --signer release_key.pub", "a signature of any format: may I rely on it?"},
			{"kai hash -r dist > SUMS && kai hash -c SUMS", "lists as sha256sum writes and reads them"},
			{"kai git verify origin/main..HEAD", "every commit of a range"},
		},
		children: []verb{
			{"keygen", keygenCommand},
			{"id", idCommand},
			{"sign", signCommand},
			{"verify", verifyCommand},
			{"attest", attestCommand},
			{"hash", hashCommand},
			{"git", gitCommand},
			{"vault", vaultCommand},
			{"audit", auditCommand},
			{"tour", tourCommand},
			{"doctor", doctorCommand},
			{"completion", completionCommand},
			{"help", helpCommand},
			{"version", versionCommand},
		},
	}
}
