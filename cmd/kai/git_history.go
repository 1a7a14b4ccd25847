package main

import (
	"bufio"
	"context"
	"errors"
	"hash/maphash"
	"io"
)

// readHistory returns the ids of all proper ancestors of a revision.
func readHistory(ctx context.Context, g *gitRunner, revision string) (*idSet, error) {
	p, err := g.pipe(ctx, nil, []string{"rev-list", "--end-of-options", revision + "^@", "--"})
	if err != nil {
		return nil, err
	}
	defer p.close()
	set, in := newIDSet(), bufio.NewReader(p.out)
	for {
		id, err := readGitLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		set.add(id)
	}
	_, err = p.wait()
	return set, err
}

// idSet is a set of object ids in eight bytes each. Whoever makes objects does not know the
// seed, and so cannot make two that collide here.
type idSet struct {
	seed maphash.Seed
	ids  map[uint64]struct{}
}

func newIDSet() *idSet { return &idSet{maphash.MakeSeed(), map[uint64]struct{}{}} }

// add reports whether the id is new.
func (s *idSet) add(id string) bool {
	h := maphash.String(s.seed, id)
	_, known := s.ids[h]
	s.ids[h] = struct{}{}
	return !known
}

// has is false for a nil set.
func (s *idSet) has(id string) bool {
	if s == nil {
		return false
	}
	_, known := s.ids[maphash.String(s.seed, id)]
	return known
}
