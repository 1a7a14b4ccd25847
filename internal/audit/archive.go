package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"kai/internal/audit/event"
	"kai/internal/canon"
	"kai/internal/durable"
)

// pruned is pruned.json: events below Min have no lines any more.
type pruned struct {
	Min uint64 `json:"min"`
	// Unchained are the pruned events that opened an epoch without a MAC by the key before.
	Unchained []uint64 `json:"unchained"`
	V         int      `json:"v"`
}

const prunedFile = "pruned.json"

// prunedTo returns the number of the first event that was not pruned.
func (l *Log) prunedTo() (uint64, error) {
	p, err := l.readPruned()
	return p.Min, err
}

// prunedUnchained returns the pruned events that begin a new chain.
func (l *Log) prunedUnchained() ([]uint64, error) {
	p, err := l.readPruned()
	return p.Unchained, err
}

func (l *Log) readPruned() (pruned, error) {
	data, err := l.dir.ReadFile(prunedFile, maxSmallFile)
	if errors.Is(err, fs.ErrNotExist) {
		return pruned{}, nil
	}
	if err != nil {
		return pruned{}, err
	}
	var p pruned
	if err := canon.Unmarshal(data, &p); err != nil {
		return pruned{}, fmt.Errorf("audit log: %s: %w: %w", prunedFile, ErrMalformed, err)
	}
	if p.V != 1 || p.Min%l.info.Seg != 0 {
		return pruned{}, fmt.Errorf("audit log: %s: %w", prunedFile, ErrMalformed)
	}
	return p, nil
}

// archiveName is where an archived segment lies.
func archiveName(first uint64) string { return fmt.Sprintf("archive/%012d.jsonl.zst", first) }

// openArchive opens an archived segment. A pruned one is ErrPruned, one that is nowhere
// fs.ErrNotExist.
func (l *Log) openArchive(first uint64) (*segmentReader, error) {
	f, err := openPrivate(l.dir, archiveName(first), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		min, err := l.prunedTo()
		if err != nil {
			return nil, err
		}
		if first < min {
			return nil, fmt.Errorf("audit log: events from %d on: %w", first, ErrPruned)
		}
		return nil, fmt.Errorf("audit log: %s: %w", segmentName(first), fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("audit log: %s: %w", archiveName(first), err), f.Close())
	}
	return &segmentReader{Reader: z, Closer: archiveCloser{z, f}}, nil
}

// maxWindow bounds the memory of a decoder.
const maxWindow = 8 << 20

type archiveCloser struct {
	z *zstd.Decoder
	f durable.File
}

func (a archiveCloser) Close() error {
	a.z.Close()
	return a.f.Close()
}

// archived lists the archived segments by the number of their first event.
func (l *Log) archived() ([]uint64, error) {
	entries, err := l.dir.ReadDir("archive")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, e := range entries {
		plain, ok := strings.CutSuffix(e.Name(), ".zst")
		if !ok {
			continue
		}
		if first, ok := segmentFirst(plain); ok {
			firsts = append(firsts, first)
		}
	}
	slices.Sort(firsts)
	return firsts, nil
}

// Archive compresses the full segments all of whose events are older than a time, and returns the
// numbers of their first events. Each is written, read back and compared, and recorded with both
// hashes, before the plain file goes. Queries and Verify read on as before.
//
// The errors are those of Append. What was archived before an error stays so.
func (l *Log) Archive(ctx context.Context, before time.Time) ([]uint64, error) {
	firsts, err := l.segments()
	if err != nil {
		return nil, err
	}
	if err := l.dir.Mkdir("archive", 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	var done []uint64
	for _, first := range firsts {
		if ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
		if first+l.info.Seg > size {
			break
		}
		last, err := l.Event(first + l.info.Seg - 1)
		if err != nil {
			return done, err
		}
		if !last.Event.Time.Before(before) {
			break
		}
		if err := l.archiveSegment(ctx, first); err != nil {
			return done, err
		}
		done = append(done, first)
	}
	return done, nil
}

func (l *Log) archiveSegment(ctx context.Context, first uint64) error {
	f, err := openPrivate(l.dir, segmentName(first), os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := l.compress(f, first)
	if err != nil {
		return fmt.Errorf("audit log: %s: %w", archiveName(first), err)
	}
	again, packed, err := l.sumArchive(first)
	if err != nil {
		return err
	}
	if again != plain {
		return errors.Join(fmt.Errorf("audit log: %s: does not read back as it was written", archiveName(first)), l.dir.Remove(archiveName(first)))
	}
	_, err = l.Append(ctx, Draft{Act: "audit.archived", Outcome: event.OK, Details: event.Details{
		{Name: "file", Value: fmt.Sprintf("%x", plain)}, {Name: "segment", Value: int64(first)}, {Name: "zst", Value: fmt.Sprintf("%x", packed)},
	}})
	if err != nil {
		return err
	}
	held, err := l.take(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	if err := f.Unseal(); err != nil {
		return err
	}
	return l.dir.Remove(segmentName(first))
}

// compress writes the archive of a segment and returns the SHA-256 of the plain one.
func (l *Log) compress(f io.Reader, first uint64) (sum [32]byte, err error) {
	out, err := l.dir.Create(archiveName(first), durable.CreateOptions{Mode: 0o400, Replace: true})
	if err != nil {
		return sum, err
	}
	defer out.Abort()
	z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(maxWindow))
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(z, h), f); err != nil {
		return sum, err
	}
	if err := z.Close(); err != nil {
		return sum, err
	}
	return [32]byte(h.Sum(nil)), out.Commit()
}

// sumArchive reads an archive: the SHA-256 of what it holds, and its own.
func (l *Log) sumArchive(first uint64) (plain, packed [32]byte, err error) {
	f, err := openPrivate(l.dir, archiveName(first), os.O_RDONLY)
	if err != nil {
		return plain, packed, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	packed = [32]byte(h.Sum(nil))
	if err = errors.Join(err, f.Close()); err != nil {
		return plain, packed, err
	}
	s, err := l.openArchive(first)
	if err != nil {
		return plain, packed, err
	}
	defer s.Close()
	h.Reset()
	if _, err := io.Copy(h, s); err != nil {
		return plain, packed, fmt.Errorf("audit log: %s: %w", archiveName(first), err)
	}
	return [32]byte(h.Sum(nil)), packed, nil
}

// Prune removes archived segments all of whose events are older than a time and below covered,
// how many events are signed for by whom the caller trusts. keep is given each archive before it
// goes. It returns the number of the first event that is left. Proofs, the hash chain and the
// keys of what is left can be checked as before: the leaves stay in the tree.
//
// The errors are those of Append, and of keep. What was pruned before an error stays so.
func (l *Log) Prune(ctx context.Context, before time.Time, covered uint64, keep func(name string, archive io.Reader) error) (uint64, error) {
	p, err := l.readPruned()
	if err != nil {
		return 0, err
	}
	archived, err := l.archived()
	if err != nil {
		return p.Min, err
	}
	for _, first := range archived {
		end := first + l.info.Seg
		if first != p.Min || end > covered {
			break
		}
		last, err := l.Event(end - 1)
		if err != nil {
			return p.Min, err
		}
		if !last.Event.Time.Before(before) {
			break
		}
		if err := l.pruneSegment(ctx, &p, first, keep); err != nil {
			return p.Min, err
		}
	}
	return p.Min, nil
}

func (l *Log) pruneSegment(ctx context.Context, p *pruned, first uint64, keep func(string, io.Reader) error) error {
	f, err := openPrivate(l.dir, archiveName(first), os.O_RDONLY)
	if err != nil {
		return err
	}
	err = keep(path.Base(archiveName(first)), f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	end := first + l.info.Seg
	for v, err := range l.views(ctx, first, end) {
		if err != nil {
			return err
		}
		if act := string(v.Act); OpensEpoch(act) && !chained(act) {
			p.Unchained = append(p.Unchained, v.N)
		}
	}
	_, packed, err := l.sumArchive(first)
	if err != nil {
		return err
	}
	_, err = l.Append(ctx, Draft{Act: "audit.pruned", Outcome: event.OK, Details: event.Details{
		{Name: "segment", Value: int64(first)}, {Name: "n", Value: int64(end)}, {Name: "zst", Value: fmt.Sprintf("%x", packed)},
	}})
	if err != nil {
		return err
	}
	held, err := l.take(ctx)
	if err != nil {
		return err
	}
	defer held.Unlock()
	p.Min, p.V = end, 1
	if p.Unchained == nil {
		p.Unchained = []uint64{}
	}
	text, err := canon.Marshal(p)
	if err != nil {
		return err
	}
	if err := l.dir.WriteFile(prunedFile, text, 0o600); err != nil {
		return err
	}
	return l.dir.Remove(archiveName(first))
}

// Redact removes the details of an event that lie in a file of their own. The event and its hash
// stay. A file that somebody else has removed already is recorded as redacted, too: until then Verify
// tells that it is missing. The error is ErrNotFound when the event has no such file.
func (l *Log) Redact(ctx context.Context, n uint64) error {
	got, err := l.Event(n)
	if err != nil {
		return err
	}
	gone := got.Event.Details.Text("details") == ""
	if _, err := l.dir.Lstat(detailsFile(n)); !gone && errors.Is(err, fs.ErrNotExist) {
		if gone, err = l.wasRedacted(ctx, n); err != nil {
			return err
		}
	}
	if gone {
		return fmt.Errorf("audit log: %w: event %d has no details of its own", ErrNotFound, n)
	}
	if _, err := l.Append(ctx, Draft{Act: "audit.redacted", Outcome: event.OK, Details: event.Details{{Name: "at", Value: int64(n)}}}); err != nil {
		return err
	}
	if err := l.dir.Remove(detailsFile(n)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// wasRedacted reports whether an event says that the details of event n were removed.
func (l *Log) wasRedacted(ctx context.Context, n uint64) (bool, error) {
	for v, err := range l.views(ctx, n+1, 1<<53) {
		if err != nil {
			return false, err
		}
		if string(v.Act) == "audit.redacted" && string(event.RawMember(v.Details, "at")) == strconv.FormatUint(n, 10) {
			return true, nil
		}
	}
	return false, nil
}
