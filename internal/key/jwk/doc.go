// Package jwk reads and writes JSON Web Keys (RFC 7517) and sets of them.
//
//	type         members beside kty
//	ed25519      OKP   crv=Ed25519 x [d]             RFC 8037
//	x25519       OKP   crv=X25519 x [d]              RFC 8037
//	ecdsa-p256   EC    crv=P-256 x y [d]             RFC 7518
//	ecdsa-p384   EC    crv=P-384 x y                 RFC 7518
//	rsa          RSA   n e [d p q dp dq qi]          RFC 7518
//	ml-dsa-65    AKP   alg=ML-DSA-65 pub [priv]      RFC 9964, priv is the seed
//
// Written keys are canonical JSON, so the same key has the same bytes. For
// example, the public key of RFC 8037 appendix A.2 is
//
//	{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
//
// # What is read
//
// Any spelling of JSON that leaves no doubt, see package canon. Binary members
// are unpadded base64url of exactly the right length, numbers of RSA in the
// shortest form. Members that say what a key is for must agree with its type:
// alg always, use and key_ops for the types that only sign or only agree on
// keys; RSA keys for encryption are refused, since what is read here signs.
// Members with unknown names are ignored, as RFC 7517 §4 demands.
//
// go-jose is more lenient in most of this and knows neither X25519 nor AKP; it
// frames the signatures of package sig/jws.
package jwk
