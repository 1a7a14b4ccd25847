//go:build !linux

package durable

import (
	"errors"
	"io/fs"
	"os"
)

func openUnnamed(*os.Root, string, fs.FileMode) (Unnamed, error) {
	return nil, errors.ErrUnsupported
}
