package sops

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"kai/internal/vault/transfer"
)

// parseYAML reads all documents.
func parseYAML(b *transfer.Builder, data []byte) (documents []*node, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			// The package's own text may hold what stands in the file.
			return nil, b.Malformed(0, "neither JSON, YAML nor dotenv of sops")
		}
		if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
			return nil, b.Malformed(document.Line, "YAML document that is no mapping")
		}
		content := document.Content[0]
		if content.Kind != yaml.MappingNode {
			return nil, b.Malformed(content.Line, "YAML document that is no mapping")
		}
		root := new(node)
		if err := yamlValue(b, content, root, 0); err != nil {
			return nil, err
		}
		documents = append(documents, root)
	}
}

// isDotenv reports whether a line sets the MAC.
func isDotenv(data []byte) bool {
	mac := []byte("sops_mac=")
	return bytes.HasPrefix(data, mac) || bytes.Contains(data, append([]byte("\n"), mac...))
}

// parseDotenv reads the dotenv of sops, which is not that of package dotenv: there are
// no quotes, and \n is a line feed. The metadata are put into a member "sops" as in the
// other formats.
func parseDotenv(b *transfer.Builder, data []byte) (*node, error) {
	root := &node{kind: branches, line: 1}
	meta := &node{kind: branches, name: metaName}
	seen := make(map[string]bool)
	line := 0
	for text := range strings.SplitSeq(string(data), "\n") {
		line++
		if text == "" || text[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(text, "=")
		switch {
		case !found || name == "":
			return nil, b.Malformed(line, `no "NAME="`)
		case seen[name]:
			return nil, b.Malformed(line, "a variable is set twice")
		}
		seen[name] = true
		n := &node{name: name, line: line, text: strings.ReplaceAll(value, `\n`, "\n")}
		if short, is := strings.CutPrefix(name, metaName+"_"); is {
			n.name = short
			if err := insert(meta, n, strings.Split(strings.ReplaceAll(short, "__list_", "__map_"), "__map_")); err != nil {
				return nil, b.Malformed(line, err.Error())
			}
			continue
		}
		root.nodes = append(root.nodes, n)
	}
	root.nodes = append(root.nodes, meta)
	return root, nil
}

// insert puts a flattened member, such as age__list_0__map_enc, where it belongs.
func insert(into, n *node, path []string) error {
	if len(path) > 4 { // key_groups have more, and are refused later
		path = path[:4]
	}
	for _, name := range path[:len(path)-1] {
		next := into.member(name)
		if next == nil {
			next = &node{name: name, line: n.line, kind: branches}
			into.nodes = append(into.nodes, next)
		}
		if next.kind != branches {
			return errors.New("metadata contradict each other")
		}
		into = next
	}
	n.name = path[len(path)-1]
	into.nodes = append(into.nodes, n)
	return nil
}

// member returns the member of a name.
func (n *node) member(name string) *node {
	for _, child := range n.nodes {
		if child.name == name {
			return child
		}
	}
	return nil
}
