package export_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// syslogMessage is a message by RFC 5424 §6.
type syslogMessage struct {
	pri                                     int
	timestamp, hostname, app, procid, msgid string
	structured                              map[string]map[string]string
	msg                                     string
}

// parseSyslog is a reader of RFC 5424 that was written from its grammar.
func parseSyslog(s string) (m syslogMessage, err error) {
	rest, ok := strings.CutPrefix(s, "<")
	pri, rest, found := strings.Cut(rest, ">")
	if m.pri, err = strconv.Atoi(pri); !ok || !found || err != nil || m.pri > 191 || strconv.Itoa(m.pri) != pri {
		return m, errors.New("PRI")
	}
	if rest, ok = strings.CutPrefix(rest, "1 "); !ok {
		return m, errors.New("VERSION")
	}
	for _, field := range []struct {
		to      *string
		longest int
	}{{&m.timestamp, 64}, {&m.hostname, 255}, {&m.app, 48}, {&m.procid, 128}, {&m.msgid, 32}} {
		*field.to, rest, ok = strings.Cut(rest, " ")
		if !ok || *field.to == "" || len(*field.to) > field.longest || strings.ContainsFunc(*field.to, func(r rune) bool { return r < 33 || r > 126 }) {
			return m, fmt.Errorf("header field %q", *field.to)
		}
	}
	// TIMESTAMP: §6.2.3, T and Z in upper case, at most six decimals.
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$`).MatchString(m.timestamp) {
		return m, fmt.Errorf("TIMESTAMP %q", m.timestamp)
	}
	m.structured = make(map[string]map[string]string)
	for strings.HasPrefix(rest, "[") {
		end := strings.IndexAny(rest, " ]")
		id := rest[1:end]
		if id == "" || len(id) > 32 || strings.ContainsAny(id, "=\"") {
			return m, fmt.Errorf("SD-ID %q", id)
		}
		params := make(map[string]string)
		rest = rest[end:]
		for strings.HasPrefix(rest, " ") {
			name, after, ok := strings.Cut(rest[1:], `="`)
			if !ok || name == "" || len(name) > 32 || strings.ContainsAny(name, "= ]\"") {
				return m, fmt.Errorf("PARAM-NAME %q", name)
			}
			var value strings.Builder
			for {
				if after == "" {
					return m, errors.New("PARAM-VALUE without its end")
				}
				c := after[0]
				after = after[1:]
				if c == '"' {
					break
				}
				if c == ']' {
					return m, errors.New("PARAM-VALUE with a bare ]")
				}
				if c == '\\' && after != "" && strings.ContainsRune(`"\]`, rune(after[0])) {
					c, after = after[0], after[1:]
				}
				value.WriteByte(c)
			}
			params[name], rest = value.String(), after
		}
		if rest, ok = strings.CutPrefix(rest, "]"); !ok {
			return m, errors.New("SD-ELEMENT without its end")
		}
		m.structured[id] = params
	}
	if m.msg, ok = strings.CutPrefix(rest, " "); !ok || !utf8.ValidString(m.msg) {
		return m, errors.New("MSG")
	}
	return m, nil
}

// cefRecord is a record of the Common Event Format.
type cefRecord struct {
	header    [8]string // CEF:0, vendor, product, version, signature, name, severity
	extension map[string]string
}

// cefKey is the beginning of a value: keys are alphanumeric, a space stands before all but the first.
var cefKey = regexp.MustCompile(`(?:^| )([A-Za-z0-9_.]+)=`)

// parseCEF is a reader of "Implementing ArcSight Common Event Format", version 0, that was written
// from its rules: | and \ are escaped in the header, = and \ in values, where \n and \r are line
// breaks; a value goes up to the next unescaped key=.
func parseCEF(s string) (r cefRecord, err error) {
	field := 0
	var text strings.Builder
	for field < 7 {
		if s == "" {
			return r, errors.New("header without its end")
		}
		c := s[0]
		s = s[1:]
		switch {
		case c == '|':
			r.header[field] = text.String()
			text.Reset()
			field++
			continue
		case c == '\\':
			if s == "" || s[0] != '|' && s[0] != '\\' {
				return r, errors.New("escape in the header")
			}
			c, s = s[0], s[1:]
		}
		text.WriteByte(c)
	}
	r.extension = make(map[string]string)
	keys := cefKey.FindAllStringSubmatchIndex(s, -1)
	if len(keys) == 0 || keys[0][0] != 0 {
		return r, errors.New("extension without a key")
	}
	for i, key := range keys {
		end := len(s)
		if i+1 < len(keys) {
			end = keys[i+1][0]
		}
		name, value := s[key[2]:key[3]], s[key[1]:end]
		var text strings.Builder
		for j := 0; j < len(value); j++ {
			c := value[j]
			if c == '=' {
				return r, fmt.Errorf("bare = in %s", name)
			}
			if c == '\\' {
				j++
				if j == len(value) {
					return r, fmt.Errorf("half an escape in %s", name)
				}
				switch c = value[j]; c {
				case 'n':
					c = '\n'
				case 'r':
					c = '\r'
				case '\\', '=':
				default:
					return r, fmt.Errorf(`escape \%c in %s`, c, name)
				}
			}
			text.WriteByte(c)
		}
		if _, twice := r.extension[name]; twice {
			return r, fmt.Errorf("%s twice", name)
		}
		r.extension[name] = text.String()
	}
	return r, nil
}
