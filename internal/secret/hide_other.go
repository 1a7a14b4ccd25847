//go:build darwin || freebsd || netbsd || openbsd

package secret

func hide([]byte) {}
