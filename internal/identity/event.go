package identity

import (
	"encoding/json"
	"fmt"

	"kai/internal/canon"
	"kai/internal/key"
	"kai/internal/signed"
)

// EventKind says what an event does. The words are part of the format.
type EventKind string

// The kinds of events.
const (
	InceptionEvent  EventKind = "inception"
	RotationEvent   EventKind = "rotation"
	UpdateEvent     EventKind = "update"
	RevocationEvent EventKind = "revocation"
)

// header is what every event has. prev is absent in the first one.
type header struct {
	Created signed.Time   `json:"created"`
	Event   EventKind     `json:"event"`
	Prev    signed.Digest `json:"prev,omitzero"`
	Seq     int           `json:"seq"`
	Type    signed.Type   `json:"type"`
	V       int           `json:"v"`
}

// keysJSON are the keys in an inception or rotation.
type keysJSON struct {
	Channel []signed.PublicKey `json:"channel,omitempty"`
	Seal    []signed.PublicKey `json:"seal"`
	Sign    []signed.PublicKey `json:"sign"`
}

// updatedKeysJSON are the keys in an update.
type updatedKeysJSON struct {
	Channel *[]signed.PublicKey `json:"channel,omitempty"`
	Seal    *[]signed.PublicKey `json:"seal,omitempty"`
}

type quorumJSON struct {
	Keys      []signed.PublicKey `json:"keys"`
	Threshold int                `json:"threshold"`
}

type inceptionJSON struct {
	header
	Capabilities  []string           `json:"capabilities,omitempty"`
	Keys          keysJSON           `json:"keys"`
	Kind          Kind               `json:"kind"`
	Meta          map[string]string  `json:"meta,omitempty"`
	Name          string             `json:"name"`
	Next          []string           `json:"next"`
	NextThreshold int                `json:"next_threshold"`
	Nonce         signed.Bytes       `json:"nonce"`
	Owner         ID                 `json:"owner,omitzero"`
	Principals    []string           `json:"principals,omitempty"`
	Profile       Profile            `json:"profile,omitzero"`
	Recovery      *quorumJSON        `json:"recovery,omitempty"`
	Revokers      []signed.PublicKey `json:"revokers,omitempty"`
	Threshold     int                `json:"threshold"`
	Version       string             `json:"version,omitempty"`
}

type rotationJSON struct {
	header
	Keys          keysJSON            `json:"keys"`
	Next          []string            `json:"next"`
	NextThreshold int                 `json:"next_threshold"`
	OverlapUntil  signed.Time         `json:"overlap_until,omitzero"`
	Reason        Reason              `json:"reason"`
	Recovery      *quorumJSON         `json:"recovery,omitempty"`
	Revokers      *[]signed.PublicKey `json:"revokers,omitempty"`
	Since         signed.Time         `json:"since,omitzero"`
	Threshold     int                 `json:"threshold"`
}

// updateJSON has a member for each fact that changes; an empty one removes it.
type updateJSON struct {
	header
	Capabilities *[]string          `json:"capabilities,omitempty"`
	Keys         *updatedKeysJSON   `json:"keys,omitempty"`
	Meta         *map[string]string `json:"meta,omitempty"`
	Name         *string            `json:"name,omitempty"`
	Owner        *string            `json:"owner,omitempty"`
	Principals   *[]string          `json:"principals,omitempty"`
	Profile      *Profile           `json:"profile,omitempty"`
	Version      *string            `json:"version,omitempty"`
}

type revocationJSON struct {
	header
	Reason Reason             `json:"reason"`
	Reveal []signed.PublicKey `json:"reveal,omitempty"`
	Since  signed.Time        `json:"since,omitzero"`
}

// event is one event that is well-formed by itself. Nothing says that it belongs
// into a chain.
type event struct {
	header
	envelope *signed.Envelope
	body     any // *inceptionJSON, *rotationJSON, *updateJSON or *revocationJSON
}

// parseEvent reads an event. The errors are ErrMalformed, ErrTooLarge and
// ErrNewer.
func parseEvent(e *signed.Envelope) (event, error) {
	if e.Type() != signed.IdentityEvent {
		return event{}, malformed("object of type %s where an event is expected", e.Type())
	}
	object := e.Unverified()
	// The envelope has been read: its object is canonical. Only the kind is
	// taken from here; the strict reading follows.
	var kind struct {
		Event EventKind `json:"event"`
	}
	if json.Unmarshal(object, &kind) != nil {
		return event{}, malformed("kind of event is not a text")
	}
	switch kind.Event {
	case InceptionEvent:
		return parseBody(e, object, func(b *inceptionJSON) (header, error) { return b.header, b.check() })
	case RotationEvent:
		return parseBody(e, object, func(b *rotationJSON) (header, error) { return b.header, b.check() })
	case UpdateEvent:
		return parseBody(e, object, func(b *updateJSON) (header, error) { return b.header, b.check() })
	case RevocationEvent:
		return parseBody(e, object, func(b *revocationJSON) (header, error) { return b.header, b.check() })
	case "":
		return event{}, malformed("no kind of event")
	}
	return event{}, fmt.Errorf("%w: kind of event", ErrNewer)
}

func parseBody[T any](e *signed.Envelope, object []byte, check func(*T) (header, error)) (event, error) {
	body := new(T)
	if err := canon.Unmarshal(object, body); err != nil {
		return event{}, signed.Malformed("signed part", err)
	}
	h, err := check(body)
	if err != nil {
		return event{}, err
	}
	if (h.Seq == 0) != (h.Event == InceptionEvent) || (h.Seq == 0) != h.Prev.IsZero() || h.Seq < 0 {
		return event{}, malformed("an inception has seq 0 and no prev, the others have both")
	}
	return event{h, e, body}, nil
}

func (b *inceptionJSON) facts() Facts {
	return Facts{
		Name: b.Name, Kind: b.Kind, Owner: b.Owner, Version: b.Version, Capabilities: b.Capabilities,
		Principals: b.Principals, Meta: b.Meta, Profile: b.Profile,
	}
}

func (b *inceptionJSON) keys() Keys {
	return Keys{keysOf(b.Keys.Sign), b.Threshold, b.Next, b.NextThreshold, keysOf(b.Keys.Seal), keysOf(b.Keys.Channel)}
}

func (b *inceptionJSON) check() error {
	if len(b.Nonce) != nonceSize {
		return malformed("nonce of %d bytes, want %d", len(b.Nonce), nonceSize)
	}
	if b.Recovery != nil && b.Recovery.quorum().isZero() {
		return malformed("recovery without keys")
	}
	if err := b.facts().check(); err != nil {
		return err
	}
	if err := b.keys().check(); err != nil {
		return err
	}
	return checkHelpers(b.Recovery, b.Revokers)
}

func (b *rotationJSON) keys() Keys {
	return Keys{keysOf(b.Keys.Sign), b.Threshold, b.Next, b.NextThreshold, keysOf(b.Keys.Seal), keysOf(b.Keys.Channel)}
}

func (b *rotationJSON) check() error {
	reason, err := ParseRotationReason(string(b.Reason))
	if err != nil {
		return err
	}
	planned := reason == Scheduled || reason == Superseded
	switch {
	case !b.OverlapUntil.IsZero() && (!planned || !b.Created.Before(b.OverlapUntil)):
		return malformed("overlap_until before created, or for keys that are lost")
	case !b.Since.IsZero() && (planned || b.Created.Before(b.Since)):
		return malformed("since after created, or for keys that are not lost")
	}
	if err := b.keys().check(); err != nil {
		return err
	}
	var revokers []signed.PublicKey
	if b.Revokers != nil {
		revokers = *b.Revokers
	}
	return checkHelpers(b.Recovery, revokers)
}

// checkHelpers bounds the keys that are not the identity's own. A recovery
// without keys takes one back.
func checkHelpers(recovery *quorumJSON, revokers []signed.PublicKey) error {
	if recovery != nil && !recovery.quorum().isZero() {
		if err := checkQuorum("recovery", recovery.quorum()); err != nil {
			return err
		}
	}
	return checkKeys("revokers", keysOf(revokers), signsObjects)
}

func (b *updateJSON) check() error {
	empty := *b
	empty.header = header{}
	if empty == (updateJSON{}) || b.Keys != nil && *b.Keys == (updatedKeysJSON{}) {
		return malformed("update of nothing")
	}
	facts, keys := Facts{Name: "a", Kind: Agent}, Keys{}
	if err := b.patch(&facts, &keys); err != nil {
		return err
	}
	if err := facts.check(); err != nil {
		return err
	}
	return checkSealing(keys)
}

// patch changes what the update names. The error is ErrMalformed.
func (b *updateJSON) patch(facts *Facts, keys *Keys) error {
	set(&facts.Name, b.Name)
	set(&facts.Version, b.Version)
	set(&facts.Capabilities, b.Capabilities)
	set(&facts.Principals, b.Principals)
	set(&facts.Meta, b.Meta)
	set(&facts.Profile, b.Profile)
	if b.Owner != nil {
		facts.Owner = ID{}
		if *b.Owner != "" {
			owner, err := ParseID(*b.Owner)
			if err != nil {
				return fmt.Errorf("owner: %w", err)
			}
			facts.Owner = owner
		}
	}
	if b.Keys != nil && b.Keys.Seal != nil {
		keys.Seal = keysOf(*b.Keys.Seal)
	}
	if b.Keys != nil && b.Keys.Channel != nil {
		keys.Channel = keysOf(*b.Keys.Channel)
	}
	return nil
}

// set puts a new value in place, if there is one.
func set[T any](place, value *T) {
	if value != nil {
		*place = *value
	}
}

func (b *revocationJSON) check() error {
	if _, err := ParseRevocationReason(string(b.Reason)); err != nil {
		return err
	}
	if b.Created.Before(b.Since) {
		return malformed("since after created")
	}
	return checkKeys("reveal", keysOf(b.Reveal), signsObjects)
}

func (q *quorumJSON) quorum() Quorum {
	if q == nil {
		return Quorum{}
	}
	return Quorum{keysOf(q.Keys), q.Threshold}
}

func keysOf(list []signed.PublicKey) []key.Public {
	var keys []key.Public
	for _, k := range list {
		keys = append(keys, k.Public)
	}
	return keys
}

// listOf is never nil: an empty list is written, null is not.
func listOf(keys []key.Public) []signed.PublicKey {
	list := make([]signed.PublicKey, 0, len(keys))
	for _, k := range keys {
		list = append(list, signed.PublicKey{Public: k})
	}
	return list
}
