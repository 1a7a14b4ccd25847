package durable

import "os"

// Network tells whether a directory is on a network file system, and how that is called. There,
// locks may not reach other machines and a sync may not reach the disk, so what this package
// promises does not hold. FUSE, which may be anything, is not counted as one. Where the system
// gives no answer, remote is false and kind empty.
func Network(root *os.Root) (kind string, remote bool, err error) {
	d, err := openDir(root, ".")
	if err != nil {
		return "", false, failed("file system of", root.Name(), err)
	}
	defer d.Close()
	kind, remote, err = network(d)
	if err != nil {
		return "", false, failed("file system of", root.Name(), err)
	}
	return kind, remote, nil
}
