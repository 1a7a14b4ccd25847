package durable

import (
	"os"
	"testing"
)

func TestNetworkMagic(t *testing.T) {
	// Numbers from the manual page statfs(2).
	for magic, want := range map[uint32]string{
		0x6969: "nfs", 0xff534d42: "cifs", 0xfe534d42: "smb2", 0x517b: "smb", 0x73757245: "coda",
		0x01021997: "9p", 0x7461636f: "ocfs2", 0x5346414f: "afs",
	} {
		if kind, remote := networkMagic(magic); kind != want || !remote {
			t.Errorf("%#x: %q, %t", magic, kind, remote)
		}
	}
	for name, magic := range map[string]uint32{
		"ext4": 0xef53, "xfs": 0x58465342, "btrfs": 0x9123683e, "tmpfs": 0x01021994, "overlay": 0x794c7630, "fuse": 0x65735546,
	} {
		if _, remote := networkMagic(magic); remote {
			t.Errorf("%s counts as a network file system", name)
		}
	}
}

func TestNetworkOfProc(t *testing.T) {
	root, err := os.OpenRoot("/proc")
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	defer root.Close()
	if kind, remote, err := Network(root); kind != "" || remote || err != nil {
		t.Errorf("%q, %t, %v", kind, remote, err)
	}
}
