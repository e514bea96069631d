package protocol

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// parse is the dumb twin of every walk over a block: all its payloads, or ok
// is false.
func parse(block []byte) (payloads [][]byte, ok bool) {
	for i := 0; i < len(block); {
		n, shift, w := 0, 0, 0
		for {
			if i == len(block) || w == 3 {
				return nil, false
			}
			n |= int(block[i]&0x7f) << shift
			shift, w, i = shift+7, w+1, i+1
			if block[i-1] < 0x80 {
				break
			}
		}
		if w > 1 && block[i-1] == 0 || n > MaxPayload || n > len(block)-i {
			return nil, false
		}
		payloads, i = append(payloads, block[i:i+n]), i+n
	}
	return payloads, true
}

func pack(payloads [][]byte) (block []byte) {
	for _, p := range payloads {
		block = AppendPayload(block, p)
	}
	return block
}

// anyBlock is a block, often well-formed.
var anyBlock = rapid.OneOf(
	rapid.SliceOfN(rapid.Byte(), 0, 12),
	rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 0x80, 0x81}), 0, 12),
	rapid.Map(rapid.SliceOfN(anyBytes, 0, 5), pack),
	rapid.Map(rapid.IntRange(MaxPayload-1, MaxPayload+1), func(n int) []byte { return pack([][]byte{make([]byte, n)}) }),
)

func TestRandomRunsAreCheckedLikeTheTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		block := anyBlock.Draw(t, "block")
		r := Run{Session: 1, First: 5, Count: rapid.IntRange(-1, 6).Draw(t, "count"), Block: block}
		payloads, ok := parse(block)
		want := ok && r.Count >= 1 && len(payloads) == r.Count
		if err := r.Check(); (err == nil) != want {
			t.Fatalf("%x as %d payloads: %v, want good: %v", block, r.Count, err, want)
		}
	})
}

func TestThereIsOneEncodingForEachLength(t *testing.T) {
	for _, block := range [][]byte{{0x80, 0x00}, {0x81, 0x00, 'x'}, {0x80, 0x80, 0x00}, {0x80}} {
		if _, _, err := NextPayload(block); err == nil {
			t.Errorf("%x was taken", block)
		}
	}
}

func TestSeqsNeitherStartAtZeroNorWrap(t *testing.T) {
	const last = Seq(1<<64 - 1)
	for _, c := range []struct {
		session SessionID
		first   Seq
		count   int
		want    bool
	}{
		{1, 1, 1, true}, {0, 1, 1, false}, {1, 0, 1, false}, {1, last, 1, true}, {1, last, 2, false}, {1, last - 1, 2, true}, {1, last - 1, 3, false},
	} {
		r := Run{c.session, c.first, c.count, make([]byte, c.count)}
		if err := r.Check(); (err == nil) != c.want {
			t.Errorf("%+v: %v, want good: %v", r, err, c.want)
		}
	}
}

func TestRandomRunsAreCutLikeTheTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := genRun.Draw(t, "run")
		payloads, _ := parse(r.Block)
		for n := 1; n <= r.Count; n++ {
			want := Run{r.Session, r.First, n, pack(payloads[:n])}
			if got := r.Take(n); !reflect.DeepEqual(got, want) || got.Last() != r.First+Seq(n)-1 {
				t.Fatalf("take %d: %+v, want %+v", n, got, want)
			}
		}
		for n := range r.Count {
			want := Run{r.Session, r.First + Seq(n), r.Count - n, pack(payloads[n:])}
			if got := r.Drop(n); !reflect.DeepEqual(got, want) || got.Last() != r.Last() {
				t.Fatalf("drop %d: %+v, want %+v", n, got, want)
			}
		}
	})
}

func TestCutsBeyondARunPanic(t *testing.T) {
	r := Run{1, 1, 2, []byte{0, 0}}
	for name, f := range map[string]func(){
		"drop all": func() { r.Drop(2) }, "drop more": func() { r.Drop(3) },
		"take none": func() { r.Take(0) }, "take more": func() { r.Take(3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestPayloadSizeIsWhatAppendPayloadAdds(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16383, MaxPayload} {
		if got, want := PayloadSize(n), len(AppendPayload(nil, make([]byte, n))); got != want {
			t.Errorf("%d bytes: size %d, want %d", n, got, want)
		}
	}
}

func TestRandomValuesGiveTheirItemsBack(t *testing.T) {
	genItem := rapid.Custom(func(t *rapid.T) Item {
		if rapid.Bool().Draw(t, "open") {
			return Item{Open: true, Nonce: genNonce.Draw(t, "nonce")}
		}
		return Item{Run: genRun.Draw(t, "run")}
	})
	rapid.Check(t, func(t *rapid.T) {
		var v Value
		items := rapid.SliceOfN(genItem, 0, 6).Draw(t, "items")
		for _, item := range items {
			before := len(v)
			if v = appendItem(v, item); len(v)-before > ItemOverhead+len(item.Run.Block) && !item.Open {
				t.Fatalf("item of %d bytes takes %d", len(item.Run.Block), len(v)-before)
			}
		}
		if got, err := itemsOf(v); err != nil || !slices.EqualFunc(got, items, func(a, b Item) bool { return reflect.DeepEqual(a, b) }) || v.Check() != nil {
			t.Fatalf("items %+v (%v), want %+v", got, err, items)
		}
	})
}

func appendItem(v Value, item Item) Value {
	if item.Change != nil {
		return v.AppendChange(item.Change)
	}
	if item.Open {
		return v.AppendOpen(item.Nonce)
	}
	return v.AppendRun(item.Run)
}

func itemsOf(v Value) (items []Item, err error) {
	for len(v) > 0 {
		var item Item
		if item, v, err = v.Next(); err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

func TestValuesThatMakeNoSense(t *testing.T) {
	good := Value{}.AppendOpen(Nonce{1}).AppendRun(Run{1, 1, 2, []byte{1, 'x', 0}})
	ends := map[int]bool{0: true, 17: true, len(good): true} // where items end
	for n := range len(good) + 1 {
		if err := good[:n].Check(); (err == nil) != ends[n] {
			t.Errorf("%d of %d bytes: %v, want good: %v", n, len(good), err, ends[n])
		}
	}
	for name, v := range map[string]Value{
		"kind 0":              {0},
		"unknown kind":        {3},
		"garbage behind":      append(bytes.Clone(good), 7),
		"more than the limit": bigValue(MaxValue + 1),
	} {
		if v.Check() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if v := bigValue(MaxValue); len(v) != MaxValue || v.Check() != nil {
		t.Errorf("the longest value: %d bytes, %v", len(v), v.Check())
	}
}
