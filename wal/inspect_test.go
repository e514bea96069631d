package wal

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestInspectShowsEverythingAndGoesOnAfterDamage(t *testing.T) {
	fsys := newMem(t, 1)
	one := forge(1).batch(1, "a", "bb").batch(2)
	damaged := one.off
	one.batch(3, "spoilt").batch(4, "c")
	one.data[damaged+8] ^= 1
	one.writeTo(t, fsys)
	two := forge(2)
	two.data[5] ^= 1
	two.writeTo(t, fsys)
	forge(4).writeTo(t, fsys)

	var got []string
	must(t, Inspect(options(fsys), Position{}, func(f Found) error {
		got = append(got, fmt.Sprintf("%v %v +%d type %d %q batch %d", f.At, f.Kind, f.Bytes, f.Type, f.Payload, f.Batch))
		return nil
	}))
	want := []string{
		`1:64 record +16 type 1 "a" batch 0`,
		`1:80 record +16 type 1 "bb" batch 0`,
		`1:96 commit +32 type 0 "" batch 1`,
		`1:128 close +32 type 0 "" batch 2`,
		`1:160 damaged +16 type 0 "" batch 0`,
		`1:176 commit +32 type 0 "" batch 3`,
		`1:208 record +16 type 1 "c" batch 0`,
		`1:224 commit +32 type 0 "" batch 4`,
		`1:256 unused +1792 type 0 "" batch 0`,
		`2:0 damaged +64 type 0 "" batch 0`,
		`2:64 unused +1984 type 0 "" batch 0`,
		`4:0 damaged +0 type 0 "" batch 0`,
		`4:64 unused +1984 type 0 "" batch 0`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestInspectReadsALogInUseFromAnyFrameOn(t *testing.T) {
	fsys := newMem(t, 1)
	l, _, _ := open(t, fsys, Position{})
	commit(t, l, "a")
	from := commit(t, l, "b")
	commit(t, l, "c")
	var first Found
	err := Inspect(options(fsys), from, func(f Found) error { first = f; return unix.ECANCELED })
	if err != unix.ECANCELED || first.At != from || first.Kind != KindRecord {
		t.Errorf("first %+v, %v", first, err)
	}
	must(t, l.Close())
}

func TestInspectShowsWhatIsWholeAroundDamage(t *testing.T) {
	fsys := newMem(t, 1)
	one := forge(1).batch(1, "a", "spoilt", "b", "spoilt", "c").batch(2, "d").torn(3, false)
	one.data[headerBytes+16+8] ^= 1
	one.data[headerBytes+3*16+8] ^= 1
	one.writeTo(t, fsys)
	var got []string
	must(t, Inspect(options(fsys), Position{1, headerBytes + 1}, func(f Found) error {
		got = append(got, fmt.Sprintf("%v %v +%d", f.At, f.Kind, f.Bytes))
		return nil
	}))
	want := []string{
		"1:64 record +16", "1:80 damaged +16", "1:96 record +16", "1:112 damaged +16", "1:128 record +16", "1:144 commit +32",
		"1:176 record +16", "1:192 commit +32", "1:224 torn +16",
	}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestInspectTellsThatBatchesAreMissing(t *testing.T) {
	fsys := newMem(t, 1)
	forge(1).batch(1, "a").writeTo(t, fsys)
	forge(2).batch(3, "c").writeTo(t, fsys)
	var details []string
	must(t, Inspect(options(fsys), Position{}, func(f Found) error {
		if f.Kind == KindDamaged {
			details = append(details, f.At.String()+" "+f.Detail)
		}
		return nil
	}))
	if want := []string{"2:64 batch 2 is missing before batch 3"}; !slices.Equal(details, want) {
		t.Errorf("got %q, want %q", details, want)
	}
}

// What stands in a segment is shown whatever its header or its size say: the checksum of each frame
// says whether it belongs there. Open refuses all of these (rows H1 to H5).
func TestInspectReadsASegmentWhoseHeaderOrSizeIsWrong(t *testing.T) {
	cut := func(n int) func(f *forged) { return func(f *forged) { f.data = f.data[:n] } }
	flip := func(at int) func(f *forged) { return func(f *forged) { f.data[at] ^= 1 } }
	for what, c := range map[string]struct {
		spoil func(f *forged)
		want  []string // of what stands in segment 2
	}{
		"magic":            {flip(3), []string{"b", "c"}},
		"version":          {flip(8), []string{"b", "c"}},
		"number":           {flip(16), []string{"b", "c"}},
		"log ID":           {flip(24), []string{"b", "c"}},
		"size":             {flip(33), []string{"b", "c"}},
		"checksum":         {flip(60), []string{"b", "c"}},
		"nothing of it":    {func(f *forged) { clear(f.data[:headerBytes]) }, []string{"b", "c"}},
		"shorter":          {cut(headerBytes + 2*48 + 100), []string{"b", "c"}},
		"into a record":    {cut(headerBytes + 48 + 12), []string{"b"}},
		"within a header":  {cut(20), nil},
		"empty":            {cut(0), nil},
		"longer":           {func(f *forged) { f.data = append(f.data, 1, 2, 3) }, []string{"b", "c"}},
		"header and frame": {func(f *forged) { f.data[3] ^= 1; f.data[headerBytes+9] ^= 1 }, []string{"c"}},
		"another segment's": {func(f *forged) {
			copy(f.data, header{segment: 7, logID: testID, size: testSegment}.encode())
		}, []string{"b", "c"}},
		"another log": {func(f *forged) {
			copy(f.data[headerBytes:], batchOf("foreign").seal(typeCommit, 2, testID+1, Position{2, headerBytes}))
			copy(f.data, header{segment: 2, logID: testID + 1, size: testSegment}.encode())
		}, []string{"c"}},
	} {
		t.Run(what, func(t *testing.T) {
			fsys := newMem(t, 1)
			forge(1).batch(1, "a").writeTo(t, fsys)
			two := forge(2).batch(2, "b").batch(3, "c")
			c.spoil(two)
			two.writeTo(t, fsys)
			forge(3).batch(4, "d").writeTo(t, fsys)
			var got, wrong []string
			must(t, Inspect(options(fsys), Position{}, func(f Found) error {
				switch f.Kind {
				case KindRecord:
					got = append(got, string(f.Payload))
				case KindDamaged:
					wrong = append(wrong, f.At.String())
				}
				return nil
			}))
			if want := append(append([]string{"a"}, c.want...), "d"); !slices.Equal(got, want) {
				t.Errorf("read %q, want %q", got, want)
			}
			if len(wrong) == 0 || wrong[0] != "2:0" {
				t.Errorf("damage is said to be at %v", wrong)
			}
			_, _, _, err := tryOpen(options(fsys), Position{})
			wantCorrupt(t, err, segmentPath(2), 0)
		})
	}
}

// What stands in a segment of another log is not shown as of this one, nor as room that was
// never written to.
func TestInspectDoesNotCallAnotherLogsSegmentUnused(t *testing.T) {
	fsys := newMem(t, 1)
	forge(1).batch(1, "a").writeTo(t, fsys)
	o := options(fsys)
	o.LogID++
	var got []string
	must(t, Inspect(o, Position{}, func(f Found) error {
		got = append(got, fmt.Sprintf("%v %v +%d", f.At, f.Kind, f.Bytes))
		return nil
	}))
	if want := []string{"1:0 damaged +64", "1:64 damaged +1984"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Where nobody knows which log it is, the other headers say it, or what is left of the only one.
func TestInspectReadsASegmentWithoutAHeaderOfALogThatNobodyKnows(t *testing.T) {
	for _, others := range []bool{false, true} {
		fsys := newMem(t, 1)
		one := forge(1).batch(1, "a")
		one.data[3] ^= 1
		if others {
			clear(one.data[:headerBytes])
			forge(2).writeTo(t, fsys)
		}
		one.writeTo(t, fsys)
		o := options(fsys)
		o.LogID = 0
		read := 0
		must(t, Inspect(o, Position{}, func(f Found) error {
			if f.Kind == KindRecord && string(f.Payload) == "a" {
				read++
			}
			return nil
		}))
		if read != 1 {
			t.Errorf("other headers: %v: read %d times", others, read)
		}
	}
}
