package durable

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

func network(d *os.File) (kind string, remote bool, err error) {
	var s unix.Statfs_t
	err = retry(func() error { return unix.Fstatfs(int(d.Fd()), &s) })
	runtime.KeepAlive(d)
	if err != nil {
		return "", false, err
	}
	// Some systems sign-extend the 32 bits.
	kind, remote = networkMagic(uint32(s.Type))
	return kind, remote, nil
}

// networkMagic knows the numbers of statfs(2), which are in linux/magic.h and in the sources of
// the file systems.
func networkMagic(magic uint32) (kind string, remote bool) {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "nfs", true
	case unix.CIFS_SUPER_MAGIC:
		return "cifs", true
	case unix.SMB2_SUPER_MAGIC:
		return "smb2", true
	case unix.SMB_SUPER_MAGIC:
		return "smb", true
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "afs", true
	case unix.CEPH_SUPER_MAGIC:
		return "ceph", true
	case unix.CODA_SUPER_MAGIC:
		return "coda", true
	case unix.V9FS_MAGIC:
		return "9p", true
	case 0x01161970:
		return "gfs2", true
	case 0x7461636f:
		return "ocfs2", true
	case 0x0bd00bd0:
		return "lustre", true
	case 0x47504653:
		return "gpfs", true
	case unix.FUSE_SUPER_MAGIC:
		return "fuse", false
	}
	return "", false
}
