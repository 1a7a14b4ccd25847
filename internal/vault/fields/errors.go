package fields

import "errors"

var (
	ErrEnd      = errors.New("unexpected end")                              // cut inside of a field
	ErrName     = errors.New("name is not 1 to 64 of A-Z a-z 0-9 _ . -")    // empty, too long, or with other bytes
	ErrOrder    = errors.New("name is not above the one before it")         // unsorted, or twice
	ErrTwice    = errors.New("two fields of one name")                      // given to Encode or Append
	ErrTooMany  = errors.New("more than 64 fields")                         // above MaxFields
	ErrTooLarge = errors.New("more than 16 MiB of values")                  // above MaxValues
	ErrNoRoom   = errors.New("no room for the fields in what they go into") // Append would have to move dst
)
