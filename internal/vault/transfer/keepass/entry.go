package keepass

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// settings are elements of an entry that say nothing about its secrets.
var settings = []string{
	"UUID", "IconID", "CustomIconUUID", "ForegroundColor", "BackgroundColor", "OverrideURL",
	"AutoType", "QualityCheck", "PreviousParentGroup",
}

// entry reads an entry and its history.
func (r *reader) entry(folders []string) error {
	item := transfer.Item{Line: r.s.Line()}
	title := ""
	err := r.s.Children(func(name []byte) error {
		if string(name) != "History" {
			return r.element(name, &item, &title)
		}
		return r.s.Children(func(name []byte) error {
			if string(name) != "Entry" {
				return r.s.Skip()
			}
			old, oldTitle := transfer.Item{Line: r.s.Line()}, ""
			err := r.s.Children(func(name []byte) error {
				if string(name) == "History" {
					return r.s.Skip()
				}
				return r.element(name, &old, &oldTitle)
			})
			if len(old.Fields) > 0 {
				item.History = append(item.History, transfer.Version{Fields: old.Fields, Created: old.Updated})
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	return r.Add(item, folders, title)
}

// element reads an element of an entry.
func (r *reader) element(name []byte, item *transfer.Item, title *string) error {
	switch string(name) {
	case "String":
		return r.str(item, title)
	case "Binary":
		return r.attachment(item)
	case "Times":
		return r.times(item)
	case "Tags":
		text, err := r.text()
		item.Tags = strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' })
		for i := range item.Tags {
			item.Tags[i] = strings.TrimSpace(item.Tags[i])
		}
		return err
	case "CustomData":
		r.Left("data of plug-ins")
		return r.s.Skip()
	}
	if !slices.Contains(settings, string(name)) {
		r.Left(fmt.Sprintf("element %q of an entry", name))
	}
	return r.s.Skip()
}

// fieldNames are what KeePass's own strings are called here.
var fieldNames = map[string]string{
	"UserName": "username", "Password": "password", "URL": "url", "Notes": "notes",
	"otp": "otp", "TimeOtp-Secret-Base32": "otp",
}

func (r *reader) str(item *transfer.Item, title *string) error {
	var key string
	var value transfer.Value
	err := r.s.Children(func(name []byte) (err error) {
		switch string(name) {
		case "Key":
			key, err = r.text()
		case "Value":
			value, err = r.value()
		default:
			err = r.s.Fail("unknown element in a string")
		}
		return err
	})
	switch {
	case err != nil || value.Len() == 0:
	case key == "Title":
		*title = string(value.Expose())
	default:
		if known, is := fieldNames[key]; is {
			key = known
		}
		item.Fields = append(item.Fields, transfer.Field{Name: key, Value: value})
	}
	return err
}

// attachment reads a file, whose bytes stand here or in Meta.
func (r *reader) attachment(item *transfer.Item) error {
	var key string
	var value transfer.Value
	found := false
	err := r.s.Children(func(name []byte) (err error) {
		switch string(name) {
		case "Key":
			key, err = r.text()
		case "Value":
			if number, is := r.s.Attribute("Ref"); is {
				value, found = r.files[string(number)]
				return r.s.Skip()
			}
			compressed, _ := r.s.Attribute("Compressed")
			found = true
			value, err = r.base64(string(compressed) == "True")
		default:
			err = r.s.Fail("unknown element in a file")
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !found:
		r.Left("attached file, whose bytes are not in the export")
	default:
		item.Fields = append(item.Fields, transfer.Field{Name: key, Value: value})
	}
	return nil
}

// base64 reads bytes in place; zipped ones are unpacked.
func (r *reader) base64(zipped bool) (transfer.Value, error) {
	if protected, _ := r.s.Attribute("Protected"); string(protected) == "True" {
		return r.value()
	}
	span, err := r.s.Text()
	if err != nil {
		return transfer.Value{}, err
	}
	text := span.Of(r.data)
	n, err := base64.StdEncoding.Decode(text, text)
	if err != nil {
		return transfer.Value{}, r.s.Fail("malformed base64")
	}
	if !zipped {
		return r.Arena().At(r.part, scan.Span{Start: span.Start, End: span.Start + n}), nil
	}
	unzip, err := gzip.NewReader(bytes.NewReader(text[:n]))
	if err != nil {
		return transfer.Value{}, r.s.Fail("malformed compressed file")
	}
	out := transfer.NewBuffer(transfer.MaxValues)
	defer out.Wipe()
	if _, err := out.ReadFrom(unzip); err != nil {
		return transfer.Value{}, r.s.Fail("compressed file that is malformed or too large")
	}
	return r.Arena().Copy(out.Bytes()), nil
}

func (r *reader) times(item *transfer.Item) error {
	expires := false
	var expiry time.Time
	err := r.s.Children(func(name []byte) (err error) {
		switch string(name) {
		case "CreationTime":
			item.Created, err = r.time()
		case "LastModificationTime":
			item.Updated, err = r.time()
		case "ExpiryTime":
			expiry, err = r.time()
		case "Expires":
			var text string
			text, err = r.text()
			expires = text == "True"
		default:
			err = r.s.Skip()
		}
		return err
	})
	if expires {
		item.Expires = expiry
	}
	return err
}

const (
	yearOne   = -62135596800 // the begin of the year 1 in seconds since 1970
	year10000 = 315537897600 // the begin of the year 10000 in seconds since the year 1
)

func (r *reader) time() (time.Time, error) {
	text, err := r.text()
	if err != nil || text == "" {
		return time.Time{}, err
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(packed) != 8 {
		return time.Time{}, r.s.Fail("malformed time")
	}
	seconds := binary.LittleEndian.Uint64(packed)
	if seconds >= year10000 {
		return time.Time{}, r.s.Fail("malformed time")
	}
	return time.Unix(yearOne+int64(seconds), 0).UTC(), nil
}
