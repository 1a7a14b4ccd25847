package main

// rootCommand is the whole command tree. Adding a command is adding its line here; the order
// is the one of the help.
//
// It is built at each start, so constructors make values and nothing else: no files, no
// lookups, no work.
func rootCommand() *command {
	return &command{
		name:    "kai",
		summary: "keys, signatures and trust in one binary",
		examples: []example{
			{"kai keygen -o release_key", "a key, for ssh-keygen too"},
			{"kai sign app --key file:release_key", "writes app.sig"},
			{"kai verify app --signer release_key.pub", "may I rely on it?"},
		},
		children: []command{
			attestCommand(),
			completionCommand(),
			doctorCommand(),
			gitCommand(),
			hashCommand(),
			idCommand(),
			keygenCommand(),
			signCommand(),
			tourCommand(),
			verifyCommand(),
			versionCommand(),
			helpCommand(),
		},
	}
}
