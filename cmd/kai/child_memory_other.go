//go:build !linux

package main

import (
	"errors"
	"os"

	"kai/internal/secret"
)

var errMemoryFile = errors.New("files in memory need Linux; use files in the runtime directory")

// memoryFile: there are none here.
func memoryFile(*secret.Bytes) (*os.File, error) { return nil, errMemoryFile }
