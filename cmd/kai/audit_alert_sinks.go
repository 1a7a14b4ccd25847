package main

import (
	"fmt"
	"os"

	"kai/internal/audit/alert"
	"kai/internal/audit/event"
	"kai/internal/audit/post"
	"kai/internal/home"
	"kai/internal/secret"
)

// maxHookKey bounds the key of a webhook, in bytes.
const maxHookKey = 4096

// sinks are where config.toml sends alerts.
func (e *env) sinks(config home.AuditConfig) ([]alert.Sink, error) {
	var sinks []alert.Sink
	for _, a := range config.Alerts {
		s, err := e.sink(a)
		if err != nil {
			return nil, fail(exitUsage, "config", fmt.Errorf("config.toml: alert %s: %w", a.Name, err))
		}
		sinks = append(sinks, s)
	}
	return sinks, nil
}

func (e *env) sink(a home.Alert) (alert.Sink, error) {
	least, err := event.ParseSeverity(string(a.MinSeverity))
	if err != nil {
		return nil, err
	}
	switch a.Kind {
	case home.AlertExec:
		return alert.NewExec(a.Name, least, a.Argv, e.childEnviron())
	case home.AlertSyslog:
		return alert.NewSyslog(a.Name, least, a.Path)
	case home.AlertJournald:
		return alert.NewJournald(a.Name, least, a.Path)
	case home.AlertWebhook:
		key := func() (*secret.Bytes, error) { return readHookKey(a.SecretFile) }
		return alert.NewWebhook(a.Name, least, a.URL, key, post.Client{}, e.now)
	}
	return nil, fmt.Errorf("unknown kind %s", a.Kind)
}

// readHookKey reads the key of a webhook, which nobody else may read.
func readHookKey(name string) (*secret.Bytes, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || openToOthers(info) {
		return nil, fmt.Errorf("%s: others can read it", name)
	}
	return secret.ReadTrimmed(f, maxHookKey)
}
