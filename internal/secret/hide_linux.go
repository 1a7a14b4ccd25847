package secret

import "golang.org/x/sys/unix"

// hide leaves mem out of core dumps. Kernels without the advice dump it; RLIMIT_CORE and the
// dumpable flag, which Harden sets, stand before that.
func hide(mem []byte) { _ = unix.Madvise(mem, unix.MADV_DONTDUMP) }
