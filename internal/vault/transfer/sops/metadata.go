package sops

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"kai/internal/vault/transfer"
)

// metaName is the member that holds the metadata.
const metaName = "sops"

// maxRecipients bounds how many data keys are tried.
const maxRecipients = 1024

// metadata say how a file is encrypted.
type metadata struct {
	ageKeys       []string // age files with the data key
	others        []string // kinds of other master keys
	mac           string
	modified      string // additional data of mac
	onlyEncrypted bool
	isEncrypted   func(names []string) bool
}

// takeMetadata reads the metadata of the first document and removes them from all.
func takeMetadata(documents []*node) (*metadata, error) {
	var meta *node
	for i, document := range documents {
		if i == 0 {
			meta = document.member(metaName)
		}
		document.nodes = slices.DeleteFunc(document.nodes, func(n *node) bool { return n.name == metaName && !n.index })
	}
	if meta == nil || meta.kind != branches {
		return nil, errors.New("no metadata of sops: the file is not encrypted by it")
	}
	m := new(metadata)
	rules := make(map[string]string)
	for _, n := range meta.nodes {
		switch n.name {
		case "age":
			for _, key := range n.nodes {
				if enc := key.member("enc"); enc != nil {
					m.ageKeys = append(m.ageKeys, enc.text)
				}
			}
		case "mac":
			m.mac = n.text
		case "lastmodified":
			t, err := time.Parse(time.RFC3339, n.text)
			if err != nil {
				return nil, errors.New("metadata: malformed lastmodified")
			}
			m.modified = t.Format(time.RFC3339)
		case "mac_only_encrypted":
			m.onlyEncrypted = strings.EqualFold(n.text, "true")
		case "unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex":
			if n.text != "" {
				rules[n.name] = n.text
			}
		case "encrypted_comment_regex", "unencrypted_comment_regex":
			if n.text != "" {
				return nil, errors.New("metadata: rules about comments are not supported")
			}
		case "key_groups":
			if len(n.nodes) > 0 {
				return nil, fmt.Errorf("%w: several key groups are not supported", transfer.ErrNoKey)
			}
		case "version", "shamir_threshold":
		case "kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp":
			if len(n.nodes) > 0 {
				m.others = append(m.others, n.name)
			}
		default:
			return nil, fmt.Errorf("metadata: unknown member %q", n.name)
		}
	}
	var err error
	m.isEncrypted, err = rule(rules)
	switch {
	case err != nil:
		return nil, err
	case len(m.ageKeys) == 0:
		return nil, fmt.Errorf("%w: encrypted for %s, and for no age recipient", transfer.ErrNoKey, strings.Join(append(m.others, "nobody else"), ", "))
	case len(m.ageKeys) > maxRecipients:
		return nil, fmt.Errorf("%w: more than %d recipients", transfer.ErrLimit, maxRecipients)
	case m.mac == "" || m.modified == "":
		return nil, errors.New("metadata: no mac or no lastmodified")
	}
	return m, nil
}

// rule returns which scalars are encrypted, by the names above them.
func rule(rules map[string]string) (func(names []string) bool, error) {
	if len(rules) > 1 {
		return nil, errors.New("metadata: more than one rule of what is encrypted")
	}
	if len(rules) == 0 {
		rules = map[string]string{"unencrypted_suffix": "_unencrypted"}
	}
	for kind, pattern := range rules {
		matches := func(name string) bool { return strings.HasSuffix(name, pattern) }
		if strings.HasSuffix(kind, "_regex") {
			compiled, err := regexp.Compile(pattern)
			if err != nil {
				return nil, errors.New("metadata: malformed regular expression")
			}
			matches = compiled.MatchString
		}
		inverse := strings.HasPrefix(kind, "unencrypted")
		return func(names []string) bool { return slices.ContainsFunc(names, matches) != inverse }, nil
	}
	panic("unreachable")
}
