package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// mask is what stands for a secret wherever it is printed.
const mask = "[secret]"

// String returns "[secret]".
func (s *Bytes) String() string { return mask }

// GoString returns "[secret]".
func (s *Bytes) GoString() string { return mask }

// Format writes "[secret]" for every verb, flag and width. The verbs %T and %p, and %w outside
// of fmt.Errorf, do not ask: they give the type and addresses, and never what the Bytes holds.
func (s *Bytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns "[secret]".
func (s *Bytes) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalJSON returns ErrMarshal. So do the other methods of its kind; each encoder looks for one
// of them before it walks the value.
func (s *Bytes) MarshalJSON() ([]byte, error) { return nil, ErrMarshal }

// MarshalText returns ErrMarshal; encoding/xml and the usual YAML and TOML packages ask for it.
func (s *Bytes) MarshalText() ([]byte, error) { return nil, ErrMarshal }

// MarshalBinary returns ErrMarshal.
func (s *Bytes) MarshalBinary() ([]byte, error) { return nil, ErrMarshal }

// GobEncode returns ErrMarshal.
func (s *Bytes) GobEncode() ([]byte, error) { return nil, ErrMarshal }

// UnmarshalJSON returns ErrMarshal: a decoder has already made copies that cannot be wiped.
func (s *Bytes) UnmarshalJSON([]byte) error { return ErrMarshal }

// UnmarshalText returns ErrMarshal.
func (s *Bytes) UnmarshalText([]byte) error { return ErrMarshal }

// UnmarshalBinary returns ErrMarshal.
func (s *Bytes) UnmarshalBinary([]byte) error { return ErrMarshal }

// GobDecode returns ErrMarshal.
func (s *Bytes) GobDecode([]byte) error { return ErrMarshal }
