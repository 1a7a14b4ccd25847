package openssh

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"kai/internal/key"
)

// The field of the picture, in characters, and what is drawn for the number of
// visits; the last two mark start and end.
const (
	pictureWidth  = 17
	pictureHeight = 9
	pictureMarks  = " .o+=*BOX@%&#/^SE"
)

// Summary is the line ssh-keygen -l prints for a key, without line feed: size,
// fingerprint, comment and type. An empty comment is called "no comment".
func Summary(p key.Public, comment string) string {
	if comment == "" {
		comment = "no comment"
	}
	return strconv.Itoa(p.Bits()) + " " + p.Fingerprint() + " " + comment + " (" + p.Type().Word() + ")"
}

// Picture draws a key's fingerprint as ssh-keygen -lv does, eleven lines of
// nineteen characters with a line feed each. People notice when it changes.
//
// A bishop starts in the middle of the board and moves diagonally, two bits a
// step, lowest bits of each byte first: bit 0 is right, bit 1 is down; at a
// wall it slides along. Each field shows how often he was there.
//
// Source: the drunken bishop of OpenSSH, sshkey.c.
func Picture(p key.Public) string {
	var visits [pictureHeight][pictureWidth]int
	last := len(pictureMarks) - 1
	x, y := pictureWidth/2, pictureHeight/2
	for _, b := range sha256.Sum256(p.Wire()) {
		for range 4 {
			x = min(max(x+int(b&1)*2-1, 0), pictureWidth-1)
			y = min(max(y+int(b>>1&1)*2-1, 0), pictureHeight-1)
			if visits[y][x] < last-2 {
				visits[y][x]++
			}
			b >>= 2
		}
	}
	visits[pictureHeight/2][pictureWidth/2] = last - 1
	visits[y][x] = last

	var out strings.Builder
	out.WriteString(pictureEdge(pictureTitle(p)))
	for _, row := range visits {
		out.WriteByte('|')
		for _, n := range row {
			out.WriteByte(pictureMarks[n])
		}
		out.WriteString("|\n")
	}
	out.WriteString(pictureEdge("[SHA256]"))
	return out.String()
}

// pictureTitle leaves the size out if there is no room. OpenSSH's buffer holds
// one character less than the edge, so a title that just fits loses its bracket.
func pictureTitle(p key.Public) string {
	word := p.Type().Word()
	title := "[" + word + " " + strconv.Itoa(p.Bits()) + "]"
	if len(title) > pictureWidth {
		title = "[" + word + "]"
	}
	return title[:min(len(title), pictureWidth-1)]
}

// pictureEdge centres a text, which stands left of the middle if it must.
func pictureEdge(text string) string {
	left := (pictureWidth - len(text)) / 2
	return "+" + strings.Repeat("-", left) + text + strings.Repeat("-", pictureWidth-left-len(text)) + "+\n"
}
