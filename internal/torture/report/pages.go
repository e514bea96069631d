package report

import (
	"net/url"

	"paxos/internal/torture/judge"
)

const style = `<meta name="viewport" content="width=device-width"><style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; padding: 0 1em; max-width: 1200px; color: #222; background: #fff }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 } td, th { padding: .25em 1.2em .25em 0; vertical-align: top }
table.runs { width: 100% } table.runs td, table.runs th { border-bottom: 1px solid #ddd }
.badge { padding: .1em .6em; border-radius: 1em; white-space: nowrap; font-size: 90% }
.valid { background: #d2f2d4; color: #14532d } .invalid { background: #fbd0d0; color: #7f1d1d }
.unknown { background: #fdebc0; color: #713f12 } .none { background: #e5e5e5; color: #444 }
img { width: 100%; height: auto; border: 1px solid #eee } pre { background: #f6f6f6; padding: .8em; overflow: auto; font-size: 13px }
.two { display: flex; flex-wrap: wrap; gap: 3em } a { color: #1d4ed8 } td.name { color: #555 }
</style>`

// head begins a page.
func (m *markup) head(title, style string) {
	m.add(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>%s</title>`, title)
	m.WriteString(style)
	m.WriteString("</head><body>\n")
}

func (m *markup) foot() { m.WriteString("</body></html>\n") }

// indexPage lists all runs.
func indexPage(runs []*past) string {
	m := new(markup)
	m.head("paxos torture", style)
	m.add("<h1>Torture runs</h1>\n")
	if len(runs) == 0 {
		m.add("<p>There is no run here yet. <code>paxos torture</code> makes one.</p>\n")
	} else {
		m.add("<table class=\"runs\"><tr><th>Began</th><th>Verdict</th><th>Workload</th><th>Nemesis</th><th>Nodes</th><th>Operations</th><th>Seed</th><th></th></tr>\n")
		for _, p := range runs {
			m.line(p)
		}
		m.add("</table>\n")
	}
	m.foot()
	return m.String()
}

// line is a run in the list.
func (m *markup) line(p *past) {
	m.add(`<tr><td>%s</td><td><span class="badge %s">%s</span></td>`, p.Began.Local().Format("2006-01-02 15:04:05"), p.Class(), p.Says())
	m.add("<td>%s</td><td>%s</td><td>%s</td>\n<td>", p.Setting("workload"), p.Setting("nemesis"), p.Setting("nodes"))
	if p.Verdict != nil {
		m.add("%d", p.Verdict.Counts.Operations)
	}
	m.add("</td><td>%s</td><td><a href=\"./%s/\">%s</a></td></tr>\n", p.Setting("seed"), url.PathEscape(p.Name), p.Name)
}

// runPage shows one run.
func runPage(p *past) string {
	m := new(markup)
	m.head(p.Name, style)
	m.add("<p><a href=\"../\">All runs</a></p>\n<h1>%s <span class=\"badge %s\">%s</span></h1>\n", p.Name, p.Class(), p.Says())
	if v := p.Verdict; v != nil {
		m.add("<p>%s.</p>\n", v.Counts)
		m.maybe("<p>%s</p>\n", v.Explanation)
	}
	m.maybe("<pre>%s</pre>\n", p.Witness())
	m.picture(p, LatencyFile, "Latency of each operation over time, by outcome")
	m.picture(p, RateFile, "Operations a second over time")
	m.add("<div class=\"two\">\n")
	if p.Verdict != nil {
		m.table("Checks", checksOf(p.Verdict))
	}
	m.table("Numbers", p.Numbers)
	m.table("Options", p.Config)
	m.files(p.Files)
	m.add("</div>")
	m.foot()
	return m.String()
}

func (m *markup) picture(p *past, file, what string) {
	if p.Has(file) {
		m.add("<p><a href=\"./%s\"><img src=\"./%s\" alt=\"%s\"></a></p>\n", file, file, what)
	}
}

func checksOf(v *judge.Verdict) (all []setting) {
	words := map[judge.Validity]string{judge.Valid: "ok", judge.Invalid: "FAILED", judge.Unknown: "unknown"}
	for _, c := range v.Checks {
		all = append(all, setting{c.Name, words[c.Valid]})
	}
	return all
}

// table shows settings, if there are any.
func (m *markup) table(title string, all []setting) {
	if len(all) == 0 {
		return
	}
	m.add("<section><h2>%s</h2><table>", title)
	for _, s := range all {
		m.add(`<tr><td class="name">%s</td><td>%s</td></tr>`, s.Name, s.Value)
	}
	m.add("</table></section>\n")
}

func (m *markup) files(names []string) {
	m.add("<section><h2>Files</h2><table>")
	for _, name := range names {
		m.add(`<tr><td><a href="./%s">%s</a></td></tr>`, (&url.URL{Path: name}).EscapedPath(), name)
	}
	m.add("</table></section>\n")
}
