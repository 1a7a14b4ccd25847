package keyctl

// Key is the serial number of a key.
type Key int32

// Ring is the user keyring in the hands of one call of [User]; it must not be kept.
type Ring struct{ id int }
