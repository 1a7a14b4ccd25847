package home

import (
	"fmt"
	"path/filepath"
)

// Default is the name of the home below the user's home directory.
const Default = ".kind"

// Locate says where the home is: what the flag says, else what the environment says, else Default
// in the user's home directory. An empty string means that something is not given.
//
// The environment and the user's home directory must be absolute, so that the home does not
// change with the directory a command happens to run in; a flag is what somebody has just typed
// and may be relative. The error, when there is nothing to go by, is ErrNoPlace.
func Locate(flag, envValue, userHomeDir string) (string, error) {
	switch {
	case flag != "":
		return filepath.Clean(flag), nil
	case envValue != "":
		if !filepath.IsAbs(envValue) {
			return "", fmt.Errorf("KAI_HOME %s: not an absolute path", quote(envValue))
		}
		return filepath.Clean(envValue), nil
	case userHomeDir == "":
		return "", &hinted{ErrNoPlace, "name a directory with --home"}
	case !filepath.IsAbs(userHomeDir):
		return "", fmt.Errorf("home directory of the user %s: not an absolute path", quote(userHomeDir))
	}
	return filepath.Join(userHomeDir, Default), nil
}
