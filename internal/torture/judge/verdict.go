package judge

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"paxos/internal/torture/history"
)

// Validity is Jepsen's :valid?.
type Validity uint8

const (
	Unknown Validity = iota // it is not known
	Valid
	Invalid
)

func (v Validity) String() string { return [...]string{"unknown", "true", "false"}[v] }

// MarshalJSON makes it true, false, or "unknown".
func (v Validity) MarshalJSON() ([]byte, error) {
	if v == Unknown {
		return []byte(`"unknown"`), nil
	}
	return []byte(v.String()), nil
}

// UnmarshalJSON takes what MarshalJSON makes.
func (v *Validity) UnmarshalJSON(text []byte) error {
	for _, one := range []Validity{Unknown, Valid, Invalid} {
		if strings.Trim(string(text), `"`) == one.String() {
			*v = one
			return nil
		}
	}
	return fmt.Errorf(`%s is no verdict; want true, false or "unknown"`, text)
}

// and is the worse of two.
func (v Validity) and(other Validity) Validity {
	if v == Invalid || other == Invalid {
		return Invalid
	}
	return min(v, other)
}

// Verdict is what is known about a history.
type Verdict struct {
	Valid       Validity `json:"valid"`
	Model       string   `json:"model"` // append, register or roles
	Checks      []Result `json:"checks"`
	Counts      Counts   `json:"counts"`
	Explanation string   `json:"explanation,omitempty"` // of the first check that failed
	Witness     Witness  `json:"witness,omitempty"`
	Seconds     float64  `json:"seconds"` // that the check took

	view func(io.Writer) error
}

// Result is the outcome of one check.
type Result struct {
	Name   string   `json:"name"`
	Valid  Validity `json:"valid"`
	Detail string   `json:"detail,omitempty"`
}

// Counts are the clients' operations by outcome.
type Counts struct {
	Operations int            `json:"operations"`
	OK         int            `json:"ok"`
	Fail       int            `json:"fail"`
	Info       int            `json:"info"`
	ByF        map[string]int `json:"by_f"`
}

// Add takes the result of one more check, which found nothing wrong if err is nil.
func (v *Verdict) Add(name string, err error) {
	r := Result{Name: name, Valid: Valid}
	if err != nil {
		r.Valid, r.Detail = Invalid, err.Error()
	}
	v.add(r)
}

// add merges results of the same name: each key of a history gives one.
func (v *Verdict) add(r Result) {
	if r.Valid != Valid && (v.Explanation == "" || r.Valid == Invalid && v.Valid != Invalid) {
		v.Explanation = r.Detail
	}
	same := slices.IndexFunc(v.Checks, func(c Result) bool { return c.Name == r.Name })
	if same < 0 {
		v.Checks = append(v.Checks, r)
	} else if c := &v.Checks[same]; c.Valid.and(r.Valid) != c.Valid {
		*c = r
	}
	v.Valid = Valid
	for _, c := range v.Checks {
		v.Valid = v.Valid.and(c.Valid)
	}
}

// WriteHTML draws the history with porcupine: all of a short one, the part with the
// witness of one that is not linearizable, else the end of it.
func (v *Verdict) WriteHTML(w io.Writer) error {
	if v.view == nil {
		_, err := io.WriteString(w, "<!doctype html><title>porcupine</title><p>There is nothing to draw.\n")
		return err
	}
	return v.view(w)
}

// WriteText tells the verdict to people.
func (v *Verdict) WriteText(w io.Writer) error {
	var b strings.Builder
	headline := map[Validity]string{Valid: "All checks passed.", Invalid: "A check failed.", Unknown: "It is not known if all is well."}[v.Valid]
	fmt.Fprintf(&b, "%s %s.\n", headline, v.Counts)
	for _, c := range v.Checks {
		fmt.Fprintf(&b, "  %-14s %s\n", c.Name, map[Validity]string{Valid: "ok", Invalid: "FAILED", Unknown: "unknown"}[c.Valid])
	}
	if v.Explanation != "" {
		fmt.Fprintf(&b, "\n%s\n", v.Explanation)
	}
	if len(v.Witness) > 0 {
		fmt.Fprintf(&b, "\n%s", v.Witness.Table())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c Counts) String() string {
	return fmt.Sprintf("%d operations: %d ok, %d failed, %d unknown", c.Operations, c.OK, c.Fail, c.Info)
}

func count(pairs []history.Pair) Counts {
	c := Counts{Operations: len(pairs), ByF: map[string]int{}}
	for i := range pairs {
		c.ByF[string(pairs[i].Invoke.F)]++
		switch pairs[i].Outcome() {
		case history.OK:
			c.OK++
		case history.Fail:
			c.Fail++
		default:
			c.Info++
		}
	}
	return c
}

// Witness is a part of a history that is not linearizable, whatever else happened. In JSON it
// is a list of lines of EDN.
type Witness []history.Op

// MarshalJSON makes a list of lines.
func (w Witness) MarshalJSON() ([]byte, error) {
	lines := make([]string, len(w))
	for i := range w {
		lines[i] = string(history.AppendOp(nil, &w[i]))
	}
	return json.Marshal(lines)
}

// UnmarshalJSON takes what MarshalJSON makes.
func (w *Witness) UnmarshalJSON(text []byte) error {
	var lines []string
	if err := json.Unmarshal(text, &lines); err != nil {
		return err
	}
	ops, err := history.ReadEDN(strings.NewReader(strings.Join(lines, "\n")))
	*w = ops
	return err
}
