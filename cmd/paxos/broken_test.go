package main

import (
	"context"
	"os"
	"sync/atomic"

	"paxos/node"
	"paxos/server"
)

// beBroken in the environment breaks the list servers that this test binary plays: with
// "forgets" they acknowledge appends that they do not do, with "stale" they answer reads
// from what they have.
const beBroken = "PAXOS_TEST_BE_BROKEN"

// breakServers puts a broken engine in the place of the real one, if it is asked to.
func breakServers() {
	switch os.Getenv(beBroken) {
	case "forgets":
		frontEngine = func(e server.Engine) server.Engine { return &forgetful{Engine: e} }
	case "stale":
		frontEngine = func(e server.Engine) server.Engine { return stale{e} }
	}
}

// forgetful forgets one append in forgetOneIn, but says where it stands.
type forgetful struct {
	server.Engine
	asked atomic.Int64
}

const forgetOneIn = 20

func (f *forgetful) Append(ctx context.Context, payloads [][]byte) ([]node.Placed, error) {
	if f.asked.Add(1)%forgetOneIn != 0 {
		return f.Engine.Append(ctx, payloads)
	}
	if err := f.Barrier(ctx); err != nil {
		return nil, err
	}
	places := make([]node.Placed, len(payloads))
	for i := range places {
		places[i].Index = f.View().Length() + uint64(i)
	}
	return places, nil
}

// stale does not wait until it knows what was acknowledged before a read (rule 12).
type stale struct{ server.Engine }

func (stale) Barrier(context.Context) error { return nil }
