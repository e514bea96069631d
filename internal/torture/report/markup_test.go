package report

import "testing"

func TestArgumentsAreNeverMarkup(t *testing.T) {
	m := new(markup)
	m.add(`<a title="%s" style="top:%dpx">%s</a>`, `"><script>'`, 7, "<b>&")
	if got, want := m.String(), `<a title="&#34;&gt;&lt;script&gt;&#39;" style="top:7px">&lt;b&gt;&amp;</a>`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
