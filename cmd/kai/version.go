package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "print what is installed",
		examples: []example{
			{"kai version", "version, Go version, system"},
			{"kai version --json", "with revision and the version of each module"},
		},
		recorded: readsOnly("prints what is built in"),
		action:   func(_ context.Context, env *env, _ *cli.Context) error { return version(env) },
	}
}

// versionJSON is the answer of kai version --json.
type versionJSON struct {
	head
	Version  string          `json:"version"`
	Go       string          `json:"go"`
	OS       string          `json:"os"`
	Arch     string          `json:"arch"`
	Revision string          `json:"revision,omitempty"`
	Modified bool            `json:"modified"` // built from changed sources
	Modules  []versionModule `json:"modules"`
}

// versionModule is one module linked into the binary.
type versionModule struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"` // as in go.sum
}

func version(env *env) error {
	v := versionJSON{
		head: env.head(true), Version: "(unknown)",
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Modules: []versionModule{},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
		for _, m := range info.Deps {
			v.Modules = append(v.Modules, versionModule{m.Path, m.Version, m.Sum})
		}
	}
	if env.json {
		return env.printJSON(v)
	}
	return env.printf("kai %s %s %s/%s\n", v.Version, v.Go, v.OS, v.Arch)
}

// kaiVersion is the version alone, for the audit log.
func kaiVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
