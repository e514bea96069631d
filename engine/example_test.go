package engine_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"paxos/engine"
	"paxos/internal/servers"
)

// counter is a state machine that adds.
type counter struct{ sum int64 }

func (c *counter) Apply(command []byte) any {
	c.sum += int64(binary.LittleEndian.Uint64(command))
	return c.sum
}

func (c *counter) Snapshot(w io.Writer) error { return binary.Write(w, binary.LittleEndian, c.sum) }

func (c *counter) Restore(r io.Reader) error { return binary.Read(r, binary.LittleEndian, &c.sum) }

func add(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

// One node is a cluster, too: durable, but it does not survive its disk.
func Example() {
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	self := address()
	machine := &counter{}
	e, err := engine.Start(ctx, engine.Options{
		Dir: dir, Self: self, Init: true, Machine: machine, // Self: "127.0.0.1:7000", say
	})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Stop()

	sum, err := e.Propose(ctx, add(40))
	fmt.Println(sum, err)
	sum, err = e.Propose(ctx, add(2))
	fmt.Println(sum, err)
	err = e.Query(ctx, func() { fmt.Println("read", machine.sum) })
	fmt.Println(err)
	// Output:
	// 40 <nil>
	// 42 <nil>
	// read 42
	// <nil>
}

// Three nodes, here in one process. Any of them takes any command.
func Example_cluster() {
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	listeners, peers := listen(3)
	var nodes []*engine.Engine
	var machines []*counter
	for i, l := range listeners {
		machine := &counter{}
		e, err := engine.Start(ctx, engine.Options{
			Dir: filepath.Join(dir, fmt.Sprint(i)), Self: peers[i], Peers: peers, Listener: l, Init: true, Machine: machine,
		})
		if err != nil {
			log.Fatal(err)
		}
		defer e.Stop()
		nodes, machines = append(nodes, e), append(machines, machine)
	}

	for i, e := range nodes {
		sum, err := e.Propose(ctx, add(int64(i+1)))
		fmt.Println("node", e.ID(), "has", sum, err)
	}
	nodes[0].Stop() // two of three go on
	sum, err := nodes[1].Propose(ctx, add(100))
	fmt.Println(sum, err)
	err = nodes[2].Query(ctx, func() { fmt.Println("read", machines[2].sum) })
	fmt.Println(err)
	// Output:
	// node 1 has 1 <nil>
	// node 2 has 3 <nil>
	// node 3 has 6 <nil>
	// 106 <nil>
	// read 106
	// <nil>
}

// address is one of the loopback interface on which nobody listens.
func address() string {
	free, err := servers.FreeAddresses(1)
	if err != nil {
		log.Fatal(err)
	}
	return free[0]
}

// listen listens on free ports of the loopback interface.
func listen(n int) (listeners []net.Listener, addresses []string) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		listeners, addresses = append(listeners, l), append(addresses, l.Addr().String())
	}
	return listeners, addresses
}
