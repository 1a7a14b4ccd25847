//go:build !unix

package home_test

func umask(int) (restore func()) { return func() {} }
