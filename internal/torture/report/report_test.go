package report

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"paxos/internal/torture/history"
	"paxos/internal/torture/judge"
)

// sample is the history of a minute with two kinds of harm.
func sample() ([]history.Op, []Band) {
	r := rand.New(rand.NewPCG(1, 2))
	bands := []Band{{"kill", 8e9, 12e9, "n1"}, {"partition-isolated-leader", 20e9, 29e9, "n2 | n1 n3"}, {"kill", 26e9, 33e9, "n3"}, {"loss", 45e9, 50e9, "20 %"}}
	var ops []history.Op
	for i := range 40_000 {
		at := int64(i) * 1_500_000
		o := history.Op{Type: history.Invoke, F: history.Append, Process: i, Client: fmt.Sprint("client ", i%8), Time: at, Value: int64(i)}
		if i%3 > 0 {
			o.F, o.Value = history.Read, nil
		}
		end := o
		end.Type, end.Time = history.OK, at+int64(1e6*math.Exp(r.NormFloat64()*0.7+0.5))
		for _, b := range bands {
			if b.From <= at && at < b.To && r.IntN(3) == 0 {
				end.Time += int64(r.ExpFloat64() * 4e8)
				end.Type = []history.Type{history.OK, history.Fail, history.Info}[r.IntN(3)]
			}
		}
		ops = append(ops, o, end)
	}
	slices.SortStableFunc(ops, func(a, b history.Op) int { return cmp.Compare(a.Time, b.Time) })
	for i := range ops {
		ops[i].Index = i
	}
	return ops, bands
}

func TestAReportIsWritten(t *testing.T) {
	dir := t.TempDir()
	if keep := os.Getenv("PAXOS_KEEP_REPORT"); keep != "" {
		dir = keep
	}
	ops, bands := sample()
	if err := Write(dir, ops, bands, witness(t, ops, 20_000)); err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		LatencyFile:  {"<svg", ">kill<", ">partition-isolated-leader<", ">ok: 3", ">fail: ", ">info (unknown): ", ">1 ms<", ">100 ms<"},
		RateFile:     {"<svg", ">kill<", ">append ok<", ">read info<", ">operations a second<"},
		TimelineFile: {"<!doctype html", "read", "accused", "partition-isolated-leader n2 | n1 n3"},
	} {
		text, err := os.ReadFile(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
		if len(text) > 3<<20 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
}

// witness is an operation of the history, given its place.
func witness(t *testing.T, ops []history.Op, nth int) judge.Witness {
	pairs, err := history.Pairs(ops)
	if err != nil {
		t.Fatal(err)
	}
	return judge.Witness{*pairs[nth].Invoke, *pairs[nth].End}
}

func TestBandsAreFoundInAHistory(t *testing.T) {
	op := func(time int64, f history.F, value any) history.Op {
		return history.Op{Type: history.Info, F: f, Process: history.Nemesis, Time: time, Value: value}
	}
	got := BandsOf([]history.Op{
		op(1, "start-kill", nil), op(2, "start-kill", "n1"), {F: "start-kill", Time: 3}, op(4, "start", nil), op(5, "stop-kill", nil), op(6, "stop-kill", nil),
		op(7, "stop", nil), op(8, "stop-loss", nil), op(9, "start-kill", int64(70)), op(11, "what", nil),
	})
	want := []Band{{"kill", 1, 6, "n1"}, {"nemesis", 4, 7, ""}, {"kill", 9, 11, "70"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAnEmptyHistoryIsDrawn(t *testing.T) {
	for _, ops := range [][]history.Op{nil, {{F: history.Read}}, {{F: history.Read}, {F: history.Read, Type: history.OK}}} {
		if err := Write(t.TempDir(), ops, nil, nil); err != nil {
			t.Error(err)
		}
	}
	if err := Write(t.TempDir(), []history.Op{{Type: history.OK}}, nil, nil); err == nil {
		t.Error("what is no history was drawn")
	}
	if err := Write(t.TempDir()+"/none", nil, nil, nil); err == nil {
		t.Error("a folder that is not there was written to")
	}
}
