package scratch

import "testing"

// use has a buffer used so many times for so many bytes.
func use(k *Keeper, b []byte, times, bytes int) []byte {
	for range times {
		b = k.Emptied(append(b, make([]byte, bytes)...))
	}
	return b
}

func TestABufferIsKeptWhileItIsNeededNowAndThen(t *testing.T) {
	var k Keeper
	b := use(&k, nil, 1, 1<<20)
	first := &b[:1][0]
	for range 10 {
		b = use(&k, b, period/2, 100)
		b = use(&k, b, 1, 1<<20)
	}
	if &b[:1][0] != first {
		t.Error("it was made anew")
	}
}

func TestABufferThatWasTooLargeForAWhileIsGivenBack(t *testing.T) {
	var k Keeper
	b := use(&k, nil, 1, 1<<20)
	b = use(&k, b, 2*period, 1000)
	if len(b) != 0 || cap(b) > slack*least {
		t.Errorf("%d bytes of %d are kept", len(b), cap(b))
	}
}

func TestASteadyUseDoesNotAllocate(t *testing.T) {
	var k Keeper
	b := use(&k, nil, 1, 30000)
	some := make([]byte, 30000)
	if n := testing.AllocsPerRun(10*period, func() { b = k.Emptied(append(b, some...)) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
