package multicast

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// BenchmarkThreeReceivers sends in batches of 8 to three receivers, as fast as
// they read: at most a window is on its way to the slowest of them.
func BenchmarkThreeReceivers(b *testing.B) {
	for _, size := range []int{100, 1400, 7680, 15872, 32256, MaxDatagram} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { threeReceivers(b, size) })
	}
}

func threeReceivers(b *testing.B, size int) {
	const batch = 8
	g := groups()
	o := Options{Groups: g, Interface: "lo", ReceiveBuffer: DefaultBuffer, SendBuffer: DefaultBuffer}
	sender := open(b, o)
	o.Join = []protocol.Group{acceptors}
	var credits [3]chan struct{}
	for i := range credits {
		credits[i] = make(chan struct{}, max(1, sender.ReceiveBuffer()/2/Charge(size)/batch))
		go drainBatches(open(b, o), credits[i], batch)
	}
	tooLong := time.After(patience)
	out := make([]transport.Datagram, batch)
	for i := range out {
		out[i] = transport.Datagram{Group: acceptors, Data: make([]byte, size)}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	for sent := 0; sent < b.N; sent += batch {
		for _, c := range credits {
			select {
			case c <- struct{}{}:
			case <-tooLong:
				b.Fatal("a receiver lost datagrams, or the benchmark was to run for too long")
			}
		}
		sender.Send(out)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "datagrams/s")
}

// drainBatches takes one credit back for each batch received.
func drainBatches(m *Transport, credit chan struct{}, batch int) {
	var got []transport.Datagram
	for total, batches := 0, 0; ; {
		var err error
		if got, err = m.Receive(got[:0]); err != nil {
			return
		}
		for total += len(got); batches < total/batch; batches++ {
			<-credit
		}
	}
}

// BenchmarkPingPong is a round trip of 100 bytes between two members, one group
// each or all groups each.
func BenchmarkPingPong(b *testing.B) {
	b.Run("one group", func(b *testing.B) {
		pingPong(b, []protocol.Group{acceptors}, []protocol.Group{learners})
	})
	b.Run("two groups", func(b *testing.B) {
		pingPong(b, []protocol.Group{acceptors, clients}, []protocol.Group{learners, proposers})
	})
}

func pingPong(b *testing.B, here, there []protocol.Group) {
	g := groups()
	ping, pong := open(b, onLoopback(g, here...)), open(b, onLoopback(g, there...))
	var echo sync.WaitGroup
	echo.Go(func() { answer(pong, here[0]) })
	out := []transport.Datagram{{Group: there[0], Data: make([]byte, 100)}}
	var got []transport.Datagram
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		ping.Send(out)
		var err error
		if got, err = ping.Receive(got[:0]); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	pong.Close()
	echo.Wait()
}

// answer sends everything that m receives on to a group.
func answer(m *Transport, to protocol.Group) {
	var got []transport.Datagram
	for {
		var err error
		if got, err = m.Receive(got[:0]); err != nil {
			return
		}
		for i := range got {
			got[i].Group = to
		}
		m.Send(got)
	}
}
