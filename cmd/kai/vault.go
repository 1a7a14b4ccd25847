package main

import (
	"github.com/urfave/cli/v2"

	"kai/internal/audit/event"
)

func vaultCommand() command {
	return command{
		name:    "vault",
		summary: "secrets and private keys, encrypted at rest",
		examples: []example{
			{"kai vault init", "a vault that a password opens"},
			{"kai vault unlock", "open it, for a time"},
			{`printf %s "$TOKEN" | kai vault set ci/github#token --service github`, "keep a secret"},
			{"kai vault run --env GH_TOKEN=kai://ci/github#token -- gh release list", "use it without seeing it"},
			{"kai vault lock", "close it"},
		},
		about: "Secrets are named NAMESPACE/PATH[#FIELD], and in templates and environments\n" +
			"kai://NAMESPACE/PATH[#FIELD][?version=N]. Who was not granted a namespace cannot\n" +
			"decrypt it, with the whole directory in hand. Each use is an event in kai audit.",
		children: []verb{
			{"init", vaultInitCommand},
			{"unlock", vaultUnlockCommand},
			{"lock", vaultLockCommand},
			{"status", vaultStatusCommand},
			{"slot", vaultSlotCommand},
			{"ns", vaultNSCommand},
			{"set", vaultSetCommand},
			{"get", vaultGetCommand},
			{"list", vaultListCommand},
			{"history", vaultHistoryCommand},
			{"rollback", vaultRollbackCommand},
			{"rm", vaultRmCommand},
			{"mv", vaultMvCommand},
			{"cp", vaultCpCommand},
			{"edit", vaultEditCommand},
			{"generate", vaultGenerateCommand},
			{"rotate", vaultRotateCommand},
			{"due", vaultDueCommand},
			{"run", vaultRunCommand},
			{"inject", vaultInjectCommand},
			{"export", vaultExportCommand},
			{"import", vaultImportCommand},
			{"backup", vaultBackupCommand},
			{"restore", vaultRestoreCommand},
			{"sync", vaultSyncCommand},
			{"role", vaultRoleCommand},
			{"grant", vaultGrantCommand},
			{"revoke", vaultRevokeCommand},
			{"device", vaultDeviceCommand},
			{"compact", vaultCompactCommand},
			{"resolve", vaultResolveCommand},
			{"check", vaultCheckCommand},
		},
	}
}

// inVault adds how refusals of the vault, and what is wrong with it, are recorded.
func inVault(r recorded) recorded {
	r.instead = map[string]insteadOf{
		"deny":           {"vault_access_denied", event.Deny},
		"expired":        {"secret_expired_access", event.Fail},
		"vault_tampered": {"vault_tampered", event.Fail},
		"vault_rollback": {"vault_rollback_detected", event.Fail},
		"vault_fork":     {"vault_fork_detected", event.Fail},
		"audit_rollback": {"audit.rollback", event.Fail},
	}
	return r
}

// inVaultAnswering is inVault for commands whose exits 3 and 4 are answers.
func inVaultAnswering(r recorded) recorded {
	r = inVault(r)
	r.answers = true
	return r
}

// vaultFlags are on every command that needs an open vault.
func vaultFlags(flags ...cli.Flag) []cli.Flag {
	return append(flags,
		&cli.StringFlag{Name: "as", Usage: "without a session: open what was granted to the key `KEYREF`"},
		&cli.IntFlag{Name: "session-fd", Value: notGiven, DefaultText: "none", Usage: "read the session from file descriptor `N`"},
	)
}

// vaultAccess says how an open vault is come by.
type vaultAccess struct {
	as        string
	sessionFD int
}

func vaultAccessOf(c *cli.Context) vaultAccess {
	return vaultAccess{as: c.String("as"), sessionFD: c.Int("session-fd")}
}
