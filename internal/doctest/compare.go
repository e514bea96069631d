package doctest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Differs says in what an output is not what a page shows; empty if in nothing. The
// kind is the language of the block that shows it:
//
//   - "text" or "console": the same text, however many spaces stand between words or before them; "..."
//     is anything within a line or, alone in its line, any lines;
//   - "json": the same value;
//   - "json except NAME...": the same, but for the members of these names, of which only
//     the types are compared;
//   - "json shape": the same names and types, whatever the values.
func Differs(kind, got, want string) string {
	if kind == "json" || strings.HasPrefix(kind, "json ") {
		return differsInJSON(strings.Fields(kind)[1:], got, want)
	}
	if !pattern(want).MatchString(withEnd(got)) {
		return fmt.Sprintf("it gives\n%sand the page shows\n%s", got, want)
	}
	return ""
}

// withEnd is a text whose last line has an end, if there is a line.
func withEnd(text string) string {
	if text = strings.TrimRight(text, "\n"); text == "" {
		return ""
	}
	return text + "\n"
}

var spaces = regexp.MustCompile(" +")

// pattern matches the texts that a page shows by this one.
func pattern(want string) *regexp.Regexp {
	var p strings.Builder
	p.WriteString(`\A`)
	for line := range strings.Lines(want) {
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) == "..." {
			p.WriteString(`(?:[^\n]*\n)*`)
			continue
		}
		parts := strings.Split(strings.TrimLeft(line, " "), "...")
		for i := range parts {
			parts[i] = spaces.ReplaceAllString(regexp.QuoteMeta(parts[i]), " +")
		}
		p.WriteString(" *" + strings.Join(parts, `[^\n]*`) + `[ \t]*\n`)
	}
	return regexp.MustCompile(p.String() + `\z`)
}

func differsInJSON(how []string, got, want string) string {
	g, err := parsed(got)
	if err != nil {
		return fmt.Sprintf("it gives no JSON (%v):\n%s", err, got)
	}
	w, err := parsed(want)
	if err != nil {
		return fmt.Sprintf("the page shows no JSON: %v", err)
	}
	if slices.Equal(how, []string{"shape"}) {
		g, w = shape(g), shape(w)
	} else {
		except(g, how)
		except(w, how)
	}
	if !reflect.DeepEqual(g, w) {
		return fmt.Sprintf("it gives        %v\nthe page shows  %v\n", g, w)
	}
	return ""
}

// parsed is a JSON text, with the digits of its numbers.
func parsed(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// except replaces the members of these names by their shapes.
func except(v any, names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if slices.Contains(names, name) {
				v[name] = shape(v[name])
			}
			except(v[name], names)
		}
	case []any:
		for i := range v {
			except(v[i], names)
		}
	}
}

// shape is a JSON value with the names of types in the places of its numbers and texts.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = shape(v[name])
		}
		return v
	case []any:
		for i := range v {
			v[i] = shape(v[i])
		}
		return v
	}
	return fmt.Sprintf("%T", v)
}
