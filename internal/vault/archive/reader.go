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
	"path"
	"slices"
	"strings"
	"time"

	"kai/internal/durable"
	"kai/internal/vault"
	"kai/internal/vault/authority"
)

// Archive is an archive that is what its list says; who made it is not known before Verify. It is a
// file system for reading, so that the vault in it can be opened where it lies.
type Archive struct {
	Manifest
	signed *signedManifest
	file   io.ReaderAt
	files  map[string]member
	dirs   map[string][]fs.DirEntry
}

// member is where a file lies in the archive.
type member struct {
	offset, size int64
}

var _ durable.FS = (*Archive)(nil)

// Open reads an archive of size bytes, once to its end, and checks every file against the list. Errors
// are ErrMalformed, ErrDamaged, ErrNewer and those of reading.
func Open(ctx context.Context, file io.ReaderAt, size int64) (*Archive, error) {
	in := &counter{r: io.NewSectionReader(file, 0, size)}
	t := tar.NewReader(in)
	head, err := t.Next()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", ErrMalformed, tar.ErrHeader)
	}
	if err != nil {
		return nil, tarError(err)
	}
	if head.Name != manifestName || head.Typeflag != tar.TypeReg || head.Size > maxManifest {
		return nil, fmt.Errorf("%w: it does not begin with %s", ErrMalformed, manifestName)
	}
	text, err := io.ReadAll(t)
	if err != nil {
		return nil, tarError(err)
	}
	signed, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	a := &Archive{Manifest: signed.Body, signed: signed, file: file, files: map[string]member{}, dirs: map[string][]fs.DirEntry{".": nil}}
	for i := range a.Files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := a.next(t, in, &a.Files[i]); err != nil {
			return nil, err
		}
	}
	if _, err := t.Next(); err == nil {
		return nil, fmt.Errorf("%w: more files than it lists", ErrMalformed)
	} else if err != io.EOF {
		return nil, tarError(err)
	}
	return a, nil
}

// counter knows how many bytes were read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func tarError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends too early", ErrDamaged)
	case errors.Is(err, tar.ErrHeader), errors.Is(err, tar.ErrFieldTooLong), errors.Is(err, tar.ErrInsecurePath):
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return err
}

// next checks that the next file of the archive is the one that is listed next.
func (a *Archive) next(t *tar.Reader, in *counter, f *File) error {
	head, err := t.Next()
	if err != nil {
		return tarError(err)
	}
	switch {
	case head.Typeflag != tar.TypeReg || head.Linkname != "":
		return fmt.Errorf("%w: %q is no plain file", ErrMalformed, head.Name)
	case head.Name != f.Path:
		return fmt.Errorf("%w: %q where %s is listed", ErrMalformed, head.Name, f.Path)
	case head.Size != f.Size:
		return fmt.Errorf("%s: %w: %d bytes, and %d are listed", f.Path, ErrDamaged, head.Size, f.Size)
	}
	at := in.n
	h := sha256.New()
	n, err := io.Copy(h, t)
	switch {
	case err != nil:
		return tarError(err)
	case n != f.Size || in.n-at != f.Size: // a sparse file: its bytes do not lie there as they are
		return fmt.Errorf("%w: %q is no plain file", ErrMalformed, head.Name)
	case authority.Digest(h.Sum(nil)) != f.SHA256:
		return fmt.Errorf("%s: %w: it is not what was listed", f.Path, ErrDamaged)
	}
	a.add(f, at)
	return nil
}

func (a *Archive) add(f *File, offset int64) {
	a.files[f.Path] = member{offset, f.Size}
	info := memberInfo{name: path.Base(f.Path), size: f.Size}
	for dir := path.Dir(f.Path); ; dir = path.Dir(dir) {
		_, known := a.dirs[dir]
		a.dirs[dir] = append(a.dirs[dir], fs.FileInfoToDirEntry(info))
		if known {
			return
		}
		info = memberInfo{name: path.Base(dir), dir: true}
	}
}

// memberInfo describes a file or directory of an archive.
type memberInfo struct {
	name string
	size int64
	dir  bool
}

func (m memberInfo) Name() string       { return m.name }
func (m memberInfo) Size() int64        { return m.size }
func (m memberInfo) ModTime() time.Time { return time.Time{} }
func (m memberInfo) IsDir() bool        { return m.dir }
func (m memberInfo) Sys() any           { return nil }

func (m memberInfo) Mode() fs.FileMode {
	if m.dir {
		return fs.ModeDir | 0o700
	}
	return 0o600
}

func unsupported(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: errors.ErrUnsupported}
}

// Open opens a file of the archive for reading.
func (a *Archive) Open(name string, flag int, _ fs.FileMode) (durable.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0 {
		return nil, unsupported("open", name)
	}
	m, ok := a.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openMember{io.NewSectionReader(a.file, m.offset, m.size), memberInfo{name: path.Base(name), size: m.size}}, nil
}

// Lstat describes a file of the archive.
func (a *Archive) Lstat(name string) (fs.FileInfo, error) {
	if m, ok := a.files[name]; ok {
		return memberInfo{name: path.Base(name), size: m.size}, nil
	}
	if _, ok := a.dirs[name]; ok {
		return memberInfo{name: path.Base(name), dir: true}, nil
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

// ReadDir lists a directory of the archive.
func (a *Archive) ReadDir(name string) ([]fs.DirEntry, error) {
	list, ok := a.dirs[name]
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(x, y fs.DirEntry) int { return strings.Compare(x.Name(), y.Name()) })
	return list, nil
}

// OpenUnnamed, Link, Rename, Remove, Mkdir and SyncDir are not supported.

func (a *Archive) OpenUnnamed(dir string, _ fs.FileMode) (durable.Unnamed, error) { //nolint:revive // see above
	return nil, unsupported("open", dir)
}
func (a *Archive) Link(from, _ string) error              { return unsupported("link", from) }   //nolint:revive // see above
func (a *Archive) Rename(from, _ string) error            { return unsupported("rename", from) } //nolint:revive // see above
func (a *Archive) Remove(name string) error               { return unsupported("remove", name) } //nolint:revive // see above
func (a *Archive) Mkdir(name string, _ fs.FileMode) error { return unsupported("mkdir", name) }  //nolint:revive // see above
func (a *Archive) SyncDir(name string) error              { return unsupported("sync", name) }   //nolint:revive // see above

// openMember is an open file of an archive.
type openMember struct {
	*io.SectionReader
	info memberInfo
}

func (o *openMember) Close() error                       { return nil }
func (o *openMember) Stat() (fs.FileInfo, error)         { return o.info, nil }
func (o *openMember) Write([]byte) (int, error)          { return 0, unsupported("write", o.info.name) }
func (o *openMember) WriteAt([]byte, int64) (int, error) { return 0, unsupported("write", o.info.name) }
func (o *openMember) Truncate(int64) error               { return unsupported("truncate", o.info.name) }
func (o *openMember) Seal() error                        { return unsupported("seal", o.info.name) }
func (o *openMember) Unseal() error                      { return unsupported("unseal", o.info.name) }
func (o *openMember) Sync() error                        { return unsupported("sync", o.info.name) }
func (o *openMember) SyncData() error                    { return unsupported("sync", o.info.name) }
func (o *openMember) TryLock(bool) (bool, error)         { return false, unsupported("lock", o.info.name) }
func (o *openMember) Unlock() error                      { return nil }

// Verify checks the vault in the archive, and who has made the archive, without any key, and returns
// the vault, locked. Errors are ErrMalformed, ErrDamaged, and those of vault.Open and vault.DeviceLog.
func (a *Archive) Verify(opts vault.Options) (*vault.Vault, error) {
	v, err := vault.Open(durable.NewDirFS(a), opts)
	if err != nil {
		return nil, err
	}
	if v.ID() != a.Vault {
		return nil, fmt.Errorf("%s: %w: it is of vault %s", manifestName, ErrDamaged, a.Vault)
	}
	if err := a.checkMaker(v); err != nil {
		return nil, err
	}
	return v, a.checkContents(v)
}

// checkMaker checks the signature of the list.
func (a *Archive) checkMaker(v *vault.Vault) error {
	for _, h := range v.Heads() {
		cert, err := v.Under(h).Device(a.Dev)
		if errors.Is(err, vault.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		return a.signed.checkSignature(cert.Key())
	}
	return fmt.Errorf("%s: %w: device %s is not one of the vault", manifestName, ErrDamaged, a.Dev)
}

// checkContents compares the vault with what the list says of it: nothing is missing, and nothing is
// there that a vault does not need.
func (a *Archive) checkContents(v *vault.Vault) error {
	again := &Manifest{At: a.At, Dev: a.Dev, V: a.V, Vault: a.Vault}
	seen := map[string]string{}
	if err := collect(again, v, seen); err != nil {
		return err
	}
	if err := collectLogs(again, v, seen); err != nil {
		return err
	}
	for _, f := range a.Files {
		if _, ok := seen[f.Path]; !ok {
			return fmt.Errorf("%w: nothing lists %s", ErrMalformed, f.Path)
		}
	}
	for _, f := range again.Files {
		m, ok := a.files[f.Path]
		if !ok || f.Size >= 0 && f.Size != m.size {
			return fmt.Errorf("%s: %w: it is not whole", f.Path, ErrDamaged)
		}
	}
	again.Counts.Bytes, again.Counts.Files = a.Counts.Bytes, len(a.Files)
	sortLogs(again.Logs)
	logs := slices.Clone(a.Logs)
	sortLogs(logs)
	same := slices.EqualFunc(again.Logs, logs, func(x, y Log) bool {
		return x.NS == y.NS && x.Dev == y.Dev && x.Gen == y.Gen && x.Next == y.Next && bytes.Equal(x.Chain, y.Chain)
	})
	if !same || !slices.Equal(again.Heads, a.Heads) || again.Counts != a.Counts {
		return fmt.Errorf("%s: %w: it does not say what is in the archive", manifestName, ErrDamaged)
	}
	return nil
}
