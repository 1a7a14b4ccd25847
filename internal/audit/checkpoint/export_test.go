package checkpoint

// Collide is another key that claims the name and the hash of one. To find a
// real one takes 2^32 tries.
func Collide(v *Verifier) *Verifier {
	other := *v
	other.raw = append([]byte{^v.raw[0]}, v.raw[1:]...)
	return &other
}
