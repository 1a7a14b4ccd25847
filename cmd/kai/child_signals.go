package main

import (
	"os"
	"os/signal"
)

// childSignals catches what is to be passed on to a child. What we were started to ignore, as
// nohup does, is ignored by the child as well.
func childSignals() (caught <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 16)
	for _, s := range childSignalList {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	return c, func() { signal.Stop(c) }
}
