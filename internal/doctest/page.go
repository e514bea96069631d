package doctest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is a Markdown page.
type Page struct {
	Path   string // below the root of the source, with slashes
	Lines  []string
	Blocks []Block // of code, in the page's order
}

// Block is a fenced block of code, or the commands of a `<!-- run: ... -->` comment.
type Block struct {
	Line     int    // of the fence, from 1 on
	Language string // the words behind the fence, like "sh" or "json shape"
	Text     string // with its last newline
	Hidden   bool   // commands in a comment: run, and not seen by a reader
	NotRun   string // why no test runs it: `<!-- not run: REASON -->` stands before it
	Repeated bool   // until the output is as shown: `<!-- repeated until it is so -->` stands before it
	Source   string // the file that it was taken from: `<!-- from FILE -->` stands before it
	Answer   *Block // of a "sh" block: the "json" or "text" block right below it, which its output must be like
}

// Shell reports whether the block is one of commands.
func (b *Block) Shell() bool { return b.Language == "sh" || b.Language == "console" }

// Commands is what a reader types: a "sh" block as it is, and of a "console" block the commands alone.
func (b *Block) Commands() string {
	if b.Language != "console" {
		return b.Text
	}
	var text strings.Builder
	for _, s := range b.Steps() {
		text.WriteString(s.Command + "\n")
	}
	return text.String()
}

// Pages reads the README, all pages of docs, and those of the examples, below the root of the source.
func Pages(root string) ([]*Page, error) {
	var files []string
	for _, pattern := range []string{"README.md", "docs/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fmt.Errorf("find the pages: %w", err)
		}
		files = append(files, found...)
	}
	pages := make([]*Page, 0, len(files))
	for _, f := range files {
		name, err := filepath.Rel(root, f)
		if err != nil {
			return nil, fmt.Errorf("find the pages: %w", err)
		}
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read a page: %w", err)
		}
		p, err := Parse(filepath.ToSlash(name), string(text))
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

// Name is the page's file name.
func (p *Page) Name() string { return path.Base(p.Path) }

// Parse reads a page. An error names the line that is not written as docs/writing.md asks for.
func Parse(name, text string) (*Page, error) {
	r := reader{page: &Page{Path: name, Lines: strings.Split(text, "\n")}}
	for r.at < len(r.page.Lines) {
		if err := r.next(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, r.at+1, err)
		}
	}
	if r.said != "" {
		return nil, fmt.Errorf("%s: <!-- %s --> stands before no block", name, r.said)
	}
	return r.page, nil
}

// A reader goes through the lines of a page.
type reader struct {
	page *Page
	at   int    // the line that is looked at, from 0 on
	said string // what a comment says of the next block
	gap  int    // lines that are not blank since the last block
}

// next takes the line that is looked at, or all of what begins there.
func (r *reader) next() error {
	line := r.page.Lines[r.at]
	if fence.MatchString(line) {
		return r.block()
	}
	if strings.HasPrefix(line, "<!--") {
		return r.comment()
	}
	indented := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "\t")
	if indented && (r.at == 0 || strings.TrimSpace(r.page.Lines[r.at-1]) == "") {
		return fmt.Errorf("code by indentation, which no test looks at; put it between ``` and a language: %q", line)
	}
	if strings.TrimSpace(line) != "" {
		r.gap++
		if r.said != "" {
			return fmt.Errorf("<!-- %s --> stands before no block", r.said)
		}
	}
	r.at++
	return nil
}

var fence = regexp.MustCompile("^(```+|~~~+)")

// block takes a fenced block.
func (r *reader) block() error {
	mark := fence.FindString(r.page.Lines[r.at])
	b := Block{Line: r.at + 1, Language: strings.TrimSpace(strings.TrimPrefix(r.page.Lines[r.at], mark))}
	if word, more, _ := strings.Cut(b.Language, " "); !languages[word] || more != "" && word != "json" {
		return fmt.Errorf("a block in the language %q, which docs/writing.md does not name", b.Language)
	}
	for r.at++; ; r.at++ {
		if r.at == len(r.page.Lines) {
			return fmt.Errorf("the block of line %d has no end", b.Line)
		}
		if r.page.Lines[r.at] == mark {
			break
		}
		b.Text += r.page.Lines[r.at] + "\n"
	}
	r.at++
	b.NotRun, _ = strings.CutPrefix(r.take("not run: "), "not run: ")
	b.Source, _ = strings.CutPrefix(r.take("from "), "from ")
	b.Repeated = r.take(repeated) != ""
	if r.said != "" || b.NotRun != "" && !b.Shell() || b.Repeated && b.Language != "console" {
		return fmt.Errorf("what the comment before the block of line %d says does not go with it", b.Line)
	}
	r.add(b)
	return nil
}

// languages are the words that may stand behind a fence.
var languages = map[string]bool{
	"sh": true, "console": true, "go": true, "text": true, "json": true, "yaml": true, "mermaid": true,
}

const repeated = "repeated until it is so"

// take returns what a comment has said of this block, if it begins like this.
func (r *reader) take(prefix string) string {
	said := r.said
	if !strings.HasPrefix(said, prefix) {
		return ""
	}
	r.said = ""
	return said
}

// add appends a block, or makes it the answer of the one right above.
func (r *reader) add(b Block) {
	answer := b.Language == "text" || strings.HasPrefix(b.Language, "json")
	if last := len(r.page.Blocks) - 1; last >= 0 && r.gap == 0 && answer {
		if before := &r.page.Blocks[last]; before.Language == "sh" && !before.Hidden {
			before.Answer = &b
			return
		}
	}
	r.page.Blocks = append(r.page.Blocks, b)
	r.gap = 0
}

// comment takes a comment. Those that tests do not heed are passed over.
func (r *reader) comment() error {
	first := r.at
	text := strings.TrimPrefix(r.page.Lines[r.at], "<!--")
	for !strings.Contains(text, "-->") {
		if r.at++; r.at == len(r.page.Lines) {
			return fmt.Errorf("the comment of line %d has no end", first+1)
		}
		text += "\n" + r.page.Lines[r.at]
	}
	r.at++
	text, _, _ = strings.Cut(text, "-->")
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "not run: "), strings.HasPrefix(text, "from "), text == repeated:
		r.said = text
	case strings.HasPrefix(text, "run:"):
		commands := strings.TrimSpace(strings.TrimPrefix(text, "run:"))
		r.add(Block{Line: first + 1, Language: "sh", Text: commands + "\n", Hidden: true})
	}
	return nil
}
