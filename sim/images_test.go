package sim

import (
	"slices"
	"testing"
)

// imageEvents are the counts that show that something has befallen an image: of each
// line at least one.
var imageEvents = [][]string{
	{"images written"}, {"chunks dropped for an image"}, {"images restored"}, {"backups"}, {"backups begun anew"},
	{"image transfers"}, {"image pieces asked for again"}, {"image transfers given up"}, {"images installed"},
	{"crashed while writing an image"}, {"crashed while restoring an image"},
	{"killed while writing an image"}, {"killed while restoring an image"},
	{"crashed while fetching an image", "killed while fetching an image"},
	{"failed while writing an image"}, {"failed while fetching an image"}, {"failed while restoring an image"},
}

func TestWhatCanBefallAnImageDoes(t *testing.T) {
	t.Parallel()
	seeds := []uint64{29, 79, 73, 187, 13} // show all of it, as long as nothing draws in another order
	for seed := range uint64(300) {
		seeds = append(seeds, seed)
	}
	missing := slices.Clone(imageEvents)
	for len(seeds) > 0 && len(missing) > 0 {
		counts := sound(t, Options{Seed: seeds[0], Shape: ShapeImages}).Counts
		missing = slices.DeleteFunc(missing, func(some []string) bool {
			return slices.ContainsFunc(some, func(what string) bool { return counts[what] > 0 })
		})
		seeds = seeds[1:]
	}
	if len(missing) > 0 {
		t.Errorf("never happened: %q", missing)
	}
}

// Of the runs that nobody chose a shape for, a good part has images.
func TestAShareOfTheSeedsKeepsImages(t *testing.T) {
	shapes := map[string]int{}
	for seed := range uint64(200) {
		shapes[newWorld(Options{Seed: seed}).plan.shape]++
	}
	if n := shapes[ShapeImages]; n < 30 || n > 70 || shapes[ShapeServers] < 30 {
		t.Errorf("of 200 runs: %v", shapes)
	}
}

func TestAStateOfTwoIsNone(t *testing.T) {
	p := &imagePlan{state: 3000}
	state, other := p.stateOf(7, 0x1234), p.stateOf(7, 0x1235)
	if count, sum, err := p.check(state); err != nil || count != 7 || sum != 0x1234 {
		t.Errorf("%d, %x: %v", count, sum, err)
	}
	half := min(len(state), len(other)) / 2
	for name, bad := range map[string][]byte{
		"empty": nil, "cut": state[:len(state)-1], "of two": slices.Concat(state[:half], other[half:]), "longer": append(slices.Clone(state), 0),
	} {
		if _, _, err := p.check(bad); err == nil {
			t.Errorf("a state that is %s is taken", name)
		}
	}
}
