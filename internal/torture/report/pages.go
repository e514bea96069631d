package report

import (
	"html/template"
	"net/url"
	"sync"
	"time"
)

var functions = template.FuncMap{
	"link": func(name string) string { return (&url.URL{Path: name}).EscapedPath() },
	"when": func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") },
}

// lazily is a page that is parsed when it is first shown: servers, which are the same
// program, never show one.
func lazily(name, text string) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.New(name).Funcs(functions).Parse(text))
	})
}

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

// indexPage lists all runs.
var indexPage = lazily("index", `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>paxos torture</title>`+style+`</head><body>
<h1>Torture runs</h1>
{{if .}}<table class="runs"><tr><th>Began</th><th>Verdict</th><th>Workload</th><th>Nemesis</th><th>Nodes</th><th>Operations</th><th>Seed</th><th></th></tr>
{{range .}}<tr><td>{{when .Began}}</td><td><span class="badge {{.Class}}">{{.Says}}</span></td><td>{{.Setting "workload"}}</td><td>{{.Setting "nemesis"}}</td><td>{{.Setting "nodes"}}</td>
<td>{{with .Verdict}}{{.Counts.Operations}}{{end}}</td><td>{{.Setting "seed"}}</td><td><a href="./{{.Path}}/">{{.Name}}</a></td></tr>
{{end}}</table>{{else}}<p>There is no run here yet. <code>paxos torture</code> makes one.</p>{{end}}
</body></html>
`)

// runPage shows one run.
var runPage = lazily("run", `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Name}}</title>`+style+`</head><body>
<p><a href="../">All runs</a></p>
<h1>{{.Name}} <span class="badge {{.Class}}">{{.Says}}</span></h1>
{{with .Verdict}}<p>{{.Counts}}.</p>
{{with .Explanation}}<p>{{.}}</p>{{end}}{{end}}
{{with .Witness}}<pre>{{.}}</pre>{{end}}
{{if .Has "latency.svg"}}<p><a href="./latency.svg"><img src="./latency.svg" alt="Latency of each operation over time, by outcome"></a></p>{{end}}
{{if .Has "rate.svg"}}<p><a href="./rate.svg"><img src="./rate.svg" alt="Operations a second over time"></a></p>{{end}}
<div class="two">
{{with .Verdict}}<section><h2>Checks</h2><table>{{range .Checks}}<tr><td class="name">{{.Name}}</td><td>{{if eq .Valid.String "true"}}ok{{else if eq .Valid.String "false"}}FAILED{{else}}unknown{{end}}</td></tr>{{end}}</table></section>{{end}}
{{if .Numbers}}<section><h2>Numbers</h2><table>{{range .Numbers}}<tr><td class="name">{{.Name}}</td><td>{{.Value}}</td></tr>{{end}}</table></section>{{end}}
{{if .Config}}<section><h2>Options</h2><table>{{range .Config}}<tr><td class="name">{{.Name}}</td><td>{{.Value}}</td></tr>{{end}}</table></section>{{end}}
<section><h2>Files</h2><table>{{range .Files}}<tr><td><a href="./{{link .}}">{{.}}</a></td></tr>{{end}}</table></section>
</div></body></html>
`)
