package sealed

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"paxos/protocol"
)

const group = protocol.GroupLearners

func TestWhatIsSealedOpensUnaltered(t *testing.T) {
	s, o := sealing(t), opening(t, 10)
	for _, size := range []int{0, 1, 100, 1400, 8192, 65024 - Trailer} {
		payload := bytes.Repeat([]byte{0xA5}, size)
		data := s.seal(nil, group, noon, payload)
		if len(data) != size+Trailer || Trailer > 32 {
			t.Errorf("%d bytes sealed are %d", size, len(data))
		}
		got, v := o.open(group, noon, data)
		if v != admitted || !bytes.Equal(got, payload) || cap(got) != size {
			t.Errorf("%d bytes: verdict %d, %d bytes with capacity %d", size, v, len(got), cap(got))
		}
	}
}

func TestAFlippedBitAnywhereIsRefusedAndNothingOfItRemembered(t *testing.T) {
	s, o := sealing(t), opening(t, 10)
	data := s.seal(nil, group, noon, []byte("the payload of this datagram"))
	for bit := range 8 * len(data) {
		bad := bytes.Clone(data)
		bad[bit/8] ^= 1 << (bit % 8)
		expect(t, unauthentic, o, group, noon, bad, fmt.Sprintf("bit %d flipped", bit))
	}
	if len(o.senders.known) != 0 {
		t.Errorf("%d senders are remembered of forged datagrams", len(o.senders.known))
	}
	expect(t, admitted, o, group, noon, data, "the true one after the forged ones")
}

func TestOtherLengthsAreRefused(t *testing.T) {
	s, o := sealing(t), opening(t, 10)
	data := s.seal(nil, group, noon, []byte("payload"))
	for n := range data {
		expect(t, unauthentic, o, group, noon, data[:n], fmt.Sprintf("cut to %d bytes", n))
		if n > 0 {
			expect(t, unauthentic, o, group, noon, data[n:], fmt.Sprintf("without the first %d bytes", n))
		}
	}
	expect(t, unauthentic, o, group, noon, append(bytes.Clone(data), 0), "one byte longer")
	expect(t, unauthentic, o, group, noon, nil, "nothing at all")
	expect(t, unauthentic, o, group, noon, make([]byte, 100), "all zero")
}

func TestAnotherKeyAnotherClusterAndAnotherGroupAreRefused(t *testing.T) {
	o := opening(t, 10)
	for what, s := range map[string]*sealer{
		"another key":     newSealer(ring(t, testSecret+"!", testCluster)),
		"another cluster": newSealer(ring(t, testSecret, testCluster+1)),
	} {
		expect(t, unauthentic, o, group, noon, s.seal(nil, group, noon, []byte("x")), what)
	}
	data := sealing(t).seal(nil, group, noon, []byte("x"))
	for g := range protocol.Group(protocol.Groups) {
		if g != group {
			expect(t, unauthentic, o, g, noon, data, fmt.Sprintf("to %s, brought to %s", group, g))
		}
	}
	expect(t, admitted, o, group, noon, data, "to the right group")
}

func TestADatagramIsHeardOnceInAnyOrder(t *testing.T) {
	s, o := sealing(t), opening(t, 10)
	var all [][]byte
	for i := range 100 {
		all = append(all, s.seal(nil, group, noon, []byte{byte(i)}))
	}
	slices.Reverse(all)
	for i, data := range all {
		expect(t, admitted, o, group, noon, data, fmt.Sprintf("number %d from the end", i))
		expect(t, replayed, o, group, noon, data, fmt.Sprintf("number %d from the end again", i))
	}
	for i, data := range all {
		expect(t, replayed, o, group, noon+60, data, fmt.Sprintf("number %d from the end a minute later", i))
	}
}

func TestTheNumbersOfGroupsAreApart(t *testing.T) {
	s, o := sealing(t), opening(t, 10)
	late := s.seal(nil, protocol.GroupAcceptors, noon, []byte("waits in another socket"))
	for range 10 * windowWords * 64 {
		expect(t, admitted, o, group, noon, s.seal(nil, group, noon, nil), "a busy group")
	}
	expect(t, admitted, o, protocol.GroupAcceptors, noon, late, "a quiet group")
}

func TestWhatIsTooOldOrTooNewIsRefused(t *testing.T) {
	for _, now := range []uint32{noon, 30, 0xFFFFFFF0} { // the two last: where the time begins anew
		s, o := sealing(t), opening(t, 10)
		for _, c := range []struct {
			offset int
			want   verdict
		}{{-61, stale}, {-60, admitted}, {0, admitted}, {60, admitted}, {61, stale}, {86400 * 365, stale}, {-86400 * 365, stale}} {
			data := s.seal(nil, group, now+uint32(c.offset), nil)
			expect(t, c.want, o, group, now, data, fmt.Sprintf("%+d s from %d", c.offset, now))
		}
	}
}

func TestAMirrorIsNotBelieved(t *testing.T) {
	s, o := sealing(t), opening(t, 10)
	o.self = s.self.Load
	expect(t, replayed, o, group, noon, s.seal(nil, group, noon, nil), "our own datagram")
}

func TestAFullTableRefusesNewcomersAndForgetsOnlyWhatIsStale(t *testing.T) {
	o := opening(t, 3)
	var olds [][]byte
	for i := range 3 {
		data := sealing(t).seal(nil, group, noon+uint32(i), nil)
		expect(t, admitted, o, group, noon, data, "a sender that finds a place")
		olds = append(olds, data)
	}
	newcomer := sealing(t)
	for _, now := range []uint32{noon, noon + 60} {
		expect(t, crowded, o, group, now, newcomer.seal(nil, group, now, nil), "a newcomer while all others are fresh")
		for i, data := range olds {
			expect(t, replayed, o, group, now, data, fmt.Sprintf("a replay of sender %d while newcomers press in", i))
		}
	}
	// One second more, and the first sender's only datagram is stale: its place is free.
	expect(t, admitted, o, group, noon+61, newcomer.seal(nil, group, noon+61, nil), "a newcomer when one is stale")
	expect(t, stale, o, group, noon+61, olds[0], "a replay of the forgotten sender")
	expect(t, replayed, o, group, noon+61, olds[1], "a replay of one that is not forgotten")
}

func TestASenderIsRememberedAsLongAsItsNewestDatagramIsFresh(t *testing.T) {
	o, s := opening(t, 1), sealing(t)
	first, last := s.seal(nil, group, noon, nil), s.seal(nil, group, noon+50, nil)
	expect(t, admitted, o, group, noon+50, first, "the first datagram")
	expect(t, admitted, o, group, noon+50, last, "the last datagram")
	newcomer := sealing(t)
	expect(t, crowded, o, group, noon+110, newcomer.seal(nil, group, noon+110, nil), "a newcomer while the last is fresh")
	expect(t, replayed, o, group, noon+110, last, "a replay of the last")
	expect(t, admitted, o, group, noon+111, newcomer.seal(nil, group, noon+111, nil), "a newcomer after that")
	expect(t, stale, o, group, noon+111, last, "a late replay of the last")
}

// deed is a datagram that was sealed, and what became of it.
type deed struct {
	group protocol.Group
	time  uint32
	data  []byte
	heard bool
}

// Whatever is said, delayed, repeated and brought to other groups, and however the
// clock moves on: nothing is heard twice, nothing when it is not fresh, nothing in
// a group it was not meant for. And what is fresh and in time is heard.
func TestNothingIsEverHeardTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys, err := newKeyring(Secret(testSecret), testCluster)
		if err != nil {
			t.Fatal(err)
		}
		o := &opener{keys: keys, senders: newSenders(2), tolerance: 5, self: func() uint64 { return 0 }}
		now, full := noon, false
		speakers := []*sealer{newSealer(keys), newSealer(keys), newSealer(keys)}
		var deeds []*deed
		t.Repeat(map[string]func(*rapid.T){
			"say": func(t *rapid.T) {
				d := &deed{group: protocol.Group(rapid.IntRange(0, 1).Draw(t, "group")), time: now + uint32(rapid.IntRange(-7, 7).Draw(t, "skew"))}
				d.data = rapid.SampledFrom(speakers).Draw(t, "speaker").seal(nil, d.group, d.time, nil)
				deeds = append(deeds, d)
			},
			"bring": func(t *rapid.T) {
				if len(deeds) == 0 {
					t.Skip("nothing was said")
				}
				d := rapid.SampledFrom(deeds).Draw(t, "datagram")
				to := protocol.Group(rapid.IntRange(0, 1).Draw(t, "to"))
				_, v := o.open(to, now, d.data)
				fresh := now-d.time+5 <= 10
				if v == admitted && (d.heard || !fresh || to != d.group) {
					t.Fatalf("heard at %d in group %s: %+v", now, to, d)
				}
				full = full || v == crowded
				if v != admitted && !full && !d.heard && fresh && to == d.group {
					t.Fatalf("not heard at %d (verdict %d): %+v", now, v, d)
				}
				d.heard = d.heard || v == admitted
			},
			"wait":    func(t *rapid.T) { now += uint32(rapid.IntRange(1, 12).Draw(t, "seconds")) },
			"restart": func(t *rapid.T) { speakers[rapid.IntRange(0, 2).Draw(t, "who")] = newSealer(keys) },
		})
	})
}

// FuzzOpen looks for bytes that open and were never sealed, or make us fall over.
func FuzzOpen(f *testing.F) {
	s := sealing(f)
	s.self.Store(42) // the same in all processes that fuzz
	s.aead = s.keys.sender(42)
	good := s.seal(nil, group, noon, []byte("payload"))
	f.Add(good, 0, byte(0))
	f.Add(good, 3, byte(1))
	f.Add(good[:Trailer], 0, byte(0))
	f.Add(good[:Trailer-1], 0, byte(0))
	f.Add([]byte{}, 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if at >= 0 && at < len(data) {
			data = bytes.Clone(data)
			data[at] ^= flip
		}
		before := bytes.Clone(data)
		o := opening(t, 10)
		payload, v := o.open(group, noon, data)
		if (v == admitted) != bytes.Equal(data, good) {
			t.Errorf("%x: verdict %d", data, v)
		}
		if v != admitted && (payload != nil || len(o.senders.known) != 0) {
			t.Errorf("%x: refused, and yet %x came out, or %d senders are remembered", data, payload, len(o.senders.known))
		}
		if !bytes.Equal(before, data) {
			t.Error("the datagram was altered")
		}
	})
}
