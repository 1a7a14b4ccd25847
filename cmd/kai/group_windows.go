package main

import "os/exec"

// ownGroup: a program ends alone here.
func ownGroup(*exec.Cmd) {}
