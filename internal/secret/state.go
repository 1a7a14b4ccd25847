package secret

import "reflect"

// Forget overwrites what p points to: an object of another package that has computed with a secret and
// has no method to forget it. crypto/aes keeps the key itself as the first of its round keys, a hash
// the last bytes that it was given. p is a pointer, or an interface that holds one; anything else is
// left as it is. Nobody may use the object afterwards, and what its fields point to stays.
func Forget(p any) {
	if v := reflect.ValueOf(p); v.Kind() == reflect.Pointer && !v.IsNil() {
		v.Elem().SetZero()
	}
}
