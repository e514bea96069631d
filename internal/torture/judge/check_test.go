package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"paxos/internal/torture/history"
)

// parse makes a history of short lines: "0 append 7", "0 ok 7", "0 info", "nemesis kill". A
// value may have spaces. The process's last invocation tells what an end is of.
func parse(t testing.TB, lines string) []history.Op {
	t.Helper()
	var text strings.Builder
	doing := map[string]string{}
	for line := range strings.SplitSeq(lines, ";") {
		words := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if len(words) < 2 {
			continue
		}
		process, what, value := words[0], words[1], "nil"
		if len(words) == 3 {
			value = words[2]
		}
		node := ""
		if p, n, ok := strings.Cut(process, "@"); ok {
			process, node = p, ":node \""+n+"\""
		}
		if what != "ok" && what != "fail" && what != "info" {
			doing[process], what = what, "invoke"
		}
		fmt.Fprintf(&text, "{:type :%s :f :%s :process %s :value %s %s}\n", what, doing[process], process, value, node)
	}
	ops, err := history.ReadEDN(strings.NewReader(text.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, &text)
	}
	for i := range ops {
		ops[i].Time = int64(i+1) * 1e6
	}
	return ops
}

// witnessed are the indexes of the lines of a witness.
func witnessed(v *Verdict) (indexes []int) {
	for _, o := range v.Witness {
		indexes = append(indexes, o.Index)
	}
	return indexes
}

func TestHistoriesMadeByHand(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		witness     []int // lines of it; nil if it is linearizable
	}{
		{"nothing", "", nil},
		{"one after another", "0 append 7; 0 ok {:appended-value 7 :new-state [7]}; 1 read; 1 ok [7]; 0 append 8; 0 ok {:appended-value 8 :index 1}; 1 read; 1 ok {:length 2}", nil},
		{"at the same time", "0 append 7; 1 append 8; 2 read; 2 ok [8]; 0 ok 7; 1 ok 8; 2 read; 2 ok [8 7]", nil},
		{"entries", "0 append 7; 0 ok {:appended-value 7 :index 0}; 1 read; 1 ok {:index 0 :value 7 :length 1}; 1 read; 1 ok {:index 3 :length 1}", nil},
		{"strings", `0 append "a"; 0 ok "a"; 1 append :b; 1 ok :b; 0 read; 0 ok ["a" :b]`, nil},
		{"unknown, and done late", "0 append 7; 0 info; 1 append 8; 1 ok [8]; 1 read; 1 ok [8]; 1 read; 1 ok [8 7]", nil},
		{"unknown, and never done", "0 append 7; 0 info; 1 read; 1 ok []", nil},
		{"no end", "0 append 7; 1 read; 1 ok [7]", nil},
		{"an entry that nobody told", "0 append 7; 1 append 8; 0 info; 1 ok {:appended-value 8 :index 1}", nil},
		{"entries that nobody told", "0 append 7; 0 ok 7; 1 append 8; 1 ok 8; 1 append 9; 1 ok {:appended-value 9 :index 2}; 0 read; 0 ok {:length 3}", nil},
		{"failed", "0 append 7; 0 fail; 1 read; 1 fail; 1 read; 1 ok []", nil},
		{"transactions", "0 txn [[:append 5 1] [:r 5 nil]]; 0 ok [[:append 5 1] [:r 5 [1]]]; 0 txn [[:append 6 1]]; 1 txn [[:r 6 nil]]; 1 ok [[:r 6 nil]]; 0 ok [[:append 6 1]]; 1 txn [[:r 6 nil]]; 1 ok [[:r 6 [1]]]", nil},

		{"a stale list", "0 append 7; 0 ok 7; 0 append 8; 0 ok 8; 1 read; 1 ok [7]", []int{2, 3, 4, 5}},
		{"a stale length", "0 append 7; 0 ok {:appended-value 7 :index 0}; 1 read; 1 ok {:length 0}", []int{0, 1, 2, 3}},
		{"a stale entry", "0 append 7; 0 ok {:appended-value 7 :index 0}; 1 read; 1 ok {:index 0 :length 0}", []int{0, 1, 2, 3}},
		{"a read after a fresher one", "0 append 7; 1 read; 1 ok [7]; 1 read; 1 ok []; 0 ok 7", []int{1, 2, 3, 4}},
		{"lost, at the end of many", "0 append 1; 0 ok 1; 0 append 2; 0 ok 2; 0 append 3; 0 ok 3; 0 append 4; 0 ok 4; 1 read; 1 ok [1 2 4]", []int{4, 5, 8, 9}},
		{"two at one place", "0 append 7; 0 ok {:appended-value 7 :index 0}; 1 append 8; 1 ok {:appended-value 8 :index 0}", []int{0, 1, 2, 3}},
		{"lists that differ", "0 append 7; 1 append 8; 2 read; 2 ok [7 8]; 3 read; 3 ok [8 7]", []int{2, 3, 4, 5}},
		{"reordered", "0 append 7; 0 ok 7; 1 append 8; 1 ok 8; 2 read; 2 ok [8 7]", []int{0, 1, 2, 3, 4, 5}},
		{"read before it was appended", "1 read; 1 ok [7]; 0 append 7; 0 ok 7", []int{0, 1, 2, 3}},
		{"out of the blue", "0 append 7; 0 ok 7; 1 read; 1 ok [7 9]", []int{2, 3}},
		{"twice", "0 append 7; 2 append 8; 1 read; 1 ok [7 7]", []int{2, 3}},
		{"refused, and there", "0 append 7; 0 fail; 1 append 8; 1 ok 8; 1 read; 1 ok [8 7]", []int{0, 1, 4, 5}},
		{"its own value is missing", "0 append 7; 1 append 8; 0 ok {:appended-value 7 :new-state [8]}", []int{0, 2}},
		{"an answer to another append", "0 append 7; 1 append 8; 0 ok {:appended-value 8 :index 0}", []int{0, 2}},
		{"its index is wrong", "0 append 7; 1 append 8; 0 ok {:appended-value 7 :index 1 :new-state [7]}", []int{0, 2}},
		{"no such index", "0 append 7; 0 ok {:appended-value 7 :index 9223372036854775807}", []int{0, 1}},
		{"longer than all appends", "0 append 7; 0 ok 7; 1 read; 1 ok {:length 1000000000000}", []int{2, 3}},
		{"an entry too late", "0 append 7; 0 ok 7; 1 read; 1 ok {:length 0}; 1 append 8; 1 ok 8", []int{0, 1, 2, 3}},
		{"an entry of nobody", "0 append 7; 0 ok {:appended-value 7 :index 1}; 1 append 8; 1 info", []int{0, 1, 2, 3}},
		{"another key", "0 txn [[:append 5 1]]; 0 ok [[:append 5 1]]; 1 txn [[:r 6 nil]]; 1 ok [[:r 6 nil]]; 1 txn [[:r 5 nil]]; 1 ok [[:r 5 nil]]", []int{0, 1, 4, 5}},
	} {
		checkOne(t, c.name, Append, c.lines, c.witness)
	}
}

func TestTheReasonIsSaidWhereThereIsOne(t *testing.T) {
	for lines, want := range map[string]string{
		"0 append 7; 0 ok {:appended-value 7 :index 0}; 1 read; 1 ok {:length 0}":                      "operation 2 began after operation 0 had ended, and saw an earlier state",
		"0 append 7; 1 append 8; 0 ok {:appended-value 7 :new-state [8]}":                              "does not end with its value",
		"0 append 7; 0 ok 7; 1 read; 1 ok {:length 5}":                                                 "is not linearizable: 5 entries were seen",
		"0 append 7; 1 append 8; 2 read; 2 ok [7 8]; 3 read; 3 ok [8 7]":                               "is not linearizable. These",
		"0 append 7; 0 ok {:appended-value 7 :index 0}; 1 append 8; 1 ok {:appended-value 8 :index 0}": "operation 2 began after operation 0",
		"0 append 7; 1 append 8; 0 ok {:appended-value 7 :index 0}; 1 ok {:appended-value 8 :index 0}": "is not linearizable. These",
		"0 txn [[:append 5 1]]; 0 ok [[:append 5 1]]; 1 txn [[:r 5 nil]]; 1 ok [[:r 5 nil]]":           "These operations on key 5 contradict",
	} {
		if v, err := Check(parse(t, lines), Append, 0); err != nil || !strings.Contains(v.Explanation, want) {
			t.Errorf("%s: %v, %v; want %q", lines, v.Explanation, err, want)
		}
	}
}

func checkOne(t *testing.T, name, model, lines string, witness []int) {
	t.Helper()
	ops := parse(t, lines)
	v, err := Check(ops, model, 0)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	want := Valid
	if witness != nil {
		want = Invalid
	}
	if v.Valid != want || fmt.Sprint(witnessed(v)) != fmt.Sprint(witness) {
		t.Errorf("%s: %v, witness %v; want %v, %v\n%s\n%s", name, v.Valid, witnessed(v), want, witness, v.Explanation, v.Witness.Table())
	}
	if witness != nil {
		again, err := Check(v.Witness, v.Model, 0)
		if err != nil || again.Valid != Invalid {
			t.Errorf("%s: the witness alone: %v, %+v", name, err, again)
		}
	}
	var html bytes.Buffer
	if err := v.WriteHTML(&html); err != nil || html.Len() == 0 {
		t.Errorf("%s: %d bytes of HTML, %v", name, html.Len(), err)
	}
}

func TestRegistersMadeByHand(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		witness     []int
	}{
		{"nothing", "", nil},
		{"one after another", "0 read; 0 ok nil; 0 write 1; 0 ok 1; 1 read; 1 ok 1; 0 write 2; 0 ok 2; 1 read; 1 ok 2", nil},
		{"at the same time", "0 write 1; 1 write 2; 2 read; 2 ok 2; 2 read; 2 ok 1; 0 ok 1; 1 ok 2", nil},
		{"early begun, late done", "0 write 1; 1 write 2; 1 ok 2; 2 read; 3 read; 3 ok 2; 0 ok 1; 2 ok 1", nil},
		{"unknown, and read late", "0 write 1; 0 info; 1 write 2; 1 ok 2; 2 read; 2 ok 2; 2 read; 2 ok 1", nil},
		{"appends", "0 append 1; 0 ok {:appended-value 1 :index 0}; 1 read; 1 ok 1", nil},
		{"with swaps", "0 write 1; 0 ok 1; 1 cas [1 2]; 1 ok [1 2]; 0 cas [1 3]; 0 fail [1 3]; 1 read; 1 ok 2; 0 cas [2 1]; 0 info; 1 read; 1 ok 1", nil},
		{"from nothing", "0 cas [nil 2]; 0 ok [nil 2]; 0 read; 0 ok 2", nil},
		{"a value twice", "0 write 1; 0 ok 1; 0 write 2; 0 ok 2; 0 write 1; 0 ok 1; 0 read; 0 ok 1", nil},
		{"deleted", "0 write 1; 0 ok 1; 0 write nil; 1 read; 1 ok 1; 1 read; 1 ok nil; 0 ok nil; 1 read; 1 ok nil; 0 write 2; 0 ok 2; 1 read; 1 ok 2", nil},
		{"deleted late", "0 write nil; 0 info; 1 write 1; 1 ok 1; 2 read; 2 ok 1; 2 read; 2 ok nil", nil},
		{"keys", "0 write [7 1]; 0 ok [7 1]; 0 write [8 1]; 0 ok [8 1]; 1 cas [7 [1 2]]; 1 ok [7 [1 2]]; 1 read [9 nil]; 1 ok [9 nil]; 1 read [7 nil]; 1 ok [7 2]", nil},

		{"stale", "0 write 1; 0 ok 1; 0 write 2; 0 ok 2; 1 read; 1 ok 1", []int{0, 1, 2, 3, 4, 5}},
		{"nothing, after something", "0 write 1; 0 ok 1; 1 read; 1 ok nil", []int{0, 1, 2, 3}},
		{"there and back", "0 write 1; 1 write 2; 2 read; 2 ok 1; 2 read; 2 ok 2; 2 read; 2 ok 1", []int{2, 3, 4, 5, 6, 7}},
		{"read before it was written", "1 read; 1 ok 1; 0 write 1; 0 ok 1", []int{0, 1, 2, 3}},
		{"deleted, and there", "0 write 1; 0 ok 1; 0 write nil; 0 ok nil; 1 read; 1 ok 1", []int{0, 1, 2, 3, 4, 5}},
		{"not deleted, and gone", "0 write 1; 0 ok 1; 0 write nil; 0 fail; 1 read; 1 ok nil", []int{0, 1, 4, 5}},
		{"deleted before it was written, and gone", "0 write nil; 0 ok nil; 0 write 1; 0 ok 1; 1 read; 1 ok nil", []int{0, 1, 2, 3, 4, 5}},
		{"never written", "0 write 1; 0 ok 1; 0 read; 0 ok 5", []int{2, 3}},
		{"refused, and there", "0 write 1; 0 fail; 0 read; 0 ok 1", []int{2, 3}},
		{"two swaps of one value", "0 write 1; 0 ok 1; 1 cas [1 2]; 2 cas [1 3]; 1 ok [1 2]; 2 ok [1 3]", []int{0, 1, 2, 3, 4, 5}},
		{"a swap of what is gone", "0 write 1; 0 ok 1; 0 write 2; 0 ok 2; 1 cas [1 3]; 1 ok [1 3]", []int{0, 1, 2, 3, 4, 5}},
		{"stale, and a value twice", "0 write 1; 0 ok 1; 0 write 2; 0 ok 2; 0 write 1; 0 ok 1; 0 write 3; 0 ok 3; 1 read; 1 ok 2", []int{2, 3, 6, 7, 8, 9}},
		{"a key is stale", "0 write [7 1]; 0 ok [7 1]; 0 write [8 1]; 0 ok [8 1]; 1 read [8 nil]; 1 ok [8 nil]", []int{2, 3, 4, 5}},
	} {
		checkOne(t, c.name, Register, c.lines, c.witness)
	}
}

func TestRolesMadeByHand(t *testing.T) {
	const sent = "0 append 1; 0 ok 1; 1 append 2; 1 ok 2; 0 append 3; 0 info; 2 append 4; 2 ok 4; "
	for _, c := range []struct {
		name, lines string
		witness     []int
	}{
		{"the same", sent + "8@l1 read; 8@l1 ok [1 2 3 4]; 9@l2 read; 9@l2 ok [1 2 3 4]", nil},
		{"lost", sent + "8@l1 read; 8@l1 ok [1 3 4]; 9@l2 read; 9@l2 ok [1 3 4]", []int{2, 3, 8, 9}},
		{"one is behind", sent + "8@l1 read; 8@l1 ok [1 2 4]; 9@l2 read; 9@l2 ok [1 2 4 3]", []int{8, 9, 10, 11}},
	} {
		checkOneOfRoles(t, c.name, c.lines, c.witness)
	}
	ops := parse(t, "0 append 1; 1 append 2; 0 ok 1; 1 ok 2; 9@l1 read; 9@l1 ok [2 1]")
	ops[0].Client, ops[1].Client = "c", "c"
	v, err := Check(ops, Roles, 0)
	if err != nil || v.Valid != Invalid || len(v.Witness) != 6 || !strings.Contains(v.Explanation, "Client c sent 1 before 2") {
		t.Errorf("not FIFO: %+v, %v", v, err)
	}
}

func checkOneOfRoles(t *testing.T, name, lines string, witness []int) {
	t.Helper()
	v, err := Check(parse(t, lines), Roles, 0)
	if err != nil || (v.Valid == Invalid) != (witness != nil) || fmt.Sprint(witnessed(v)) != fmt.Sprint(witness) {
		t.Errorf("%s: %v, %+v", name, err, v)
	}
}

func TestAListThatOnlyHashesTellIsUnknown(t *testing.T) {
	known := history.Whole([]int64{8, 7})
	ops := parse(t, "0 append 7; 1 append 8; 0 ok 7; 1 ok 8; 0 read; 0 ok {:length 2}")
	ops[5].Value = known
	if v, err := Check(ops, Auto, 0); err != nil || v.Valid != Unknown || !strings.Contains(v.Explanation, "hash") {
		t.Errorf("%+v, %v", v, err)
	}
	more := append(ops, parse(t, "0 read; 0 ok [8 7]")...)
	if v, err := Check(more, Auto, 0); err != nil || v.Valid != Valid {
		t.Errorf("with the list: %+v, %v", v, err)
	}
	more[7].Value = history.List{7, 8}
	if v, err := Check(more, Auto, 0); err != nil || v.Valid != Invalid || len(v.Witness) != 4 {
		t.Errorf("with another list: %+v, %v", v, err)
	}
}

func TestWhatCanNotBeJudgedIsAnError(t *testing.T) {
	for want, lines := range map[string]string{
		"operations 0 and 2 append the same value":  "0 append 7; 0 ok 7; 1 append 7",
		"it appends [1 2]":                          "0 append [1 2]",
		"it appends nil":                            "0 append",
		"it appends 7 and is answered 8":            "0 append 7; 0 ok 8",
		"it reads a list and is answered":           "0 append 7; 1 read; 1 ok #{1}",
		"process 0 ends (ok) what":                  "0 append 7; 0 ok 7; 0 ok 7",
		"but enqueue":                               "0 enqueue 7",
		"only transactions of one append":           "0 txn [[:r 1 nil] [:append 1 2]]",
		"this is no transaction":                    "0 txn 5",
		"its answer is to another transaction":      "0 txn [[:r 1 nil]]; 0 ok [[:r 2 nil]]",
		"it reads a register and is answered":       "0 write 7; 1 read; 1 ok [7]",
		"it compares and sets":                      "0 cas 7",
		"it writes":                                 "0 write #{1}",
		"its answer is not of its key":              "0 write [1 2]; 0 ok [2 2]",
		"a register is written, read, and compared": "0 write 1; 1 dequeue",
	} {
		if v, err := Check(parse(t, lines), Auto, 0); !errors.Is(err, ErrHistory) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", lines, v, err, want)
		}
	}
	if _, err := Check(nil, "queue", 0); !errors.Is(err, ErrHistory) {
		t.Error(err)
	}
}

func TestAVerdictIsWrittenAndRead(t *testing.T) {
	v, err := Check(parse(t, "0 append 7; 0 ok 7; 1@n2 read; 1@n2 ok []"), Auto, 0)
	if err != nil {
		t.Fatal(err)
	}
	v.Add("availability", nil)
	text, err := json.Marshal(v)
	if err != nil || !strings.Contains(string(text), `"valid":false`) {
		t.Fatalf("%s, %v", text, err)
	}
	var again Verdict
	if err := json.Unmarshal(text, &again); err != nil || again.Valid != Invalid || !reflect.DeepEqual(again.Witness, v.Witness) || len(again.Checks) != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	var out strings.Builder
	_ = v.WriteText(&out)
	for _, want := range []string{"A check failed. 2 operations: 2 ok", "linearizable   FAILED", "availability   ok", "not linearizable", "INDEX  PROCESS  NODE", "2      1        n2    0.003000 s  0.004000 s  read       [] (empty)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	for text, want := range map[string]Validity{"true": Valid, "false": Invalid, `"unknown"`: Unknown} {
		var v Validity
		if err := json.Unmarshal([]byte(text), &v); err != nil || v != want {
			t.Errorf("%s is %v, %v", text, v, err)
		}
	}
	if json.Unmarshal([]byte("5"), new(Validity)) == nil {
		t.Error("5 is a verdict")
	}
}

func TestTheWorstResultIsTheVerdict(t *testing.T) {
	var v Verdict
	v.Add("a", nil)
	if v.Valid != Valid {
		t.Error(v)
	}
	v.add(Result{Name: "b", Detail: "who knows"})
	if v.Valid != Unknown || v.Explanation != "who knows" {
		t.Error(v)
	}
	v.Add("c", errors.New("bad"))
	v.add(Result{Name: "c", Valid: Valid})
	if v.Valid != Invalid || v.Explanation != "bad" || len(v.Checks) != 3 {
		t.Errorf("%+v", v)
	}
}

func TestTheKeyWhoseSearchTookLongestIsDrawn(t *testing.T) {
	var v Verdict
	c := checking{verdict: &v}
	for key, took := range []time.Duration{2, 3, 1} {
		ops := parse(t, fmt.Sprintf("0 write %d; 0 ok", 70+key))
		pairs, err := history.Pairs(ops)
		if err != nil {
			t.Fatal(err)
		}
		all, err := names{}.accesses(actions(ops, pairs))
		if err != nil {
			t.Fatal(err)
		}
		c.drawHardest(all, took)
	}
	var html bytes.Buffer
	if err := v.WriteHTML(&html); err != nil || !strings.Contains(html.String(), "write 71") {
		t.Errorf("%v; want the second key in\n%s", err, &html)
	}
}
