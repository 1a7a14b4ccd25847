package key_test

import (
	"encoding/hex"
	"testing"

	"kai/internal/key"
)

// The expected value is sha256sum's.
func TestKeyID(t *testing.T) {
	pub, err := key.ParseText("ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	id := pub.KeyID()
	if got := hex.EncodeToString(id[:]); got != "aaa76c0a92507c8a" {
		t.Errorf("key id %s", got)
	}
}
