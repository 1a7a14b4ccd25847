// Package page writes a report as one page of HTML that needs nothing else: no script, no
// picture, no font, no request. It can be mailed, printed, and opened years later.
//
// The page's content security policy allows its own style sheet, by hash, and nothing else;
// there are no style attributes. Charts are SVG whose horizontal measures are percentages and
// whose vertical ones are pixels, so that one drawing fits a telephone and a desk without
// distorting its text and patterns. Each chart has a title, a description, and its numbers in a
// table. Severity is a colour, a pattern and a letter.
//
// Strings of events pass through report.Visible and html/template.
package page
