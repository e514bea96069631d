package value

import "encoding/binary"

// Eight bytes at a time: a constant in each of them, and their upper bits.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// plain is how many bytes at the front of text are characters that stand in a
// canonical string as they are and have one byte. What ends a string, or must be looked at more
// closely, is not plain: quotes, backslashes, control characters, and all that is
// not ASCII.
func plain(text []byte) int {
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		if special(binary.LittleEndian.Uint64(text[n:])) {
			break
		}
	}
	for n < len(text) && text[n] >= ' ' && text[n] < 0x80 && text[n] != '"' && text[n] != '\\' {
		n++
	}
	return n
}

// special reports whether one of eight bytes is not plain. To take c from each byte sets
// the upper bit of those below c; where another byte's is set too, by what it had to
// lend to its neighbour, that one was below c.
func special(x uint64) bool {
	quote, backslash := x^'"'*ones, x^'\\'*ones // 0 where there is one
	return (x|(x-' '*ones)|(quote-ones)|(backslash-ones))&highs != 0
}
