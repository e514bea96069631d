package protocol

import "testing"

// An Accept of 8 KiB: 126 commands of 64 bytes.
func bigAccept() *Accept {
	var block []byte
	for range 126 {
		block = AppendPayload(block, make([]byte, 64))
	}
	b := Ballot{3, 1, 12345}
	return &Accept{b, 1000, Mark{b, Span{900, 999}}, Value{}.AppendRun(Run{1, 1, 126, block})}
}

func smallAccepted() *Accepted { return &Accepted{Ballot{3, 1, 12345}, []Span{{1000, 1007}}} }

func BenchmarkEncode(b *testing.B) {
	for name, m := range map[string]Message{"accept-8KiB": bigAccept(), "accepted": smallAccepted()} {
		b.Run(name, func(b *testing.B) {
			var d []byte
			b.ReportAllocs()
			for b.Loop() {
				d = AppendMessage(d[:0], testCluster, testSender, m)
			}
			b.SetBytes(int64(len(d)))
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, m := range map[string]Message{"accept-8KiB": bigAccept(), "accepted": smallAccepted()} {
		b.Run(name, func(b *testing.B) {
			d := AppendMessage(nil, testCluster, testSender, m)
			b.SetBytes(int64(len(d)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := DecodeMessage(testCluster, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTally(b *testing.B) {
	q, _ := QuorumOf(3)
	b.ReportAllocs()
	for b.Loop() {
		t := q.Add(q.Add(0, 1), 3)
		if !q.Reached(t) {
			b.Fatal("two of three are a majority")
		}
	}
}

// What the hot path must not do.
func TestEncodingDoesNotAllocate(t *testing.T) {
	d := make([]byte, 0, MaxDatagram)
	accept, accepted := bigAccept(), smallAccepted()
	if got := testing.AllocsPerRun(100, func() {
		d = AppendMessage(d[:0], testCluster, testSender, accept)
		d = AppendMessage(d[:0], testCluster, testSender, accepted)
	}); got != 0 {
		t.Errorf("%v allocations to encode, want none", got)
	}
	d = AppendMessage(d[:0], testCluster, testSender, accept)
	if got := testing.AllocsPerRun(100, func() { _, _, _ = DecodeMessage(testCluster, d) }); got > 2 {
		t.Errorf("%v allocations to decode an Accept, want two: the message and its reader", got)
	}
}
