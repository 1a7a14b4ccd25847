//go:build !linux && !darwin

package durable

import "os"

func network(*os.File) (kind string, remote bool, err error) { return "", false, nil }
