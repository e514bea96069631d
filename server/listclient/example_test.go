package listclient_test

//lint:file-ignore SA4006 glance shows each call and looks at the last error only

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"
	"time"

	"paxos/server"
	"paxos/server/listclient"
	"paxos/server/servertest"
	"paxos/server/value"
)

// cluster starts a list server for the examples; a real Config names all servers of the cluster.
func cluster() (cfg listclient.Config, stop func()) {
	s := httptest.NewServer(server.New(server.Options{Engine: servertest.New()}).Handler())
	return listclient.Config{Servers: []string{strings.TrimPrefix(s.URL, "http://")}}, s.Close
}

func Example() {
	cfg, stop := cluster()
	defer stop()
	c, err := listclient.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	at, err := c.Append(ctx, value.Int(5))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("appended at", at.Index)
	if _, err := c.AppendAll(ctx, []value.Value{value.String("six"), value.Int(7)}); err != nil {
		log.Fatal(err)
	}
	for e, err := range c.List(ctx, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Index, e.Value)
	}
	// Output:
	// appended at 0
	// 0 5
	// 1 "six"
	// 2 7
}

func ExampleClient_Append_errors() {
	cfg, stop := cluster()
	stop() // there is no server
	cfg.GiveUp = 10 * time.Millisecond
	c, err := listclient.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = c.Append(context.Background(), value.Int(5))
	switch {
	case errors.Is(err, listclient.ErrUnknown):
		fmt.Println("it may be in the list, look before you append it again")
	case errors.Is(err, listclient.ErrNotDone):
		fmt.Println("it is not in the list, and will not be")
	}
	// Output: it is not in the list, and will not be
}

func ExampleClient_Go() {
	cfg, stop := cluster()
	defer stop()
	c, err := listclient.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	answers := make(chan listclient.Position, 3)
	for i := range 3 {
		c.Go(context.Background(), value.Int(int64(i)), func(p listclient.Position, err error) {
			if err != nil {
				log.Print(err)
			}
			answers <- p // has room: the callback must not block
		})
	}
	for range 3 {
		fmt.Println((<-answers).Index)
	}
	// Output:
	// 0
	// 1
	// 2
}

// One goroutine has up to four values under way, and waits for the oldest.
func ExampleClient_Begin() {
	cfg, stop := cluster()
	defer stop()
	c, err := listclient.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	var window [4]listclient.Pending
	for i := range 6 + len(window) {
		oldest := &window[i%len(window)]
		if i >= len(window) {
			at, err := oldest.Wait(ctx)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(at.Index)
		}
		if i < 6 {
			*oldest = c.Begin(ctx, value.Int(int64(i)))
		}
	}
	// Output:
	// 0
	// 1
	// 2
	// 3
	// 4
	// 5
}

func ExampleClient_Watch() {
	cfg, stop := cluster()
	defer stop()
	c, err := listclient.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	c.Go(ctx, value.String("hello"), func(listclient.Position, error) {})
	for e, err := range c.Watch(ctx, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Index, e.Value)
		break
	}
	// Output: 0 "hello"
}

// All calls at a glance, as docs/go-client.md shows them: real code looks at each error.
func glance(ctx context.Context) error {
	c, err := listclient.New(listclient.Config{Servers: []string{"10.0.0.1:5000", "10.0.0.2:5000", "10.0.0.3:5000"}})
	if err != nil {
		return err
	}
	defer c.Close()

	at, err := c.Append(ctx, value.Int(5))                                          // at.Index: its place in the list
	places, err := c.AppendAll(ctx, []value.Value{value.String("a"), value.Int(6)}) // in their order
	pending := c.Begin(ctx, value.Int(7))                                           // many from one goroutine,
	at, err = pending.Wait(ctx)                                                     // which waits for each later
	c.Go(ctx, value.Int(7), func(p listclient.Position, err error) {})              // without waiting

	v, err := c.Get(ctx, 3) // linearizable
	n, err := c.Length(ctx)
	for e, err := range c.List(ctx, 0) { // in constant memory
		fmt.Println(e.Index, e.Value, err)
	}
	for e, err := range c.Watch(ctx, listclient.FromEnd) { // until ctx ends
		fmt.Println(e.Index, e.Value, err)
	}
	e, fresh, err := c.Local("").Get(ctx, 3) // what a server has now; fresh.Stale says how old that may be

	fmt.Println(at, places, v, n, e, fresh, err)
	return err
}

var _ = glance // it is there to be compiled
