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
			{"kai version", "what is installed"},
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
