package linearizable

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"paxos/internal/servers"
	"paxos/server/value"
)

// tellsOfSnapshot is what a server logs when it has taken over a snapshot.
const tellsOfSnapshot = "installed a snapshot"

// snapshots is how many snapshots a server took over, in all its lives.
func (s *stage) snapshots(i int) int {
	s.t.Helper()
	text, err := os.ReadFile(s.cluster.LogPath(i))
	ok(s.t, err)
	return bytes.Count(text, []byte(tellsOfSnapshot))
}

// beganWith reports whether a life of a server began with a list of at least so many
// entries.
func (s *stage) beganWith(i, entries int) bool {
	s.t.Helper()
	text, err := os.ReadFile(s.cluster.LogPath(i))
	ok(s.t, err)
	for _, found := range regexp.MustCompile(` started: .* length=(\d+) `).FindAllSubmatch(text, -1) {
		length, err := strconv.Atoi(string(found[1]))
		ok(s.t, err)
		if length >= entries {
			return true
		}
	}
	return false
}

func (s *stage) status(i int) servers.Status {
	s.t.Helper()
	var st servers.Status
	ok(s.t, s.cluster.Wait(s.bounded(), "a server's status", func() bool {
		var err error
		st, err = s.cluster.Status(s.t.Context(), i)
		return err == nil
	}))
	return st
}

// appendMany appends values through the Go client, some thousands at a time.
func (s *stage) appendMany(count int) {
	s.t.Helper()
	c := s.newGoClient()
	var appending sync.WaitGroup
	const each = 1024
	for range 4 {
		client := s.history.NewClient()
		appending.Go(func() {
			for range count / 4 / each {
				ops, values := make([]Op, each), make([]value.Value, each)
				for i := range ops {
					ops[i] = client.Append(Append, 0)
					values[i] = value.Int(ops[i].Value)
				}
				places, err := c.AppendAll(s.bounded(), values)
				if err != nil {
					s.t.Error(err)
					return
				}
				for i, o := range ops {
					o.Length = int64(places[i].Index) + 1
					client.Done(o)
				}
			}
		})
	}
	appending.Wait()
}

// missALot kills a follower, and appends more than the 2 MiB of values that
// servers keep for those who were away for a moment.
func (s *stage) missALot() (follower int) {
	s.t.Helper()
	follower = s.others(s.leader())[0]
	ok(s.t, s.cluster.Kill(follower))
	s.appendMany(200 << 10)
	return follower
}

// awaitCaughtUp waits until a server has applied what another one has now.
func (s *stage) awaitCaughtUp(i int) {
	s.t.Helper()
	want := s.status(s.others(i)[0]).Applied
	ok(s.t, s.cluster.Wait(s.bounded(), "a server to catch up", func() bool {
		st, err := s.cluster.Status(s.t.Context(), i)
		return err == nil && st.Applied >= want
	}))
}

func TestAServerThatMissedALotCatchesUpBySnapshotWhileAppendsGoOn(t *testing.T) {
	s := newStage(t, 3, nil)
	i := s.missALot()
	length, began := s.status(s.leader()).Length, time.Now()
	stop := s.play(4, mix{AppendWhole: 1, Append: 1000, ReadLength: 500, ReadEntry: 500})
	ok(t, s.cluster.Start(i))
	s.awaitCaughtUp(i)
	t.Logf("caught up with a list of %d after %v; %d entries were appended meanwhile",
		length, time.Since(began).Round(time.Millisecond), s.status(s.leader()).Length-length)
	if s.snapshots(i) == 0 {
		t.Error("there was no snapshot")
	}
	s.wait(s.random(1), 500*time.Millisecond)
	stop()
	s.finish()
}

func TestAServerIsKilledWhileItFetchesASnapshot(t *testing.T) {
	s := newStage(t, 3, nil)
	i := s.missALot()
	stop := s.play(4, mix{Append: 10, ReadLength: 5, ReadEntry: 5})
	for r, n := s.random(1), 0; n < 8; n++ {
		ok(t, s.cluster.Start(i))
		s.wait(r, 120*time.Millisecond) // it takes some 20 ms to start, and some 50 to catch up
		ok(t, s.cluster.Kill(i))
	}
	ok(t, s.cluster.Start(i))
	s.awaitCaughtUp(i)
	stop()
	if s.snapshots(i) == 0 && !s.beganWith(i, 100<<10) { // killed before it could tell of it
		t.Error("there was no snapshot")
	}
	s.finish()
}

func TestAShortAbsenceIsRepairedFromTheLog(t *testing.T) {
	s := newStage(t, 3, nil)
	p := s.newPlayer()
	for _, away := range []int{s.others(s.leader())[0], s.leader()} {
		ok(t, s.cluster.Kill(away))
		for range 50 {
			p.append(s.others(away))
		}
		ok(t, s.cluster.Start(away))
		s.awaitCaughtUp(away)
		if n := s.snapshots(away); n != 0 {
			t.Errorf("server %d took over %d snapshots", away, n)
		}
	}
	s.finish()
}

func TestAllServersAreKilledAtOnceAndNothingIsLost(t *testing.T) {
	s := newStage(t, 3, nil)
	stop := s.playAll()
	r := s.random(1)
	for range 3 {
		s.wait(r, time.Second)
		var killing sync.WaitGroup
		for i := 1; i <= s.cluster.Count(); i++ {
			killing.Go(func() { _ = s.cluster.Kill(i) })
		}
		killing.Wait()
		s.heal(r)
	}
	stop()
	s.finish()
}
