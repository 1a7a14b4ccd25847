package sops

import (
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"kai/internal/vault/transfer"
	"kai/internal/vault/transfer/scan"
)

// Limits of trees.
const (
	// maxFile bounds a file. Its tree is in memory several times as large.
	maxFile = 64 << 20

	// maxDepth bounds nesting: the tree is walked by recursion.
	maxDepth = scan.MaxDepth
)

// node is a part of the file as it is stored: encrypted, or not secret.
type node struct {
	name  string // of a member
	index bool   // an element of a list, which has no name
	line  int
	kind  kind
	text  string // of a scalar, as the MAC has it if it is not encrypted
	nodes []*node
}

// kind is what a node is.
type kind int

const (
	text     kind = iota
	typed         // a scalar that is no text
	null          // nothing
	branches      // mapping or list
)

// parse reads a file of any of the formats. Mappings of several documents follow each
// other.
func parse(b *transfer.Builder, data []byte) (documents []*node, flat bool, err error) {
	content := strings.TrimLeft(string(data[:min(len(data), 64)]), " \t\r\n")
	switch {
	case strings.HasPrefix(content, "{"):
		root, err := parseJSON(data)
		return []*node{root}, false, b.Fail(0, err)
	case isDotenv(data):
		root, err := parseDotenv(b, data)
		return []*node{root}, true, err
	}
	documents, err = parseYAML(b, data)
	return documents, false, err
}

// parseJSON reads one object.
func parseJSON(data []byte) (*node, error) {
	s := scan.NewJSON(data)
	if s.Kind() != '{' {
		return nil, s.Fail("no object")
	}
	root := new(node)
	if err := jsonValue(s, data, root); err != nil {
		return nil, err
	}
	return root, s.End()
}

func jsonValue(s *scan.JSON, data []byte, n *node) error {
	kind := s.Kind()
	n.line = s.Line()
	switch kind {
	case '{':
		n.kind = branches
		return s.Object(func(name []byte) error {
			child := &node{name: string(name)}
			n.nodes = append(n.nodes, child)
			return jsonValue(s, data, child)
		})
	case '[':
		n.kind = branches
		return s.Array(func() error {
			child := &node{index: true}
			n.nodes = append(n.nodes, child)
			return jsonValue(s, data, child)
		})
	case '"':
		span, err := s.Text()
		n.text = string(span.Of(data))
		return err
	}
	span, err := s.Literal()
	if err != nil {
		return err
	}
	switch word := string(span.Of(data)); kind {
	case 'n':
		n.kind = null
	case 't':
		n.kind, n.text = typed, "True"
	case 'f':
		n.kind, n.text = typed, "False"
	default:
		n.kind = typed
		if n.text, err = number(word); err != nil {
			return s.Fail("number out of range")
		}
	}
	return nil
}

// number spells a number as the MAC has it.
func number(word string) (string, error) {
	if i, err := strconv.ParseInt(word, 10, 64); err == nil {
		return strconv.FormatInt(i, 10), nil
	}
	f, err := strconv.ParseFloat(word, 64)
	return strconv.FormatFloat(f, 'f', -1, 64), err
}

// yamlValue takes over a YAML node.
func yamlValue(b *transfer.Builder, from *yaml.Node, n *node, depth int) error {
	n.line = from.Line
	if depth == maxDepth {
		return b.Malformed(from.Line, "nesting too deep")
	}
	switch from.Kind {
	case yaml.MappingNode:
		n.kind = branches
		seen := make(map[string]bool)
		for i := 0; i+1 < len(from.Content); i += 2 {
			key := from.Content[i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
				return b.Malformed(key.Line, "key that is no text")
			}
			if seen[key.Value] {
				return b.Malformed(key.Line, "two members of one name")
			}
			seen[key.Value] = true
			child := &node{name: key.Value}
			n.nodes = append(n.nodes, child)
			if err := yamlValue(b, from.Content[i+1], child, depth+1); err != nil {
				return err
			}
		}
		return nil
	case yaml.SequenceNode:
		n.kind = branches
		for _, element := range from.Content {
			child := &node{index: true}
			n.nodes = append(n.nodes, child)
			if err := yamlValue(b, element, child, depth+1); err != nil {
				return err
			}
		}
		return nil
	case yaml.ScalarNode:
		return yamlScalar(b, from, n)
	}
	return b.Malformed(from.Line, "YAML alias")
}

func yamlScalar(b *transfer.Builder, from *yaml.Node, n *node) error {
	if from.ShortTag() == "!!str" {
		n.text = from.Value
		return nil
	}
	n.kind = typed
	var value any
	if err := from.Decode(&value); err != nil {
		return b.Malformed(from.Line, "malformed scalar")
	}
	switch value := value.(type) {
	case nil:
		n.kind = null
	case bool:
		n.text = map[bool]string{true: "True", false: "False"}[value]
	case int:
		n.text = strconv.Itoa(value)
	case float64:
		n.text = strconv.FormatFloat(value, 'f', -1, 64)
	case string:
		n.text = value // !!binary
	case time.Time:
		stamp, err := value.MarshalText()
		if err != nil {
			return b.Malformed(from.Line, "malformed time")
		}
		n.text = string(stamp)
	default:
		return b.Malformed(from.Line, "scalar of an unknown type")
	}
	return nil
}
