package identity_test

import (
	"errors"
	"testing"

	"kai/internal/identity"
	"kai/internal/key"
	"kai/internal/sig"
	"kai/internal/signed"
)

// TestRotation is the table of who can change the keys. Key 1 signs, key 2 is
// next, 3 comes after it; 4 and 5 recover together, 6 revokes, 9 is a thief.
func TestRotation(t *testing.T) {
	id := made(t, identity.Inception{
		Recovery: identity.Quorum{Keys: publics(ed(t, 4), ed(t, 5)), Threshold: 2},
		Revokers: publics(ed(t, 6)),
	}, ed(t, 1))
	to := func(sign, next byte) identity.Keys { return keys(ed(t, sign), ed(t, next)) }
	staying := to(2, 3)
	staying.Sign, staying.Threshold = publics(ed(t, 1), ed(t, 2)), 2
	smuggled := staying
	smuggled.Sign = publics(ed(t, 2), ed(t, 9))
	only := func(n ...byte) (list []sig.Signer) {
		for _, k := range n {
			list = append(list, ed(t, k))
		}
		return list
	}
	for name, c := range map[string]struct {
		reason  identity.Reason
		keys    identity.Keys
		signers []sig.Signer
		want    error
	}{
		"planned":                              {identity.Scheduled, to(2, 3), only(1, 2), nil},
		"replaced":                             {identity.Superseded, to(2, 3), only(1, 2), nil},
		"after a loss":                         {identity.Compromised, to(2, 3), only(1, 2), nil},
		"the present key stays":                {identity.Scheduled, staying, only(1, 2), nil},
		"thief of the present key":             {identity.Scheduled, to(9, 3), only(1), identity.ErrCommitment},
		"thief signs with his own too":         {identity.Scheduled, to(9, 3), only(1, 9), identity.ErrCommitment},
		"thief without the next key":           {identity.Scheduled, to(2, 9), only(1), identity.ErrThreshold},
		"thief keeps the present key only":     {identity.Scheduled, to(1, 9), only(1), identity.ErrThreshold},
		"thief adds a key to good ones":        {identity.Scheduled, smuggled, only(1, 2), identity.ErrCommitment},
		"thief of the present key recovers":    {identity.Recovery, to(9, 3), only(1), identity.ErrCommitment},
		"present key recovers to the next":     {identity.Recovery, to(2, 3), only(1), identity.ErrThreshold},
		"next key without the present":         {identity.Scheduled, to(2, 3), only(2), identity.ErrThreshold},
		"next key alone, after a loss":         {identity.Compromised, to(2, 3), only(2), identity.ErrThreshold},
		"next key alone, to recover":           {identity.Recovery, to(2, 3), only(2), nil},
		"next key alone recovers to strangers": {identity.Recovery, to(9, 3), only(2), identity.ErrForeignKey},
		"recovery keys":                        {identity.Recovery, to(7, 8), only(4, 5), nil},
		"recovery keys and the new one":        {identity.Recovery, to(7, 8), only(4, 5, 7), nil},
		"one recovery key":                     {identity.Recovery, to(7, 8), only(4), identity.ErrCommitment},
		"one recovery key, to the next":        {identity.Recovery, to(2, 3), only(4), identity.ErrThreshold},
		"recovery keys rotate as planned":      {identity.Scheduled, to(2, 3), only(4, 5), identity.ErrForeignKey},
		"revoker":                              {identity.Recovery, to(2, 3), only(6), identity.ErrForeignKey},
		"stranger":                             {identity.Recovery, to(9, 3), only(9), identity.ErrCommitment},
		"stranger beside good ones":            {identity.Scheduled, to(2, 3), only(1, 2, 9), identity.ErrForeignKey},
		"commits to the key before":            {identity.Scheduled, to(2, 1), only(1, 2), identity.ErrReused},
		"commits to the key that comes":        {identity.Scheduled, to(2, 2), only(1, 2), identity.ErrReused},
	} {
		next, err := id.Change(zeros{}, day(1), identity.Rotation{Reason: c.reason, Keys: c.keys}, c.signers...)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil && (next.Epoch() != 1 || next.ID() != id.ID()) {
			t.Errorf("%s: epoch %d", name, next.Epoch())
		}
	}
}

func TestHybridRotationNeedsAllFour(t *testing.T) {
	old, next := hybrid(t, 1), hybrid(t, 2)
	id := made(t, identity.Inception{Keys: identity.Keys{Next: fingerprints(next), NextThreshold: 2}}, old)
	rotation := identity.Rotation{Reason: identity.Scheduled, Keys: keys(next, hybrid(t, 3))}
	all := signed.Flatten([]sig.Signer{old, next})
	good := changed(t, id, 1, rotation, all...)
	for i := range all {
		var three []sig.Signer
		three = append(append(three, all[:i]...), all[i+1:]...)
		if _, err := id.Change(zeros{}, day(1), rotation, three...); !errors.Is(err, identity.ErrThreshold) {
			t.Errorf("without signature %d: %v", i, err)
		}
	}
	if !good.PostQuantum() || len(good.Document()) > 64<<10 {
		t.Errorf("document of %d bytes", len(good.Document()))
	}
	for _, half := range []sig.Signer{ed(t, 1), pq(t, 1)} {
		i := identity.Inception{Keys: identity.Keys{Sign: publics(old), Threshold: 2}}
		i.Facts = identity.Facts{Name: "a", Kind: identity.Agent}
		if _, err := identity.New(zeros{}, start, i, half); !errors.Is(err, identity.ErrThreshold) {
			t.Errorf("%s alone: %v", half.Public.Type(), err)
		}
	}
}

func TestFixedIdentity(t *testing.T) {
	id := made(t, identity.Inception{
		Keys:     identity.Keys{Next: []string{}},
		Recovery: identity.Quorum{Keys: publics(ed(t, 4)), Threshold: 1},
	}, ed(t, 1))
	for _, reason := range []identity.Reason{identity.Scheduled, identity.Recovery} {
		if _, err := id.Change(zeros{}, day(1), identity.Rotation{Reason: reason, Keys: keys(ed(t, 2), ed(t, 3))}, ed(t, 1), ed(t, 4)); !errors.Is(err, identity.ErrFixed) {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestRecoveryKeysChangeWithRotations(t *testing.T) {
	id := made(t, identity.Inception{Recovery: identity.Quorum{Keys: publics(ed(t, 4)), Threshold: 1}, Revokers: publics(ed(t, 6))}, ed(t, 1))
	kept := changed(t, id, 1, identity.Rotation{Reason: identity.Scheduled, Keys: keys(ed(t, 2), ed(t, 3))}, ed(t, 1), ed(t, 2))
	if len(kept.Recovery().Keys) != 1 || len(kept.Revokers()) != 1 {
		t.Error("forgotten")
	}
	gone := changed(t, kept, 2, identity.Rotation{
		Reason: identity.Scheduled, Keys: keys(ed(t, 3), ed(t, 7)), Recovery: &identity.Quorum{}, Revokers: new([]key.Public),
	}, ed(t, 2), ed(t, 3))
	if len(gone.Recovery().Keys) != 0 || len(gone.Revokers()) != 0 {
		t.Error("kept")
	}
	for signer, want := range map[byte]error{4: identity.ErrForeignKey, 6: identity.ErrForeignKey} {
		if _, err := gone.Change(zeros{}, day(3), identity.Revocation{Reason: identity.Retired}, ed(t, signer)); !errors.Is(err, want) {
			t.Errorf("key %d: %v", signer, err)
		}
	}
}

// TestRevocation is the table of who can end an identity.
func TestRevocation(t *testing.T) {
	id := made(t, identity.Inception{
		Keys: identity.Keys{
			Sign: publics(ed(t, 1), ed(t, 11)), Threshold: 2, Next: fingerprints(ed(t, 2), ed(t, 12)), NextThreshold: 2,
		},
		Recovery: identity.Quorum{Keys: publics(ed(t, 4), ed(t, 5)), Threshold: 2},
		Revokers: publics(ed(t, 6), ed(t, 7)),
	}, ed(t, 1), ed(t, 11))
	for name, c := range map[string]struct {
		signers []byte
		reveal  []byte
		want    error
	}{
		"the present keys":         {[]byte{1, 11}, nil, nil},
		"one present key":          {[]byte{1}, nil, identity.ErrThreshold},
		"the next keys":            {[]byte{2, 12}, []byte{2, 12}, nil},
		"one next key":             {[]byte{2}, []byte{2, 12}, identity.ErrThreshold},
		"next keys, not revealed":  {[]byte{2, 12}, nil, identity.ErrForeignKey},
		"a stranger revealed":      {[]byte{9}, []byte{9}, identity.ErrCommitment},
		"one revoker":              {[]byte{6}, nil, nil},
		"the other revoker":        {[]byte{7}, nil, nil},
		"the recovery keys":        {[]byte{4, 5}, nil, nil},
		"one recovery key":         {[]byte{5}, nil, identity.ErrThreshold},
		"one of each":              {[]byte{1, 2, 4}, []byte{2}, identity.ErrThreshold},
		"a stranger":               {[]byte{9}, nil, identity.ErrForeignKey},
		"a revoker and a stranger": {[]byte{6, 9}, nil, identity.ErrForeignKey},
	} {
		var signers, revealed []sig.Signer
		for _, n := range c.signers {
			signers = append(signers, ed(t, n))
		}
		for _, n := range c.reveal {
			revealed = append(revealed, ed(t, n))
		}
		r := identity.Revocation{Reason: identity.Compromised, Since: day(1), Reveal: publics(revealed...)}
		next, err := id.Change(zeros{}, day(2), r, signers...)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil {
			if ended, ok := next.Revoked(); !ok || !ended.Since.Equal(day(1)) || len(next.KeysAt(identity.ForSigning, day(0))) != 0 {
				t.Errorf("%s: %+v", name, ended)
			}
			if _, err := next.Propose(zeros{}, day(3), identity.Update{Version: new("2")}, ed(t, 1), ed(t, 11)); !errors.Is(err, identity.ErrRevoked) {
				t.Errorf("%s, then an update: %v", name, err)
			}
		}
	}
}

// TestChain is the negative catalogue of sigchains: events that do not belong
// where they stand, though their signatures are good.
func TestChain(t *testing.T) {
	id := changed(t, bot(t), 1, identity.Update{Version: new("2")}, ed(t, 1))
	first := eventsOf(t, id.Document())[0]
	for name, c := range map[string]struct {
		kind    string
		members object
		want    error
	}{
		"good":               {"update", object{"version": "3"}, nil},
		"seq repeated":       {"update", object{"version": "3", "seq": 1}, identity.ErrChain},
		"seq skipped":        {"update", object{"version": "3", "seq": 3}, identity.ErrChain},
		"seq 0":              {"update", object{"version": "3", "seq": 0}, identity.ErrMalformed},
		"seq negative":       {"update", object{"version": "3", "seq": -2}, identity.ErrMalformed},
		"prev of the first":  {"update", object{"version": "3", "prev": first.Digest()}, identity.ErrChain},
		"prev of no event":   {"update", object{"version": "3", "prev": signed.DigestOf(nil)}, identity.ErrChain},
		"no prev":            {"update", object{"version": "3", "prev": nil}, identity.ErrMalformed},
		"prev in hex":        {"update", object{"version": "3", "prev": "88a3b964"}, identity.ErrMalformed},
		"earlier":            {"update", object{"version": "3", "created": "2026-01-02T03:04:06Z"}, identity.ErrChain},
		"same time":          {"update", object{"version": "3", "created": "2026-01-03T03:04:05Z"}, nil},
		"no time":            {"update", object{"version": "3", "created": nil}, identity.ErrMalformed},
		"time with a zone":   {"update", object{"version": "3", "created": "2026-01-02T03:04:06+01:00"}, identity.ErrMalformed},
		"unknown kind":       {"delegation", object{"version": "3"}, identity.ErrNewer},
		"no kind":            {"", object{"event": nil, "version": "3"}, identity.ErrMalformed},
		"kind is a number":   {"", object{"event": 1, "version": "3"}, identity.ErrMalformed},
		"unknown member":     {"update", object{"version": "3", "trust_level": 100}, identity.ErrNewer},
		"member of another":  {"update", object{"version": "3", "kind": "root"}, identity.ErrNewer},
		"member in capitals": {"update", object{"Version": "3"}, identity.ErrMalformed},
		"threshold":          {"update", object{"threshold": 0}, identity.ErrNewer},
		"update signs":       {"update", object{"keys": object{"sign": []string{}}}, identity.ErrNewer},
		"update of no keys":  {"update", object{"keys": object{}}, identity.ErrMalformed},
		"update of nothing":  {"update", nil, identity.ErrMalformed},
		"bad owner":          {"update", object{"owner": vectorID[:61] + "x"}, identity.ErrMalformed},
		"owner in capitals":  {"update", object{"owner": "KAI1" + vectorID[4:]}, identity.ErrMalformed},
		"text for a list":    {"update", object{"capabilities": "sign:file/**"}, identity.ErrMalformed},
		"revocation":         {"revocation", object{"reason": "retired"}, nil},
		"no reason":          {"revocation", nil, identity.ErrMalformed},
		"unknown reason":     {"revocation", object{"reason": "boredom"}, identity.ErrMalformed},
		"rotation's reason":  {"revocation", object{"reason": "scheduled"}, identity.ErrMalformed},
		"since after":        {"revocation", object{"reason": "compromised", "since": "2026-02-01T00:00:01Z"}, identity.ErrMalformed},
		"since at once":      {"revocation", object{"reason": "compromised", "since": "2026-02-01T00:00:00Z"}, nil},
		"a second inception": {"inception", nil, identity.ErrMalformed},
	} {
		e := forge(t, after(id, c.kind, c.members), ed(t, 1))
		if _, err := id.Append(e); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := verify(document(append(eventsOf(t, id.Document()), e)...)); !errors.Is(err, c.want) {
			t.Errorf("%s, as a document: %v, want %v", name, err, c.want)
		}
	}
	if _, err := id.Append(first); !errors.Is(err, identity.ErrChain) {
		t.Errorf("the inception again: %v", err)
	}
	other, err := signed.Sign(zeros{}, object{"type": "trust", "v": 1}, ed(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := id.Append(other); !errors.Is(err, identity.ErrMalformed) {
		t.Errorf("a trust statement: %v", err)
	}
}

func TestRotationWords(t *testing.T) {
	id := bot(t)
	good := func(members object) object {
		o := object{
			"reason": "scheduled", "threshold": 1, "next": []string{}, "next_threshold": 0,
			"keys": object{"sign": []string{ed(t, 2).Public.String()}, "seal": []string{}},
		}
		for name, value := range members {
			o[name] = value
		}
		return after(id, "rotation", o)
	}
	for name, c := range map[string]struct {
		members object
		want    error
	}{
		"good":                      {nil, nil},
		"overlap":                   {object{"overlap_until": "2026-02-01T00:00:01Z"}, nil},
		"overlap of nothing":        {object{"overlap_until": "2026-02-01T00:00:00Z"}, identity.ErrMalformed},
		"overlap of lost keys":      {object{"reason": "compromised", "overlap_until": "2026-02-02T00:00:00Z"}, identity.ErrMalformed},
		"since":                     {object{"reason": "compromised", "since": "2026-01-31T00:00:00Z"}, nil},
		"since in the future":       {object{"reason": "compromised", "since": "2026-02-01T00:00:01Z"}, identity.ErrMalformed},
		"since of a planned change": {object{"since": "2026-01-31T00:00:00Z"}, identity.ErrMalformed},
		"revocation's reason":       {object{"reason": "retired"}, identity.ErrMalformed},
		"unknown reason":            {object{"reason": "Scheduled"}, identity.ErrMalformed},
		"no signing keys":           {object{"keys": object{"sign": []string{}, "seal": []string{}}}, identity.ErrMalformed},
		"no sealing list":           {object{"keys": object{"sign": []string{ed(t, 2).Public.String()}}}, identity.ErrMalformed},
		"empty channel list":        {object{"keys": object{"sign": []string{ed(t, 2).Public.String()}, "seal": []string{}, "channel": []string{}}}, identity.ErrMalformed},
		"threshold 0":               {object{"threshold": 0}, identity.ErrMalformed},
		"next without threshold":    {object{"next": fingerprints(ed(t, 3))}, identity.ErrMalformed},
		"threshold without next":    {object{"next_threshold": 1}, identity.ErrMalformed},
		"no next":                   {object{"next": nil}, identity.ErrMalformed},
		"recovery below threshold":  {object{"recovery": object{"keys": []string{}, "threshold": 1}}, identity.ErrMalformed},
		"recovery taken back":       {object{"recovery": object{"keys": []string{}, "threshold": 0}}, nil},
		"name":                      {object{"name": "other"}, identity.ErrNewer},
	} {
		if _, err := id.Append(forge(t, good(c.members), ed(t, 1), ed(t, 2))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestUpdateNeedsTheThreshold(t *testing.T) {
	id := made(t, identity.Inception{Revokers: publics(ed(t, 6)), Recovery: identity.Quorum{Keys: publics(ed(t, 4)), Threshold: 1}}, ed(t, 1), ed(t, 11))
	update := identity.Update{Version: new("2")}
	for name, c := range map[string]struct {
		signers []sig.Signer
		want    error
	}{
		"both":             {[]sig.Signer{ed(t, 1), ed(t, 11)}, nil},
		"one":              {[]sig.Signer{ed(t, 1)}, identity.ErrThreshold},
		"next key":         {[]sig.Signer{ed(t, 2)}, identity.ErrForeignKey},
		"recovery key":     {[]sig.Signer{ed(t, 4)}, identity.ErrForeignKey},
		"revoker":          {[]sig.Signer{ed(t, 6)}, identity.ErrForeignKey},
		"and a stranger's": {[]sig.Signer{ed(t, 1), ed(t, 11), ed(t, 9)}, identity.ErrForeignKey},
	} {
		if _, err := id.Change(zeros{}, day(1), update, c.signers...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// Two people, one after the other.
	e, err := id.Propose(zeros{}, day(1), update, ed(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if e, err = e.Add(zeros{}, ed(t, 11)); err != nil {
		t.Fatal(err)
	}
	if next, err := id.Append(e); err != nil || next.Facts().Version != "2" {
		t.Error(err)
	}
}

// TestOldKeysSayNothingInEvents: an overlap is for files and messages.
func TestOldKeysSayNothingInEvents(t *testing.T) {
	id := changed(t, bot(t), 1, identity.Rotation{Reason: identity.Scheduled, Keys: keys(ed(t, 2), ed(t, 3)), OverlapUntil: day(30)}, ed(t, 1), ed(t, 2))
	if _, err := id.Change(zeros{}, day(2), identity.Update{Version: new("2")}, ed(t, 1)); !errors.Is(err, identity.ErrForeignKey) {
		t.Errorf("update: %v", err)
	}
	if _, err := id.Change(zeros{}, day(2), identity.Revocation{Reason: identity.Retired}, ed(t, 1)); !errors.Is(err, identity.ErrForeignKey) {
		t.Errorf("revocation: %v", err)
	}
}

func TestMerge(t *testing.T) {
	short := bot(t)
	longer := changed(t, short, 1, identity.Update{Version: new("2")}, ed(t, 1))
	fork := changed(t, short, 1, identity.Update{Version: new("3")}, ed(t, 1))
	for name, pair := range map[string][2]*identity.Identity{"shorter first": {short, longer}, "longer first": {longer, short}, "twice": {longer, longer}} {
		got, err := identity.Merge(pair[0], pair[1])
		if err != nil || string(got.Document()) != string(longer.Document()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := identity.Merge(longer, fork)
	var evidence *identity.DuplicityError
	if !errors.As(err, &evidence) || !errors.Is(err, identity.ErrDuplicity) || evidence.Seq != 1 || evidence.ID != short.ID() ||
		evidence.A.Digest() == evidence.B.Digest() {
		t.Errorf("fork: %v", err)
	}
	if _, err := identity.Merge(short, made(t, identity.Inception{}, ed(t, 8))); !errors.Is(err, identity.ErrOtherIdentity) {
		t.Errorf("another identity: %v", err)
	}
}
