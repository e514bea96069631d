package history

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"paxos/internal/linearizable"
	"paxos/internal/torture/history/edn"
)

func parse(t *testing.T, text string) []Op {
	t.Helper()
	ops, err := ReadEDN(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

// The same four operations, as different versions of Jepsen print them.
var styles = map[string]string{
	"a map a line": `{:type :invoke, :f :read, :value nil, :process 0, :time 5, :index 0}
{:type :info, :f :kill, :value ["n1" "n2"], :process :nemesis, :time 6, :index 1}
{:type :ok, :f :read, :value [1 2], :process 0, :time 7, :index 2}
{:type :info, :f :append, :value 3, :process 1, :time 8, :index 3, :error :timeout}
`,
	"a vector, keys in another order, more of them": `; history
[{:index 0, :time 5, :process 0, :f :read, :type :invoke, :value nil, :generator/x #{1 1.5}}
 {:process :nemesis, :type :info, :f :kill, :value ["n1" "n2"], :time 6, :index 1, :debug {:a {:b (1 2)}}}
 {:process 0, :type :ok, :f :read, :value [1, 2], :time 7, :index 2}
 {:process 1, :type :info, :f :append, :value 3, :time 8, :index 3, :error :timeout, :exception #error {:cause "x\n\"y\"" :trace [[a.B invoke "b.clj" 1]]}}]`,
	"records": `#jepsen.history.Op{:index 0, :time 5, :type :invoke, :process 0, :f :read, :value nil}
#jepsen.history.Op{:index 1, :time 6, :type :info, :process :nemesis, :f :kill, :value ["n1" "n2"]}
#jepsen.history.Op {:index 2, :time 7, :type :ok, :process 0, :f :read, :value (1 2)}
#jepsen.history.Op{:index 3, :time 8, :type :info, :process 1, :f :append, :value 3, :error :timeout}`,
	"no index, strings for keywords": `({"type" "invoke" "f" "read" "process" 0 "time" 5}
 {"type" "info" "f" "kill" "process" "nemesis" "time" 6 "value" ["n1" "n2"]}
 {"type" "ok" "f" "read" "process" 0 "time" 7 "value" [1 2]} #_{:type :bad}
 {"type" "info" "f" "append" "process" 1 "time" 8 "value" 3 "error" ":timeout"})`,
}

func TestEveryStyleOfJepsenIsTheSameHistory(t *testing.T) {
	want := []Op{
		{Index: 0, Type: Invoke, F: Read, Process: 0, Time: 5},
		{Index: 1, Type: Info, F: "kill", Process: Nemesis, Time: 6, Value: edn.Vector{"n1", "n2"}},
		{Index: 2, Type: OK, F: Read, Process: 0, Time: 7, Value: List{1, 2}},
		{Index: 3, Type: Info, F: Append, Process: 1, Time: 8, Value: int64(3), Error: ":timeout"},
	}
	for name, text := range styles {
		if got := parse(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", name, got, want)
		}
	}
}

func TestAnswersHaveTypes(t *testing.T) {
	for text, want := range map[string]any{
		":append, :value 7":                                                     int64(7),
		`:append, :value "x"`:                                                   "x",
		":append, :value {:appended-value 7}":                                   Appended{Value: 7, Index: Unknown},
		":append, :value {:index 4 :appended-value 7}":                          Appended{Value: 7, Index: 4},
		":append, :value {:appended-value 7 :new-state [1 7]}":                  Appended{Value: 7, Index: Unknown, State: List{1, 7}},
		`:append, :value {:appended-value 7 :index 1 :hash "00000000000000ff"}`: Appended{Value: 7, Index: 1, Hash: 255},
		":read, :value []":                                                      List{},
		":read, :value (1 2)":                                                   List{1, 2},
		":read, :value [1 nil 1.5 #{2} #t 3]":                                   edn.Vector{int64(1), nil, 1.5, edn.Set{int64(2)}, edn.Tagged{Tag: "t", Value: int64(3)}},
		":read, :value {:length 3}":                                             Length{Length: 3},
		`:read, :value {:length 3 :hash "0123456789abcdef"}`:                    Length{Length: 3, Hash: 0x0123456789abcdef},
		":read, :value {:index 1, :value 8, :length 3}":                         Entry{Index: 1, Found: true, Value: 8, Length: 3},
		":read, :value {:index 5, :length 3}":                                   Entry{Index: 5, Length: 3},
		":read, :value {:index 5, :value nil, :length 3}":                       Entry{Index: 5, Length: 3},
		":read":              nil,
		":cas, :value [1 2]": Swap{1, 2},
		":write, :value 1.5": 1.5,
		":txn, :value [[:append 5 1] [:r 5 [1]]]": edn.Vector{edn.Vector{edn.Keyword("append"), int64(5), int64(1)}, edn.Vector{edn.Keyword("r"), int64(5), edn.Ints{1}}},
	} {
		ops := parse(t, "{:type :ok :process 1 :f "+text+"}")
		if got := ops[0].Value; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", text, got, want)
		}
		if again := parse(t, string(AppendOp(nil, &ops[0]))); !reflect.DeepEqual(again, ops) {
			t.Errorf("%s: written and read again it is %#v", text, again)
		}
	}
}

func TestAnAnswerThatIsNotUnderstoodStaysAsItIs(t *testing.T) {
	for _, text := range []string{
		`{:appended-value "x"}`, "{:appended-value 1 :index -2}", "{:appended-value 1 :new-state 5}", `{:length 1 :hash "zz"}`, "{:length 1.5}",
		`{:length 1 :hash "0000000000000000"}`, "{:index -1 :length 1}", "{:length -1}", "{:a 1}", "#t {:a 1}", "#t 5",
	} {
		got := parse(t, "{:type :ok :process 1 :f :read :value "+text+"}")[0].Value
		if s := edn.String(got); s != strings.ReplaceAll(text, "1 :", "1, :") && s != strings.ReplaceAll(text, `" :`, `", :`) {
			t.Errorf("%s became %s", text, s)
		}
	}
}

func TestWhatIsNoHistoryIsAnErrorWithItsPlace(t *testing.T) {
	const good = "{:type :ok :f :read :process 0}\n"
	for text, want := range map[string]string{
		"{:type :ok :f :read}":                           "line 2, column 1: this operation has no :process",
		"{:f :read :process 0}":                          "no :type",
		"  {:type :ok :process 0}":                       "line 2, column 3: this operation has no :f",
		"{:type :maybe :f :read :process 0}":             "in this operation: :type :maybe",
		"{:type :ok :f 1 :process 0}":                    ":f 1",
		"{:type :ok :f :read :process -1}":               ":process -1",
		"{:type :ok :f :read :process 99999999999}":      ":process",
		"{:type :ok :f :read :process 0 :time 1.5}":      ":time 1.5",
		"{:type :ok :f :read :process 0 :index :x}":      ":index :x",
		"[{:type :ok :f :read :process 0}\n 5]":          "element 1 of what begins here is no operation: 5",
		"[1 2]":                                          "this is no operation",
		"7":                                              "this is no operation: 7",
		"[{:type :ok :f :read :process 0}\n{:type :ok}]": "line 3, column 1",
		"{:type :ok":                                     "the text ends within a map",
		strings.Repeat("[", 100_000):                     "more than 200",
	} {
		_, err := ReadEDN(strings.NewReader(good + text))
		var at *edn.Error
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &at) || at.At.Line < 2 {
			t.Errorf("%.60q: %v; want %q", text, err, want)
		}
	}
}

func TestARunIsRecordedAndReadAgain(t *testing.T) {
	r := NewRecorder(time.Now())
	a, b := r.NewProcess(), r.NewProcess()
	r.InvokeAt(a, Append, int64(7), "client 1", "n2")
	r.Invoke(b, Read, nil)
	r.Nemesis("kill", edn.Vector{"n1", "it's \"dead\"\n"})
	r.OK(a, Appended{Value: 7, Index: 0, State: List{7}})
	r.Fail(b, "refused")
	r.Invoke(a, Append, int64(8))
	next := r.Info(a, "timeout")
	if next != 2 {
		t.Errorf("the client goes on as %d", next)
	}
	r.Invoke(next, Read, nil)
	r.OK(next, List{7, 8})

	ops := r.Ops()
	for i := range ops {
		if ops[i].Index != i || i > 0 && ops[i].Time < ops[i-1].Time {
			t.Errorf("operation %d: %+v", i, ops[i])
		}
	}
	if end := ops[3]; end.Client != "client 1" || end.Node != "n2" || end.F != Append {
		t.Errorf("the end does not say whose it is: %+v", end)
	}
	var text bytes.Buffer
	if err := WriteEDN(&text, ops); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "\n"); n != len(ops) {
		t.Errorf("%d lines for %d operations:\n%s", n, len(ops), &text)
	}
	if again := parse(t, text.String()); !reflect.DeepEqual(again, ops) {
		t.Errorf("read again it is\n%+v\nnot\n%+v", again, ops)
	}
}

func TestManyGoroutinesRecord(t *testing.T) {
	r := NewRecorder(time.Now())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			process := r.NewProcess()
			for i := range 100 {
				r.Invoke(process, Append, int64(i))
				if i%10 == 0 {
					process = r.Info(process, "timeout")
					continue
				}
				r.OK(process, Appended{Value: int64(i), Index: int64(i)})
			}
		})
	}
	all.Wait()
	pairs, err := Pairs(r.Ops())
	if err != nil || len(pairs) != 800 {
		t.Errorf("%d operations, %v", len(pairs), err)
	}
}

func TestListsThatAreEqualAreKeptOnce(t *testing.T) {
	r := NewRecorder(time.Now())
	p := r.NewProcess()
	for _, list := range []List{{1, 2, 3}, {1, 2}, {9, 2}, nil, {}} {
		r.Invoke(p, Append, int64(1))
		r.OK(p, Appended{Value: 1, State: list})
		ops := r.Ops()
		if got := ops[len(ops)-1].Value.(Appended).State; !reflect.DeepEqual(got, list) {
			t.Errorf("%v became %v", list, got)
		}
	}
	ops := r.Ops()
	long, short := ops[1].Value.(Appended).State, ops[3].Value.(Appended).State
	if &long[0] != &short[0] {
		t.Error("a part of a list was kept twice")
	}
}

func TestAMisusedRecorderPanics(t *testing.T) {
	for name, f := range map[string]func(*Recorder){
		"two at a time":    func(r *Recorder) { r.Invoke(0, Read, nil); r.Invoke(0, Read, nil) },
		"no beginning":     func(r *Recorder) { r.OK(0, nil) },
		"an end and again": func(r *Recorder) { r.Invoke(0, Read, nil); r.Info(0, ""); r.Fail(0, "") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f(NewRecorder(time.Now()))
		}()
	}
}

func TestPairsAreFoundOrTheHistoryIsNone(t *testing.T) {
	op := func(process int, of Type, f F) Op { return Op{Process: process, Type: of, F: f} }
	ops := []Op{op(1, Invoke, Read), op(2, Invoke, Append), op(Nemesis, Info, "kill"), op(1, OK, Read), op(3, Info, "log"), op(1, Invoke, Read)}
	pairs, err := Pairs(ops)
	if err != nil || len(pairs) != 3 || pairs[0].End != &ops[3] || pairs[0].Ended != 3 || pairs[1].End != nil || pairs[1].Outcome() != Info || pairs[2].Ended != 6 {
		t.Errorf("%+v, %v", pairs, err)
	}
	for want, ops := range map[string][]Op{
		"has not ended":        {op(1, Invoke, Read), op(1, Invoke, Read)},
		"has not begun":        {op(1, OK, Read)},
		"and has begun a read": {op(1, Invoke, Read), op(1, OK, Append)},
	} {
		if _, err := Pairs(ops); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

func TestElleGetsTransactions(t *testing.T) {
	var out bytes.Buffer
	err := WriteElle(&out, parse(t, `
{:type :invoke :process 0 :f :append :value 7 :time 1}
{:type :invoke :process 1 :f :append :value 8 :time 2}
{:type :info :process :nemesis :f :kill :time 3}
{:type :ok :process 0 :f :append :value {:appended-value 7 :new-state [7]} :time 4}
{:type :fail :process 1 :f :append :value 8 :time 5}
{:type :invoke :process 0 :f :read :time 6}
{:type :invoke :process 1 :f :read :time 7}
{:type :ok :process 1 :f :read :value {:length 1} :time 8}
{:type :ok :process 0 :f :read :value [7 9] :time 9}
{:type :invoke :process 0 :f :append :value 9 :time 10}
{:type :info :process 0 :f :append :value 9 :time 11}
{:type :invoke :process 2 :f :txn :value [[:r 1 nil]] :time 12}
{:type :ok :process 2 :f :txn :value [[:r 1 [5]]] :time 13}
{:type :invoke :process 2 :f :write :value 5 :time 14}`))
	const want = `{:type :invoke, :f :txn, :value [[:append 0 7] [:r 0 nil]], :process 0, :time 1, :index 0}
{:type :invoke, :f :txn, :value [[:append 0 8]], :process 1, :time 2, :index 1}
{:type :ok, :f :txn, :value [[:append 0 7] [:r 0 [7]]], :process 0, :time 4, :index 2}
{:type :fail, :f :txn, :value [[:append 0 8]], :process 1, :time 5, :index 3}
{:type :invoke, :f :txn, :value [[:r 0 nil]], :process 0, :time 6, :index 4}
{:type :ok, :f :txn, :value [[:r 0 [7 9]]], :process 0, :time 9, :index 5}
{:type :invoke, :f :txn, :value [[:append 0 9]], :process 0, :time 10, :index 6}
{:type :info, :f :txn, :value [[:append 0 9]], :process 0, :time 11, :index 7}
{:type :invoke, :f :txn, :value [[:r 1 nil]], :process 2, :time 12, :index 8}
{:type :ok, :f :txn, :value [[:r 1 [5]]], :process 2, :time 13, :index 9}
{:type :invoke, :f :txn, :value [[:w 0 5]], :process 2, :time 14, :index 10}
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, &out, want)
	}
}

func TestWholeAnswersMayBeKeptAsHashes(t *testing.T) {
	sum := linearizable.NewSum()
	sum.Add(5)
	sum.Add(6)
	if got := Whole([]int64{5, 6}); got != (Length{2, sum.Hash}) {
		t.Errorf("%+v", got)
	}
	if got := AppendedWhole(6, []int64{5, 6}); !reflect.DeepEqual(got, Appended{Value: 6, Index: 1, Hash: sum.Hash}) {
		t.Errorf("%+v", got)
	}
	for _, list := range [][]int64{nil, {6, 5}} {
		if got := AppendedWhole(6, list); got.State == nil || len(got.State) != len(list) {
			t.Errorf("a list that does not end with the value is kept as %+v", got)
		}
	}
}

func FuzzAHistoryIsReadOrRefused(f *testing.F) {
	for _, text := range styles {
		f.Add(text)
	}
	f.Add(`{:type :ok :process 0 :f "a b" :value {:appended-value 1 :index 2 :hash "00000000000000ff" :new-state [1 2]} :error [:x "y"] :node n1}`)
	f.Fuzz(func(t *testing.T, text string) {
		ops, err := ReadEDN(strings.NewReader(text))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := WriteEDN(&first, ops); err != nil {
			t.Fatal(err)
		}
		again, err := ReadEDN(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, &first)
		}
		if _ = WriteEDN(&second, again); first.String() != second.String() {
			t.Fatalf("read again it is\n%snot\n%s", &second, &first)
		}
		_ = WriteElle(&second, ops) // it may be none that Elle knows
	})
}
