package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/authority"
)

// Create writes an archive of a vault and returns what it holds. dir is the vault's directory, keys sign.
// Logs may grow meanwhile: what is in the archive is what was there at first.
//
// Errors are vault.ErrReadOnly when no device key is held, vault.ErrTampered for a vault that is damaged,
// vault.ErrConflict when files went away meanwhile, as a compaction makes them, and those of w.
func Create(ctx context.Context, w io.Writer, dir *durable.Dir, v *vault.Vault, keys *vault.Keys, now time.Time) (*Manifest, error) {
	if !keys.CanWrite() {
		return nil, vault.ErrReadOnly
	}
	m := &Manifest{At: now.Unix(), Vault: v.ID(), Dev: keys.DeviceID()}
	from := map[string]string{} // path in the archive → in the vault
	if err := collect(m, v, from); err != nil {
		return nil, err
	}
	if err := collectLogs(m, v, from); err != nil {
		return nil, err
	}
	if len(m.Files) > maxFiles {
		return nil, fmt.Errorf("%d files: %w", len(m.Files), vault.ErrTooLarge)
	}
	slices.SortFunc(m.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for i := range m.Files {
		f := &m.Files[i]
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := hash(dir, f); err != nil {
			return nil, err
		}
		m.Counts.Bytes += f.Size
	}
	m.Counts.Files = len(m.Files)
	head, err := m.encode(func(message []byte) ([]byte, error) { return keys.Sign(message) })
	if err != nil {
		return nil, err
	}
	if len(head) > maxManifest {
		return nil, fmt.Errorf("%s: %w", manifestName, vault.ErrTooLarge)
	}
	out := tar.NewWriter(w)
	if err := add(out, manifestName, int64(len(head)), now, bytes.NewReader(head)); err != nil {
		return nil, err
	}
	for i := range m.Files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := addFile(out, dir, &m.Files[i], now); err != nil {
			return nil, err
		}
	}
	return m, out.Close()
}

// collect lists all files but logs. Those with a size of −1 are taken as they are.
func collect(m *Manifest, v *vault.Vault, seen map[string]string) error {
	take := func(name string) {
		if _, ok := seen[name]; !ok {
			seen[name] = name
			m.Files = append(m.Files, File{Path: name, Size: -1})
		}
	}
	take("vault.json")
	manifests, err := v.ManifestFiles()
	if err != nil {
		return err
	}
	for _, name := range manifests {
		take(name)
	}
	for _, h := range v.Heads() {
		m.Heads = append(m.Heads, h.Digest)
		err := v.Needs(h, func(l vault.Listed) error {
			name, err := v.CheckListed(l)
			if err == nil {
				take(name)
			}
			return err
		})
		if err != nil {
			return err
		}
		m.Counts.Slots = max(m.Counts.Slots, len(h.Slots))
		m.Counts.Devices = max(m.Counts.Devices, len(h.Devices))
		m.Counts.Namespaces = max(m.Counts.Namespaces, len(h.NS))
	}
	slices.SortFunc(m.Heads, func(a, b authority.Digest) int { return bytes.Compare(a[:], b[:]) })
	return nil
}

// collectLogs lists the files of logs, up to their last checkpoints.
func collectLogs(m *Manifest, v *vault.Vault, seen map[string]string) error {
	return v.Logs(func(l *vault.DeviceLog) error {
		m.Logs = append(m.Logs, Log{Chain: l.Chain[:], Dev: l.Dev, Gen: l.Generation, Next: l.Next, NS: l.NS})
		m.Counts.Records += int64(l.Next - l.Files[0].First)
		for _, p := range l.Files {
			if _, ok := seen[p.Name]; !ok {
				seen[p.Name] = p.Name
				m.Files = append(m.Files, File{Path: p.Name, Size: p.End})
			}
		}
		return nil
	})
}

// content opens a file of the vault, its first size bytes.
func content(dir *durable.Dir, f *File) (io.Reader, io.Closer, error) {
	file, err := dir.OpenFile(f.Path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w: %w", f.Path, vault.ErrConflict, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if f.Size < 0 {
		info, err := file.Stat()
		if err != nil {
			return nil, nil, errors.Join(err, file.Close())
		}
		f.Size = info.Size()
	}
	return io.NewSectionReader(file, 0, f.Size), file, nil
}

func hash(dir *durable.Dir, f *File) error {
	r, file, err := content(dir, f)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return err
	}
	if n != f.Size {
		return fmt.Errorf("%s: %w", f.Path, vault.ErrConflict)
	}
	h.Sum(f.SHA256[:0])
	return nil
}

// addFile adds a file, and fails when it is not what was hashed.
func addFile(out *tar.Writer, dir *durable.Dir, f *File, at time.Time) error {
	r, file, err := content(dir, f)
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	if err := add(out, f.Path, f.Size, at, io.TeeReader(r, h)); err != nil {
		return err
	}
	if authority.Digest(h.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%s: %w", f.Path, vault.ErrConflict)
	}
	return nil
}

func add(out *tar.Writer, name string, size int64, at time.Time, r io.Reader) error {
	err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at.UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	n, err := io.Copy(out, r)
	if err == nil && n != size {
		err = fmt.Errorf("%s: %w", name, vault.ErrConflict)
	}
	return err
}
