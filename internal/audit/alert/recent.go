package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"kai/internal/canon"
)

// recent is what the outbox remembers of the alerts of the last minutes, so that the same is not
// said again and a rule does not say too much. It is lost without harm: more is sent then.
type recent struct {
	Alerts []spoken `json:"alerts"`
	V      int      `json:"v"`
}

// spoken is one alert that was not silent. Key and Rule are hashes: they may be long.
type spoken struct {
	Key  string    `json:"key"`
	Rule string    `json:"rule"`
	T    timestamp `json:"t"`
}

// Fate says what becomes of an alert that is put into the outbox.
type Fate uint8

// The fates.
const (
	Kept      Fate = iota + 1 // every sink gets it
	Duplicate                 // the same was said within SilentFor
	Limited                   // the rule had its MaxPerMinute
)

// readRecent takes anything but its own form for nothing.
func readRecent(file []byte) recent {
	var r recent
	if canon.Unmarshal(file, &r) != nil || r.V != 1 {
		return recent{V: 1}
	}
	return r
}

// judge decides about an alert and remembers one that is kept.
func (r *recent) judge(key, rule string, now time.Time) Fate {
	kept := r.Alerts[:0]
	inMinute := 0
	fate := Kept
	for _, s := range r.Alerts {
		age := now.Sub(s.T.Time)
		if age < 0 || age >= SilentFor {
			continue // of a clock that was ahead, or over
		}
		kept = append(kept, s)
		if s.Key == key {
			fate = Duplicate
		}
		if s.Rule == rule && age < time.Minute {
			inMinute++
		}
	}
	r.Alerts = kept
	if fate == Kept && inMinute >= MaxPerMinute {
		fate = Limited
	}
	if fate == Kept {
		r.Alerts = append(r.Alerts, spoken{key, rule, at(now)})
		r.Alerts = r.Alerts[max(0, len(r.Alerts)-maxRecent):]
	}
	return fate
}

// keys are what makes two alerts the same, and what makes two of one rule.
func (a *Alert) keys(s subject) (key, rule string) {
	if s.act == violationAct {
		return hashed("violation", a.Pattern, s.group), hashed("rule", s.rule)
	}
	return hashed("event", a.LogID, s.act, strconv.FormatUint(a.N, 10)), hashed("act", s.act)
}

func hashed(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
