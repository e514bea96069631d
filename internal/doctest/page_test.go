package doctest

import (
	"strings"
	"testing"
)

// page is a page with everything in it that can be in one.
const page = `# A page

Text with a [link](other.md#part), ` + "`[code](not-a-link.md)`" + `.

<!-- not run: it takes minutes -->
~~~sh
long
~~~

<!-- run:
one
two
-->
<!-- another comment -->
~~~sh
echo '{"a": 1}'
~~~

~~~json except a
{"a": 2}
~~~
Prose.
~~~text
belongs to nobody
~~~
<!-- repeated until it is so -->
~~~console
$ first \
> line
output
$ second
~~~
<!-- from a.go -->
~~~go
x := 1
~~~
`

func parse(t *testing.T, text string) *Page {
	t.Helper()
	p, err := Parse("docs/page.md", strings.ReplaceAll(text, "~~~", "```"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPageIsReadBlockByBlock(t *testing.T) {
	p := parse(t, page)
	if len(p.Blocks) != 6 {
		t.Fatalf("%d blocks: %+v", len(p.Blocks), p.Blocks)
	}
	long, hidden, echo, text, console, code := p.Blocks[0], p.Blocks[1], p.Blocks[2], p.Blocks[3], p.Blocks[4], p.Blocks[5]
	if long.NotRun != "it takes minutes" || long.Text != "long\n" || long.Line != 6 {
		t.Errorf("%+v", long)
	}
	if !hidden.Hidden || !hidden.Shell() || hidden.Text != "one\ntwo\n" {
		t.Errorf("%+v", hidden)
	}
	if echo.NotRun != "" || echo.Answer == nil || echo.Answer.Language != "json except a" {
		t.Errorf("%+v", echo)
	}
	if !console.Repeated || echo.Repeated {
		t.Error("the wrong block is repeated")
	}
	if text.Language != "text" || text.Shell() {
		t.Errorf("%+v", text)
	}
	want := []Step{{Command: "first \\\nline", Output: "output\n"}, {Command: "second"}}
	if steps := console.Steps(); len(steps) != 2 || steps[0] != want[0] || steps[1] != want[1] {
		t.Errorf("%+v", steps)
	}
	if got := console.Commands(); got != "first \\\nline\nsecond\n" {
		t.Errorf("%q", got)
	}
	if code.Source != "a.go" {
		t.Errorf("%+v", code)
	}
}

func TestWhatNoTestWouldSeeIsRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Text\n\n    indented code\n", "page.md:3: code by indentation"},
		{"~~~\nx\n~~~\n", `language ""`},
		{"~~~shell\nx\n~~~\n", `language "shell"`},
		{"~~~sh quietly\nx\n~~~\n", `language "sh quietly"`},
		{"~~~sh\nx\n", "has no end"},
		{"<!-- run: x\n", "has no end"},
		{"<!-- not run: why not -->\nText\n", "stands before no block"},
		{"<!-- not run: why not -->\n", "stands before no block"},
		{"<!-- repeated until it is so -->\n~~~sh\nx\n~~~\n", "does not go with it"},
		{"<!-- not run: why not -->\n~~~text\nx\n~~~\n", "does not go with it"},
	} {
		_, err := Parse("page.md", strings.ReplaceAll(c.text, "~~~", "```"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %q", c.text, err, c.want)
		}
	}
}

func TestLinksAreFollowed(t *testing.T) {
	p := parse(t, page+"[up](#a-page) ![picture](missing.svg) [out](https://example.org/x)\n")
	other, err := Parse("docs/doc.go", "## Some `part`: 1, (2)\n# Twice\n# Twice\n")
	if err != nil {
		t.Fatal(err)
	}
	var bad []string
	for _, l := range append(p.Links(), Link{Target: "doc.go#some-part-1-2"}, Link{Target: "doc.go#twice-1"}, Link{Target: "doc.go#thrice"}) {
		if err := Follow("../..", []*Page{p, other}, p, l); err != nil {
			bad = append(bad, l.Target)
		}
	}
	// docs/doc.go is a file that there is
	if got := strings.Join(bad, " "); got != "other.md#part missing.svg doc.go#thrice" {
		t.Errorf("do not lead anywhere: %s", got)
	}
}
