//go:build !linux

package main

// platformChecks are what only this system has.
func platformChecks() []check { return nil }

// lockLimit says how much memory may be locked, where that is known.
func lockLimit() string { return "" }
