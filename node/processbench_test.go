package node

import "testing"

// What an event of a simulation costs: three list servers by hand, with a call
// under way at each, small checkpoints, and a crash now and then.
func BenchmarkAnEventOfAProcess(b *testing.B) {
	w := newHands(b, 1, 3)
	w.quiet, w.loss = true, 0.02
	servers := w.servers(3)
	calls := make([]*Call, len(servers))
	payload := texts(string(make([]byte, 100)))
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		w.step()
		for i, h := range servers {
			if calls[i] == nil || calls[i].Done() {
				calls[i] = h.process.Append(payload)
			}
		}
		if n%20_000 == 10_000 {
			i := n / 20_000 % 3
			servers[i].crash()
			servers[i].start()
			calls[i] = nil
		}
	}
}

// What a restart costs.
func BenchmarkARestartOfAProcess(b *testing.B) {
	w := newHands(b, 1, 3)
	w.quiet = true
	h := w.servers(3)[0]
	w.appendAll(numbered("v", 200))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		h.crash()
		h.start()
	}
}
