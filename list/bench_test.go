package list

import (
	"testing"

	"paxos/protocol"
)

// One run of 128 commands of 64 bytes, as a leader packs them, again and again.
func BenchmarkApply(b *testing.B) {
	const commands = 128
	var block []byte
	for range commands {
		block = protocol.AppendPayload(block, make([]byte, 64))
	}
	for name, o := range map[string]Options{"full": {}, "sessions-only": {SessionsOnly: true}} {
		b.Run(name, func(b *testing.B) {
			s := New(o)
			apply(s, nonceOf(1))
			var e protocol.Effects
			v := make(protocol.Value, 0, len(block)+protocol.ItemOverhead)
			next := protocol.Seq(1)
			b.ReportAllocs()
			for b.Loop() {
				v = v[:0].AppendRun(protocol.Run{Session: 1, First: next, Count: commands, Block: block})
				e.Reset()
				s.Apply(s.applied+1, v, &e)
				next += commands
				if next%(64*protocol.ChunkEntries) == 1 { // as a node does, every 4 MiB
					closed := s.TakeClosed()
					s.Checkpointed(s.length / protocol.ChunkEntries)
					s.Recycle(closed)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/commands, "ns/command")
		})
	}
}

func BenchmarkEncodeChunk(b *testing.B) {
	for name, raw := range map[string][]byte{"random-64": randomChunk(64), "numbers": numberChunk()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = EncodeChunk(dst[:0], raw)
			}
			b.ReportMetric(float64(len(dst))/float64(len(raw)), "ratio")
		})
	}
}

func BenchmarkDecodeChunk(b *testing.B) {
	for name, raw := range map[string][]byte{"random-64": randomChunk(64), "numbers": numberChunk()} {
		b.Run(name, func(b *testing.B) {
			encoded := EncodeChunk(nil, raw)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = DecodeChunk(dst[:0], encoded)
			}
		})
	}
}

func BenchmarkAppendHead(b *testing.B) {
	s := New(Options{})
	for n := 1; n <= protocol.MaxSessions; n++ {
		apply(s, nonceOf(n), runOf(protocol.SessionID(n), 1, 1))
	}
	var head []byte
	b.ReportAllocs()
	for b.Loop() {
		head = s.AppendHead(head[:0])
	}
	b.ReportMetric(float64(len(head)), "B")
}
