package judge

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"paxos/internal/torture/history"
	"paxos/internal/torture/history/edn"
)

// Table is a witness as a table, one operation a row.
func (w Witness) Table() string {
	pairs, err := history.Pairs(w)
	if err != nil {
		panic("judge: a witness is no history: " + err.Error())
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "INDEX\tPROCESS\tNODE\tFROM\tTO\tOPERATION\tANSWER\n")
	for i := range pairs {
		p := &pairs[i]
		who := fmt.Sprint(p.Invoke.Process)
		if p.Invoke.Client != "" {
			who += " (" + p.Invoke.Client + ")"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Invoke.Index, who, orDash(p.Invoke.Node), seconds(p.Invoke.Time), endOf(p), Question(p), Answer(p))
	}
	_ = t.Flush() // a strings.Builder takes everything
	return b.String()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func seconds(nanoseconds int64) string { return fmt.Sprintf("%.6f s", float64(nanoseconds)/1e9) }

func endOf(p *history.Pair) string {
	if p.Outcome() == history.Info {
		return "-"
	}
	return seconds(p.End.Time)
}

// Question is what an operation does, in a few words.
func Question(p *history.Pair) string {
	if p.Invoke.Value == nil {
		return string(p.Invoke.F)
	}
	return fmt.Sprintf("%s %s", p.Invoke.F, Brief(p.Invoke.Value))
}

// Answer is how an operation ended, in a few words.
func Answer(p *history.Pair) string {
	switch p.Outcome() {
	case history.Fail:
		return "failed " + shorten(p.End.Error)
	case history.Info:
		if p.End != nil && p.End.Error != "" {
			return "unknown: " + shorten(p.End.Error)
		}
		return "unknown"
	}
	return Brief(p.End.Value)
}

// Brief is a value in a few words.
func Brief(v any) string {
	switch v := v.(type) {
	case history.List:
		return briefList(v)
	case history.Appended:
		switch {
		case v.State != nil:
			return briefList(v.State)
		case v.Index != history.Unknown:
			return fmt.Sprintf("index %d", v.Index)
		}
		return "done"
	case history.Length:
		return fmt.Sprintf("length %d", v.Length)
	case history.Entry:
		if !v.Found {
			return fmt.Sprintf("no entry %d, length %d", v.Index, v.Length)
		}
		return fmt.Sprintf("entry %d is %d, length %d", v.Index, v.Value, v.Length)
	case history.Swap:
		return fmt.Sprintf("%d to %d", v.Old, v.New)
	case history.F:
		return string(v)
	}
	return shorten(edn.String(v))
}

// briefList shows both ends of a list, and how long it is.
func briefList(list []int64) string {
	const ends = 4
	if len(list) <= 2*ends {
		return strings.ReplaceAll(fmt.Sprint(list), "[]", "[] (empty)")
	}
	first, last := fmt.Sprint(list[:ends]), fmt.Sprint(list[len(list)-ends:])
	return fmt.Sprintf("%s ... %s (%d entries)", strings.TrimSuffix(first, "]"), strings.TrimPrefix(last, "["), len(list))
}

// shorten makes a text fit into a table.
func shorten(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
