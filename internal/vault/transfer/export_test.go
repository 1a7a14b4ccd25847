package transfer

// SetMaxItems lowers the limit: a million items take a while.
func (b *Builder) SetMaxItems(n int) { b.most = n }
