package main

func auditCommand() command {
	return command{
		name:    "audit",
		summary: "the tamper-evident log of what kai did and refused",
		examples: []example{
			{"kai audit query --since 7d --min-severity high", "what needed attention this week"},
			{"kai audit verify", "is every event as it was written, and is none missing?"},
			{"kai audit report --since 30d --html report.html", "totals, violations, trends, recommendations"},
		},
		about: "One log for the home. Every command that uses a secret, changes something or judges\n" +
			"is recorded in it, also while everything is locked. Editing, deleting, cutting the\n" +
			"end and putting back an old copy are noticed. kai-audit(5) describes the format.",
		children: []verb{
			{"init", auditInitCommand},
			{"status", auditStatusCommand},
			{"show", auditShowCommand},
			{"query", auditQueryCommand},
			{"tail", auditTailCommand},
			{"verify", auditVerifyCommand},
			{"prove", auditProveCommand},
			{"check-proof", auditCheckProofCommand},
			{"checkpoint", auditCheckpointCommand},
			{"witness", auditWitnessCommand},
			{"hash", auditHashCommand},
			{"export", auditExportCommand},
			{"report", auditReportCommand},
			{"alert", auditAlertCommand},
			{"archive", auditArchiveCommand},
			{"prune", auditPruneCommand},
		},
	}
}
