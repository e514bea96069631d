package lines

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"paxos/protocol"
)

func block(values ...string) []byte {
	var b []byte
	for _, v := range values {
		b = protocol.AppendPayload(b, []byte(v))
	}
	return b
}

func TestPrinterWritesOneValueALine(t *testing.T) {
	var out bytes.Buffer
	p := NewPrinter(&out, nil)
	for _, values := range [][]string{{"7", "8"}, {""}, {"7"}} {
		b := block(values...)
		if err := p.Print(len(values), b); err != nil {
			t.Fatal(err)
		}
		clear(b) // the block may be reused
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "7\n8\n\n7\n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

// gate is an output whose writes wait until they are let through.
type gate struct {
	arrived chan int
	pass    chan error
}

func (g *gate) Write(b []byte) (int, error) {
	g.arrived <- len(b)
	return len(b), <-g.pass
}

func TestPrinterWritesAValueWithoutWaitingForMore(t *testing.T) {
	g := &gate{make(chan int), make(chan error)}
	p := NewPrinter(g, nil)
	for range 3 {
		if err := p.Print(1, block("7")); err != nil {
			t.Fatal(err)
		}
		if n := <-g.arrived; n != 2 {
			t.Errorf("wrote %d bytes, want 2", n)
		}
		g.pass <- nil
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPrinterGathersWhileTheOutputIsBusy(t *testing.T) {
	g := &gate{make(chan int), make(chan error)}
	p := NewPrinter(g, nil)
	print := func() {
		if err := p.Print(1, block("7")); err != nil {
			t.Fatal(err)
		}
	}
	print()
	<-g.arrived
	for range 1000 {
		print()
	}
	g.pass <- nil
	if n := <-g.arrived; n != 2000 {
		t.Errorf("the second write had %d bytes, want all 2000", n)
	}
	g.pass <- nil
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPrinterMakesAFastLearnerWaitForASlowReader(t *testing.T) {
	g := &gate{make(chan int), make(chan error)}
	p := NewPrinter(g, nil)
	big := block(string(make([]byte, protocol.MaxPayload)))
	const values = 10 * maxPending / protocol.MaxPayload
	printed := make(chan error)
	go func() {
		for range values {
			if err := p.Print(1, big); err != nil {
				printed <- err
				return
			}
		}
		printed <- p.Close()
	}()
	total := 0
	for total < values*(protocol.MaxPayload+1) {
		n := <-g.arrived
		if n > maxPending+protocol.MaxPayload+1 {
			t.Fatalf("one write had %d bytes, over the bound", n)
		}
		total += n
		g.pass <- nil
	}
	if err := <-printed; err != nil {
		t.Fatal(err)
	}
}

func TestPrinterReportsABrokenOutputOnceAndToEverybody(t *testing.T) {
	broken := errors.New("broken pipe")
	g := &gate{make(chan int), make(chan error, 1)}
	failed := make(chan error, 2)
	p := NewPrinter(g, func(err error) { failed <- err })
	if err := p.Print(1, block("7")); err != nil {
		t.Fatal(err)
	}
	<-g.arrived
	g.pass <- broken
	if err := <-failed; !errors.Is(err, broken) {
		t.Errorf("onFail was told %v", err)
	}
	if err := p.Print(1, block("8")); !errors.Is(err, broken) {
		t.Errorf("Print after it says %v", err)
	}
	if err := p.Close(); !errors.Is(err, broken) {
		t.Errorf("Close says %v", err)
	}
	if len(failed) != 0 {
		t.Error("onFail was called twice")
	}
}

func TestPrinterDoesNotHangWhenTheOutputBreaksWhileItIsFull(t *testing.T) {
	g := &gate{make(chan int), make(chan error)}
	p := NewPrinter(g, nil)
	if err := p.Print(1, block("7")); err != nil {
		t.Fatal(err)
	}
	<-g.arrived
	big := block(string(make([]byte, protocol.MaxPayload)))
	stopped := make(chan error)
	go func() {
		for {
			if err := p.Print(1, big); err != nil {
				stopped <- err
				return
			}
		}
	}()
	g.pass <- errors.New("broken pipe")
	if err := <-stopped; err == nil {
		t.Error("Print went on")
	}
}

func TestAnAbandonedPrinterWaitsForNobody(t *testing.T) {
	g := &gate{make(chan int), make(chan error)}
	p := NewPrinter(g, nil)
	if err := p.Print(1, block("7")); err != nil {
		t.Fatal(err)
	}
	<-g.arrived // and the write never ends
	big := block(string(make([]byte, protocol.MaxPayload)))
	stopped := make(chan error)
	go func() {
		for {
			if err := p.Print(1, big); err != nil {
				stopped <- err
				return
			}
		}
	}()
	p.Abandon()
	if err := <-stopped; !errors.Is(err, ErrAbandoned) {
		t.Errorf("Print says %v", err)
	}
	if err := p.Close(); !errors.Is(err, ErrAbandoned) {
		t.Errorf("Close says %v", err)
	}
}

func TestAbandoningAPrinterThatIsDoneDoesNothing(t *testing.T) {
	p := NewPrinter(&bytes.Buffer{}, nil)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p.Abandon()
	if err := p.Close(); err != nil {
		t.Errorf("Close says %v", err)
	}
}

func TestPrinterRefusesADamagedBlock(t *testing.T) {
	p := NewPrinter(&bytes.Buffer{}, nil)
	if err := p.Print(2, block("7")); err == nil {
		t.Error("a block of one value passed for two")
	}
	_ = p.Close()
}

func BenchmarkPrinter(b *testing.B) {
	for _, size := range []int{5, 64} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			p := NewPrinter(discard{}, nil)
			var bl []byte
			for range 100 {
				bl = protocol.AppendPayload(bl, make([]byte, size))
			}
			b.ReportAllocs()
			for b.Loop() {
				_ = p.Print(100, bl)
			}
			_ = p.Close()
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
