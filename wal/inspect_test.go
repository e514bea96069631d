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
	must(t, Inspect(fsys, testDir, Position{}, func(f Found) error {
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
		`2:0 damaged +2048 type 0 "" batch 0`,
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
	err := Inspect(fsys, testDir, from, func(f Found) error { first = f; return unix.ECANCELED })
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
	must(t, Inspect(fsys, testDir, Position{1, headerBytes + 1}, func(f Found) error {
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
	must(t, Inspect(fsys, testDir, Position{}, func(f Found) error {
		if f.Kind == KindDamaged {
			details = append(details, f.At.String()+" "+f.Detail)
		}
		return nil
	}))
	if want := []string{"2:64 batch 2 is missing before batch 3"}; !slices.Equal(details, want) {
		t.Errorf("got %q, want %q", details, want)
	}
}
