package value

import (
	"bytes"
	"testing"
)

// plainSlowly is plain, a byte at a time.
func plainSlowly(text []byte) int {
	for n, b := range text {
		if b < 0x20 || b >= 0x80 || b == '"' || b == '\\' {
			return n
		}
	}
	return len(text)
}

// Neighbours of the special bytes are where a trick with eight bytes at a time would go wrong.
func TestPlainEndsBeforeTheFirstSpecialByteWhereverItStands(t *testing.T) {
	for _, filler := range []byte{0, 0x1f, ' ', '!', '"', '\\', 0x7f, 0x80, 0xa2, 0xff} {
		for size := range 17 {
			for at := range size {
				for b := range 256 {
					text := bytes.Repeat([]byte{'a'}, size)
					text[at] = byte(b)
					for after := at + 1; after < size; after++ {
						text[after] = filler
					}
					if n := plain(text); n != plainSlowly(text) {
						t.Fatalf("plain(%q) = %d, want %d", text, n, plainSlowly(text))
					}
				}
			}
		}
	}
}

func TestAPlainStringTakesOneAllocation(t *testing.T) {
	s := string(bytes.Repeat([]byte("plain "), 100))
	if n := testing.AllocsPerRun(100, func() { String(s) }); n != 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkString(b *testing.B) {
	s := string(bytes.Repeat([]byte("0123456789abcdef"), 64))
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		String(s)
	}
}

func BenchmarkScan(b *testing.B) {
	text := []byte(String(string(bytes.Repeat([]byte("0123456789abcdef"), 64))).String())
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, err := Scan(text); err != nil {
			b.Fatal(err)
		}
	}
}
