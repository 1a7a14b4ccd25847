package alert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// sendTo writes one message to a local socket: as one datagram, or, where the socket is a stream,
// followed by end.
func sendTo(ctx context.Context, path string, message []byte, end string) error {
	ctx, cancel := context.WithTimeout(ctx, SendLimit)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unixgram", path)
	if errors.Is(err, syscall.EPROTOTYPE) && end != "" {
		message = append(message, end...)
		conn, err = dialer.DialContext(ctx, "unix", path)
	}
	if err != nil {
		return unreachable(ctx, err)
	}
	defer conn.Close()
	stop := interruptible(ctx, conn)
	defer stop()
	if _, err := conn.Write(message); err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// interruptible ends all waiting on a connection when ctx ends.
func interruptible(ctx context.Context, conn net.Conn) (stop func() bool) {
	return context.AfterFunc(ctx, func() { conn.Close() })
}

// unreachable is the error of a connection, which is that of ctx when ctx was the reason.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}
