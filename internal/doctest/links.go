package doctest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Link is a link or a picture in a page.
type Link struct {
	Line   int // from 1 on
	Target string
}

var (
	link      = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	inCode    = regexp.MustCompile("`[^`]*`")
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)
)

// Links are the links of a page, those to other machines included.
func (p *Page) Links() []Link {
	var links []Link
	for i, line := range p.prose() {
		for _, m := range link.FindAllStringSubmatch(inCode.ReplaceAllString(line, "code"), -1) {
			links = append(links, Link{Line: i + 1, Target: m[1]})
		}
	}
	return links
}

// prose are the page's lines, those of its blocks of code emptied.
func (p *Page) prose() []string {
	lines := make([]string, len(p.Lines))
	end := "" // what ends the block that the line is in
	for i, line := range p.Lines {
		mark := fence.FindString(line)
		switch {
		case end == "" && mark != "":
			end = mark
		case end == "":
			lines[i] = line
		case line == end:
			end = ""
		}
	}
	return lines
}

// Anchors are the names that links to places within the page use, as GitHub makes them of headings.
func (p *Page) Anchors() map[string]bool {
	anchors := make(map[string]bool)
	for _, line := range p.prose() {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		name := slug(title)
		for n := 1; anchors[name]; n++ {
			name = fmt.Sprintf("%s-%d", slug(title), n)
		}
		anchors[name] = true
	}
	return anchors
}

func slug(title string) string {
	title = strings.ToLower(strings.TrimSpace(link.ReplaceAllString(title, "")))
	return strings.ReplaceAll(notInSlug.ReplaceAllString(title, ""), " ", "-")
}

// Follow says why a link of page p leads nowhere; nil if it leads somewhere, or to another machine.
func Follow(root string, pages []*Page, p *Page, l Link) error {
	if strings.Contains(l.Target, "://") || strings.HasPrefix(l.Target, "mailto:") {
		return nil
	}
	file, anchor, _ := strings.Cut(l.Target, "#")
	target := p.Path
	if file != "" {
		target = path.Join(path.Dir(p.Path), file)
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil {
			return fmt.Errorf("%s:%d: the link %s leads to no file", p.Path, l.Line, l.Target)
		}
	}
	if anchor == "" {
		return nil
	}
	for _, other := range pages {
		if other.Path == target && other.Anchors()[anchor] {
			return nil
		}
	}
	return fmt.Errorf("%s:%d: the link %s leads to no heading", p.Path, l.Line, l.Target)
}
