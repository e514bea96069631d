package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// check3 runs the checks on values sent and on the learners' outputs.
func check3(t *testing.T, sent []int, printed ...string) string {
	t.Helper()
	var times [maxNumber + 1]int
	for _, n := range sent {
		times[n]++
	}
	var paths []string
	for i, text := range printed {
		path := filepath.Join(t.TempDir(), string(rune('a'+i)))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	all, err := checks(&times, paths)
	if err != nil {
		t.Fatal(err)
	}
	verdict := ""
	for _, c := range all {
		if c.OK {
			verdict += "+"
		} else {
			verdict += "-"
		}
		if c.OK != (c.Detail == "") {
			t.Errorf("%+v: a detail, or none, where there should be none, or one", c)
		}
	}
	return verdict
}

func TestTheChecksSeeWhatIsWrong(t *testing.T) {
	cases := []struct {
		name    string
		printed []string
		want    string
	}{
		{"all is well", []string{"2\n1\n2\n", "2\n1\n2\n"}, "+++"},
		{"another order", []string{"1\n2\n2\n", "2\n1\n2\n"}, "-++"},
		{"one learner lacks the end", []string{"1\n2\n2\n", "1\n2\n"}, "-++"},
		{"one learner has more at its end", []string{"1\n2\n2\n", "1\n2\n2\n2\n"}, "-++"},
		{"a value is missing", []string{"1\n2\n", "1\n2\n"}, "++-"},
		{"a value is twice where it was sent once", []string{"1\n1\n2\n2\n", "1\n1\n2\n2\n"}, "+-+"},
		{"a value that was not sent", []string{"1\n2\n2\n3\n", "1\n2\n2\n3\n"}, "+-+"},
		{"something that is no value", []string{"1\n2\n2\nhello\n", "1\n2\n2\nhello\n"}, "+-+"},
		{"one value in place of another", []string{"1\n1\n2\n", "1\n1\n2\n"}, "+--"},
		{"nothing at all", []string{"", ""}, "++-"},
	}
	for _, c := range cases {
		if got := check3(t, []int{1, 2, 2}, c.printed...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestTheReportIsOKOnlyWithThreeGoodChecks(t *testing.T) {
	good, bad := Check{OK: true}, Check{}
	for _, c := range []struct {
		checks []Check
		want   bool
	}{
		{nil, false},
		{[]Check{good, good}, false},
		{[]Check{good, good, good}, true},
		{[]Check{good, bad, good}, false},
	} {
		if r := (Report{Checks: c.checks}); r.OK() != c.want {
			t.Errorf("%v: OK is %v", c.checks, r.OK())
		}
	}
}

func TestTheTextNamesWhatFailed(t *testing.T) {
	r := Report{Values: 20_000, Checks: []Check{{Claim: "a", OK: true}, {Claim: "b", Detail: "why"}}}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"OK      a\n", "FAILED  b: why\n", "20,000"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

func TestAnOutputIsCountedAsItGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o, err := openOutput(path)
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	for _, step := range []struct {
		text string
		want int
	}{{"", 0}, {"1\n2", 1}, {"3\n", 2}, {strings.Repeat("4\n", 100_000), 100_002}} {
		if _, err := f.WriteString(step.text); err != nil {
			t.Fatal(err)
		}
		if n, err := o.count(); err != nil || n != step.want {
			t.Errorf("%d values, %v; want %d", n, err, step.want)
		}
	}
}
