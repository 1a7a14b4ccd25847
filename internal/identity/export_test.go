package identity

// Written is the document as it would be written.
func (u *Unverified) Written() []byte { return write(u.parts()) }
