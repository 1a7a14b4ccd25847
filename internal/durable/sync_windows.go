package durable

import "os"

func openDir(root *os.Root, name string) (*os.File, error) { return root.Open(name) }

// Windows cannot flush a directory; NTFS keeps names in its journal.
func syncDir(*os.File) error { return nil }
