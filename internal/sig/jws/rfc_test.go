package jws_test

import (
	"errors"
	"fmt"
	"testing"

	"kai/internal/key"
	"kai/internal/sig"
)

// RFC 7515 appendix A.
const (
	rfc7515Payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	rfc7515A1      = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfc7515Payload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfc7515A2Sig   = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
	rfc7515A3Sig   = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	rfc7515A4      = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
	rfc7515A5      = "eyJhbGciOiJub25lIn0." + rfc7515Payload + "."

	rfc7515RSA = `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`
	rfc7515EC  = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`

	// RFC 8037 appendix A.4.
	rfc8037A4  = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	rfc8037Key = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
)

func TestRFCExamples(t *testing.T) {
	rsa, ec, ed := publicKey(t, rfc7515RSA), publicKey(t, rfc7515EC), publicKey(t, rfc8037Key)
	const rs256, es256 = "eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJFUzI1NiJ9"
	a6 := fmt.Sprintf(`{"payload":"%s","signatures":[
		{"protected":"%s","header":{"kid":"2010-12-29"},"signature":"%s"},
		{"protected":"%s","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":"%s"}]}`,
		rfc7515Payload, rs256, rfc7515A2Sig, es256, rfc7515A3Sig)
	a7 := fmt.Sprintf(`{"payload":"%s","protected":"%s","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":"%s"}`,
		rfc7515Payload, es256, rfc7515A3Sig)
	for _, c := range []struct {
		name, file string
		by         []key.Public // nil: refused
	}{
		{"RFC 7515 A.1, an HMAC", rfc7515A1, []key.Public{{}}},
		{"RFC 7515 A.2", rs256 + "." + rfc7515Payload + "." + rfc7515A2Sig, []key.Public{rsa}},
		{"RFC 7515 A.3", es256 + "." + rfc7515Payload + "." + rfc7515A3Sig, []key.Public{ec}},
		{"RFC 7515 A.4, P-521", rfc7515A4, []key.Public{{}}},
		{"RFC 7515 A.5, none", rfc7515A5, []key.Public{{}}},
		{"RFC 7515 A.6", a6, []key.Public{rsa, ec}},
		{"RFC 7515 A.7", a7, []key.Public{ec}},
		{"RFC 8037 A.4", rfc8037A4, []key.Public{ed}},
	} {
		results := check(t, parse(t, []byte(c.file)), rsa, ec, ed)
		if len(results) != len(c.by) {
			t.Errorf("%s: %d signatures", c.name, len(results))
			continue
		}
		for i, r := range results {
			switch {
			case c.by[i].IsZero():
				if !errors.Is(r.Err, sig.ErrUnsupported) {
					t.Errorf("%s: %v", c.name, r.Err)
				}
			case r.Verified.Key() != c.by[i]:
				t.Errorf("%s: signature %d: %v", c.name, i, r.Err)
			}
		}
	}
}
