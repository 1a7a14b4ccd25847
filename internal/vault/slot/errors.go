package slot

import "errors"

var (
	// ErrMalformed: bytes that are no slot.
	ErrMalformed = errors.New("malformed slot")
	// ErrNewer: a slot with something that this version does not know.
	ErrNewer = errors.New("made by a newer kai")
	// ErrLimits: a parameter outside its limits, which are there to keep a slot from being
	// cheap to guess, or from costing whoever opens it his memory.
	ErrLimits = errors.New("outside its limits")
	// ErrForeign: a slot of another vault than the one in hand, or made by somebody who does
	// not own it.
	ErrForeign = errors.New("slot of another vault")
	// ErrNoOpener: a factor of a type for which no Opener was given.
	ErrNoOpener = errors.New("cannot be opened here")
	// ErrWrongFactor: a wrong password, device, share or key; of several factors it is not
	// known which.
	ErrWrongFactor = errors.New("wrong factor")
	// ErrTampered: a slot whose factors are right and whose content is not.
	ErrTampered = errors.New("slot was tampered with")
)
