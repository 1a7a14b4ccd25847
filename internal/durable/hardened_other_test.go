//go:build unix && !linux

package durable_test

import "errors"

func writeHardened(string, int) error { return errors.New("only on Linux") }
