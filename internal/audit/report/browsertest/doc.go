// Package browsertest opens pages of reports in a real browser. It is a module of its own: what
// drives a browser has no place in kai's.
//
//	cd internal/audit/report/browsertest && KAI_NODE_MODULES=… go test ./...
//
// It needs chromium, and axe-core of npm: in the directory KAI_NODE_MODULES, or else where npm
// keeps its modules. KAI_SCREENSHOTS=DIR keeps a picture of each page.
package browsertest
