package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"kai/internal/vectortest"
)

// watcher is what the browser says while it shows a page.
type watcher struct {
	mu       sync.Mutex
	lines    []string
	requests []string
}

func (w *watcher) see(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		w.lines = append(w.lines, fmt.Sprintf("console %v", ev.Type))
	case *runtime.EventExceptionThrown:
		w.lines = append(w.lines, ev.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		w.lines = append(w.lines, ev.Entry.Text)
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, ev.Request.URL)
	}
}

// axeResult is what of axe-core's findings matters.
type axeResult struct {
	Violations []struct {
		ID     string
		Impact string
		Help   string
		Nodes  []struct {
			HTML           string
			FailureSummary string
		}
	}
	Passes int
}

func TestPages(t *testing.T) {
	chromium := vectortest.Peer(t, "chromium")
	axe := axeSource(t)
	files := pages(t)
	options := append([]chromedp.ExecAllocatorOption{},
		chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Headless,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, stop := chromedp.NewContext(allocator)
	defer stop()
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"busy", "tampered", "empty"} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{375, 1280} {
				for _, open := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s-%s-%d-open=%v", name, scheme, width, open), func(t *testing.T) {
						show(t, browser, files[name], scheme, width, open, axe)
					})
				}
			}
		}
	}
}

// show opens one page; open opens all that can be unfolded.
func show(t *testing.T, browser context.Context, file, scheme string, width int64, open bool, axe string) {
	tab, closeTab := chromedp.NewContext(browser)
	defer closeTab()
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
	tab, cancel := context.WithTimeout(tab, 2*time.Minute)
	defer cancel()
	var w watcher
	if err := chromedp.Listen(tab, w.see); err != nil {
		t.Fatal(err)
	}
	call(t, tab, network.Enable, network.EnableParams{})
	call(t, tab, cdplog.Enable, cdp.Empty{})
	call(t, tab, runtime.Enable, cdp.Empty{})
	call(t, tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500,
	})
	call(t, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	err := chromedp.Do(tab,
		chromedp.Navigate("file://"+file),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("for (const d of document.querySelectorAll('details')) d.open = %v", open)),
	)
	if err != nil {
		t.Fatal(err)
	}
	overflow, err := chromedp.Run(tab, chromedp.Evaluate[[]string](`(() => {
		const wide = document.scrollingElement.scrollWidth
		if (wide <= innerWidth && innerWidth == `+fmt.Sprint(width)+`) return []
		return ["page is " + wide + " wide of " + innerWidth].concat([...document.querySelectorAll('*')]
			.filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).slice(-5).map(e => e.outerHTML.slice(0, 200)))
	})()`))
	if err != nil {
		t.Fatal(err)
	}
	if len(overflow) > 0 {
		t.Errorf("sideways scroll: %s", strings.Join(overflow, "\n"))
	}
	if dir := os.Getenv("KAI_SCREENSHOTS"); dir != "" {
		picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestPages/"), "=", "-")+".png")
		if err := os.WriteFile(path, picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Whatever the page itself says, it has said before axe-core comes.
	w.mu.Lock()
	if len(w.lines) > 0 {
		t.Errorf("console: %q", w.lines)
	}
	if len(w.requests) != 1 || w.requests[0] != "file://"+file {
		t.Errorf("requests: %q", w.requests)
	}
	w.mu.Unlock()

	run := `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify({Violations: r.violations, Passes: r.passes.length}))`
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](axe)); err != nil {
		t.Fatal(err)
	}
	result, err := chromedp.Run(tab, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var found axeResult
	if err := json.Unmarshal([]byte(result), &found); err != nil {
		t.Fatal(err)
	}
	if found.Passes == 0 {
		t.Error("axe-core checked nothing")
	}
	for _, v := range found.Violations {
		report := t.Logf
		if v.Impact == "serious" || v.Impact == "critical" {
			report = t.Errorf
		}
		report("axe %s %s: %s, %d times: %s %s", v.Impact, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].FailureSummary)
	}
}

func call[P, R any](t *testing.T, tab context.Context, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(tab, command, params); err != nil {
		t.Fatal(err)
	}
}

// axeSource is the script of axe-core.
func axeSource(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("KAI_NODE_MODULES")
	if dir == "" {
		out, err := exec.Command("npm", "root", "-g").Output()
		if err != nil {
			vectortest.Missing(t, "no npm to look for axe-core with, and no KAI_NODE_MODULES: "+err.Error())
		}
		dir = strings.TrimSpace(string(out))
	}
	script, err := os.ReadFile(filepath.Join(dir, "axe-core", "axe.min.js"))
	if err != nil {
		vectortest.Missing(t, "no axe-core: "+err.Error())
	}
	return string(script)
}
