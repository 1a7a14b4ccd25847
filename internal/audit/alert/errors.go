package alert

import (
	"context"
	"errors"
	"net"
)

var (
	// ErrInvalid means that an alert or a sink was given something that it cannot have.
	ErrInvalid = errors.New("invalid alert or sink")

	// ErrMalformed means that a file of the outbox is not an entry.
	ErrMalformed = errors.New("malformed outbox entry")

	// ErrRefused means that a receiver answered, and did not accept: a status other than 2xx, an
	// exit code other than 0.
	ErrRefused = errors.New("refused by the receiver")

	// ErrUnreachable means that a receiver is not there.
	ErrUnreachable = errors.New("receiver not reachable")

	// ErrKey means that the key of a webhook could not be read, or is empty.
	ErrKey = errors.New("no key for the signature")
)

// Code is the stable word for what a Send returned, for d.error and for entries.
func Code(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrUnreachable):
		return "unreachable"
	case errors.Is(err, ErrKey):
		return "no_key"
	}
	return "failed"
}
