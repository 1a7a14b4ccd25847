package keepass

import (
	"context"
	"fmt"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// ReadXML reads an XML export.
//
// The errors are those of package transfer: ErrEncrypted, ErrMalformed, as *SyntaxError,
// ErrPath and ErrLimit.
func ReadXML(ctx context.Context, source transfer.Source, _ transfer.Options) (*transfer.Store, error) {
	b := transfer.NewBuilder(source.Name, true)
	defer b.Abort()
	data, part, err := b.ReadAll(source.Reader, source.Size)
	if err != nil {
		return nil, err
	}
	r := reader{Builder: b, s: scan.NewXML(data), ctx: ctx, data: data, part: part, files: make(map[string]transfer.Value)}
	err = r.s.Document(func(name []byte) error {
		if string(name) != "KeePassFile" {
			return r.s.Fail("root element is not KeePassFile")
		}
		return r.s.Children(r.file)
	})
	if err != nil {
		return nil, b.Fail(r.s.Line(), err)
	}
	return b.Done(), nil
}

type reader struct {
	*transfer.Builder
	s       *scan.XML
	ctx     context.Context // of this one call
	data    []byte
	part    int
	bin     string                    // UUID of the recycle bin
	files   map[string]transfer.Value // by their numbers
	hasMeta bool
}

// file reads what is below KeePassFile.
func (r *reader) file(name []byte) error {
	switch string(name) {
	case "Meta":
		r.hasMeta = true
		return r.s.Children(r.meta)
	case "Root":
		if !r.hasMeta {
			return r.s.Fail("Root before Meta")
		}
		return r.s.Children(func(name []byte) error {
			if string(name) == "Group" {
				return r.group(nil, true)
			}
			return r.s.Skip()
		})
	}
	return r.s.Skip()
}

func (r *reader) meta(name []byte) (err error) {
	switch string(name) {
	case "RecycleBinUUID":
		r.bin, err = r.text()
		return err
	case "Binaries":
		return r.s.Children(r.binary)
	}
	return r.s.Skip()
}

// binary reads the bytes of a file.
func (r *reader) binary([]byte) error {
	id, _ := r.s.Attribute("ID")
	key := string(id)
	compressed, _ := r.s.Attribute("Compressed")
	zipped := string(compressed) == "True"
	value, err := r.base64(zipped)
	if err != nil {
		return err
	}
	if _, twice := r.files[key]; twice {
		return r.s.Fail("two files of one number")
	}
	r.files[key] = value
	return nil
}

// text reads what is no secret.
func (r *reader) text() (string, error) {
	span, err := r.s.Text()
	return string(span.Of(r.data)), err
}

// value reads a string that may be secret.
func (r *reader) value() (transfer.Value, error) {
	if protected, _ := r.s.Attribute("Protected"); string(protected) == "True" {
		return transfer.Value{}, fmt.Errorf("%w: a value is protected: let keepassxc-cli export -f xml write the file", transfer.ErrEncrypted)
	}
	span, err := r.s.Text()
	return r.Arena().At(r.part, span), err
}

// group reads a group. Its entries and groups may stand before its name, but KeePass
// and KeePassXC write the name first, and here that is demanded.
func (r *reader) group(folders []string, database bool) error {
	var id, name string
	inside := folders
	return r.s.Children(func(element []byte) (err error) {
		switch string(element) {
		case "UUID":
			id, err = r.text()
		case "Name":
			if name, err = r.text(); !database {
				inside = append(folders[:len(folders):len(folders)], name)
			}
		case "Group", "Entry":
			if err := r.ctx.Err(); err != nil {
				return err
			}
			if name == "" && !database && len(inside) == len(folders) {
				return r.s.Fail("group without a name before what is in it")
			}
			switch {
			case id != "" && id == r.bin:
				r.Left(map[byte]string{'E': "entry in the recycle bin", 'G': "group in the recycle bin"}[element[0]])
				err = r.s.Skip()
			case element[0] == 'G':
				err = r.group(inside, false)
			default:
				err = r.entry(inside)
			}
		case "Notes":
			var text scan.Span
			if text, err = r.s.Text(); text.Len() > 0 {
				r.Left("notes of a group")
			}
		default:
			err = r.s.Skip()
		}
		return err
	})
}
