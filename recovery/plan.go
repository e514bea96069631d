package recovery

import (
	"context"
	"fmt"
	"io"
)

// Plan is what a tool has found out, and what it will do. All of it is for people;
// the fields have names in JSON for machines.
type Plan struct {
	Title string   `json:"title"`
	Found []string `json:"found"`          // what was looked at, and what is there
	Steps []string `json:"steps"`          // what Do does, in order
	Lost  []string `json:"lost"`           // what is or may be lost by it; empty: nothing
	Then  []string `json:"then,omitempty"` // what remains to be done afterwards
	Idle  bool     `json:"nothing_to_do"`  // there is nothing to do
	Loud  bool     `json:"dangerous"`      // it must not be done by accident
	Word  string   `json:"word,omitempty"` // what a person must type to allow it

	do func(ctx context.Context, p *Plan, say func(string, ...any)) error
}

// Do carries the plan out. say is told what is being done.
func (p *Plan) Do(ctx context.Context, say func(format string, args ...any)) error {
	if p.Idle {
		return nil
	}
	return p.do(ctx, p, say)
}

func (p *Plan) found(format string, args ...any) {
	p.Found = append(p.Found, fmt.Sprintf(format, args...))
}
func (p *Plan) step(format string, args ...any) {
	p.Steps = append(p.Steps, fmt.Sprintf(format, args...))
}
func (p *Plan) lose(format string, args ...any) {
	p.Lost = append(p.Lost, fmt.Sprintf(format, args...))
}
func (p *Plan) then(format string, args ...any) {
	p.Then = append(p.Then, fmt.Sprintf(format, args...))
}

// WriteText writes the plan for people.
func (p *Plan) WriteText(out io.Writer) error {
	w := &text{out: out}
	if p.Loud {
		w.line("!! %s", p.Title)
	} else {
		w.line("%s", p.Title)
	}
	w.section("Found:", "  - ", p.Found)
	if p.Idle {
		w.line("Nothing need be done.")
		return w.err
	}
	w.section("This will", "  %d. ", p.Steps)
	lost := p.Lost
	if len(lost) == 0 {
		lost = []string{"nothing"}
	}
	mark := "  - "
	if p.Loud {
		mark = "  !! "
	}
	w.section("Lost by it:", mark, lost)
	w.section("Afterwards:", "  - ", p.Then)
	return w.err
}

// text keeps the first error.
type text struct {
	out io.Writer
	err error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, format+"\n", args...)
	}
}

// section writes lines behind a mark; "%d" in it is the line's number.
func (t *text) section(title, mark string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.line("%s", title)
	for i, l := range lines {
		m := mark
		if mark == "  %d. " {
			m = fmt.Sprintf(mark, i+1)
		}
		t.line("%s%s", m, l)
	}
}
