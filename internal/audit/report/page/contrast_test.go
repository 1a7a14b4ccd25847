package page_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast holds the colours of both themes against WCAG 2.2: 4.5 for text, 3 for marks.
func TestContrast(t *testing.T) {
	source, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(source), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("no dark theme")
	}
	dark, _, _ = strings.Cut(dark, "*, *::before")
	for name, css := range map[string]string{"light": light, "dark": dark} {
		colours := make(map[string]float64)
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		check := func(least float64, backgrounds []string, marks ...string) {
			for _, b := range backgrounds {
				for _, m := range marks {
					back, ok1 := colours[b]
					mark, ok2 := colours[m]
					ratio := (max(back, mark) + 0.05) / (min(back, mark) + 0.05)
					if !ok1 || !ok2 || ratio < least {
						t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", name, m, b, ratio, least)
					}
				}
			}
		}
		check(4.5, []string{"bg", "surface", "sunken"}, "text", "muted", "bad", "accent")
		check(3, []string{"surface"}, "accent", "info", "low", "medium", "high", "critical", "heat-1", "heat-2", "heat-3", "heat-4")
		check(3, []string{"good-soft"}, "good")
		check(3, []string{"bad-soft"}, "bad")
		check(3, []string{"warn-soft"}, "warn")
	}
}

// luminance is the relative luminance of WCAG.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
