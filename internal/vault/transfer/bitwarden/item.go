package bitwarden

import (
	"slices"
	"strconv"
	"time"

	"kai/internal/vault/transfer"
)

// entry is an item while it is read.
type entry struct {
	transfer.Item
	name    string
	folder  string // id
	deleted bool
	urls    int
}

// add adds a field unless it is empty.
func (e *entry) add(name string, value transfer.Value) {
	if value.Len() > 0 {
		e.Fields = append(e.Fields, transfer.Field{Name: name, Value: value})
	}
}

// addURL adds an address; the second is called url_2.
func (e *entry) addURL(value transfer.Value) {
	if value.Len() == 0 {
		return
	}
	name := "url"
	if e.urls++; e.urls > 1 {
		name += "_" + strconv.Itoa(e.urls)
	}
	e.add(name, value)
}

// ignored are members that say nothing about a secret.
var ignored = []string{"id", "organizationId", "type", "object", "secureNote", "key", "edit", "viewPassword", "permissions"}

func (r *reader) item() error {
	e := &entry{Item: transfer.Item{Line: r.s.Line()}}
	if err := r.s.Object(func(name []byte) error { return r.member(e, name) }); err != nil {
		return err
	}
	if e.deleted {
		r.Left("item in the trash")
		return nil
	}
	return r.Add(e.Item, split(r.folders[e.folder]), e.name)
}

func (r *reader) member(e *entry, name []byte) (err error) {
	switch string(name) {
	case "name":
		e.name, err = r.text()
	case "folderId":
		var id string
		if id, err = r.text(); id != "" {
			e.folder = id
		}
	case "collectionIds":
		err = r.array(func() error {
			id, err := r.text()
			if e.folder == "" {
				e.folder = id
			} else {
				r.Left("second collection of an item")
			}
			return err
		})
	case "notes":
		err = r.field(e, "notes")
	case "favorite":
		if r.s.Kind() == 't' {
			e.Tags = append(e.Tags, "favorite")
		}
		err = r.s.Skip()
	case "reprompt":
		var text string
		if text, err = r.text(); text != "" && text != "0" {
			r.Left("wish to be asked for the master password again")
		}
	case "fields":
		err = r.array(func() error { return r.custom(e) })
	case "login":
		err = r.object(func(name []byte) error { return r.login(e, name) })
	case "card", "identity", "sshKey":
		err = r.object(func(name []byte) error {
			if kind := r.s.Kind(); kind == '{' || kind == '[' {
				return r.unknown("an item", name)
			}
			return r.field(e, string(name))
		})
	case "passwordHistory":
		err = r.history(e)
	case "creationDate":
		e.Created, err = r.time()
	case "revisionDate":
		e.Updated, err = r.time()
	case "deletedDate":
		e.deleted = r.s.Kind() != 'n'
		err = r.s.Skip()
	default:
		if slices.Contains(ignored, string(name)) {
			return r.s.Skip()
		}
		err = r.unknown("an item", name)
	}
	return err
}

func (r *reader) field(e *entry, name string) error {
	value, err := r.value()
	e.add(name, value)
	return err
}

func (r *reader) login(e *entry, name []byte) error {
	switch string(name) {
	case "username", "password":
		return r.field(e, string(name))
	case "totp":
		return r.field(e, "otp")
	case "uris":
		return r.array(func() error {
			return r.s.Object(func(name []byte) error {
				switch string(name) {
				case "uri":
					value, err := r.value()
					e.addURL(value)
					return err
				case "match":
					return r.s.Skip()
				}
				return r.unknown("an address", name)
			})
		})
	case "fido2Credentials":
		return r.array(func() error {
			r.Left("passkey")
			return r.s.Skip()
		})
	case "passwordRevisionDate", "uri":
		return r.s.Skip()
	}
	return r.unknown("a login", name)
}

// custom reads a field that a person made.
func (r *reader) custom(e *entry) error {
	var name, kind string
	var value transfer.Value
	err := r.s.Object(func(member []byte) (err error) {
		switch string(member) {
		case "name":
			name, err = r.text()
		case "value":
			value, err = r.value()
		case "type":
			kind, err = r.text()
		case "linkedId":
			err = r.s.Skip()
		default:
			err = r.unknown("a field", member)
		}
		return err
	})
	if kind == "3" {
		r.Left("linked field")
		return err
	}
	if name == "" {
		name = "field"
	}
	e.add(name, value)
	return err
}

func (r *reader) history(e *entry) error {
	err := r.array(func() error {
		var version transfer.Version
		err := r.s.Object(func(name []byte) (err error) {
			switch string(name) {
			case "lastUsedDate":
				version.Created, err = r.time()
			case "password":
				var value transfer.Value
				value, err = r.value()
				version.Fields = []transfer.Field{{Name: "password", Value: value}}
			default:
				err = r.unknown("an old password", name)
			}
			return err
		})
		if len(version.Fields) > 0 {
			e.History = append(e.History, version)
		}
		return err
	})
	slices.SortStableFunc(e.History, func(a, b transfer.Version) int { return a.Created.Compare(b.Created) })
	return err
}

func (r *reader) time() (time.Time, error) {
	text, err := r.text()
	if err != nil || text == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, r.s.Fail("malformed time")
	}
	return t, nil
}
