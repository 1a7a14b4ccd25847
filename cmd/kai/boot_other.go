//go:build !linux

package main

import "time"

// sinceBoot is not known.
func sinceBoot() time.Duration { return 0 }
