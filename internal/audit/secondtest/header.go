//go:build unix

package secondtest

import (
	"errors"
	"strings"
)

// header is log.json.
type header struct {
	id     string
	origin string
	seg    uint64
}

func parseHeader(data []byte) (h header, err error) {
	o, err := object(data, "log_id", "origin", "seg", "v")
	if err != nil {
		return h, err
	}
	if o["v"] != int64(1) {
		return h, errors.New("another version")
	}
	h.id, _ = o["log_id"].(string)
	h.origin, _ = o["origin"].(string)
	seg, _ := o["seg"].(int64)
	h.seg = uint64(seg)
	switch {
	case !isULID(h.id):
		return h, errors.New("log_id is no ULID")
	case h.origin != "kind.local/audit/"+h.id:
		return h, errors.New("origin is not that of log_id")
	case seg < 256 || seg > 65536 || seg%256 != 0:
		return h, errors.New("seg is no multiple of 256 up to 65536")
	}
	return h, nil
}

// isULID tells whether s is a ULID in its canonical spelling.
func isULID(s string) bool {
	return len(s) == 26 && s[0] <= '7' && strings.Trim(s, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ""
}
