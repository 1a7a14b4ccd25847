package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"kai/internal/audit"
	"kai/internal/audit/checkpoint"
	"kai/internal/audit/event"
	"kai/internal/audit/proof"
	"kai/internal/audit/witness"
	"kai/internal/backend"
	"kai/internal/canon"
	"kai/internal/digest"
	"kai/internal/durable"
	"kai/internal/home"
	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/secret"
	"kai/internal/sig"
	"kai/internal/sig/krl"
	"kai/internal/sig/manifest"
	"kai/internal/sig/minisign"
	"kai/internal/sig/note"
	"kai/internal/sig/raw"
	"kai/internal/threshold"
	"kai/internal/trust/store"
	"kai/internal/vault"
	"kai/internal/vault/fields"
	"kai/internal/vault/reference"
	"kai/internal/vault/session"
	"kai/internal/vault/slot"
	"kai/internal/vault/template"
)

// errorCode is what an error of a library means on the command line.
type errorCode struct {
	target error
	code   int
	ident  string
}

// errorCodes are the errors that commands pass on as they are. The first that matches
// decides, so special ones stand before general ones. A command that knows better wraps with
// fail.
func errorCodes() []errorCode {
	return []errorCode{
		{store.ErrTampered, exitBad, "truststore_tampered"}, // before what identities say
		{store.ErrRollback, exitBad, "store_rollback"},
		{store.ErrExists, exitConflict, "exists"},
		{store.ErrNotFound, exitNotFound, "no_such_identity"},
		{identity.ErrDuplicity, exitBad, "duplicity"},
		{identity.ErrSignature, exitBad, "bad_signature"},
		{identity.ErrForeignKey, exitBad, "bad_signature"},
		{identity.ErrChain, exitBad, "bad_chain"},
		{identity.ErrThreshold, exitBad, "threshold"},
		{identity.ErrCommitment, exitBad, "not_committed"},
		{identity.ErrReused, exitBad, "key_reused"},
		{identity.ErrFixed, exitBad, "fixed_identity"},
		{identity.ErrRevoked, exitUntrusted, "revoked"},
		{identity.ErrNotInForce, exitUntrusted, "not_in_force"},
		{identity.ErrOtherIdentity, exitUsage, "usage"},
		// What is wrong with a file of the vault, in the words of other packages.
		{vault.ErrRollback, exitBad, "vault_rollback"},
		{vault.ErrFork, exitBad, "vault_fork"},
		{vault.ErrTampered, exitBad, "vault_tampered"},

		{key.ErrPassphrase, exitLocked, "passphrase_wrong"},
		{key.ErrWeak, exitUndecidable, "weak_key"},
		{key.ErrType, exitUndecidable, "unsupported_key"},
		{key.ErrCertificate, exitUndecidable, "certificate"},
		{key.ErrTooLarge, exitUndecidable, "too_large"},
		{key.ErrMalformed, exitUndecidable, "malformed_key"},
		{key.ErrNoSecret, exitNotFound, "no_private_key"},
		{key.ErrComment, exitUsage, "usage"},

		{backend.ErrRef, exitUsage, "usage"},
		{backend.ErrNotFound, exitNotFound, "no_such_key"},
		{backend.ErrUnavailable, exitBackend, "backend"},
		{backend.ErrUnsupported, exitBackend, "unsupported_by_holder"},

		{sig.ErrDomain, exitDenied, "domain"},
		{sig.ErrScheme, exitUsage, "usage"},
		{sig.ErrNamespace, exitUsage, "usage"},
		{manifest.ErrPattern, exitUsage, "usage"},
		{minisign.ErrComment, exitUsage, "usage"},
		{note.ErrName, exitUsage, "usage"},
		{note.ErrText, exitUndecidable, "malformed"},
		{raw.ErrMessageTooLarge, exitUndecidable, "too_large"},
		{sig.ErrSelfCheck, exitBackend, "self_check"},
		{sig.ErrNoKey, exitUndecidable, "no_key"},
		{sig.ErrWrongKeyID, exitUndecidable, "wrong_key_id"},
		{sig.ErrUnsupported, exitUndecidable, "unsupported_format"},
		{sig.ErrTooLarge, exitUndecidable, "too_large"},
		{sig.ErrMalformed, exitUndecidable, "malformed"},
		{krl.ErrMalformed, exitUndecidable, "malformed"},
		{krl.ErrUnsupported, exitUndecidable, "unsupported_format"},
		{krl.ErrTooLarge, exitUndecidable, "too_large"},

		{canon.ErrMalformed, exitUndecidable, "malformed"},

		{audit.ErrTampered, exitBad, "audit_tampered"},
		{audit.ErrRollback, exitBad, "audit_rollback"},
		{audit.ErrDiskFull, exitFailure, "audit_unavailable"},
		{audit.ErrUnusable, exitFailure, "audit_unavailable"},
		{audit.ErrVersion, exitUndecidable, "unsupported_format"},
		{audit.ErrMalformed, exitUndecidable, "malformed"},
		{audit.ErrNotFound, exitNotFound, "no_such_event"},
		{audit.ErrPruned, exitNotFound, "pruned"},
		{audit.ErrNoKey, exitLocked, "no_epoch_key"},
		{audit.ErrPermission, exitDenied, "permission"},
		{event.ErrMalformed, exitUndecidable, "malformed"},

		{proof.ErrPolicy, exitUsage, "usage"},
		{proof.ErrNoRecord, exitUndecidable, "no_record"},
		{proof.ErrRange, exitNotFound, "not_covered"},
		{proof.ErrBad, exitBad, "bad_proof"},
		{proof.ErrUntrusted, exitUntrusted, "untrusted_signer"},
		{witness.ErrSetup, exitUsage, "usage"},
		{witness.ErrURL, exitUsage, "usage"},
		{witness.ErrRollback, exitBad, "rollback"}, // before ErrConflict, which it is too
		{witness.ErrFork, exitBad, "fork"},
		{witness.ErrConflict, exitConflict, "old_size"},
		{witness.ErrInconsistent, exitBad, "inconsistent"},
		{witness.ErrTree, exitBad, "audit_tampered"},
		{witness.ErrUnknownLog, exitUntrusted, "unknown_log"},
		{witness.ErrOldSize, exitUndecidable, "malformed"},
		{witness.ErrMemory, exitUndecidable, "malformed"},
		{witness.ErrRedirect, exitBackend, "backend"},
		{witness.ErrAnswer, exitBackend, "backend"},
		{checkpoint.ErrMalformed, exitUndecidable, "malformed"},
		{checkpoint.ErrSignature, exitBad, "bad_signature"},
		{checkpoint.ErrUntrusted, exitUntrusted, "untrusted_signer"},
		{checkpoint.ErrName, exitUsage, "usage"},
		{checkpoint.ErrKey, exitUsage, "usage"},
		{checkpoint.ErrAmbiguous, exitUsage, "usage"},
		{checkpoint.ErrFull, exitConflict, "full"},
		{checkpoint.ErrSelfCheck, exitBackend, "self_check"},

		{vault.ErrNoVault, exitNotFound, "no_vault"},
		{vault.ErrNotFound, exitNotFound, "no_such_secret"},
		{vault.ErrExists, exitConflict, "exists"},
		{vault.ErrConflict, exitConflict, "changed_meanwhile"},
		{vault.ErrTwoHeads, exitConflict, "two_heads"},
		{vault.ErrNewer, exitUndecidable, "newer_vault"},
		{vault.ErrMalformed, exitUndecidable, "malformed"},
		{vault.ErrNeedsUser, exitLocked, "factor_needed"},
		{vault.ErrReadOnly, exitDenied, "read_only"},
		{vault.ErrDenied, exitDenied, "vault_access_denied"},
		{vault.ErrTooLarge, exitUsage, "too_large"},
		{fields.ErrTooLarge, exitUsage, "too_large"},
		{fields.ErrTooMany, exitUsage, "too_large"},
		{reference.ErrMalformed, exitUsage, "usage"},
		{session.ErrLocked, exitLocked, "vault_locked"},
		{session.ErrTampered, exitBad, "vault_tampered"},
		{session.ErrNewer, exitUndecidable, "newer_vault"},
		{session.ErrLimits, exitUsage, "usage"},
		{slot.ErrWrongFactor, exitLocked, "wrong_factor"},
		{slot.ErrTampered, exitBad, "vault_tampered"},
		{slot.ErrForeign, exitBad, "vault_tampered"},
		{slot.ErrLimits, exitUndecidable, "kdf_limits"},
		{slot.ErrNewer, exitUndecidable, "newer_vault"},
		{slot.ErrMalformed, exitUndecidable, "malformed"},
		{slot.ErrNoOpener, exitUndecidable, "unsupported_factor"},
		{threshold.ErrLimits, exitUsage, "usage"},
		{template.ErrMalformed, exitUndecidable, "malformed"},
		{template.ErrTooLarge, exitUndecidable, "too_large"},
		{template.ErrValue, exitUndecidable, "malformed"},

		{digest.ErrChanged, exitFailure, "changed"},
		{secret.ErrTooLong, exitUndecidable, "too_large"},

		{home.ErrNotHome, exitConflict, "not_a_home"},
		{home.ErrNewer, exitUndecidable, "newer_home"},
		{home.ErrNoPlace, exitNotFound, "no_home"},
		{durable.ErrLocked, exitConflict, "busy"},

		{fs.ErrNotExist, exitNotFound, "not_found"},
		{fs.ErrExist, exitConflict, "exists"},
		{fs.ErrPermission, exitDenied, "permission"},
		{os.ErrDeadlineExceeded, exitTimeout, "timeout"},
		{context.DeadlineExceeded, exitTimeout, "timeout"},
	}
}

// codeOf finds the meaning of an error that no command has judged.
func codeOf(err error) (code int, ident string) {
	for _, c := range errorCodes() {
		if errors.Is(err, c.target) {
			return c.code, c.ident
		}
	}
	return exitFailure, "failure"
}
