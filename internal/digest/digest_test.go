package digest_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"kai/internal/digest"
)

// pattern returns n bytes 0, 1, … 250, 0, 1, …: the input of the BLAKE3 test
// vectors.
func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i % 251)
	}
	return data
}

// known are digests from the standards (FIPS 180-4, FIPS 202, RFC 7693, the
// BLAKE3 test vectors); those of longer patterns were made with openssl 3.0.
var known = []struct {
	algorithm string
	input     []byte
	sum       string
}{
	{"sha256", nil, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"sha256", []byte("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"sha256", pattern(102400), "74588b7f0bcc354ac14d9cf199fa3a20c05f0c7293b9075b2f2e146e718de800"},
	{"sha512", nil, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
	{"sha512", []byte("abc"), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	{"sha512", pattern(102400), "2acda2d1386c8cd9ef01c797cfd154b073e7ea26e4c5741e9f2aee089dc8106cb887526d5bbb04920c2b742b2dab945e2a8db4cd31f58ac945aec9df89b1f18d"},
	{"sha3-256", nil, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"},
	{"sha3-256", []byte("abc"), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
	{"sha3-256", pattern(102400), "14f61e0b532a9566801359c3238ccfc25b66b2c64815393498ffc1f60fc731e6"},
	{"blake2b", nil, "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"},
	{"blake2b", []byte("abc"), "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
	{"blake2b", pattern(102400), "cbd9d7d77a4d66c0a2ddea931b1e7d91271005545f56f444decea823f7adc9bb0791bead840bdd341f04bc1baf1847248aa536baeafa40bda3a06229ae62ffd5"},
	{"blake3", nil, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
	{"blake3", []byte("abc"), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"},
	{"blake3", pattern(1024), "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
	{"blake3", pattern(31744), "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"},
}

func TestKnownAnswers(t *testing.T) {
	tested := make(map[digest.Algorithm]int)
	for _, tt := range known {
		a, err := digest.ByName(tt.algorithm)
		if err != nil {
			t.Fatal(err)
		}
		tested[a]++
		h := a.New()
		h.Write(tt.input)
		if got := hex.EncodeToString(h.Sum(nil)); got != tt.sum {
			t.Errorf("%v of %d bytes: New gives %s, want %s", a, len(tt.input), got, tt.sum)
		}
		sums, err := digest.Sums(t.Context(), bytes.NewReader(tt.input), []digest.Spec{{Algorithm: a}})
		if err != nil || len(sums) != 1 || hex.EncodeToString(sums[0]) != tt.sum {
			t.Errorf("%v of %d bytes: Sums gives %x, %v, want %s", a, len(tt.input), sums, err, tt.sum)
		}
	}
	for _, a := range digest.All() {
		if tested[a] == 0 {
			t.Errorf("%v has no known answer", a)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	want := []struct {
		name, tag string
		size      int
	}{
		{"sha256", "SHA256", 32}, {"sha512", "SHA512", 64}, {"sha3-256", "SHA3-256", 32},
		{"blake2b", "BLAKE2b", 64}, {"blake3", "BLAKE3", 32},
	}
	all := digest.All()
	if len(all) != len(want) {
		t.Fatalf("All returns %v", all)
	}
	for i, a := range all {
		w := want[i]
		if a.String() != w.name || a.Tag() != w.tag || a.Size() != w.size || a.New().Size() != w.size {
			t.Errorf("%v has tag %s and size %d, want %+v", a, a.Tag(), a.Size(), w)
		}
	}
	for _, name := range []string{"", "SHA256", "sha-256", "sha3", "blake2", "blake2s", "md5", "sha1", "sha256 ", "\x1b[2J"} {
		a, err := digest.ByName(name)
		if !errors.Is(err, digest.ErrAlgorithm) || a != 0 {
			t.Errorf("ByName(%q) = %v, %v", name, a, err)
		}
	}
	var none digest.Algorithm
	if none.Size() != 0 || none.Tag() != "" || (digest.BLAKE3+1).Size() != 0 {
		t.Errorf("the zero algorithm, or the one after the last, has properties")
	}
}

// Every algorithm, with and without prefix and with repetitions, over every kind
// of length, from readers that give what they like.
func TestSums(t *testing.T) {
	var specs []digest.Spec
	for _, a := range digest.All() {
		specs = append(specs, digest.Spec{Algorithm: a}, digest.Spec{Algorithm: a, Prefix: []byte("R and A")}, digest.Spec{Algorithm: a, Prefix: []byte{}})
	}
	if n, err := digest.HashCount(specs); err != nil || n != 2*len(digest.All()) {
		t.Errorf("%d specs need %d hashes, %v", len(specs), n, err)
	}
	const small, first, block = digest.SmallSize, digest.SmallSize + digest.FirstSize, digest.BlockSize
	for _, n := range []int{0, 1, small - 1, small, small + 1, first - 1, first, first + 1, first + block - 1, first + block, first + block + 1, first + 2*block, 3*block + 7} {
		data := pattern(n)
		var want [][]byte
		for _, s := range specs {
			h := s.Algorithm.New()
			h.Write(s.Prefix)
			h.Write(data)
			want = append(want, h.Sum(nil))
		}
		for name, r := range map[string]io.Reader{
			"plain": bytes.NewReader(data), "halves": iotest.HalfReader(bytes.NewReader(data)),
			"end with data": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			got, err := digest.Sums(t.Context(), r, specs)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%d bytes, %s: %d sums, %v", n, name, len(got), err)
			}
			for i := range want {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("%d bytes, %s: %v with prefix %q is %x, want %x", n, name, specs[i].Algorithm, specs[i].Prefix, got[i], want[i])
				}
			}
		}
	}
}

func TestSumsWithoutSpecs(t *testing.T) {
	r := bytes.NewReader(pattern(3 << 20))
	if sums, err := digest.Sums(t.Context(), r, nil); err != nil || len(sums) != 0 || r.Len() != 0 {
		t.Errorf("Sums = %x, %v with %d bytes unread", sums, err, r.Len())
	}
	if _, err := digest.Sums(t.Context(), r, make([]digest.Spec, 1)); !errors.Is(err, digest.ErrAlgorithm) {
		t.Errorf("zero Spec: %v", err)
	}
}

// silent never has anything to say.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// A stream that fails has no digest, wherever it fails. In particular
// io.ErrUnexpectedEOF, which is how a reader says that its source was cut off,
// is not the end of the stream.
func TestSumsReadErrors(t *testing.T) {
	broken := errors.New("broken")
	const first, block = digest.SmallSize + digest.FirstSize, digest.BlockSize
	for _, n := range []int{0, 1, first, first + 1, first + block, first + block + 1, first + 4*block} {
		for _, want := range []error{broken, io.ErrUnexpectedEOF, io.ErrClosedPipe} {
			r := io.MultiReader(bytes.NewReader(pattern(n)), iotest.ErrReader(want))
			if sums, err := digest.Sums(t.Context(), r, []digest.Spec{{Algorithm: digest.SHA256}}); err != want || sums != nil {
				t.Errorf("after %d bytes: %x, %v, want %v", n, sums, err, want)
			}
		}
		r := io.MultiReader(bytes.NewReader(pattern(n)), silent{})
		if _, err := digest.Sums(t.Context(), r, []digest.Spec{{Algorithm: digest.SHA256}}); err != io.ErrNoProgress {
			t.Errorf("nothing after %d bytes: %v", n, err)
		}
	}
}

// endless gives zeros for ever, and calls at when it has given as many bytes.
type endless struct {
	given, at int
	do        func()
}

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	if e.given += len(p); e.given >= e.at && e.do != nil {
		e.do()
		e.do = nil
	}
	return len(p), nil
}

func TestSumsCancellation(t *testing.T) {
	why := errors.New("enough")
	for _, at := range []int{0, 1, 100 << 10, 8 << 20} {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := &endless{at: at, do: func() { cancel(why) }}
		if at == 0 {
			r.do()
		}
		sums, err := digest.Sums(ctx, r, []digest.Spec{{Algorithm: digest.SHA256}, {Algorithm: digest.BLAKE3}})
		if err != why || sums != nil {
			t.Errorf("cancelled at %d: %x, %v", at, sums, err)
		}
		given := r.given // the race detector objects if somebody still reads
		if given > at+8*digest.BlockSize {
			t.Errorf("cancelled at %d, read on to %d", at, given)
		}
	}
}

func TestSumsMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := digest.Sums(t.Context(), io.LimitReader(&endless{}, 256<<20), []digest.Spec{{Algorithm: digest.SHA256}})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("256 MiB allocated %d bytes", used)
	}
}
