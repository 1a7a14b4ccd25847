package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"kai/internal/audit/rule"
)

func auditAlertRulesCommand() command {
	return command{
		name:    "rules",
		summary: "list the rules that events are judged by",
		examples: []example{
			{"kai audit alert rules", "those of kai, then your own"},
		},
		about: "Your own are files audit/rules/*.yml in the home, in the part of Sigma that\n" +
			"kai-audit(5) describes. Rules that only serve others have no level here.",
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, _ *cli.Context) error {
			return auditAlertRules(ctx, env)
		},
	}
}

func auditAlertLintCommand() command {
	return command{
		name:    "lint",
		summary: "check a file of rules",
		examples: []example{
			{"kai audit alert lint my-rules.yml", "names the line and key that is wrong"},
		},
		about: "Whatever is not understood is an error (exit 2): a rule that would be ignored in part\n" +
			"is worse than none. Nothing is installed: rules take effect as audit/rules/NAME.yml in\n" +
			"the home.",
		args:    "FILE|-",
		maxArgs: 1, readsStdin: true,
		recorded: recordsItself(),
		action: func(ctx context.Context, env *env, c *cli.Context) error {
			return auditAlertLint(ctx, env, c.Args().First())
		},
	}
}

// ruleJSON is one rule.
type ruleJSON struct {
	head
	ID       string `json:"id"`
	Title    string `json:"title"`
	Pattern  string `json:"pattern"`
	Level    string `json:"level,omitempty"`
	Type     string `json:"type"` // event, event_count, value_count, temporal
	Timespan int64  `json:"timespan_s,omitempty"`
	GTE      int    `json:"gte,omitempty"`
	Fires    bool   `json:"fires"`
	File     string `json:"file"`
}

func auditAlertRules(ctx context.Context, env *env) error {
	log, err := env.openLog(ctx)
	if err != nil {
		return err
	}
	defer log.close()
	for _, r := range rule.Builtin() {
		if err := printRule(env, &r, "built-in"); err != nil {
			return err
		}
	}
	names, err := ruleFiles(log.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := log.dir.ReadFile(name, rule.MaxFile)
		if err != nil {
			return err
		}
		rules, err := rule.Parse(data)
		if err != nil {
			return ruleError("audit/"+name, err)
		}
		for _, r := range rules {
			if err := printRule(env, &r, name); err != nil {
				return err
			}
		}
	}
	if _, err := log.rules(names); err != nil {
		return fail(exitUsage, "rule", err)
	}
	return nil
}

func auditAlertLint(ctx context.Context, env *env, name string) error {
	in, err := env.open(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, rule.MaxFile+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	rules, err := rule.Parse(data)
	if err != nil {
		return ruleError(name, err)
	}
	if _, err := rule.NewSet(rule.Builtin(), rules); err != nil {
		return fail(exitUsage, "rule", fmt.Errorf("%s: %w", name, err))
	}
	for _, r := range rules {
		if err := printRule(env, &r, name); err != nil {
			return err
		}
	}
	if len(rules) == 0 {
		env.note("%s: no rule", name)
	}
	return nil
}

// ruleError names the file, whose line and key the error names.
func ruleError(name string, err error) error {
	return fail(exitUsage, "rule", fmt.Errorf("%s: %w", name, err))
}

func printRule(env *env, r *rule.Rule, file string) error {
	j := ruleJSON{
		head: env.head(true), ID: r.ID, Title: r.Title, Pattern: r.Pattern, Type: "event", Fires: r.Fires(), File: file,
		Timespan: int64(r.Timespan() / time.Second),
	}
	if r.Fires() && r.Level != 0 {
		j.Level = r.Level.String()
	}
	what := "each event"
	if c := r.Correlation; c != nil {
		j.Type, j.GTE = string(c.Type), c.GTE
		what = fmt.Sprintf("%s in %v", c.Type, r.Timespan())
		if c.GTE > 0 {
			what = fmt.Sprintf("%s ≥ %d in %v", c.Type, c.GTE, r.Timespan())
		}
	}
	if env.json {
		return env.printJSON(j)
	}
	level := j.Level
	if level == "" {
		level = "-"
	}
	return env.printf("%-8s %-31s %-26s %s (%s)\n", level, r.Pattern, what, r.Title, file)
}
