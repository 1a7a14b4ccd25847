package bitwarden

import (
	"context"
	"fmt"
	"strings"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// errEncrypted says what to do.
var errEncrypted = fmt.Errorf(`%w: export it again with the file format ".json", not ".json (Encrypted)"`, transfer.ErrEncrypted)

// ReadJSON reads an unencrypted JSON export.
//
// The errors are those of package transfer: ErrEncrypted, ErrMalformed, as *SyntaxError,
// ErrPath and ErrLimit.
func ReadJSON(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, true)
	defer b.Abort()
	data, part, err := b.ReadAll(source.Reader, source.Size)
	if err != nil {
		return nil, err
	}
	r := reader{Builder: b, s: scan.NewJSON(data), data: data, part: part, folders: make(map[string]string)}
	if err := r.document(ctx); err != nil {
		return nil, b.Fail(r.s.Line(), err)
	}
	return b.Done(), nil
}

type reader struct {
	*transfer.Builder
	s       *scan.JSON
	data    []byte
	part    int
	folders map[string]string // id → name, of collections too
}

// document reads all but the items, which need the folders, and then the items.
func (r *reader) document(ctx context.Context) error {
	var items *scan.Mark
	plain := false
	err := r.s.Object(func(name []byte) error {
		switch string(name) {
		case "encrypted":
			kind := r.s.Kind()
			plain = kind == 'f'
			if kind == 't' {
				return errEncrypted
			}
			return r.s.Skip()
		case "passwordProtected":
			if r.s.Kind() == 't' {
				return errEncrypted
			}
			return r.s.Skip()
		case "folders", "collections":
			return r.array(r.folder)
		case "items":
			mark := r.s.Mark()
			items = &mark
			return r.s.Skip()
		}
		return r.unknown("an export", name)
	})
	switch {
	case err != nil:
		return err
	case !plain:
		return r.s.Fail(`no "encrypted": false: not an export of Bitwarden`)
	case items == nil:
		return r.s.Fail("no items: not an export of Bitwarden")
	}
	if err := r.s.End(); err != nil {
		return err
	}
	r.s.Return(*items)
	return r.s.Array(func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.item()
	})
}

// unknown passes over a member and counts it, unless it says nothing.
func (r *reader) unknown(of string, name []byte) error {
	if r.s.Kind() != 'n' {
		r.Left(fmt.Sprintf("member %q of %s", name, of))
	}
	return r.s.Skip()
}

// array reads an array, or null.
func (r *reader) array(element func() error) error {
	if r.s.Kind() == 'n' {
		return r.s.Skip()
	}
	return r.s.Array(element)
}

// object reads an object, or null.
func (r *reader) object(member func(name []byte) error) error {
	if r.s.Kind() == 'n' {
		return r.s.Skip()
	}
	return r.s.Object(member)
}

// value reads a text, or the spelling of a number, true or false. null is empty.
func (r *reader) value() (transfer.Value, error) {
	span, err := r.span()
	return r.Arena().At(r.part, span), err
}

func (r *reader) span() (scan.Span, error) {
	switch r.s.Kind() {
	case 'n':
		return scan.Span{}, r.s.Skip()
	case '"':
		return r.s.Text()
	}
	return r.s.Literal()
}

// text reads what is no secret.
func (r *reader) text() (string, error) {
	span, err := r.span()
	return string(span.Of(r.data)), err
}

func (r *reader) folder() error {
	var id, name string
	err := r.s.Object(func(member []byte) (err error) {
		switch string(member) {
		case "id":
			id, err = r.text()
		case "name":
			name, err = r.text()
		default:
			err = r.s.Skip()
		}
		return err
	})
	r.folders[id] = name
	return err
}

// split makes folders of a folder's name.
func split(folder string) []string {
	if folder == "" {
		return nil
	}
	return strings.Split(folder, "/")
}
