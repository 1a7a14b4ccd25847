package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"kai/internal/audit/report"
)

//go:embed page.css
var style string

//go:embed page.gohtml
var source string

// Write writes the page of a report. The template is parsed here, for most runs of kai never
// need it.
func Write(w io.Writer, r *report.Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{"visible": report.Visible}).Parse(source)
	if err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	b := bufio.NewWriter(w)
	if err := t.Execute(b, newView(r)); err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	return b.Flush()
}

// policy is the content security policy of the page.
func policy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}
