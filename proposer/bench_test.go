package proposer

import (
	"testing"

	"paxos/protocol"
)

// benchSessions is the applied state of the benchmark: all is applied at once.
type benchSessions struct{ last [17]protocol.Seq }

func (s *benchSessions) Session(id protocol.SessionID) (protocol.Seq, bool) { return s.last[id], true }

// BenchmarkAdmitFlushApply measures the leader's work for 1024 commands of 64
// bytes from 16 sessions: admission, packing, phase 2, and the answers.
func BenchmarkAdmitFlushApply(b *testing.B) {
	for _, valueBytes := range []int{1400, 8 << 10, 60 << 10} {
		b.Run(name(valueBytes), func(b *testing.B) {
			s := &benchSessions{}
			p := leader3(b, Config{ValueBytes: valueBytes, WindowBytes: 1 << 20, Pipeline: 1000}, s)
			bench := benchRound{p: p, s: s}
			bench.template = makeRun(1, 1, 64, 64)
			b.ReportAllocs()
			for b.Loop() {
				bench.round()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1024, "ns/command")
		})
	}
}

func name(n int) string {
	switch n {
	case 1400:
		return "1400B"
	case 8 << 10:
		return "8KiB"
	}
	return "60KiB"
}

type benchRound struct {
	p        *Proposer
	s        *benchSessions
	template protocol.Run
	out      protocol.Output
	submit   protocol.Submit
	accepted protocol.Accepted
	effects  protocol.Effects
}

func (r *benchRound) round() {
	r.out.Now = r.out.Now[:0]
	for id := protocol.SessionID(1); id <= 16; id++ {
		r.submit.Run = r.template
		r.submit.Run.Session, r.submit.Run.First = id, r.s.last[id]+1
		r.p.Step(0, protocol.Sender{}, &r.submit, &r.out)
	}
	r.p.Flush(0, &r.out)
	first, last := r.p.lead.first, r.p.lead.next-1
	r.accepted.Ballot = r.p.Ballot()
	r.accepted.Spans = append(r.accepted.Spans[:0], protocol.Span{First: first, Last: last})
	r.p.Step(0, storeOf(1), &r.accepted, &r.out)
	r.p.Step(0, storeOf(2), &r.accepted, &r.out)
	r.effects.Reset()
	for id := protocol.SessionID(1); id <= 16; id++ {
		r.s.last[id] += 64
		r.effects.Advanced = append(r.effects.Advanced, protocol.Ack{Session: id, Through: r.s.last[id]})
	}
	for i := first; i <= last; i++ {
		r.p.Applied(0, i, &r.effects, &r.out)
	}
	r.p.Flush(0, &r.out)
}
