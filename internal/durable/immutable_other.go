//go:build !linux

package durable

import "os"

// setImmutable does nothing: there is no such attribute here, or not one that only root undoes.
func setImmutable(*os.File, bool) {}
