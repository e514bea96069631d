package stream

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

// echoAt in the environment makes this test binary an echo server: the address of
// the server that it answers.
const echoAt, echoID = "STREAM_ECHO_AT", "STREAM_ECHO_ID"

func TestMain(m *testing.M) {
	if address := os.Getenv(echoAt); address != "" {
		echo(address)
		return
	}
	os.Exit(m.Run())
}

// echo answers each batch of datagrams until its standard input ends.
func echo(address string) {
	var id protocol.NodeID
	fmt.Sscan(os.Getenv(echoID), &id)
	s := start(new(testing.B), options(id))
	fmt.Println(s.address)
	s.SetPeers(map[protocol.NodeID]string{1: address})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	answer(s)
}

func answer(m transport.Transport) {
	var got []transport.Datagram
	for {
		var err error
		if got, err = m.Receive(got[:0]); err != nil {
			return
		}
		m.Send(got)
	}
}

// echoes starts so many echo servers as processes of their own, and connects to them.
func echoes(b *testing.B, count int) *server {
	s := start(b, options(1))
	peers := make(map[protocol.NodeID]string)
	for i := range count {
		id := protocol.NodeID(2 + i)
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), echoAt+"="+s.address, fmt.Sprintf("%s=%d", echoID, id))
		command.Stderr = os.Stderr
		in, _ := command.StdinPipe()
		out, _ := command.StdoutPipe()
		if err := command.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { in.Close(); command.Wait() })
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		peers[id] = strings.TrimSpace(line)
	}
	s.SetPeers(peers)
	connected(b, s)
	s.warmUp(b, peers)
	return s
}

// warmUp waits until each peer has answered: only it knows when it can.
func (s *server) warmUp(b *testing.B, peers map[protocol.NodeID]string) {
	for id := range peers {
		for answered := false; !answered; {
			s.Send([]transport.Datagram{to(id, "are you there?")})
			s.WakeAt(time.Now().Add(100 * time.Millisecond))
			got, err := s.Receive(nil)
			if err != nil {
				b.Fatal(err)
			}
			answered = len(got) > 0
		}
	}
	s.WakeAt(time.Time{})
}

// BenchmarkPingPong is a round trip of one datagram to each of the other
// processes and back from all of them.
func BenchmarkPingPong(b *testing.B) {
	for _, peers := range []int{1, 2} {
		for _, size := range []int{100, 8 << 10} {
			b.Run(fmt.Sprintf("peers=%d/bytes=%d", peers, size), func(b *testing.B) { pingPong(b, peers, size) })
		}
	}
}

func pingPong(b *testing.B, peers, size int) {
	s := echoes(b, peers)
	out := []transport.Datagram{{Group: protocol.GroupLearners, Data: make([]byte, size)}}
	var got []transport.Datagram
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		s.Send(out)
		for n := 0; n < peers; n += len(got) {
			var err error
			if got, err = s.Receive(got[:0]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkThroughput keeps 256 KiB on their way to each of two processes, which
// send everything back; bytes count once for each peer and direction.
func BenchmarkThroughput(b *testing.B) {
	for _, size := range []int{100, 8 << 10, 60 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) { throughput(b, 2, size) })
	}
}

func throughput(b *testing.B, peers, size int) {
	s := echoes(b, peers)
	batch := max(1, 16<<10/size)
	credit := max(2, 256<<10/size/batch) * batch * peers
	out := make([]transport.Datagram, batch)
	for i := range out {
		out[i] = transport.Datagram{Group: protocol.GroupLearners, Data: make([]byte, size)}
	}
	b.SetBytes(int64(2 * peers * size))
	b.ReportAllocs()
	b.ResetTimer()
	var got []transport.Datagram
	for sent, heard := 0, 0; heard < b.N*peers; {
		for sent-heard < credit && sent < b.N*peers {
			s.Send(out)
			sent += batch * peers
		}
		var err error
		if got, err = s.Receive(got[:0]); err != nil {
			b.Fatal(err)
		}
		heard += len(got)
	}
	b.ReportMetric(float64(2*b.N*peers)/b.Elapsed().Seconds(), "datagrams/s")
	if s := s.Stats(); s.SendFailures > 0 {
		b.Error("datagrams were lost", s.SendFailures, s.LastSendError)
	}
}
