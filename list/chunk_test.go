package list

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/klauspost/compress/zstd"

	"paxos/protocol"
)

// randomChunk is a block of random payloads of n bytes: nothing to compress.
func randomChunk(n int) (raw []byte) {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	payload := make([]byte, n)
	for range border {
		for i := range payload {
			payload[i] = byte(rng.Uint32())
		}
		raw = protocol.AppendPayload(raw, payload)
	}
	return raw
}

// numberChunk is a block of decimal numbers from 0 to 32767, as the harness sends.
func numberChunk() (raw []byte) {
	rng := rand.New(rand.NewPCG(2, 3))
	for range border {
		raw = protocol.AppendPayload(raw, strconv.AppendInt(nil, rng.Int64N(32768), 10))
	}
	return raw
}

func TestChunksComeBackAsTheyWere(t *testing.T) {
	for name, raw := range map[string][]byte{
		"numbers": numberChunk(),
		"random":  randomChunk(64),
		"empty":   make([]byte, border), // payloads without bytes
		"alike":   bytes.Repeat(protocol.AppendPayload(nil, make([]byte, 5000)), border),
		"longest": randomChunk(protocol.MaxPayload),
	} {
		comesBack(t, name, raw, EncodeChunk)
		comesBack(t, name+", brief", raw, EncodeBriefChunk)
	}
	if got := len(randomChunk(protocol.MaxPayload)); got != MaxRawChunk {
		t.Errorf("the longest chunk has %d bytes, want %d", got, MaxRawChunk)
	}
}

func comesBack(t *testing.T, name string, raw []byte, encode func(dst, raw []byte) []byte) {
	t.Helper()
	encoded := encode([]byte("before"), raw)[len("before"):]
	if !bytes.Equal(encoded, encode(nil, raw)) {
		t.Errorf("%s: the same block gave other bytes", name)
	}
	if most := chunkHeader + len(raw) + sumSize; len(encoded) > most {
		t.Errorf("%s: %d bytes encoded, more than the %d of storing it raw", name, len(encoded), most)
	}
	got, err := DecodeChunk([]byte("before"), encoded)
	if err != nil || string(got[:6]) != "before" || !bytes.Equal(got[6:], raw) {
		t.Errorf("%s: %d bytes (%v), want %d", name, len(got)-6, err, len(raw))
	}
}

func TestABriefChunkStillSavesWhatRepeats(t *testing.T) {
	raw := bytes.Repeat(protocol.AppendPayload(nil, []byte(`{"op":"set","key":"x"}`)), border)
	if got := len(EncodeBriefChunk(nil, raw)); got > len(raw)/10 {
		t.Errorf("one command, over and over, takes %d bytes of %d", got, len(raw))
	}
}

func TestEveryFlippedBitOfAChunkIsFound(t *testing.T) {
	for _, raw := range [][]byte{make([]byte, border), randomChunk(1), numberChunk()} {
		encoded := EncodeChunk(nil, raw)
		for i := range len(encoded) * 8 {
			encoded[i/8] ^= 1 << (i % 8)
			if _, err := DecodeChunk(nil, encoded); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("bit %d of %d flipped: error %v, want %v", i, len(encoded)*8, err, ErrCorrupt)
			}
			encoded[i/8] ^= 1 << (i % 8)
		}
	}
}

// With the outer checksum made right, nothing but the very block may come out.
func TestFlippedBitsBehindTheChecksum(t *testing.T) {
	raw := numberChunk()
	encoded := EncodeChunk(nil, raw)
	body := encoded[:len(encoded)-sumSize]
	for i := range len(body) * 8 {
		changed := bytes.Clone(body)
		changed[i/8] ^= 1 << (i % 8)
		got, err := DecodeChunk(nil, sealed(changed))
		if err != nil && !errors.Is(err, ErrCorrupt) || err == nil && !bytes.Equal(got, raw) {
			t.Fatalf("bit %d flipped: %d bytes, error %v", i, len(got), err)
		}
	}
}

func TestATruncatedChunkIsFound(t *testing.T) {
	for _, raw := range [][]byte{numberChunk(), randomChunk(1)} {
		encoded := EncodeChunk(nil, raw)
		for n := range encoded {
			for _, cut := range [][]byte{encoded[:n], sealed(bytes.Clone(encoded[:n]))} {
				if bytes.Equal(cut, encoded) {
					continue // no cut: the checksum was put back
				}
				if _, err := DecodeChunk(nil, cut); !errors.Is(err, ErrCorrupt) {
					t.Fatalf("%d of %d bytes: error %v, want %v", n, len(encoded), err, ErrCorrupt)
				}
			}
		}
	}
}

func TestAChunkHoldsExactlyItsEntries(t *testing.T) {
	raw := numberChunk()
	last, _ := protocol.SkipPayloads(raw, border-1)
	for name, bad := range map[string][]byte{
		"one entry too few":  raw[:len(raw)-len(last)],
		"one entry too many": protocol.AppendPayload(bytes.Clone(raw), nil),
		"a cut entry":        raw[:len(raw)-1],
		"no entries":         nil,
		"an entry too long":  protocol.AppendPayload(bytes.Clone(raw[:len(raw)-len(last)]), make([]byte, protocol.MaxPayload+1)),
	} {
		if _, err := DecodeChunk(nil, EncodeChunk(nil, bad)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want %v", name, err, ErrCorrupt)
		}
	}
}

// handmade is a chunk that says what its maker wants, with right checksums.
func handmade(length int, codec byte, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(length))
	return sealed(append(append(b, codec), body...))
}

func TestADecompressorIsNotMadeToAllocate(t *testing.T) {
	bomb := quick().EncodeAll(make([]byte, 256<<20), nil)
	frames := bytes.Repeat(quick().EncodeAll(make([]byte, 60<<10), nil), 1000)
	for name, lie := range map[string][]byte{
		"a bomb that says it is small": handmade(2000, codecZstd, bomb[:1999]),
		"a bomb of the longest length": handmade(MaxRawChunk, codecZstd, bomb),
		"a length over the limit":      handmade(1<<30, codecZstd, bomb),
		"many frames":                  handmade(60<<10, codecZstd, frames),
		"a raw length without bytes":   handmade(MaxRawChunk, codecRaw, make([]byte, border)),
		"a frame without a size":       handmade(4000, codecZstd, unsizedFrame(t)),
		"frames that run on":           handmade(60<<10, codecZstd, frames[:len(frames)-3]),
	} {
		if _, err := DecodeChunk(nil, lie); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want %v", name, err, ErrCorrupt)
		}
		if got := bytesAllocated(func() { _, _ = DecodeChunk(nil, lie) }); got > 256<<10 {
			t.Errorf("%s: %d bytes allocated", name, got)
		}
	}
}

func unsizedFrame(t *testing.T) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err == nil {
		_, _ = w.Write(make([]byte, 2000))
		_ = w.Flush()
		_, _ = w.Write(make([]byte, 2000))
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnUnknownCodecIsFound(t *testing.T) {
	if _, err := DecodeChunk(nil, handmade(border, 2, make([]byte, border))); !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want %v", err, ErrCorrupt)
	}
}
