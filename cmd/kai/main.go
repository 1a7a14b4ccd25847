// Command kai keeps keys, signs and verifies.
package main

import "os"

func main() { os.Exit(run(os.Args)) }

func run([]string) int { return 0 }
