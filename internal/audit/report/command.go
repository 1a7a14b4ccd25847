package report

import (
	"fmt"
	"strings"
	"time"
)

// Commands returns an example of each form of command that a report may recommend.
func Commands() []string {
	t := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return []string{
		queryPattern("repeated_failed_authentication", t), queryAct("vault_tampered", t), queryText("skew_ms", t),
		queryAgent("release bot's", "deny", t), queryAgent("uid 1000", "", t), queryAgent("line\nfeed", "", t), queryOutcome("begin", t),
		checkpoint(), newEpoch(), acknowledge(17), verify(), witnessRequest(), archive(t), flushAlerts(),
		rotateKey("SHA256:example"), rotateKey("\n"), rotateSecret("default/api-token"), rotateSecret("\n"), showRole("ci"), showRole("\n"), sandboxDoctor(),
	}
}

func queryPattern(pattern string, since time.Time) string {
	return "kai audit query" + option("--pattern", pattern) + at("--since", since)
}

func queryAct(act string, since time.Time) string {
	return "kai audit query" + option("--act", act) + at("--since", since)
}

func queryText(text string, since time.Time) string {
	return "kai audit query" + option("--grep", text) + at("--since", since)
}

// queryAgent looks for what an actor did; an empty outcome is any.
func queryAgent(actor, outcome string, since time.Time) string {
	who := option("--agent", actor)
	if uid, ok := strings.CutPrefix(actor, "uid "); ok {
		who = option("--uid", uid)
	}
	if outcome != "" {
		who += option("--out", outcome)
	}
	return "kai audit query" + who + at("--since", since)
}

func queryOutcome(outcome string, since time.Time) string {
	return "kai audit query" + option("--out", outcome) + at("--since", since)
}

func checkpoint() string     { return "kai audit checkpoint" }
func newEpoch() string       { return "kai audit checkpoint --new-epoch" }
func verify() string         { return "kai audit verify" }
func witnessRequest() string { return "kai audit witness request -o req.txt" }
func flushAlerts() string    { return "kai audit alert flush" }
func sandboxDoctor() string  { return "kai sandbox doctor" }

func acknowledge(n uint64) string {
	return fmt.Sprintf("kai audit checkpoint --acknowledge %d --reason 'looked into'", n)
}

func archive(before time.Time) string {
	return "kai audit archive --before " + before.UTC().Format(time.DateOnly)
}

func rotateKey(name string) string {
	if word, ok := shellWord(name); ok {
		return "kai key rotate " + word
	}
	return "kai key due"
}

func rotateSecret(path string) string {
	if word, ok := shellWord(path); ok {
		return "kai vault rotate " + word
	}
	return "kai vault due"
}

func showRole(name string) string {
	if word, ok := shellWord(name); ok {
		return "kai vault role show " + word
	}
	return "kai vault role list"
}

func at(flag string, t time.Time) string { return " " + flag + " " + t.UTC().Format(time.RFC3339) }

// option is a flag with its value, nothing for a value that cannot be copied safely.
func option(flag, value string) string {
	word, ok := shellWord(value)
	if !ok {
		return ""
	}
	return " " + flag + " " + word
}

// shellWord writes text as one word of a POSIX shell. It refuses what is empty or like a flag, and
// whatever is not printable ASCII: it could look like something else on its way through a
// terminal.
func shellWord(text string) (string, bool) {
	if text == "" || text[0] == '-' || len(text) > 512 {
		return "", false
	}
	plain := true
	for _, c := range []byte(text) {
		switch {
		case c < ' ' || c > '~':
			return "", false
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/._-+@%:,", c) >= 0:
		default:
			plain = false
		}
	}
	if plain {
		return text, true
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'", true
}
