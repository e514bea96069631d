package memory

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"paxos/protocol"
	"paxos/transport"
)

const (
	clients   = protocol.GroupClients
	acceptors = protocol.GroupAcceptors
	learners  = protocol.GroupLearners
)

func send(m *Member, g protocol.Group, from, to int) {
	for i := from; i < to; i++ {
		m.Send([]transport.Datagram{{Group: g, Data: fmt.Append(nil, i)}})
	}
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func poll(m *Member) []string {
	var out []string
	for _, d := range m.Poll(nil) {
		out = append(out, string(d.Data))
	}
	return out
}

func TestPerfectNetworkDeliversToAllMembersOfTheGroupInOrder(t *testing.T) {
	n := NewNetwork(1)
	a, b, c := n.Join(acceptors), n.Join(acceptors, learners), n.Join(learners)
	send(n.Join(), acceptors, 0, 100)
	for i, m := range []*Member{a, b} {
		if got := poll(m); !slices.Equal(got, numbers(0, 100)) {
			t.Errorf("member %d got %v", i, got)
		}
	}
	if got := poll(c); got != nil {
		t.Errorf("a member of another group got %v", got)
	}
}

func TestSenderDoesNotHearItselfEvenUnderFaults(t *testing.T) {
	for _, f := range []Faults{{}, {Duplicate: 1, Reorder: 1}} {
		n := NewNetwork(1)
		n.SetFaults(f)
		a, b := n.Join(learners), n.Join(learners)
		send(a, learners, 0, 10)
		if got := poll(a); got != nil {
			t.Errorf("%+v: the sender heard itself: %v", f, got)
		}
		if got := poll(b); len(got) < 10 {
			t.Errorf("%+v: the other heard only %v", f, got)
		}
	}
}

// story lets three members talk under faults; what each hears is the result.
func story(seed uint64) [3][]string {
	n := NewNetwork(seed)
	n.SetFaults(Faults{Loss: 0.2, Duplicate: 0.2, Reorder: 0.3})
	members := [3]*Member{n.Join(learners), n.Join(learners), n.Join(learners)}
	var heard [3][]string
	for round := range 20 {
		for _, m := range members {
			send(m, learners, 10*round, 10*round+10)
		}
		for i, m := range members {
			heard[i] = append(heard[i], poll(m)...)
		}
	}
	return heard
}

func TestSameSeedSameStory(t *testing.T) {
	first, again, other := fmt.Sprint(story(7)), fmt.Sprint(story(7)), fmt.Sprint(story(8))
	if first != again {
		t.Error("two runs with one seed differ")
	}
	if first == other {
		t.Error("two seeds give the same story")
	}
}

func TestTrafficOfOthersDoesNotChangeWhatBefallsALink(t *testing.T) {
	hear := func(others int) []string {
		n := NewNetwork(3)
		n.SetFaults(Faults{Loss: 0.5, Duplicate: 0.3})
		a, b, c := n.Join(), n.Join(learners), n.Join()
		for i := range 100 {
			send(c, learners, 1000, 1000+others)
			send(a, learners, i, i+1)
		}
		return slices.DeleteFunc(poll(b), func(s string) bool { return len(s) == 4 })
	}
	if one, other := hear(0), hear(1); !slices.Equal(one, other) {
		t.Errorf("alone %v\nwith others %v", one, other)
	}
}

func TestFaultsHappenAsOftenAsSet(t *testing.T) {
	const sent = 10_000
	for _, c := range []struct {
		faults Faults
		arrive int
	}{
		{Faults{}, sent},
		{Faults{Loss: 1}, 0},
		{Faults{Duplicate: 1}, 2 * sent},
		{Faults{Reorder: 1}, sent},
		{Faults{Loss: 0.1}, sent * 9 / 10},
		{Faults{Duplicate: 0.5}, sent * 3 / 2},
		{Faults{Loss: 0.5, Duplicate: 1}, sent},
	} {
		n := NewNetwork(11)
		n.SetQueue(3 * sent)
		n.SetFaults(c.faults)
		m := n.Join(learners)
		send(n.Join(), learners, 0, sent)
		if got := len(poll(m)); got < c.arrive*97/100 || got > c.arrive*103/100 {
			t.Errorf("%+v: %d of %d arrived, want about %d", c.faults, got, sent, c.arrive)
		}
	}
}

func TestReorderedDatagramsOvertakeAtMostEight(t *testing.T) {
	n := NewNetwork(5)
	n.SetFaults(Faults{Reorder: 0.1})
	m := n.Join(learners)
	send(n.Join(), learners, 0, 200)
	got, inOrder := poll(m), numbers(0, 200)
	if slices.Equal(got, inOrder) {
		t.Error("nothing was reordered")
	}
	for i, s := range inOrder {
		if early := i - slices.Index(got, s); early > reorderSpan {
			t.Errorf("datagram %s came %d places early", s, early)
		}
	}
}

func TestPartitionCutsAndHeals(t *testing.T) {
	n := NewNetwork(1)
	a, b, c, d := n.Join(learners), n.Join(learners), n.Join(learners), n.Join(learners)
	heard := func() string {
		for i, m := range []*Member{a, b, c, d} {
			send(m, learners, i, i+1)
		}
		return fmt.Sprint(poll(a), poll(b), poll(c), poll(d))
	}
	n.Partition([]*Member{a, b}, []*Member{c})
	if got := heard(); got != "[1] [0] [] []" {
		t.Errorf("a and b, c, the rest: heard %s", got)
	}
	n.Partition([]*Member{a, c, d})
	if got := heard(); got != "[2 3] [] [0 3] [0 2]" {
		t.Errorf("a, c and d, the rest: heard %s", got)
	}
	n.Heal()
	if got := heard(); got != "[1 2 3] [0 2 3] [0 1 3] [0 1 2]" {
		t.Errorf("healed: heard %s", got)
	}
}

func TestFullQueueLosesWhatComesLast(t *testing.T) {
	n := NewNetwork(1)
	n.SetQueue(10)
	m := n.Join(learners)
	send(n.Join(), learners, 0, 15)
	if got := poll(m); !slices.Equal(got, numbers(0, 10)) {
		t.Errorf("got %v", got)
	}
	if s := m.Stats(); s.Overflowed != 5 || s.ReceivedDatagrams != 10 {
		t.Errorf("got %+v", s)
	}
	if m.Window() != 5*m.MaxDatagram() {
		t.Errorf("window %d", m.Window())
	}
}

func TestDataBelongsToEachReceiver(t *testing.T) {
	n := NewNetwork(1)
	n.SetFaults(Faults{Duplicate: 1})
	a, b := n.Join(learners), n.Join(learners)
	data := []byte("x")
	n.Join().Send([]transport.Datagram{{Group: learners, Data: data}})
	data[0] = 'y'
	got := append(a.Poll(nil), b.Poll(nil)...)
	for i, d := range got {
		if string(d.Data) != "x" {
			t.Errorf("copy %d: got %q", i, d.Data)
		}
		d.Data[0] = 'z'
	}
	if len(got) != 4 {
		t.Errorf("got %d copies", len(got))
	}
}

func TestTooLargeDatagramIsCountedAndNotSent(t *testing.T) {
	n := NewNetwork(1)
	m, other := n.Join(), n.Join(learners)
	m.Send([]transport.Datagram{
		{Group: learners, Data: make([]byte, MaxDatagram+1)},
		{Group: learners, Data: make([]byte, MaxDatagram)},
	})
	if s := m.Stats(); s.SendFailures != 1 || !errors.Is(s.LastSendError, errTooLarge) || s.SentDatagrams != 1 || len(other.Poll(nil)) != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestReceiveWaitsForADatagramAWakeOrClose(t *testing.T) {
	n := NewNetwork(1)
	m, other := n.Join(learners), n.Join()
	var got []int
	var last error
	var done sync.WaitGroup
	step := make(chan bool)
	defer time.AfterFunc(2*time.Minute, func() { panic("Receive waits in vain") }).Stop()
	done.Go(func() {
		for last == nil {
			var in []transport.Datagram
			in, last = m.Receive(nil)
			got = append(got, len(in))
			step <- true
		}
	})
	send(other, learners, 0, 1)
	<-step
	m.Wake()
	<-step
	m.Close()
	<-step
	done.Wait()
	if !slices.Equal(got, []int{1, 0, 0}) || !errors.Is(last, transport.ErrClosed) {
		t.Errorf("received %v, then %v", got, last)
	}
}

func TestWakeAtEndsReceiveAndIsReplacedByTheNext(t *testing.T) {
	m := NewNetwork(1).Join(protocol.GroupLearners)
	m.WakeAt(time.Now().Add(time.Hour))
	m.WakeAt(time.Now().Add(time.Millisecond))
	ended := make(chan error, 1)
	go func() {
		_, err := m.Receive(nil)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Receive waits for ever")
	}
}

func TestClosedMemberNeitherSendsNorHears(t *testing.T) {
	n := NewNetwork(1)
	a, b := n.Join(learners), n.Join(learners)
	for range 2 {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	send(a, learners, 0, 1)
	send(b, learners, 1, 2)
	if got := poll(b); got != nil {
		t.Errorf("the other heard %v", got)
	}
	if s := a.Stats(); s.SendFailures != 1 || len(a.Poll(nil)) != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestImpossibleProbabilityPanics(t *testing.T) {
	for _, f := range []Faults{{Loss: -0.1}, {Duplicate: 1.1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", f)
				}
			}()
			NewNetwork(1).SetFaults(f)
		}()
	}
}
